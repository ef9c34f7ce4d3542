"""Calls of an answer and calls that are wanted, brought together in any order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.core.call import Call
from gentool.core.example import Example, Wanted
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.evaluate.matching import EQUAL, UNLIKE, Comparison, assign, compare_answer, compare_call, pair_calls

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 3}},
    "required": ["city"],
}
RAIN, WIND = Tool(name="rain", parameters=PARAMETERS), Tool(name="wind", parameters=PARAMETERS)


def call(name: str, **arguments: Any) -> Call:
    return Call(name=name, arguments=arguments)


def example(*wanted: Call, alternatives: tuple[dict[str, tuple[Any, ...]], ...] = ()) -> Example:
    """An example that wants the calls; `alternatives` goes with them place by place."""
    more: list[dict[str, tuple[Any, ...]]] = [*alternatives, *({} for _ in wanted)]
    return Example(
        id="e",
        pair="e",
        kind="given",
        family="e",
        query_id="e",
        query="Rain and wind?",
        tools=ToolSet.of([RAIN, WIND]),
        ranking=(wanted[0].name, GENERATE_RESPONSE),
        answer=wanted[0],
        alternatives=more[0],
        further=tuple(Wanted(call=one, alternatives=other) for one, other in zip(wanted[1:], more[1:], strict=False)),
    )


BERN, OSLO, WINDY = call("rain", city="Bern"), call("rain", city="Oslo"), call("wind", city="Bern")


def test_the_order_of_calls_is_free() -> None:
    for calls in permutations([BERN, OSLO, WINDY]):
        assert compare_answer(calls, example(BERN, OSLO, WINDY)) == EQUAL


def test_each_wanted_call_is_matched_once() -> None:
    found = compare_answer([BERN, BERN], example(BERN, OSLO))
    assert (found.typed, found.names) == (False, True)
    assert found.likeness == pytest.approx((1 + 0) / 2), "Bern and Oslo have no letter in one place"
    assert compare_answer([BERN, BERN], example(BERN, BERN)) == EQUAL


def test_a_pairing_that_the_first_come_would_spoil_is_found() -> None:
    """Bern is right for the first alone, Oslo for both: BFCL's greedy match would give Oslo to the first and lose the second."""
    wanted = example(OSLO, OSLO, alternatives=({"city": ("Bern",)}, {}))
    assert compare_answer([OSLO, BERN], wanted) == compare_answer([BERN, OSLO], wanted) == EQUAL


def test_alternatives_belong_to_their_call() -> None:
    wanted = example(BERN, WINDY, alternatives=({}, {"city": ("Thun",), "days": (7,)}))
    assert compare_answer([BERN, call("wind", city="Thun", days=7)], wanted) == EQUAL
    assert not compare_answer([call("rain", city="Thun"), WINDY], wanted).typed


@pytest.mark.parametrize(
    ("calls", "likeness"),
    [([BERN], 1 / 2), ([BERN, OSLO, WINDY], 2 / 3), ([WINDY], 0.0), ([call("rain", city="Berne")], (4 / 5) / 2)],
)
def test_calls_too_few_or_too_many_are_right_by_no_rule_and_like_in_part(calls: list[Call], likeness: float) -> None:
    found = compare_answer(calls, example(BERN, OSLO))
    assert found == Comparison(False, False, False, False, pytest.approx(likeness))


def test_each_rule_has_a_pairing_of_its_own() -> None:
    """The typed pairing takes Oslo to the first; normalised, both are right the other way round."""
    wanted = example(OSLO, call("rain", city="oslo"), alternatives=({"city": ("Bern",)}, {}))
    found = compare_answer([OSLO, call("rain", city="bern")], wanted)
    assert (found.typed, found.normalised, found.names) == (False, True, True)


def test_most_calls_right_comes_first_then_tools() -> None:
    found = pair_calls([call("rain", city="Oslo!"), OSLO], example(OSLO, BERN))
    assert sorted(found.pairs) == [(0, 1), (1, 0)]
    found = pair_calls([call("wind", city="Thun"), call("rain", city="Thun")], example(BERN, WINDY))
    assert sorted(found.pairs) == [(0, 1), (1, 0)]


def test_of_wrong_calls_those_most_alike_belong_together() -> None:
    found = pair_calls([call("rain", city="Osl"), call("rain", city="Ber")], example(BERN, OSLO))
    assert sorted(found.pairs) == [(0, 1), (1, 0)]


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(st.integers(0, 5), min_size=n, max_size=n), min_size=1, max_size=4)))
def test_an_assignment_adds_up_to_the_most(weights: list[list[int]]) -> None:
    rows, columns = len(weights), len(weights[0])
    found = assign(weights)
    assert len(found) == min(rows, columns) == len({row for row, _ in found}) == len({column for _, column in found})
    longer = max(rows, columns)
    padded = [[*row, *[0] * (longer - columns)] for row in [*weights, *[[0] * columns] * (longer - rows)]]
    most = max(sum(padded[row][column] for row, column in enumerate(order)) for order in permutations(range(longer)))
    assert sum(weights[row][column] for row, column in found) == most


@pytest.mark.parametrize(
    ("arguments", "strict", "equal"),
    [
        ({"city": "Bern"}, EQUAL, EQUAL),
        ({"city": "Bern", "days": 3}, Comparison(False, False, True, False, 1.0), EQUAL),
        ({"city": "Bern", "days": "3"}, Comparison(False, False, True, False, 1.0), Comparison(False, False, True, True, 1.0)),
        ({"city": "bern", "days": 3}, Comparison(False, False, True, False, 3 / 4), Comparison(True, False, True, False, 3 / 4)),
    ],
)
def test_defaults_count_as_left_out_where_that_is_set(arguments: dict[str, Any], strict: Comparison, equal: Comparison) -> None:
    given = call("rain", **arguments)
    assert compare_call(given, BERN, {}, example(BERN)) == strict
    assert compare_call(given, BERN, {}, example(BERN), defaults=True) == equal


def test_an_argument_that_is_left_out_stands_at_its_default_among_alternatives() -> None:
    wanted = example(call("rain", city="Bern", days=5), alternatives=({"days": (3,)},))
    assert not compare_answer([BERN], wanted).typed
    assert compare_answer([BERN], wanted, defaults=True) == EQUAL


def test_a_call_of_another_tool_is_unlike() -> None:
    assert compare_answer([WINDY], example(BERN)) == UNLIKE
