"""What differs between two tools: nothing is lost, equal texts are not marked, differing ones are, parameters are paired."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.core.family import Family
from gentool.core.tool import Tool
from gentool.review.differences import Pieces, compare_parameters, compare_returns, compare_texts, describe_kind

WORDS = st.lists(st.sampled_from(["book", "a", "table", ",", "Ünïcode", "at", "  ", "\n", "x_y"]), max_size=40).map(" ".join)


def marked(pieces: Pieces) -> list[str]:
    return [piece.text for piece in pieces if piece.differs]


def joined(pieces: Pieces) -> str:
    return "".join(piece.text for piece in pieces)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(strong=WORDS, weak=WORDS)
def test_both_texts_are_whole_and_equal_parts_are_equal(strong: str, weak: str) -> None:
    left, right = compare_texts(strong, weak)
    assert (joined(left), joined(right)) == (strong, weak)
    assert [piece.text for piece in left if not piece.differs] == [piece.text for piece in right if not piece.differs]
    assert (strong == weak) == (not marked(left) and not marked(right))


def test_words_that_differ_are_marked() -> None:
    left, right = compare_texts("Book a table at a time.", "Book a table.")
    assert (marked(left), marked(right)) == ([" at a time"], [])


def test_parameters_are_paired_by_name_and_as_renamed(family: Family) -> None:
    rows = compare_parameters(family.strong, family.weak[0].tool, family.weak[0].renamed)
    place, people, area = rows
    assert place.strong and place.weak
    assert (joined(place.strong.name), joined(place.weak.name)) == ("place", "name")
    assert marked(place.strong.name) == ["place"] and not marked(place.strong.description)
    assert [row.weak for row in (people, area)] == [None, None]
    assert people.strong and marked(people.strong.name) == ["people"]


def test_what_only_the_weak_tool_has_comes_last() -> None:
    strong, weak = (Tool(name=name, parameters={"properties": {key: {} for key in keys}}) for name, keys in (("s", "ab"), ("w", "cb")))
    assert [(row.name, row.strong is not None, row.weak is not None) for row in compare_parameters(strong, weak, {})] == [
        ("a", True, False),
        ("b", True, True),
        ("c", False, True),
    ]


def test_nothing_is_marked_where_there_is_no_weak_tool(family: Family) -> None:
    rows = compare_parameters(family.strong, None, {})
    assert not any(marked(part) for row in rows if row.strong for part in (row.strong.name, row.strong.kind, row.strong.description))


def test_returns_that_are_no_object_are_one_row() -> None:
    strong, weak = Tool(name="s", returns={"type": "array", "items": {"type": "string"}}), Tool(name="w")
    (row,) = compare_returns(strong, weak)
    assert row.strong and joined(row.strong.kind) == "array of string" and row.weak is None
    assert compare_returns(weak, weak) == []


def test_schemas_in_short() -> None:
    assert describe_kind({"type": "string", "enum": ["a", "b"], "description": "x"}, True) == "string, required, one of a | b"
    assert describe_kind({"type": ["integer", "null"], "minimum": 1, "default": None}, False) == "integer or null, minimum 1, default null"
    assert describe_kind(True, False) == "any"
