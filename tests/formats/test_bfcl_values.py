"""BFCL's lists of acceptable values, written out."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.formats.bfcl_values import MOST_ALTERNATIVES, read_accepted


@pytest.mark.parametrize(
    ("listed", "required", "values", "optional"),
    [
        (["a", "b", "a"], False, ["a", "b"], False),
        (["", "a"], False, ["a", ""], True),
        (["", 3], False, [3], True),
        (["", "a"], True, ["a", ""], False),
        ([""], True, [""], False),
        ([""], False, [], True),
        ([1, True, 1.0], False, [1, True, 1.0], False),
        ([[1, 2], [2, 1]], False, [[1, 2], [2, 1]], False),
        ([{"a": [1, 2], "b": ["", "x"]}], False, [{"a": 1}, {"a": 1, "b": "x"}, {"a": 2}, {"a": 2, "b": "x"}], False),
        ([[{"a": [1]}, {"a": [2, 3]}]], False, [[{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}]], False),
        ([{"a": [{"b": [1]}]}], False, [{"a": {"b": [1]}}], False),
        ([{"a": 1}], False, [{"a": 1}], False),
        ([{}], False, [{}], False),
    ],
)
def test_what_a_list_stands_for(listed: list[Any], required: bool, values: list[Any], optional: bool) -> None:
    accepted = read_accepted(listed, required)
    assert repr(list(accepted.values)) == repr(values)
    assert (accepted.optional, accepted.cut) == (optional, False)


def test_too_many_values_are_cut_and_it_is_said() -> None:
    accepted = read_accepted([{str(key): [1, 2, 3] for key in range(20)}], False)
    assert (len(accepted.values), accepted.cut) == (MOST_ALTERNATIVES, True)
    assert accepted.values[0] == {str(key): 1 for key in range(20)}


@pytest.mark.parametrize("listed", [[], "a", None, {}])
def test_what_is_no_list_of_values(listed: Any) -> None:
    with pytest.raises(ValueError, match="must be a list that is not empty"):
        read_accepted(listed, False)
