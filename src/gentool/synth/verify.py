"""Verification: which of a teacher's records may be used. Records in, families and rejections out, every rejection with its reason.

Each check is a function that returns why a record is refused, or None. Called by gentool.synth.pipeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import Field

from gentool.core.family import Family, Query, Unserved, WeakTool
from gentool.core.recipe import Settings
from gentool.core.schema import schema_faults
from gentool.core.tool import Record, Tool
from gentool.engines.vectors import find_near_duplicates, find_overlaps, words_of
from gentool.formats.lint import lint
from gentool.synth.calls import QueryCall
from gentool.synth.gaps import find_gaps
from gentool.synth.grounding import is_grounded
from gentool.synth.weaken import STATED_WAYS


class VerifySettings(Settings):
    """What verification allows.

    near_duplicate: queries whose sets of words have at least this Jaccard index count as one; the first is kept.
    max_queries_per_tool: further queries of a strong tool are refused.
    """

    near_duplicate: float = Field(default=0.9, gt=0, le=1)
    max_queries_per_tool: int = Field(default=40, ge=1)


class Rejection(Record):
    """A record that was refused: what kind it is, the check that refused it and why, and the record itself."""

    id: str
    kind: str
    check: str
    reason: str
    record: dict[str, Any] = Field(default_factory=dict)


def verify_families(
    strong: list[Tool], weak: list[WeakTool], queries: list[Query], calls: list[QueryCall], settings: VerifySettings, rejections: list[Rejection]
) -> list[Family]:
    """The families of verified tools with the queries that pass every check; what does not is added to `rejections`."""
    by_query = _calls_by_query(calls)
    answered = [with_calls(query, by_query.get(query.id, [])) for query in queries]
    kept = verify_queries(answered, strong, weak, settings, rejections)
    families = []
    for tool in strong:
        own = tuple(query for query in kept if query.strong == tool.id)
        if own:
            families.append(Family(id=tool.id, strong=tool, weak=tuple(w for w in weak if w.strong == tool.id), queries=own))
        else:
            rejections.append(reject_without_queries(tool))
    return families


def reject_without_queries(tool: Tool) -> Rejection:
    """The rejection of a strong tool that is left without a query."""
    return reject(tool, tool.id, "tool", "no_queries", "no query of this tool passed the checks")


def reject(record: Record, identifier: str, kind: str, check: str, reason: str) -> Rejection:
    """The rejection of a record by a check."""
    return Rejection(id=identifier, kind=kind, check=check, reason=reason, record=record.model_dump(mode="json", exclude_defaults=True))


def _keep(records: Iterable[Any], kind: str, checks: list[tuple[str, Any]], rejections: list[Rejection]) -> list[Any]:
    """The records that every check passes; for the others the first reason is kept."""
    kept = []
    for record in records:
        refused = next(((name, reason) for name, check in checks if (reason := check(record))), None)
        if refused:
            rejections.append(reject(record, record.id, kind, *refused))
        else:
            kept.append(record)
    return kept


def check_tool(tool: Tool) -> str | None:
    """A tool whose schema is at fault cannot be called; a name that only some servers refuse can."""
    errors = [finding.message for finding in lint([tool]) if finding.level == "error" and finding.rule != "name"]
    return errors[0] if errors else None


def verify_tools(tools: list[Tool], rejections: list[Rejection]) -> list[Tool]:
    """The tools that can be called, each definition once."""
    seen: set[str] = set()

    def check_repeated(tool: Tool) -> str | None:
        if tool.id in seen:
            return "the catalogue holds this definition twice"
        seen.add(tool.id)
        return None

    kept: list[Tool] = _keep(tools, "tool", [("repeated", check_repeated), ("tool_lint", check_tool)], rejections)
    return kept


def is_weaker(weak: WeakTool, strong: Tool) -> bool:
    """Whether a weak tool lacks something, in its schema or by a limit that its own description states."""
    stated = any(way in STATED_WAYS for way in weak.ways) and words_of(weak.tool.description) != words_of(strong.description)
    return stated or bool(find_gaps(strong, weak.tool, weak.renamed))


def verify_weak_tools(weak_tools: list[WeakTool], strong: list[Tool], rejections: list[Rejection]) -> list[WeakTool]:
    """The weak tools that are valid, really weaker, and named like no other tool."""
    by_id = {tool.id: tool for tool in strong}
    taken = {tool.name for tool in strong}

    def check_strong(weak: WeakTool) -> str | None:
        return None if weak.strong in by_id else "its strong tool was refused"

    def check_weaker(weak: WeakTool) -> str | None:
        return None if is_weaker(weak, by_id[weak.strong]) else "it lacks nothing that its strong tool has"

    def check_name(weak: WeakTool) -> str | None:
        if weak.tool.name in taken:
            return f"another tool is named {weak.tool.name}"
        taken.add(weak.tool.name)
        return None

    checks = [
        ("tool_lint", lambda weak: check_tool(weak.tool)),
        ("strong_refused", check_strong),
        ("weaker", check_weaker),
        ("name_taken", check_name),
    ]
    kept: list[WeakTool] = _keep(weak_tools, "weak", checks, rejections)
    return kept


def _calls_by_query(calls: list[QueryCall]) -> dict[str, list[QueryCall]]:
    found: dict[str, list[QueryCall]] = {}
    for call in calls:
        found.setdefault(call.query, []).append(call)
    return found


def with_calls(query: Query, calls: list[QueryCall]) -> Query:
    """The query with its calls, their evidence and alternatives."""
    return query.model_copy(
        update={
            "calls": {call.tool: call.call for call in calls},
            "evidence": {call.tool: call.evidence for call in calls if call.evidence},
            "alternatives": {call.tool: call.alternatives for call in calls if call.alternatives},
        }
    )


def verify_queries(
    queries: list[Query], strong: list[Tool], weak: list[WeakTool], settings: VerifySettings, rejections: list[Rejection]
) -> list[Query]:
    """The queries whose calls are valid and grounded, without duplicates, up to the cap of each tool."""
    tools = {tool.id: tool for tool in strong} | {record.id: record.tool for record in weak}
    pairs: set[tuple[str, str | None]] = {(record.strong, record.id) for record in weak} | {(tool.id, None) for tool in strong}
    checks = [
        ("tool_refused", lambda query: _check_tools(query, pairs)),
        ("call_schema", lambda query: check_calls(query, tools)),
        ("grounded", lambda query: check_grounded(query, tools)),
        ("alternatives", lambda query: check_alternatives(query, tools)),
    ]
    kept = _keep(queries, "query", checks, rejections)
    kept = _without_duplicates(kept, settings.near_duplicate, rejections)
    return _within_cap(kept, settings.max_queries_per_tool, rejections)


def _check_tools(query: Query, pairs: set[tuple[str, str | None]]) -> str | None:
    if (query.strong, query.weak) not in pairs:
        return f"its pair of tools was refused: {query.strong} and {query.weak or 'no weak tool'}"
    strangers = [identifier for identifier in (*query.fits, *query.calls) if identifier not in (query.strong, query.weak)]
    return f"it names {strangers[0]}, which is not of its pair" if strangers else None


def check_calls(query: Query, tools: dict[str, Tool]) -> str | None:
    """Every tool that serves the query at least in part has a call, of its own name and valid under its schema."""
    for identifier, fit in query.fits.items():
        call, tool = query.calls.get(identifier), tools[identifier]
        if fit == "none":
            continue
        if call is None:
            return f"no call for {tool.name}"
        if call.name != tool.name:
            return f"the call for {tool.name} names {call.name}"
        faults = schema_faults(call.arguments, tool.parameters)
        if faults:
            return f"the call of {tool.name} is not valid: {faults[0]}"
    return None


def check_grounded(query: Query, tools: dict[str, Tool]) -> str | None:
    """Every argument's value stands in the query's text or in the evidence named for it, or is the parameter's default."""
    for identifier, call in query.calls.items():
        evidence = query.evidence.get(identifier, {})
        for name, value in call.arguments.items():
            schema = tools[identifier].properties.get(name, {})
            spans = evidence.get(name, ())
            strange = next((span for span in spans if span.lower() not in query.text.lower()), None)
            if strange is not None:
                return f"{call.name}: the evidence {strange!r} for '{name}' is not in the query"
            default = schema.get("default") if isinstance(schema, dict) else None
            if value != default and not is_grounded(name, value, query.text, schema, spans):
                return f"{call.name}: the value {value!r} of '{name}' is not in the query"
    return None


def check_alternatives(query: Query, tools: dict[str, Tool]) -> str | None:
    """Every further value of an argument is valid under its parameter's schema."""
    for identifier, by_name in query.alternatives.items():
        for name, values in by_name.items():
            schema = tools[identifier].properties.get(name)
            if schema is None:
                return f"{tools[identifier].name} has no parameter '{name}' to give further values of"
            wrong = next((fault for value in values for fault in schema_faults(value, schema)), None)
            if wrong:
                return f"{tools[identifier].name}: a further value of '{name}' is not valid: {wrong}"
    return None


def verify_unserved(unserved: list[Unserved], families: list[Family], settings: VerifySettings, rejections: list[Rejection]) -> list[Unserved]:
    """The unserved queries that say nothing that a family's query, or one before them, says nearly."""
    served = [query for family in families for query in family.queries]
    texts = [query.text for query in unserved]
    like = {first: served[second].id for first, second in find_overlaps(texts, [query.text for query in served], settings.near_duplicate)}
    for first, second in find_near_duplicates(texts, settings.near_duplicate):
        if first not in like:
            like.setdefault(second, unserved[first].id)

    places = {query.id: index for index, query in enumerate(unserved)}

    def check_new(query: Unserved) -> str | None:
        other = like.get(places[query.id])
        return f"says the same as query {other}" if other else None

    kept: list[Unserved] = _keep(unserved, "unserved", [("near_duplicate", check_new)], rejections)
    return kept


def _without_duplicates(queries: list[Query], threshold: float, rejections: list[Rejection]) -> list[Query]:
    """Queries of one text, or nearly: the first is kept."""
    texts = [query.text for query in queries]
    refused: dict[int, int] = {}
    for first, second in find_near_duplicates(texts, threshold):
        if first not in refused:
            refused.setdefault(second, first)
    for second, first in sorted(refused.items()):
        check = "duplicate" if words_of(texts[first]) == words_of(texts[second]) else "near_duplicate"
        rejections.append(reject(queries[second], queries[second].id, "query", check, f"says the same as query {queries[first].id}"))
    return [query for index, query in enumerate(queries) if index not in refused]


def _within_cap(queries: list[Query], most: int, rejections: list[Rejection]) -> list[Query]:
    counts: Counter[str] = Counter()
    kept = []
    for query in queries:
        counts[query.strong] += 1
        if counts[query.strong] > most:
            rejections.append(reject(query, query.id, "query", "cap", f"its tool has {most} queries already"))
        else:
            kept.append(query)
    return kept
