"""What the teacher's tasks share: how a chat is put together, how a tool is shown, how a reply's JSON is read.

A reply is JSON text from any engine. Called by weaken, queries, calls, judge and unserved, each of which holds one task.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from gentool.core.jsonl import describe_validation_error
from gentool.core.message import Message
from gentool.core.tool import Tool

FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
Model = TypeVar("Model", bound=BaseModel)


class UnreadableReplyError(Exception):
    """A teacher's reply is not what was asked for; the message says why, and becomes the reason of a rejection."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Spans = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Words of a query, one span or several."""


def read_reply(model: type[Model], text: str) -> Model:
    """The reply's JSON as a record; a code fence around it is taken off. Raises UnreadableReplyError."""
    fenced = FENCE.fullmatch(text)
    try:
        return model.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        raise UnreadableReplyError(f"the reply is not what was asked for: {describe_validation_error(error)}") from None


def write_chat(instructions: str, *parts: str) -> tuple[Message, ...]:
    """A task's messages: what never changes first, so that a provider's prompt cache holds it, then what this request is about."""
    return Message(role="system", content=instructions), Message(role="user", content="\n\n".join(parts))


def show_tool(tool: Tool) -> str:
    """A tool as its JSON definition, on one line."""
    shown = tool.model_dump(mode="json", include={"name", "description", "parameters", "returns"}, exclude_none=True)
    return json.dumps(shown, ensure_ascii=False)


def show_tools(tools: Sequence[Tool]) -> str:
    """One tool a line."""
    return "\n".join(show_tool(tool) for tool in tools)


def object_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an object that has these keys, all of them and no others."""
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}


STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
