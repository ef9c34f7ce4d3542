"""An edit: what was typed in, the edited query out, or every reason why it is refused. Called by gentool.review.app."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gentool.core.call import Call
from gentool.core.family import Query
from gentool.core.jsonl import describe_validation_error
from gentool.core.review import edited_id, query_content
from gentool.core.tool import Tool
from gentool.engines.vectors import find_overlaps
from gentool.review.queue import Item

Check = Callable[[Query, dict[str, Tool]], str | None]
"""Why a query is refused, or None; given the query and the tools of its pair by id."""
Checks = Mapping[str, Check]
"""The checks by name, in their order."""

NOTES: dict[str, TypeAdapter[Any]] = {
    "evidence": TypeAdapter(dict[str, tuple[str, ...]]),
    "alternatives": TypeAdapter(dict[str, tuple[Any, ...]]),
}
"""What stands beside the arguments of a call, and its form: lists by parameter."""


class RefusedEditError(Exception):
    """An edit that is not kept: `reasons`, one line each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True)
class Typed:
    """The fields of the form as they are typed; `calls`, `evidence` and `alternatives` by tool id, as JSON text."""

    text: str
    weak_fit: str
    needs: str
    calls: dict[str, str]
    evidence: dict[str, str]
    alternatives: dict[str, str]


def fill_form(item: Item, query: Query) -> Typed:
    """The form as it stands before anything is typed."""
    calls = {tool: _to_text(query.calls[tool].arguments) if tool in query.calls else "" for tool in item.tools}
    notes = [{tool: _to_text(own[tool]) if own.get(tool) else "" for tool in item.tools} for own in (query.evidence, query.alternatives)]
    return Typed(query.text, query.weak_fit, "\n".join(query.needs), calls, *notes)


def _to_text(value: Mapping[str, Any]) -> str:
    """A JSON object for reading: one key a line."""
    lines = [f"  {json.dumps(key, ensure_ascii=False)}: {json.dumps(inner, ensure_ascii=False)}" for key, inner in value.items()]
    return "{\n" + ",\n".join(lines) + "\n}" if lines else "{}"


def read_form(item: Item, values: Mapping[str, str]) -> Typed:
    """The form as it was sent; the fields of a tool are numbered: 0 for the strong one, 1 for the weak one."""
    by_tool = [
        {tool: values.get(f"{field}_{number}", "") for number, tool in enumerate(item.tools)} for field in ("calls", "evidence", "alternatives")
    ]
    text, needs = (values.get(field, "").replace("\r\n", "\n") for field in ("text", "needs"))
    return Typed(text.strip(), values.get("weak_fit", item.query.weak_fit), needs, *by_tool)


def edit_query(item: Item, typed: Typed, checks: Checks, others: Sequence[tuple[str, str]], near_duplicate: float) -> Query:
    """The edited query. Raises RefusedEditError, also where nothing was changed.

    `others` are the ids and texts of the run's other queries: an edit must not say what one of them says.
    """
    edited = _build(item, typed)
    if query_content(edited) == item.content:
        raise RefusedEditError(["nothing was changed: accept the query, or change it first"])
    edited = edited.model_copy(update={"id": edited_id(item.query, edited)})
    reasons = [reason for _, reason in run_checks(edited, item.tools, checks) if reason]
    alike = find_overlaps([edited.text], [text for _, text in others], near_duplicate)
    reasons += [f"it says the same as query {others[place][0]}" for _, place in alike[:1]]
    if reasons:
        raise RefusedEditError(reasons)
    return edited


def run_checks(query: Query, tools: dict[str, Tool], checks: Checks) -> list[tuple[str, str | None]]:
    """Each check's name and why it refuses the query, or None."""
    return [(name, check(query, tools)) for name, check in checks.items()]


def _build(item: Item, typed: Typed) -> Query:
    reasons: list[str] = []
    weak = item.query.weak
    fits: dict[str, Any] = item.query.fits | ({weak: typed.weak_fit} if weak else {})
    served = [tool for tool in item.tools if fits.get(tool, "none") != "none"]
    calls = {tool: call for tool in served if (call := _read_call(item.tools[tool], typed.calls[tool], reasons)) is not None}
    notes = {field: _read_notes(item, field, getattr(typed, field), served, reasons) for field in NOTES}
    needs = tuple(line.strip() for line in typed.needs.splitlines() if line.strip())
    values = item.query.model_dump() | {"text": typed.text, "fits": fits, "calls": calls, "needs": needs, **notes}
    try:
        edited = Query.model_validate(values)
        edited.model_dump_json()  # half of a surrogate pair cannot be written as UTF-8
    except ValidationError as error:
        reasons.append(describe_validation_error(error))
    except ValueError:
        reasons.append("it holds characters that cannot be written as UTF-8")
    if reasons:
        raise RefusedEditError(reasons)
    return edited


def _read_call(tool: Tool, text: str, reasons: list[str]) -> Call | None:
    where = f"the arguments for {tool.name}"
    if not text.strip():
        reasons.append(f"{where} are missing: give a JSON object, {{}} for none, or set its fit to none")
        return None
    arguments = _read_json(text, where, reasons)
    if arguments is not None and not isinstance(arguments, dict):
        reasons.append(f"{where} must be a JSON object")
    return Call(name=tool.name, arguments=arguments) if isinstance(arguments, dict) else None


def _read_notes(item: Item, field: str, texts: Mapping[str, str], served: Sequence[str], reasons: list[str]) -> dict[str, Any]:
    """The evidence or the alternatives of each tool that is called; empty ones are left out."""
    found: dict[str, Any] = {}
    for tool in served:
        where = f"the {field} for {item.tools[tool].name}"
        value = _read_json(texts[tool], where, reasons) if texts[tool].strip() else {}
        try:
            read = NOTES[field].validate_python(value or {})
        except ValidationError as error:
            reasons.append(f"{where} must be an object of lists by parameter: {describe_validation_error(error)}")
            continue
        found |= {tool: read} if read else {}
    return found


def _read_json(text: str, where: str, reasons: list[str]) -> Any:
    """A JSON value that JSON can also write (no NaN, no infinity), or None and a reason."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except json.JSONDecodeError as error:
        reasons.append(f"{where} are not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except (ValueError, RecursionError) as error:
        reasons.append(f"{where} are not valid JSON: {error if isinstance(error, ValueError) else 'nested too deeply'}")
    else:
        if value is None:
            reasons.append(f"{where} must be a JSON object")
        return value
    return None
