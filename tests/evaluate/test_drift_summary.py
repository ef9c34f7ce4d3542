"""The figures of a drift, counted by hand, and its thresholds."""

from __future__ import annotations

import pytest

from gentool.core.drift import AddedTool, Answered, CatalogueChange, DriftRecord, DriftSummary, Outcome, Rate, ToolRename
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.drift_summary import check_thresholds, parse_limit, summarise_drift
from gentool.evaluate.intervals import wilson_interval

NONE = GENERATE_RESPONSE
CHANGE = CatalogueChange(
    tools_before=4,
    tools_after=5,
    added=(AddedTool(name="new"), AddedTool(name="idle")),
    removed=("gone",),
    renamed=(ToolRename(before="old", after="fresh"),),
    unchanged=("a", "b"),
)
EMPTY = DriftSummary(model="m", before="x", after="y", change=CHANGE)


def answered(expected: str | None, chosen: str | None, fault: str = "") -> Answered:
    names = tuple(expected.split()) if expected else None
    return Answered(expected=names, chosen=chosen, right=None if names is None else chosen in names, fault=fault)


def record(
    number: int, family: str, before: tuple[str | None, str | None], after: tuple[str | None, str | None], outcome: Outcome, fault: str = ""
) -> DriftRecord:
    regression = outcome in ("pulled_away", "broken_call")
    return DriftRecord(
        id=str(number),
        query=f"q{number}",
        family=family,
        outcome=outcome,
        regression=regression,
        pulled_by=after[1] if outcome == "pulled_away" else None,
        before=answered(*before),
        after=answered(*after, fault=fault),
    )


RECORDS = [
    record(0, "new", (NONE, NONE), ("new", "new"), "adopted"),
    record(1, "new", (NONE, NONE), ("new", "new"), "adopted", fault="no city"),
    record(2, "new", (NONE, NONE), ("new", NONE), "not_adopted"),
    record(3, "new", ("a", "a"), ("new a", "a"), "not_switched"),
    record(4, "a", ("a", "a"), ("a", "new"), "pulled_away"),
    record(5, "a", ("a", "a"), ("a", "a"), "stayed_right"),
    record(6, "a", ("a", "b"), ("a", "new"), "stayed_wrong"),
    record(7, "fresh", ("old", "old"), ("fresh", "fresh"), "stayed_right"),
    record(8, "gone", ("gone", "gone"), (None, NONE), "lost"),
    record(9, "x", (None, "a"), (None, "b"), "changed"),
    record(10, "b", ("b", "b"), ("b", None), "unreadable_after"),
    record(11, "b", ("b", "b"), ("b", "b"), "broken_call", fault="broken"),
]


@pytest.fixture(scope="module")
def summary() -> DriftSummary:
    return summarise_drift(EMPTY, RECORDS)


def counts(rate: Rate) -> tuple[int, int]:
    return rate.count, rate.of


def test_the_totals_are_those_counted_by_hand(summary: DriftSummary) -> None:
    assert (summary.queries, summary.judged) == (12, 10)
    assert counts(summary.right_before) == (10, 11)
    assert counts(summary.right_after) == (6, 10)
    assert counts(summary.regressions) == (2, 10)
    assert counts(summary.adoption) == (2, 4)
    assert counts(summary.switching) == (0, 1)
    assert counts(summary.changed) == (6, 11), "a renamed tool is the same, an unreadable answer no comparison"
    assert list(summary.outcomes) == sorted(summary.outcomes, key=list(DriftRecord.model_fields["outcome"].annotation.__args__).index)  # type: ignore[union-attr]
    assert sum(summary.outcomes.values()) == 12


def test_an_added_tool_is_told_by_what_it_serves_and_what_it_draws(summary: DriftSummary) -> None:
    new, idle = summary.added
    assert counts(new.adoption) == (2, 4)
    assert new.instead == {NONE: 1, "a": 1}
    assert counts(new.attracted) == (2, 6)
    assert counts(new.faulty) == (1, 4)
    assert counts(idle.adoption) == (0, 0)
    assert (idle.adoption.value, idle.attracted.value) == (None, 0.0)


def test_a_tool_of_before_is_told_by_what_it_lost_and_to_whom(summary: DriftSummary) -> None:
    tools = {tool.name: tool for tool in summary.existing}
    assert next(iter(tools)) == "a", "the most regressions of the most queries come first"
    assert (counts(tools["a"].right_before), counts(tools["a"].regressions)) == ((3, 4), (1, 3))
    assert tools["a"].pulled_by == {"new": 1}
    assert (tools["fresh"].state, tools["gone"].state, tools["b"].state) == ("renamed", "removed", "unchanged")
    assert tools["b"].pulled_by == {"(a call that does not hold)": 1}
    assert counts(tools["gone"].right_after) == (0, 0)
    assert counts(tools[NONE].right_before) == (3, 3)


def test_intervals_allow_for_queries_of_one_tool() -> None:
    apart = [record(n, f"tool{n}", ("a", "a"), ("a", "new" if n < 3 else "a"), "pulled_away" if n < 3 else "stayed_right") for n in range(12)]
    together = [one.model_copy(update={"family": f"tool{min(n // 3, 3)}"}) for n, one in enumerate(apart)]
    alone, clustered = (summarise_drift(EMPTY, some).regressions for some in (apart, together))
    assert (alone.low, alone.high) == pytest.approx(wilson_interval(0.25, 12))
    assert clustered.value == alone.value == 0.25
    assert clustered.high is not None
    assert alone.high is not None
    assert clustered.high > alone.high


@pytest.mark.parametrize(
    ("limits", "passed"),
    [
        ((0, None, None), [False]),
        ((1, None, None), [False]),
        ((2, None, None), [True]),
        (("2", None, None), [True]),
        (("20%", None, None), [True]),
        (("19.9%", None, None), [False]),
        ((None, "50%", None), [True]),
        ((None, "50.1%", None), [False]),
        ((None, None, 6), [True]),
        ((None, None, "54%"), [False]),
        ((2, "60%", 5), [True, False, False]),
        ((None, None, None), []),
    ],
)
def test_thresholds(summary: DriftSummary, limits: tuple[str | int | None, str | None, str | int | None], passed: list[bool]) -> None:
    assert [check.passed for check in check_thresholds(summary, *limits)] == passed


def test_a_percentage_is_not_broken_by_rounding() -> None:
    some = [record(n, f"t{n}", ("a", "a"), ("a", "new" if n < 7 else "a"), "pulled_away" if n < 7 else "stayed_right") for n in range(100)]
    assert check_thresholds(summarise_drift(EMPTY, some), "7%", None)[0].passed


def test_what_could_not_be_measured() -> None:
    nothing = summarise_drift(EMPTY, [RECORDS[9]])
    regressions, adoption, changed = check_thresholds(nothing, 0, "10%", 1)
    assert (regressions.passed, regressions.found) == (None, "not judged: there are no answers that were right before")
    assert (adoption.passed, adoption.found) == (False, "not measured: no query is for an added tool")
    assert (changed.passed, changed.found) == (True, "1 of 1 answers that can be compared (100.0%)")
    unchanged = EMPTY.model_copy(update={"change": CatalogueChange(tools_before=2, tools_after=2, unchanged=("a", "b"))})
    assert [check.passed for check in check_thresholds(unchanged, 0, "10%", 0)] == [True, True, True]


@pytest.mark.parametrize(("text", "limit"), [("5%", (5.0, True)), (" 2.5% ", (2.5, True)), ("3", (3.0, False)), (0, (0.0, False))])
def test_a_limit_is_a_count_or_a_percentage(text: str | int, limit: tuple[float, bool]) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["", "%", "few", "0.5", "-1", "101%", "nan%"])
def test_another_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a count, as 3, or a percentage|out of range"):
        parse_limit(text)
