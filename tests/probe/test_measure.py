"""What is measured, by hand: shares by variant and group, differences from the first, and what holds under all."""

from __future__ import annotations

import pytest

from gentool.core.example import Verdict
from gentool.probe.altered import Altered, Base, alter
from gentool.probe.measure import measure


def verdict_of(one: Altered, right: bool) -> Verdict:
    return Verdict(id=one.example.id, format=True, selection=right, selection_lenient=right, call=False)


def test_by_hand(bases: list[Base]) -> None:
    """Four examples of families of their own, two variants: a right in both, b in the first, c in the second, d in none."""
    by_family = {base.example.family: base for base in bases if not base.example.answer.abstains}
    some = list(by_family.values())[:4]
    rights = {"x": (True, True, False, False), "y": (True, False, True, False)}
    altered = [alter(base, "position", variant, query=f"{variant} {base.example.query}") for base in some for variant in rights]
    held = {(base.example.id, variant): right[place] for variant, right in rights.items() for place, base in enumerate(some)}
    found = measure(altered, {one.example.id: verdict_of(one, held[one.base, one.variant]) for one in altered}, seed=0)
    assert (found["variants"], list(found["groups"])) == (["x", "y"], ["call"])
    group = found["groups"]["call"]
    assert group["n"] == 4
    assert [row["selection"]["value"] for row in group["rows"]] == [0.5, 0.5]
    assert [row["format"]["value"] for row in group["rows"]] == [1, 1]
    assert [row["call"]["value"] for row in group["rows"]] == [0, 0]
    assert (group["always"]["value"], group["ever"]["value"]) == (0.25, 0.75)
    assert group["rows"][0]["difference"] == {"value": 0, "low": 0, "high": 0}
    difference = group["rows"][1]["difference"]
    assert difference["value"] == 0
    assert difference["low"] == pytest.approx(-1) and difference["high"] == pytest.approx(1)


def test_examples_that_call_and_that_abstain_are_apart(bases: list[Base]) -> None:
    altered = [alter(base, "candidates", "5") for base in bases]
    found = measure(altered, {one.example.id: verdict_of(one, not one.example.answer.abstains) for one in altered}, seed=0)
    assert {name: group["always"]["value"] for name, group in found["groups"].items()} == {"call": 1, "abstain": 0}
    assert sum(group["n"] for group in found["groups"].values()) == len(bases)


def test_nothing_asked_is_nothing_found() -> None:
    assert measure([], {}, seed=0) == {"variants": [], "groups": {}}
