"""A turn of a chat, as prompts render it and engines take it."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class CalledFunction(TypedDict):
    """A function's name and the arguments given to it, as JSON values."""

    name: str
    arguments: dict[str, Any]


class ToolCall(TypedDict):
    """A call in a turn, in the form that chat templates take."""

    type: Literal["function"]
    id: str
    function: CalledFunction


class Message(TypedDict):
    """One turn: who speaks, the text, and in an answer in a model's own tool format the calls."""

    role: Literal["system", "user", "assistant"]
    content: str
    tool_calls: NotRequired[list[ToolCall]]
