"""Canonical JSON: equal values, equal text; and the hashes made from it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.core.canonical import canonical_json, content_hash

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def turned(value: Any) -> Any:
    """The value with the keys of every object in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(list(value))}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(VALUES)
def test_order_of_keys_does_not_matter_and_nothing_is_lost(value: Any) -> None:
    assert canonical_json(turned(value)) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


def test_text_is_dense_and_readable() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "Zürich 🌧"}) == '{"a":"Zürich 🌧","b":[1,2.5,null]}'


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (1, True), (None, "null"), ([1, 2], [2, 1]), ({}, []), (1, 1.0)])
def test_different_values_differ(one: Any, other: Any) -> None:
    assert content_hash(one) != content_hash(other)


def test_parts_do_not_run_into_each_other() -> None:
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("a", "") != content_hash("a")


def test_hashes_are_stable_and_as_long_as_asked() -> None:
    assert content_hash("a", {"k": 1}) == "66a1acf192fd"
    assert content_hash("a", length=40).startswith(content_hash("a"))
    assert len(content_hash("a", length=40)) == 40
