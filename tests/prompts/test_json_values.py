"""JSON among words: found up to a limit, whatever else the text holds, in good time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.prompts import read_call
from gentool.prompts.json_values import MOST_CHARACTERS, Found, find_closing, find_values, search_values


@pytest.mark.parametrize(
    "piece",
    ["{", "[", "[]", "<think>", "</think>", "'", "{'", '{"', '\\"', "```", "[TOOL_CALLS]", ", ", "word ", "-", "{}{", '{"a": 1,}', "not ", "a."],
)
def test_huge_answers_are_read_in_good_time(piece: str) -> None:
    start = time.perf_counter()
    for text in (piece * 200_000, f'{{"a":{piece * 40_000}}}'):
        assert read_call(text).call is None
    assert time.perf_counter() - start < 10


def test_an_answer_is_read_up_to_its_limit() -> None:
    assert find_values('{"a": 1}' + " " * 10_000_000) == Found((({"a": 1}, ()),))
    assert find_values(" " * MOST_CHARACTERS + '{"a": 1}') == Found(())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("words", []),
        ('{"a": [1]} and [2]', [({"a": [1]}, ("text around",)), ([2], ("text around",))]),
        ("{'a': 'it\\'s'}", [({"a": "it's"}, ("Python literal",))]),
        ('{"a": 1,} {"a": 2}', [({"a": 1}, ("trailing comma",)), ({"a": 2}, ())]),
        ('[1] {"a": [2]', [([1], ("text around",))]),
    ],
)
def test_values_are_the_outermost_ones_each_with_its_repairs(text: str, found: list[Any]) -> None:
    assert list(find_values(text).values) == found


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ('{"a": 1}', False),
        ('{"a": 1} and {so on}', False),
        ('{"a": 1} [1, oh]', False),
        ('{"a": 1} {"b": oh}', True),
        ('{"a": 1} [{"b": oh}]', True),
        ('{"a": 1} {"b": 1', True),
        ('{"a": 1} [ {"b": 1}', True),
        ("{'a': 1", True),
    ],
)
def test_an_object_that_cannot_be_read_is_said_to_be_lost(text: str, lost: bool) -> None:
    assert find_values(text).lost is lost


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_exact_json_is_read_as_it_would_be_among_words(value: Any) -> None:
    text = json.dumps(value)
    if isinstance(value, dict | list):
        assert find_values(text) == search_values(text)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("{}", 1),
        ('{"}": "\\"}"}', 11),
        ("{'}': '\\'}'} }", 11),
        ("[{]}", 3),
        ('{"a": [1, {"b": "]"}]} x', 21),
        ("{'a: 1}", None),
        ('{"a\\"}', None),
        ("{[}", None),
    ],
)
def test_a_bracket_closes_where_the_depth_is_none_again_strings_skipped(text: str, end: int | None) -> None:
    assert find_closing(text, 0) == end
