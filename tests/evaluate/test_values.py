"""Values compared by each rule, and how like two of them are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from gentool.evaluate.values import (
    coerce,
    equal_coerced,
    equal_normalised,
    equal_typed,
    equal_with_defaults,
    measure_distance,
    measure_likeness,
    measure_value_likeness,
    settle_defaults,
)

LEAVES = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.sampled_from(["", "1", "true", "a", "A", "[1]", "1.0"])
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6)
KINDS = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
SCHEMAS = st.recursive(
    st.none() | st.builds(lambda kind: {"type": kind}, KINDS | st.lists(KINDS, min_size=1, max_size=2)),
    lambda inner: (
        st.builds(lambda one: {"type": "array", "items": one}, inner)
        | st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner)
        | st.builds(lambda properties: {"type": "object", "properties": properties}, st.dictionaries(st.sampled_from("abc"), inner, max_size=3))
    ),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("given", "target", "typed", "normalised"),
    [
        (None, None, True, True),
        (None, False, False, False),
        (0, False, False, False),
        (1, True, False, False),
        ([], {}, False, False),
        ("it's", 'it"s', False, True),
        ("2024/05/01", "2024-05-01", False, True),
        ("a;b", "ab", False, False),
        ("five", 5, False, False),
        (" 5 ", 5, False, True),
        ("1e3", 1000, False, True),
        ("-5", 5, False, False),
        (9007199254740993, 9007199254740992, False, False),
        ("9007199254740993", 9007199254740992, False, False),
        ("9" * 5000, 5, False, False),
        ({"a": {"b": [1]}}, {"a": {"b": [1.0]}}, True, True),
        ({"a": 1}, {"a": 1, "b": 2}, False, False),
    ],
)
def test_equality(given: Any, target: Any, typed: bool, normalised: bool) -> None:
    assert equal_typed(given, target) is equal_typed(target, given) is typed
    assert equal_normalised(given, target) is equal_normalised(target, given) is normalised


def test_a_required_argument_must_be_given_even_at_its_default() -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer", "default": 3}}, "required": ["days"]}
    assert not equal_normalised({}, {"days": 3}, schema)
    assert equal_normalised({}, {"days": 3}, {**schema, "required": []})


@drawn(VALUES, VALUES, SCHEMAS)
def test_what_is_equal_typed_is_equal_by_every_rule(given: Any, target: Any, schema: Any) -> None:
    assert equal_typed(given, given)
    if equal_typed(given, target):
        assert equal_typed(target, given)
        assert equal_normalised(given, target, schema) and equal_coerced(given, target, schema) and equal_with_defaults(given, target, schema)
        assert measure_value_likeness(given, target) == 1.0


# Defaults

DEFAULTS = {
    "type": "object",
    "properties": {
        "days": {"type": "integer", "default": 3},
        "city": {"type": "string", "default": "Bern"},
        "options": {"type": "object", "properties": {"units": {"type": "string", "default": "metric"}}},
        "legs": {"type": "array", "items": {"type": "object", "properties": {"seats": {"type": "integer", "default": 1}}}},
    },
    "required": ["city"],
}


@pytest.mark.parametrize(
    ("given", "target", "equal"),
    [
        ({"city": "Oslo", "days": 3}, {"city": "Oslo"}, True),
        ({"city": "Oslo"}, {"city": "Oslo", "days": 3}, True),
        ({"city": "Oslo", "days": 3.0}, {"city": "Oslo"}, True),
        ({"city": "Oslo", "days": "3"}, {"city": "Oslo"}, False),
        ({"city": "Oslo", "days": 4}, {"city": "Oslo"}, False),
        ({"city": "Oslo"}, {"city": "Oslo", "days": 4}, False),
        ({"days": 3}, {"city": "Bern"}, False),
        ({}, {"city": "Bern"}, False),
        ({"city": "Oslo", "options": {"units": "metric"}}, {"city": "Oslo", "options": {}}, True),
        ({"city": "Oslo", "options": {}}, {"city": "Oslo", "options": {"units": "metric"}}, True),
        ({"city": "Oslo", "options": {"units": "metric"}}, {"city": "Oslo"}, False),
        ({"city": "Oslo", "legs": [{"seats": 1}, {}]}, {"city": "Oslo", "legs": [{}, {"seats": 1}]}, True),
        ({"city": "Oslo", "legs": [{"seats": 1}]}, {"city": "Oslo", "legs": [{}, {}]}, False),
        ({"city": "Oslo", "zzz": 3}, {"city": "Oslo"}, False),
    ],
)
def test_an_argument_at_its_default_equals_one_that_is_left_out(given: Any, target: Any, equal: bool) -> None:
    assert equal_with_defaults(given, target, DEFAULTS) is equal
    assert equal_typed(given, target) is False
    assert settle_defaults(given, given, DEFAULTS) == given


# Coercing


@pytest.mark.parametrize(
    ("value", "schema", "coerced"),
    [
        ("5", {"type": "integer"}, 5),
        (" -5 ", {"type": "integer"}, -5),
        ("5.0", {"type": "integer"}, 5),
        (5.0, {"type": "integer"}, 5),
        ("5.5", {"type": "integer"}, "5.5"),
        (5.5, {"type": "integer"}, 5.5),
        (True, {"type": "integer"}, True),
        ("five", {"type": "integer"}, "five"),
        ("5.5", {"type": "number"}, 5.5),
        ("1e3", {"type": "number"}, 1000),
        (5, {"type": "number"}, 5),
        ("true", {"type": "boolean"}, True),
        ("False", {"type": "boolean"}, False),
        ("yes", {"type": "boolean"}, "yes"),
        (1, {"type": "boolean"}, 1),
        (5, {"type": "string"}, "5"),
        (5.0, {"type": "string"}, "5"),
        (5.5, {"type": "string"}, "5.5"),
        (True, {"type": "string"}, "true"),
        (None, {"type": "string"}, None),
        (["a"], {"type": "string"}, ["a"]),
        ("a", {"type": "array", "items": {"type": "string"}}, ["a"]),
        ("5", {"type": "array", "items": {"type": "integer"}}, [5]),
        (5, {"type": "array", "items": {"type": "string"}}, ["5"]),
        ("[1, 2]", {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ("[1, oh]", {"type": "array"}, ["[1, oh]"]),
        (None, {"type": "array"}, None),
        (["1", 2], {"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ('{"a": "1"}', {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
        ({"a": "1", "b": "1"}, {"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1, "b": "1"}),
        ("5", {"type": ["string", "integer"]}, "5"),
        ("5", {"type": ["null", "integer"]}, 5),
        ("5", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 5),
        ("5", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "5"),
        (["5"], {"oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "integer"}]}, [5]),
        ({}, {"anyOf": [{"type": "integer"}]}, {}),
        ("5", {"enum": [5, 6]}, 5),
        ("5", {}, "5"),
        ("5", None, "5"),
        ("5", True, "5"),
    ],
)
def test_a_value_is_brought_into_the_type_that_its_schema_asks_for(value: Any, schema: Any, coerced: Any) -> None:
    found = coerce(value, schema)
    assert equal_typed(found, coerced) and type(found) is type(coerced)
    assert equal_coerced(value, coerced, schema)


@drawn(VALUES, SCHEMAS)
def test_coercing_twice_changes_nothing_more(value: Any, schema: Any) -> None:
    once = coerce(value, schema)
    assert equal_typed(coerce(once, schema), once)


def test_coerced_equality_is_not_spelling() -> None:
    assert equal_coerced({"n": "5"}, {"n": 5}, {"properties": {"n": {"type": "integer"}}})
    assert not equal_coerced({"s": "new york"}, {"s": "New York"}, {"properties": {"s": {"type": "string"}}})
    assert not equal_coerced({"s": "5"}, {"s": "5.0"}, {"properties": {"s": {"type": "string"}}})


# Likeness


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("abc", "abc", 0), ("ab", "ba", 2), ("New York", "new york", 2)],
)
def test_distance_by_hand(left: str, right: str, distance: int) -> None:
    assert measure_distance(left, right) == measure_distance(right, left) == distance


@drawn(st.text("ab", max_size=6), st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_distance_is_a_metric(one: str, two: str, three: str) -> None:
    assert (measure_distance(one, two) == 0) == (one == two)
    assert abs(len(one) - len(two)) <= measure_distance(one, two) <= max(len(one), len(two))
    assert measure_distance(one, three) <= measure_distance(one, two) + measure_distance(two, three)


@pytest.mark.parametrize(
    ("given", "target", "likeness"),
    [
        ({"city": "New York", "days": 5}, {"city": "New York", "days": 5}, 1.0),
        ({"city": "New York", "days": "5"}, {"city": "New York", "days": 5}, 1.0),  # both are the text 5
        ({"city": "New Yorck"}, {"city": "New York", "days": 5}, (8 / 9 + 0) / 2),
        ({"city": "New York", "days": 5, "zzz": 1}, {"city": "New York", "days": 5}, 1.0),
        ({"days": 15}, {"days": 5}, 1 / 2),
        ({"days": ""}, {"days": ""}, 1.0),
        ({"days": "x"}, {"days": ""}, 0.0),
        ({"on": True}, {"on": "true"}, 1.0),
        ({"on": [1, 2]}, {"on": [1, 3]}, 4 / 5),
        ({}, {}, 1.0),
        ({"zzz": 1}, {}, 1.0),
    ],
)
def test_likeness_by_hand(given: Any, target: Any, likeness: float) -> None:
    assert measure_likeness(given, target, {}) == pytest.approx(likeness)


def test_of_several_right_values_the_one_most_like_counts() -> None:
    assert measure_likeness({"city": "NYC."}, {"city": "New York"}, {"city": ("NYC", "Big Apple")}) == 3 / 4


def test_long_and_deep_values_are_compared_in_good_time() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    assert measure_value_likeness(deep, "y" * 9) == 0.0
    assert measure_value_likeness("x" * 1_000_000, "y" * 1_000_000) == 0.0
