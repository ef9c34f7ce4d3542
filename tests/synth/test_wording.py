"""Wording: every value stands in the query, no brace is left, and texts differ."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.synth.grounding import is_grounded
from gentool.synth.wording import OPENINGS, cut_clause, describe_task, first_clause, say_value, write_query

TOOL = Tool(name="send_parcel", description="Sends a parcel to an address. Insured.")
VALUES: dict[str, Any] = {
    "recipient": "Mei Tanaka",
    "weight": 2.5,
    "express": False,
    "labels": ["fragile", "gift_wrap", "this side up"],
    "sender": {"city": "Porto", "floors": [3, -4]},
    "pin": 7,
}


def test_every_value_stands_in_the_text() -> None:
    for seed in range(60):
        text = write_query(TOOL, VALUES, ["tracking_code"], random.Random(seed))
        assert all(is_grounded(name, value, text) for name, value in VALUES.items()), text
        assert "tracking code" in text and not re.search(r"[{}]|\s\s|\s$", text)


def test_texts_differ_and_a_seed_fixes_them() -> None:
    texts = [write_query(TOOL, {"pin": 7}, [], random.Random(seed)) for seed in range(60)]
    assert len(set(texts)) >= len(OPENINGS)
    assert texts[0] == write_query(TOOL, {"pin": 7}, [], random.Random(0))


def test_a_query_without_arguments_is_a_sentence() -> None:
    texts = {write_query(TOOL, {}, [], random.Random(seed)) for seed in range(40)}
    assert all(re.fullmatch(r"[A-Z].*[a-z][.?]", text) and " ." not in text for text in texts), texts


@pytest.mark.parametrize(
    ("description", "clause"),
    [
        ("Gets the weather for a city. Metric.", "get the weather for a city"),
        ("Searches flights; cheap ones first", "search flights"),
        ("Applies a discount (once)", "apply a discount"),
        ("This tool allows", "allows"),
        ("Used to convert units", "convert units"),
        ("Status of a parcel", "status of a parcel"),
        ("The best tool there is", ""),
        ("", ""),
        ("Weather", ""),
    ],
)
def test_the_first_clause_is_a_verb_phrase(description: str, clause: str) -> None:
    assert first_clause(description) == (clause if len(clause.split()) > 1 else "")


@pytest.mark.parametrize(
    ("clause", "most", "kept"),
    [
        ("find a room for the", 5, "find a room"),
        ("rank shops by price and distance from the centre", 6, "rank shops by price"),
        ("book a table, then confirm", 9, "book a table"),
    ],
)
def test_a_clause_is_cut_where_it_does_not_hang(clause: str, most: int, kept: str) -> None:
    assert cut_clause(clause.split(), most) == kept


def test_braces_of_a_description_stay_as_they_are() -> None:
    tool = Tool(name="fill", description="Fill the {name} field of a form")
    assert any("{name}" in write_query(tool, {"x": "y"}, [], random.Random(seed)) for seed in range(10))


def test_a_name_without_words_is_said_as_it_is() -> None:
    assert describe_task(Tool(name="+"), random.Random(0)) == "+"


def test_values_in_words() -> None:
    assert say_value(["a", "b"]) == "a and b"
    assert say_value([1, 2, 3]) == "1, 2, 3"
    assert say_value({"city": "Oslo", "open": True}) == "city Oslo, with open"
    assert (say_value(True), say_value(False), say_value(2.5)) == ("yes", "no", "2.5")


def test_the_starter_queries_are_grounded_filled_and_different(starter_run: Any) -> None:
    texts = [query.text for query in starter_run.queries]
    assert len(set(texts)) > 0.99 * len(texts)
    braces = [text for text in texts if "{" in text or "}" in text]
    assert braces == []
    by_id = {query.id: query.text for query in starter_run.queries}
    for (query, _), call in starter_run.calls.items():
        assert all(is_grounded(name, value, by_id[query]) for name, value in call.arguments.items()), by_id[query]
