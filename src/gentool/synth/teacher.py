"""The teacher's four tasks: what each request carries and how each reply is read. A reply is JSON text from any engine.

Called by gentool.synth.pipeline; rules (offline) and language models answer the same requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field, ValidationError

from gentool.core.call import Call
from gentool.core.canonical import content_hash
from gentool.core.family import Fit, Query, Unserved, WeakTool
from gentool.core.jsonl import describe_validation_error
from gentool.core.tool import Record, Tool
from gentool.engines.engine import Request


class UnreadableReplyError(Exception):
    """A teacher's reply is not what was asked for; the message says why, and becomes the reason of a rejection."""


class WeakReply(Record):
    """What is asked for by `weaken`: the weak tool, the ways in which it is weaker, and which parameters it names otherwise."""

    tool: Tool
    ways: tuple[str, ...] = ()
    renamed: dict[str, str] = Field(default_factory=dict)


class WrittenQuery(Record):
    """One query as a teacher wrote it, with the weak tool's fit and the capabilities that it lacks for it.

    `also` names tools of other families that serve it, if only in part.
    """

    text: str = Field(min_length=1)
    weak_fit: Fit = "none"
    needs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class QueriesReply(Record):
    """What is asked for by `queries`."""

    queries: tuple[WrittenQuery, ...]


class WrittenCall(Call):
    """What is asked for by `calls`: a call, the evidence for its arguments and further values of them that are right."""

    evidence: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    alternatives: dict[str, tuple[Any, ...]] = Field(default_factory=dict)


class QueryCall(Record):
    """A call that answers a query with one tool, as calls.jsonl holds it. `query` and `tool` are ids."""

    id: str
    query: str
    tool: str
    call: Call
    evidence: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    alternatives: dict[str, tuple[Any, ...]] = Field(default_factory=dict)


class WrittenUnserved(Record):
    """A query that no tool of the catalogue serves, with the names of the tools that come nearest."""

    text: str = Field(min_length=1)
    near: tuple[str, ...] = ()


class UnservedReply(Record):
    """What is asked for by `unserved`."""

    queries: tuple[WrittenUnserved, ...]


def ask_weak_tool(strong: Tool, number: int, seed: int) -> Request:
    """Ask for the `number`-th weak counterpart of a tool."""
    return Request(content_hash("weaken", strong.id, number, seed), "weaken", inputs={"tool": strong, "number": number, "seed": seed})


def ask_queries(strong: Tool, weak: Tool | None, count: int, seed: int) -> Request:
    """Ask for `count` queries of a pair."""
    identifier = content_hash("queries", strong.id, weak.id if weak else None, count, seed)
    return Request(identifier, "queries", inputs={"strong": strong, "weak": weak, "count": count, "seed": seed})


def ask_call(query: Query, strong: Tool, weak: Tool | None, target: Tool, count: int, seed: int) -> Request:
    """Ask for the call that answers a query, one of a pair's `count`, with `target`, one of the pair's tools."""
    inputs = {"query": query.text, "strong": strong, "weak": weak, "target": target.id, "count": count, "seed": seed}
    return Request(content_hash("calls", query.id, target.id), "calls", inputs=inputs)


def ask_unserved(domain: str | None, tools: Sequence[Tool], count: int, seed: int) -> Request:
    """Ask for up to `count` queries near a domain's tools that none of the catalogue serves."""
    identifier = content_hash("unserved", domain, [tool.id for tool in tools], count, seed)
    return Request(identifier, "unserved", inputs={"domain": domain, "tools": list(tools), "count": count, "seed": seed})


def read_weak_tool(request: Request, text: str) -> WeakTool:
    """The weak tool of a reply. Raises UnreadableReplyError."""
    reply = _read(WeakReply, text)
    strong: Tool = request.inputs["tool"]
    tool = reply.tool.model_copy(update={"domain": strong.domain, "source": strong.source})
    return WeakTool(id=tool.id, strong=strong.id, tool=tool, ways=reply.ways, renamed=reply.renamed)


def read_queries(request: Request, text: str) -> list[Query]:
    """The queries of a reply, their fits set; the calls are asked for later. Raises UnreadableReplyError."""
    strong: Tool = request.inputs["strong"]
    weak: Tool | None = request.inputs["weak"]
    queries: list[Query] = []
    times: Counter[str] = Counter()
    for written in _read(QueriesReply, text).queries:
        times[written.text] += 1
        fits: dict[str, Fit] = {strong.id: "full", **({weak.id: written.weak_fit} if weak else {})}
        identifier = content_hash("query", strong.id, weak.id if weak else None, written.text, times[written.text])
        queries.append(
            Query(
                id=identifier,
                text=written.text,
                strong=strong.id,
                weak=weak.id if weak else None,
                fits=fits,
                needs=written.needs,
                also=written.also,
            )
        )
    return queries


def read_call_reply(request: Request, query: Query, text: str) -> QueryCall:
    """The call of a reply. Raises UnreadableReplyError."""
    written = _read(WrittenCall, text)
    return QueryCall(
        id=request.id,
        query=query.id,
        tool=request.inputs["target"],
        call=Call(name=written.name, arguments=written.arguments),
        evidence=written.evidence,
        alternatives=written.alternatives,
    )


def read_unserved(request: Request, text: str) -> list[Unserved]:
    """The queries of a reply, at most as many as were asked for. Raises UnreadableReplyError."""
    domain: str | None = request.inputs["domain"]
    written = _read(UnservedReply, text).queries[: request.inputs["count"]]
    return [Unserved(id=content_hash("unserved", domain, query.text), text=query.text, domain=domain, near=query.near) for query in written]


def _read(model: type[Any], text: str) -> Any:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise UnreadableReplyError(f"the reply is not what was asked for: {describe_validation_error(error)}") from None
