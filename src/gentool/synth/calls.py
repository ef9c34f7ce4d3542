"""The task `calls`: a query and one tool in, the call that answers it out, with evidence and alternatives. The request, its words, its reader.

Only the target tool is shown, so that nothing of the other tool finds its way into the call. Called by gentool.synth.pipeline.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gentool.core.call import Call
from gentool.core.canonical import content_hash
from gentool.core.family import Query
from gentool.core.tool import Record, Tool
from gentool.engines.engine import Request
from gentool.synth.replies import Spans, object_schema, read_reply, show_tool, write_chat

INSTRUCTIONS = """\
You fill in the call of a tool that answers what a user said. You are shown one tool and one query. The tool may serve the query only in \
part: then fill in what it can take of it.

1. Give exactly the arguments that the query states or clearly implies, and every required one. What the query does not mention stays out; so \
does what equals a parameter's default.
2. Days are YYYY-MM-DD, times of day HH:MM of 24 hours, both together YYYY-MM-DDTHH:MM, unless the schema asks for another form.
3. Numbers are plain numbers in the parameter's unit. No arithmetic but powers of ten and units of time.
4. Names, places, titles, ids and codes are as the query writes them, without article or surrounding words. Nothing comes from what you know \
about the world, except the meaning of an enum's values.
5. Free text is what the query marks as such, word for word.
6. A flag is given only when it is asked for.
7. Lists keep the order of the query. Where the tool takes one value and the query names several, take the first.
8. The arguments are valid under the tool's JSON Schema. Never invent a parameter.

`evidence` names, for each argument whose value does not itself stand in the query (an enum's value, a flag, a converted number), the words of \
the query that it was taken from, copied exactly. `alternatives` gives, for each argument that could as rightly have another value (a \
name with and without its title), those other values, valid under the schema; leave it empty in all other cases.

Answer with one JSON object and nothing else:
{"name": "the tool's name", "arguments": {...}, "evidence": {"parameter": ["words of the query"]}, "alternatives": {"parameter": [...]}}"""

SCHEMA = object_schema(
    {
        "name": {"type": "string"},
        "arguments": {"type": "object"},
        "evidence": {"type": "object"},
        "alternatives": {"type": "object"},
    }
)


class WrittenCall(Call):
    """What is asked for: a call, the evidence for its arguments and further values of them that are right."""

    evidence: dict[str, Spans] = Field(default_factory=dict)
    alternatives: dict[str, tuple[Any, ...]] = Field(default_factory=dict)


class QueryCall(Record):
    """A call that answers a query with one tool, as calls.jsonl holds it. `query` and `tool` are ids."""

    id: str
    query: str
    tool: str
    call: Call
    evidence: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    alternatives: dict[str, tuple[Any, ...]] = Field(default_factory=dict)


def ask_call(query: Query, strong: Tool, weak: Tool | None, target: Tool, count: int, seed: int) -> Request:
    """Ask for the call that answers a query, one of a pair's `count`, with `target`, one of the pair's tools."""
    inputs = {"query": query.text, "strong": strong, "weak": weak, "target": target.id, "count": count, "seed": seed}
    messages = write_chat(INSTRUCTIONS, f"The tool:\n{show_tool(target)}", f"The query:\n{query.text}")
    return Request(content_hash("calls", query.id, target.id), "calls", messages=messages, inputs=inputs, schema=SCHEMA)


def read_call_reply(request: Request, query: Query, text: str) -> QueryCall:
    """The call of a reply. Raises UnreadableReplyError."""
    written = read_reply(WrittenCall, text)
    return QueryCall(
        id=request.id,
        query=query.id,
        tool=request.inputs["target"],
        call=Call(name=written.name, arguments=written.arguments),
        evidence=written.evidence,
        alternatives=written.alternatives,
    )
