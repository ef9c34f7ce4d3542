"""What becomes of an answer when the catalogue changes: the rule over every combination, and the texts that it is read from."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from gentool.core.drift import OUTCOMES, CatalogueChange, DriftQuery, DriftRecord, Outcome
from gentool.core.example import Prediction
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.evaluate.catalogue_change import compare_catalogues
from gentool.evaluate.drift import Side, examine_query, is_regression, judge_change, make_example

NONE = GENERATE_RESPONSE
GONE = ("gone",)
UNREADABLE = None

RULES: list[tuple[str, tuple[str, ...] | None, str | None, tuple[str, ...] | None, str | None, Outcome, bool]] = [
    # what happens, right before, chosen before, right after, chosen after, outcome, regression
    ("zero to one", (NONE,), NONE, ("new",), "new", "adopted", False),
    ("another new tool that serves too", (NONE,), NONE, ("new", "a"), "a", "adopted", False),
    ("abstains on", (NONE,), NONE, ("new",), NONE, "not_adopted", False),
    ("abstains on, acceptably", (NONE,), NONE, ("new", NONE), NONE, "not_adopted", False),
    ("abstained, now calls a wrong tool", (NONE,), NONE, ("new",), "a", "pulled_away", True),
    ("abstained rightly, and still should", (NONE,), NONE, (NONE,), "new", "pulled_away", True),
    ("abstains rightly both times", (NONE,), NONE, (NONE,), NONE, "stayed_right", False),
    ("weak to strong", ("a",), "a", ("new", "a"), "new", "switched", False),
    ("weak to strong, the weak one no longer right", ("a",), "a", ("new",), "new", "switched", False),
    ("stays with the weak one", ("a",), "a", ("new", "a"), "a", "not_switched", False),
    ("stays with the weak one, which is no longer right", ("a",), "a", ("new",), "a", "not_switched", False),
    ("moves to a third that is acceptable", ("a",), "a", ("new", "b"), "b", "not_switched", False),
    ("the strong one was acceptable before, and chosen", ("a", "b"), "b", ("b",), "b", "stayed_right", False),
    ("right both times", ("a",), "a", ("a",), "a", "stayed_right", False),
    ("between two that are right", ("a", "b"), "b", ("a", "b"), "a", "stayed_right", False),
    ("pulled by the new tool", ("a",), "a", ("a",), "new", "pulled_away", True),
    ("pulled by an old tool", ("a",), "a", ("a",), "b", "pulled_away", True),
    ("gives up", ("a",), "a", ("a",), NONE, "pulled_away", True),
    ("weak to strong, but a third was taken", ("a",), "a", ("new", "a"), "b", "pulled_away", True),
    ("a tool that no longer serves is rightly left", ("a",), "a", (NONE,), NONE, "stayed_right", False),
    ("a tool that no longer serves is called on", ("a",), "a", (NONE,), "a", "not_switched", False),
    ("its tool is gone, abstains", ("gone",), "gone", (NONE,), NONE, "lost", False),
    ("its tool is gone, takes the replacement", ("gone",), "gone", ("new",), "new", "lost", False),
    ("its tool is gone, takes a wrong one", ("gone",), "gone", (NONE,), "a", "lost", True),
    ("its tool is gone, nothing says what is right", ("gone",), "gone", None, "a", "lost", False),
    ("its tool is gone and called all the same", ("gone",), "gone", None, "ghost", "lost", True),
    ("wrong before, right after", ("a",), "b", ("a",), "a", "fixed", False),
    ("called a tool too early", (NONE,), "a", ("new",), "new", "fixed", False),
    ("wrong both times, alike", ("a",), "b", ("a",), "b", "stayed_wrong", False),
    ("wrong both times, otherwise", ("a",), "b", ("a",), "new", "stayed_wrong", False),
    ("abstains wrongly both times", ("a",), NONE, ("a",), NONE, "stayed_wrong", False),
    ("wrong before, its right tool gone", ("gone",), "a", (NONE,), "a", "stayed_wrong", False),
    ("unreadable after, right before", ("a",), "a", ("a",), UNREADABLE, "unreadable_after", True),
    ("unreadable after, wrong before", ("a",), "b", ("a",), UNREADABLE, "unreadable_after", False),
    ("unreadable is no abstention", (NONE,), UNREADABLE, ("new",), "new", "unreadable_before", False),
    ("unreadable is no abstention after", (NONE,), NONE, (NONE,), UNREADABLE, "unreadable_after", True),
    ("unreadable both times", ("a",), UNREADABLE, ("a",), UNREADABLE, "unreadable", False),
    ("unreadable, nothing known", None, "a", None, UNREADABLE, "unreadable_after", False),
    ("nothing known, otherwise", None, "a", None, "new", "changed", False),
    ("nothing known, alike", None, "a", None, "a", "unchanged", False),
    ("only one side known", ("a",), "a", None, "new", "changed", False),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0])
def test_the_rule(rule: Any) -> None:
    _, expected_before, before, expected_after, after, outcome, regression = rule
    one, other = Side(expected_before, before), Side(expected_after, after, known=after != "ghost")
    assert judge_change(one, other, GONE) == outcome
    assert is_regression(outcome, one, other) is regression


def test_every_outcome_but_a_broken_call_is_in_the_table() -> None:
    assert {rule[5] for rule in RULES} == set(OUTCOMES) - {"broken_call"}


@pytest.mark.parametrize(("faulty", "outcome"), [((False, True), "broken_call"), ((True, True), "stayed_right"), ((True, False), "stayed_right")])
def test_a_call_breaks_where_it_held_before(faulty: tuple[bool, bool], outcome: Outcome) -> None:
    sides = [Side(("a",), "a", faulty=one) for one in faulty]
    assert judge_change(sides[0], sides[1]) == outcome
    assert is_regression(outcome, sides[0], sides[1]) is (outcome == "broken_call")


CHOICES = (NONE, "a", "b", "new", "gone", "ghost", None)
EXPECTED = (None, (NONE,), ("a",), ("a", "b"), ("b", "a"), ("new",), ("new", "a"), ("new", NONE), ("gone",), ("gone", "a"))


def conditions(before: Side, after: Side) -> dict[Outcome, bool]:
    """When each outcome holds, said one by one and without any order."""
    readable = before.chosen is not None and after.chosen is not None
    lost = readable and before.right is True and before.chosen == "gone"
    known = readable and not lost and before.expected is not None and after.expected is not None
    both = known and before.right is True and after.right is True
    stayed = before.chosen == after.chosen
    better = before.best != after.best and not (stayed and after.chosen == after.best)
    broken = stayed and after.faulty and not before.faulty
    wrong = known and before.right is True and after.right is False
    quiet, called = before.chosen == NONE, after.chosen != NONE
    return {
        "unreadable": before.chosen is None and after.chosen is None,
        "unreadable_before": before.chosen is None and after.chosen is not None,
        "unreadable_after": before.chosen is not None and after.chosen is None,
        "lost": lost,
        "changed": readable and not lost and not known and not stayed,
        "unchanged": readable and not lost and not known and stayed,
        "fixed": known and before.right is False and after.right is True,
        "stayed_wrong": known and before.right is False and after.right is False,
        "pulled_away": wrong and not stayed,
        "not_adopted": (wrong and stayed and quiet) or (both and better and quiet and not called),
        "not_switched": (wrong and stayed and not quiet) or (both and better and not quiet and after.chosen != after.best),
        "adopted": both and better and quiet and called,
        "switched": both and better and not quiet and called and after.chosen == after.best,
        "broken_call": both and not better and broken,
        "stayed_right": (both and not better and not broken) or (both and better and not quiet and not called and after.chosen == after.best),
    }


def test_every_combination_has_the_one_outcome_whose_condition_holds() -> None:
    seen = set()
    for expected_before, chosen_before, expected_after, chosen_after, faulty in product(EXPECTED, CHOICES, EXPECTED, CHOICES, (False, True)):
        if chosen_before in ("new", "ghost") or (expected_before and "new" in expected_before) or (expected_after and "gone" in expected_after):
            continue
        before = Side(expected_before, chosen_before)
        after = Side(expected_after, chosen_after, known=chosen_after not in ("gone", "ghost"), faulty=faulty)
        outcome = judge_change(before, after, GONE)
        holding = [name for name, holds in conditions(before, after).items() if holds]
        assert holding == [outcome], (before, after)
        if is_regression(outcome, before, after):
            assert before.right is True
            assert after.right is False or (outcome == "broken_call" and after.faulty)
        seen.add(outcome)
    assert seen == set(OUTCOMES)


# Reading the answers


def tool(name: str, *required: str, description: str = "") -> Tool:
    parameters = {"type": "object", "properties": {key: {"type": "string"} for key in required}, "required": list(required)}
    return Tool(name=name, description=description or f"Does {name}.", parameters=parameters)


WEATHER, SONGS, FORECAST, OLD = tool("weather", "city"), tool("songs"), tool("forecast", "city"), tool("wether_map", "city", description="A map.")
MAP = tool("weather_map", "city", description="A map.")
BEFORE, AFTER = ToolSet.of([WEATHER, SONGS, OLD]), ToolSet.of([WEATHER, SONGS, MAP, FORECAST])
CHANGE = compare_catalogues(list(BEFORE), list(AFTER))


def call(name: str, **arguments: Any) -> str:
    return json.dumps({"name": name, "arguments": arguments})


def examine(
    query: DriftQuery, before: str, after: str, change: CatalogueChange = CHANGE, sets: tuple[ToolSet, ToolSet] = (BEFORE, AFTER), **more: Any
) -> DriftRecord:
    examples = make_example(query, "before", sets[0]), make_example(query, "after", sets[1])
    answers = Prediction(id=examples[0].id, select=before, rank=""), Prediction(id=examples[1].id, select=after, rank="", **more)
    return examine_query(query, change, sets, answers)


def test_a_pull_names_the_tool_and_says_what_would_be_right() -> None:
    query = DriftQuery(query="Rain in Bern?", before="weather", after="weather")
    record = examine(query, call("weather", city="Bern"), call("forecast", city="Bern"))
    assert (record.outcome, record.regression, record.pulled_by) == ("pulled_away", True, "forecast")
    assert record.reason == "weather before, forecast (added) after; right would be weather"
    assert record.family == "weather"
    assert (record.before.right, record.after.right) == (True, False)
    assert record.before.raw == call("weather", city="Bern")


def test_prose_is_unreadable_and_never_abstention() -> None:
    query = DriftQuery(query="Tell me a joke", before=NONE, after=NONE)
    record = examine(query, call(NONE), "Sorry, no tool can do this.")
    assert (record.outcome, record.after.chosen, record.regression) == ("unreadable_after", None, True)
    assert "no readable JSON" in record.reason


def test_what_the_engine_could_not_answer_says_why() -> None:
    query = DriftQuery(query="Rain?", before="weather", after="weather")
    record = examine(query, call("weather", city="Bern"), "", error="status 400: the prompt is too long")
    assert record.outcome == "unreadable_after"
    assert record.after.fault == "status 400: the prompt is too long"


def test_a_renamed_tool_is_the_same_tool() -> None:
    query = DriftQuery(query="A map of the rain", before="wether_map", after="weather_map")
    record = examine(query, call("wether_map", city="Bern"), call("weather_map", city="Bern"))
    assert record.outcome == "stayed_right"
    assert record.family == "weather_map"
    record = examine(query, call("wether_map", city="Bern"), call("wether_map", city="Bern"))
    assert (record.outcome, record.pulled_by) == ("pulled_away", "wether_map")
    assert "wether_map (no longer there) after; right would be weather_map (renamed from wether_map)" in record.reason


def test_an_answer_is_not_right_by_a_name_that_was_not_shown() -> None:
    query = DriftQuery(query="Rain?", before="weather", after="forecast")
    narrow = BEFORE, ToolSet.of([WEATHER, SONGS])
    record = examine(query, call("weather", city="Bern"), call("forecast", city="Bern"), sets=narrow)
    assert (record.outcome, record.after.right) == ("pulled_away", False)
    assert "retrieval left it out" in record.reason


def test_a_call_that_the_changed_schema_refuses_is_broken() -> None:
    stricter = tool("weather", "city", "day")
    after = ToolSet.of([stricter, SONGS, OLD])
    change = compare_catalogues(list(BEFORE), list(after))
    query = DriftQuery(query="Rain in Bern?", before="weather", after="weather")
    text = call("weather", city="Bern")
    record = examine(query, text, text, change, (BEFORE, after))
    assert (record.outcome, record.regression, record.pulled_by) == ("broken_call", True, None)
    assert "'day' is a required property" in record.reason
    assert examine(query, call("weather"), call("weather"), change, (BEFORE, after)).outcome == "stayed_right"


def test_known_arguments_are_compared_but_for_spelling_on_both_sides_of_a_tool_that_stayed() -> None:
    query = DriftQuery(query="Rain in Bern?", before="weather", after="weather", arguments={"city": "Bern"}, alternatives={"city": ("Berne",)})
    assert examine(query, call("weather", city="Berne"), call("weather", city="bern")).outcome == "stayed_right"
    record = examine(query, call("weather", city="Bern"), call("weather", city="Basel"))
    assert record.outcome == "broken_call"
    assert '"city" is "Basel", not "Bern"' in record.after.fault
    assert examine(query, call("weather", city="Basel"), call("weather", city="Basel")).outcome == "stayed_right"


def test_arguments_say_nothing_of_the_call_before_where_its_tool_changed() -> None:
    after = ToolSet.of([tool("weather", "town"), SONGS, OLD])
    change = compare_catalogues(list(BEFORE), list(after))
    query = DriftQuery(query="Rain in Bern?", before="weather", after="weather", arguments={"town": "Bern"})
    record = examine(query, call("weather", city="Bern"), call("weather", town="Bern"), change, (BEFORE, after))
    assert (record.outcome, record.before.fault, record.after.fault) == ("stayed_right", "", "")


def test_an_example_is_known_by_its_query_and_the_tools_shown_and_not_by_what_is_right() -> None:
    query = DriftQuery(query="Rain?", before="weather", after="forecast", arguments={"city": "Bern"})
    other = DriftQuery(query="Rain?", before="songs")
    assert make_example(query, "before", BEFORE).id == make_example(other, "before", BEFORE).id == make_example(query, "after", BEFORE).id
    assert make_example(query, "after", AFTER).id != make_example(query, "after", BEFORE).id
    assert make_example(query, "after", AFTER).answer.name == "forecast"
    assert make_example(query, "after", BEFORE).answer.abstains, "a tool that is not shown cannot be the example's answer"
    assert make_example(query, "after", AFTER, arguments=True).answer.arguments == {"city": "Bern"}


def test_texts_that_no_file_could_hold_are_kept_readable() -> None:
    query = DriftQuery(query="Rain?", before="weather")
    record = examine(query, call("weather", city="Bern"), '{"name": "we\\ud800ather", "arguments": {}}' + "x" * 1000)
    assert DriftRecord.model_validate_json(record.model_dump_json()) == record
