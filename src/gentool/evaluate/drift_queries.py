"""The queries of a drift: reading them from a file, and saying what is right on the side that the file leaves open.

JSON Lines in, `DriftQuery` records out. Called by gentool.drift; docs/drift.md describes the format.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gentool.core.drift import CatalogueChange, DriftQuery
from gentool.core.errors import RecordError
from gentool.core.jsonl import describe_validation_error, read_json_lines
from gentool.core.tool import GENERATE_RESPONSE, Tool


def read_queries(path: Path, before: Sequence[Tool], after: Sequence[Tool]) -> list[DriftQuery]:
    """The queries of a file. Raises RecordError with the line at the first that is not valid, names an unknown tool or repeats another."""
    known = {"before": {tool.name for tool in before}, "after": {tool.name for tool in after}}
    lines: dict[str, int] = {}
    queries = []
    for line, value in read_json_lines(path):
        query = _read_query(path, line, value)
        fault = _find_fault(query, known)
        if fault:
            raise RecordError(path, line, fault)
        if query.query in lines:
            raise RecordError(path, line, f"the query of line {lines[query.query]} again; keep one of the two")
        lines[query.query] = line
        queries.append(query)
    if not queries:
        raise RecordError(path, None, 'holds no queries; write one to a line, as {"query": "..."}, or leave --queries out and they are written')
    return queries


def _read_query(path: Path, line: int, value: Any) -> DriftQuery:
    if not isinstance(value, dict):
        raise RecordError(path, line, 'a query is an object, as {"query": "Rain in Bern?", "before": "weather"}')
    unknown = [key for key in value if key not in DriftQuery.model_fields]
    if unknown:
        raise RecordError(path, line, f"unknown key '{unknown[0]}'; known are {', '.join(DriftQuery.model_fields)}")
    try:
        query = DriftQuery.model_validate(value)
        query.query.encode()
    except ValidationError as error:
        raise RecordError(path, line, describe_validation_error(error)) from None
    except UnicodeEncodeError:
        raise RecordError(path, line, "holds characters that are not valid Unicode") from None
    if not query.query.strip():
        raise RecordError(path, line, "the query is empty")
    return query


def _find_fault(query: DriftQuery, known: Mapping[str, Collection[str]]) -> str | None:
    """Why a query cannot be judged, if so."""
    for side, best, acceptable in (("before", query.before, query.acceptable_before), ("after", query.after, query.acceptable_after)):
        if acceptable and best is None:
            return f"acceptable_{side} without {side}: name the best tool in {side}"
        for name in (best, *acceptable):
            if name is not None and name != GENERATE_RESPONSE and name not in known[side]:
                close = difflib.get_close_matches(name, known[side], n=1)
                return f"{side}: the catalogue {side} has no tool '{name}'" + (f"; did you mean '{close[0]}'?" if close else "")
    if query.arguments is not None and query.after in (None, GENERATE_RESPONSE):
        return "arguments without a tool in after: they are those of the right call of that tool"
    return None


def complete_query(query: DriftQuery, change: CatalogueChange) -> DriftQuery:
    """The query with the side that was left open, where it follows from the other; docs/drift.md states the rules.

    A tool that stayed, under its name or another, is right on both sides; an added one that is right after stands where none
    served before. What was right before and is gone leaves open what is right after, and so does abstention where tools were
    added or changed.
    """
    names_after = change.names_after
    if query.after is None and query.before is not None:
        return _complete_after(query, change, names_after)
    if query.before is None and query.after is not None:
        names_before = {new: old for old, new in names_after.items()} | {GENERATE_RESPONSE: GENERATE_RESPONSE}
        acceptable = tuple(names_before[name] for name in query.acceptable_after if name in names_before)
        return query.model_copy(update={"before": names_before.get(query.after, GENERATE_RESPONSE), "acceptable_before": acceptable})
    return query


def _complete_after(query: DriftQuery, change: CatalogueChange, names_after: Mapping[str, str]) -> DriftQuery:
    assert query.before is not None
    settled = not (change.added or change.changed)
    after = names_after.get(query.before) if query.before != GENERATE_RESPONSE else GENERATE_RESPONSE if settled else None
    if after is None:
        return query
    acceptable = (names_after.get(name, GENERATE_RESPONSE) for name in query.acceptable_before if name in names_after or name == GENERATE_RESPONSE)
    return query.model_copy(update={"after": after, "acceptable_after": tuple(acceptable)})
