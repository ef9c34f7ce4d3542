"""Gaps: what a weak tool lacks, and the fit that each loss leaves."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.family import Fit
from gentool.core.tool import Tool
from gentool.synth.gaps import Gap, GapKind, find_gaps, fit_of_gap, returned_names, worst_fit


def make(properties: dict[str, Any], required: tuple[str, ...] = (), returns: dict[str, Any] | None = None) -> Tool:
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return Tool(name="t", parameters=parameters, returns={"type": "object", "properties": returns} if returns else None)


STRING, LIST, SIZES = {"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"enum": ["s", "m", "l"]}


@pytest.mark.parametrize(
    ("strong", "weak", "kind"),
    [
        (STRING, None, "missing_parameter"),
        (SIZES, {"enum": ["s"]}, "fewer_values"),
        (STRING, {"enum": ["s"]}, "fewer_values"),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 5}, "narrower_range"),
        ({"type": "integer"}, {"type": "integer", "minimum": 5}, "narrower_range"),
        (LIST, STRING, "single_value"),
        (SIZES, {"enum": ["l", "m", "s"]}, None),
        (SIZES, {"enum": ["s", "xl"]}, None),
        ({"type": "integer", "maximum": 5}, {"type": "integer", "maximum": 9}, None),
        (LIST, LIST, None),
        (STRING, True, None),
    ],
)
def test_each_kind_of_gap_is_found_and_nothing_else(strong: Any, weak: Any, kind: GapKind | None) -> None:
    found = find_gaps(make({"x": strong}), make({} if weak is None else {"x": weak}))
    assert found == ([Gap(kind, "x")] if kind else [])


def test_gaps_come_in_the_order_of_parameters_then_of_results() -> None:
    strong = make({"a": STRING, "b": SIZES}, returns={"one": STRING, "two": STRING})
    weak = make({"b": {"enum": ["s"]}}, returns={"one": STRING})
    assert [gap.label for gap in find_gaps(strong, weak)] == ["missing_parameter:a", "fewer_values:b", "missing_return:two"]
    assert find_gaps(strong, strong) == []
    assert returned_names(weak) == ("one",) and returned_names(make({})) == ()


@pytest.mark.parametrize(
    ("gap", "required", "fit"),
    [
        (Gap("fewer_values", "x"), ("x",), "none"),
        (Gap("narrower_range", "x"), ("x", "y"), "none"),
        (Gap("fewer_values", "x"), ("y",), "partial"),
        (Gap("missing_parameter", "x"), ("x",), "none"),
        (Gap("missing_parameter", "x"), ("x", "y"), "partial"),
        (Gap("single_value", "x"), ("x",), "partial"),
        (Gap("missing_return", "x"), ("x",), "partial"),
    ],
)
def test_the_fit_that_a_gap_leaves(gap: Gap, required: tuple[str, ...], fit: Fit) -> None:
    assert fit_of_gap(gap, make({"x": STRING, "y": STRING}, required)) == fit


def test_the_worst_fit_counts() -> None:
    assert [worst_fit(fits) for fits in ([], ["partial"], ["partial", "none"], ["full"])] == ["full", "partial", "none", "full"]
