"""The records of a drift: what stayed under which name, and when a drift has passed."""

from __future__ import annotations

import pytest

from gentool.core.drift import OUTCOME_WORDS, OUTCOMES, AddedTool, CatalogueChange, Check, DriftSummary, ToolChange, ToolRename, abstains

EMPTY = CatalogueChange(tools_before=2, tools_after=2, unchanged=("weather", "book_table"))


def test_tools_that_stayed_are_known_by_their_names_after() -> None:
    change = CatalogueChange(
        tools_before=4,
        tools_after=4,
        added=(AddedTool(name="new"),),
        removed=("old",),
        renamed=(ToolRename(before="wether", after="weather"),),
        changed=(ToolChange(name="hotels", differences=("returns",)),),
        unchanged=("songs",),
    )
    assert change.names_after == {"songs": "songs", "hotels": "hotels", "wether": "weather"}
    assert not change.is_empty


@pytest.mark.parametrize(
    "part",
    [
        {"added": (AddedTool(name="a"),)},
        {"removed": ("a",)},
        {"renamed": (ToolRename(before="a", after="b"),)},
        {"changed": (ToolChange(name="a", differences=()),)},
    ],
)
def test_any_change_counts_and_another_order_does_not(part: dict[str, object]) -> None:
    assert EMPTY.is_empty
    assert EMPTY.model_copy(update={"reordered": True}).is_empty
    assert not EMPTY.model_copy(update=part).is_empty


@pytest.mark.parametrize(("found", "passed"), [((True, None), True), ((True, False), False), ((None,), True), ((), True)])
def test_a_drift_has_passed_unless_a_threshold_is_broken(found: tuple[bool | None, ...], passed: bool) -> None:
    checks = tuple(Check(name="max_regressions", limit="0", found="", passed=one) for one in found)
    assert DriftSummary(model="m", before="a", after="b", change=EMPTY, checks=checks).passed is passed


def test_every_outcome_has_its_words() -> None:
    assert set(OUTCOME_WORDS) == set(OUTCOMES)
    assert abstains("generate_response")
    assert not abstains("weather")
    assert not abstains(None)
