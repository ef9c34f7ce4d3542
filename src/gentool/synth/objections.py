"""What a language model is told is wrong with its records, so that it can mend them: the checks of verification, one reply at a time.

A record that is objected to is not refused here: verification does that at the end, under the name of its check.
Called by gentool.synth.collect through the tasks of gentool.synth.pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence

from gentool.core.family import Query, WeakTool
from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.engines.vectors import words_of
from gentool.synth.calls import QueryCall
from gentool.synth.verify import check_alternatives, check_calls, check_grounded, check_tool, is_weaker, with_calls


def object_to_weak_tool(request: Request, records: Sequence[WeakTool], taken: set[str]) -> str | None:
    """A faulty schema, nothing that the strong tool has and the weak one lacks, or the name of a tool of the catalogue."""
    (weak,) = records
    strong: Tool = request.inputs["tool"]
    fault = check_tool(weak.tool)
    if fault:
        return f"the weak tool cannot be called: {fault}"
    if weak.tool.name in taken:
        return f"another tool is named {weak.tool.name} already; choose another name"
    return None if is_weaker(weak, strong) else "the weak tool lacks nothing that the strong tool has, neither in its schema nor by a stated way"


def object_to_queries(request: Request, records: Sequence[Query]) -> str | None:
    """Too few queries, one that is there twice, or a fit that its `needs` contradict."""
    count: int = request.inputs["count"]
    if len(records) < count:
        return f"{len(records)} queries were written, {count} are wanted"
    seen: set[tuple[str, ...]] = set()
    for query in records:
        words = tuple(words_of(query.text))
        if words in seen:
            return f"the query {query.text!r} is there twice"
        seen.add(words)
        fault = _object_to_fit(query)
        if fault:
            return fault
    return None


def _object_to_fit(query: Query) -> str | None:
    if query.weak and query.weak_fit == "full" and query.needs:
        return f"the weak tool's fit for {query.text!r} is full, but `needs` says that it lacks {query.needs[0]}"
    if query.weak and query.weak_fit != "full" and not query.needs:
        return f"the weak tool's fit for {query.text!r} is {query.weak_fit}, but `needs` does not say what it lacks"
    return None


def object_to_call(request: Request, records: Sequence[QueryCall], query: Query) -> str | None:
    """A call of another tool, invalid arguments, a value or evidence that is not in the query, or an invalid alternative."""
    (record,) = records
    tools = {tool.id: tool for tool in (request.inputs["strong"], request.inputs["weak"]) if tool is not None}
    alone = with_calls(query.model_copy(update={"fits": {record.tool: "full"}}), [record])
    return check_calls(alone, tools) or check_grounded(alone, tools) or check_alternatives(alone, tools)
