"""The task `unserved`: the tools of a domain in, queries that none of them serves out. The request, its words, its reader.

Called by gentool.synth.pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from gentool.core.canonical import content_hash
from gentool.core.family import Unserved
from gentool.core.tool import Record, Tool
from gentool.engines.engine import Request
from gentool.synth.replies import STRINGS, object_schema, read_reply, write_chat

INSTRUCTIONS = """\
You write what users say to an assistant that can call tools. You are shown the tools that it has. Write queries that none of them serves, \
not even in part: the assistant must answer them without a tool, or say that it cannot help.

- Most queries are near misses: a need from the same field, with its words and details, that calls for something that no tool here does \
(another action, another object, another direction: where a tool books, the user wants money back). Go through the tools and make sure that \
none would get the user any part of the way.
- A few are small talk or questions that are answered in words.
- Each is complete and natural, as a person would say it; vary who speaks and how, and the length; no two begin alike. Days have the year. \
Never name a tool.
- `near` names one to three of the tools that come nearest to the query, by their exact names.

Answer with one JSON object and nothing else:
{"queries": [{"text": "...", "near": ["tool_name"]}, ...]}"""

SCHEMA = object_schema({"queries": {"type": "array", "items": object_schema({"text": {"type": "string", "minLength": 1}, "near": STRINGS})}})
MOST_SHOWN = 60
"""Tools with their descriptions; of a larger domain the others are shown by name alone."""


class WrittenUnserved(Record):
    """A query that no tool of the catalogue serves, with the names of the tools that come nearest."""

    text: str = Field(min_length=1)
    near: tuple[str, ...] = ()


class UnservedReply(Record):
    """What is asked for."""

    queries: tuple[WrittenUnserved, ...]


def ask_unserved(domain: str | None, tools: Sequence[Tool], count: int, seed: int) -> Request:
    """Ask for up to `count` queries near a domain's tools that none of the catalogue serves."""
    shown = [f"- {tool.name}: {tool.description}" for tool in tools[:MOST_SHOWN]] + [f"- {tool.name}" for tool in tools[MOST_SHOWN:]]
    named = f"The tools ({domain}):" if domain else "The tools:"
    messages = write_chat(INSTRUCTIONS, "\n".join([named, *shown]), f"Write {count} queries.")
    identifier = content_hash("unserved", domain, [tool.id for tool in tools], count, seed)
    inputs = {"domain": domain, "tools": list(tools), "count": count, "seed": seed}
    return Request(identifier, "unserved", messages=messages, inputs=inputs, schema=SCHEMA)


def read_unserved(request: Request, text: str) -> list[Unserved]:
    """The queries of a reply, at most as many as were asked for. Raises UnreadableReplyError."""
    domain: str | None = request.inputs["domain"]
    written = read_reply(UnservedReply, text).queries[: request.inputs["count"]]
    return [Unserved(id=content_hash("unserved", domain, query.text), text=query.text, domain=domain, near=query.near) for query in written]
