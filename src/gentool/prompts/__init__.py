"""What the student sees and how its answer is read back: the only place that knows either.

Records go in (a query, a tool set), chat messages come out; a model's text goes in, a call or a ranking comes out, with
what had to be repaired to read it. gentool.train renders its rows and gentool.evaluate its requests through this folder.
"""

from __future__ import annotations

from gentool.prompts.json_calls import ReadCall
from gentool.prompts.read import ReadRanking, read_call, read_ranking
from gentool.prompts.render import (
    DEFAULT_TOOL,
    TASKS,
    PromptSettings,
    Task,
    check_shots,
    check_task,
    render_answer,
    render_choices,
    render_messages,
    render_reply,
    render_schema,
    render_signature,
    render_tool,
    render_tools,
)

__all__ = [
    "DEFAULT_TOOL",
    "TASKS",
    "PromptSettings",
    "ReadCall",
    "ReadRanking",
    "Task",
    "check_shots",
    "check_task",
    "read_call",
    "read_ranking",
    "render_answer",
    "render_choices",
    "render_messages",
    "render_reply",
    "render_schema",
    "render_signature",
    "render_tool",
    "render_tools",
]
