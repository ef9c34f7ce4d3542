"""Families: their references must hold."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gentool.core.call import Call
from gentool.core.family import Family, Query, WeakTool
from gentool.core.tool import Tool

STRONG, WEAK = Tool(name="forecast"), Tool(name="temperature")
CALLS = {STRONG.id: Call(name="forecast"), WEAK.id: Call(name="temperature")}


def build_family(**changes: Any) -> Family:
    """A family of one query, whose fields `changes` replaces."""
    fields: dict[str, Any] = {"fits": {STRONG.id: "full", WEAK.id: "partial"}, "calls": CALLS, "strong": STRONG.id, "weak": WEAK.id}
    query = Query(id="q1", text="Rain tomorrow?", **{**fields, **changes})
    return Family(id="f", strong=STRONG, weak=(WeakTool(id=WEAK.id, strong=STRONG.id, tool=WEAK),), queries=(query,))


def test_a_family_gives_its_tools() -> None:
    family = build_family()
    assert family.tools == (STRONG, WEAK)
    assert family.weak_tool(WEAK.id) == WEAK
    with pytest.raises(KeyError):
        family.weak_tool(STRONG.id)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"strong": "other@1"}, "query q1 names tools that are not of this family: other@1"),
        ({"weak": "other@1"}, "not of this family: other@1"),
        ({"fits": {STRONG.id: "full", "other@1": "none"}}, "not of this family: other@1"),
        ({"calls": {**CALLS, "other@1": Call(name="x")}}, "not of this family: other@1"),
        ({"fits": {STRONG.id: "partial"}}, "query q1: the strong tool's fit must be 'full'"),
        ({"fits": {WEAK.id: "full"}}, "the strong tool's fit must be 'full'"),
        ({"calls": {STRONG.id: CALLS[STRONG.id]}}, f"query q1 has no call for {WEAK.id}"),
        ({"fits": {STRONG.id: "perfect"}}, "Input should be 'full', 'partial' or 'none'"),
    ],
)
def test_broken_references_are_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        build_family(**changes)


def test_a_tool_of_no_fit_needs_no_call() -> None:
    family = build_family(fits={STRONG.id: "full", WEAK.id: "none"}, calls={STRONG.id: CALLS[STRONG.id]})
    assert family.queries[0].weak_fit == "none"


def test_fit_of_the_weak_tool_is_none_where_there_is_none() -> None:
    assert build_family().queries[0].weak_fit == "partial"
    assert build_family(weak=None).queries[0].weak_fit == "none"
    assert Query(id="q", text="x", strong="s", weak="w").weak_fit == "none"


def test_a_family_survives_its_json() -> None:
    family = build_family(needs=("days",))
    assert Family.model_validate_json(family.model_dump_json(exclude_defaults=True)) == family
