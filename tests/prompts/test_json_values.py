"""JSON among words: found up to a limit, whatever else the text holds, in good time."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gentool.prompts import read_call
from gentool.prompts.json_values import MOST_CHARACTERS, find_values


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
    assert find_values('{"a": 1}' + " " * 10_000_000) == [({"a": 1}, ())]
    assert find_values(" " * MOST_CHARACTERS + '{"a": 1}') == []


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
    assert find_values(text) == found
