"""What the student sees and how its answer is read back: the only place that knows either.

Records go in (a query, a tool set), chat messages come out; a model's text goes in, calls or a ranking come out, with
what had to be repaired to read it. gentool.train renders its rows and gentool.evaluate its requests through this folder.
"""

from __future__ import annotations

from gentool.prompts.instructions import WORDINGS, Task, Wording
from gentool.prompts.json_calls import ReadCall, ReadCalls
from gentool.prompts.read import ReadRanking, read_call, read_calls, read_ranking
from gentool.prompts.render import (
    DEFAULT_TOOL,
    TASKS,
    PromptSettings,
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
    "WORDINGS",
    "PromptSettings",
    "ReadCall",
    "ReadCalls",
    "ReadRanking",
    "Task",
    "Wording",
    "check_shots",
    "check_task",
    "read_call",
    "read_calls",
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
