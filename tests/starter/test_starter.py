"""The starter set: large and varied enough, and without a fault that `gentool lint` or the checker would report."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from gentool.core.tool import Tool
from gentool.engines.vectors import embed, find_similar_pairs
from gentool.formats.lint import lint
from gentool.starter import read_readings, read_starter_families, read_starter_queries, read_starter_tools, read_unserved_queries
from gentool.starter.records import STYLES, StarterFamily, StarterQuery
from gentool.stats import count_records

sys.path.insert(0, str(Path(__file__).parent))
from checker import Starter, check_all, check_family, check_query

from gentool.synth.gaps import find_gaps


@pytest.fixture(scope="module")
def starter() -> Starter:
    return Starter(read_starter_tools(), read_starter_families(), read_starter_queries(), read_unserved_queries())


@pytest.fixture(scope="module")
def tools(starter: Starter) -> list[Tool]:
    return starter.tools


def test_the_checker_finds_nothing(starter: Starter) -> None:
    assert check_all(starter) == []


def test_there_are_as_many_as_the_card_says(starter: Starter) -> None:
    counts = count_records(starter.tools, starter.queries)
    assert counts["families"] >= 300 and counts["domains"] >= 30
    assert counts["queries"] >= 3000 and counts["unserved_queries"] >= 300
    assert counts["families_in_twin_groups"] >= 60
    assert counts["multilingual_families"] >= 40 and len(counts["languages"]) >= 7
    assert len(counts["ways"]) >= 10 and set(counts["styles"]) == set(STYLES)
    assert max(Counter(tool.domain for tool in starter.tools).values()) <= len(starter.tools) / 8


def test_lint_finds_nothing(starter: Starter) -> None:
    assert [str(finding) for finding in lint([*starter.tools, *(family.weak for family in starter.families)])] == []


def test_schemas_are_varied(tools: list[Tool]) -> None:
    schemas = [schema for tool in tools for schema in tool.properties.values()]
    assert {"string", "integer", "number", "boolean", "array", "object"} <= {schema.get("type") for schema in schemas}
    assert sum("enum" in tool.model_dump_json() for tool in tools) > len(tools) / 2
    assert sum(len(tool.required) < len(tool.properties) for tool in tools) > len(tools) / 2


def test_no_two_strong_tools_are_near_duplicates(tools: list[Tool]) -> None:
    pairs = find_similar_pairs(embed([tool.text for tool in tools], "tfidf"), 0.85)
    assert [(tools[i].name, tools[j].name) for i, j in pairs] == []


def test_tools_that_queries_and_unserved_queries_name_are_of_the_set(starter: Starter) -> None:
    names = {tool.name for tool in starter.tools} | {family.weak.name for family in starter.families}
    assert {name for query in starter.queries for name in (*query.also, *query.partly)} <= names
    assert {name for query in starter.unserved for name in query.near} <= names


def test_a_tool_that_a_reader_found_serving_is_marked_where_it_is_of_another_family(starter: Starter) -> None:
    queries = {query.id: query for query in starter.queries}
    own = {family.strong: {family.strong, family.weak.name} for family in starter.families}
    for reading in read_readings():
        query = queries.get(reading.query)
        if query is not None and reading.resolved != "query reworded":
            assert set(reading.full) <= own[query.strong] | set(query.also), reading.query
            assert set(reading.partial) <= own[query.strong] | {*query.also, *query.partly}, reading.query


def test_every_query_has_been_read_and_every_disagreement_resolved(starter: Starter) -> None:
    readings = read_readings()
    assert {query.id for query in [*starter.queries, *starter.unserved]} <= {reading.query for reading in readings}
    open_ones = [reading.query for reading in readings if not (reading.same_tool and reading.same_call and reading.same_fit) and not reading.resolved]
    assert open_ones == []
    first = [reading for reading in readings if reading.round == 1]
    assert sum(reading.same_tool for reading in first) >= 0.97 * len(first)
    assert sum(reading.same_call for reading in first) >= 0.93 * len(first)


# The checker itself


STRONG = Tool.model_validate(
    {
        "name": "book_room",
        "description": "Books a quiet room in a town for some nights.",
        "parameters": {
            "type": "object",
            "properties": {
                "town": {"type": "string", "description": "Town"},
                "nights": {"type": "integer", "description": "Nights", "minimum": 1, "maximum": 30},
                "view": {"type": "string", "enum": ["sea", "yard"], "description": "What one looks at"},
            },
            "required": ["town"],
            "additionalProperties": False,
        },
        "returns": {"type": "object", "properties": {"code": {"type": "string"}, "price": {"type": "number"}}},
    }
)
WEAK = Tool.model_validate(
    {
        "name": "hold_bed",
        "description": "Holds a bed in a town for a week at most.",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "Town"},
                "nights": {"type": "integer", "description": "Nights", "minimum": 1, "maximum": 7},
            },
            "required": ["place"],
            "additionalProperties": False,
        },
        "returns": {"type": "object", "properties": {"code": {"type": "string"}}},
    }
)
FAMILY = StarterFamily(strong="book_room", domain="travel", weak=WEAK, ways=("missing_parameter", "narrower_range"), renamed={"town": "place"})


def ask(**changes: object) -> StarterQuery:
    fields = {
        "id": "book_room/1",
        "text": "two nights in Oslo looking at the water please",
        "weak_fit": "partial",
        "needs": ("missing_parameter:view",),
        "call": {"town": "Oslo", "nights": 2, "view": "sea"},
        "weak_call": {"place": "Oslo", "nights": 2},
        "evidence": {"view": "looking at the water"},
        "style": "plain",
    }
    return StarterQuery.model_validate(fields | changes)


def faults(**changes: object) -> list[str]:
    return check_query(STRONG, FAMILY, find_gaps(STRONG, WEAK, FAMILY.renamed), ask(**changes))


def test_a_sound_query_passes() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"call": {"town": "Bergen", "nights": 2, "view": "sea"}}, "town = 'Bergen' is not grounded"),
        ({"evidence": {}}, "view = 'sea' is not grounded"),
        ({"evidence": {"view": "facing the sea"}}, "is not in the query"),
        ({"evidence": {"view": "looking at the water", "floor": "two"}}, "evidence of floor: no such parameter"),
        ({"call": {"nights": 2}}, "'town' is a required property"),
        ({"weak_call": None}, "weak_call must be there"),
        ({"weak_fit": "none"}, "weak_call must be there"),
        ({"weak_fit": "full", "needs": ()}, "has no parameter for view"),
        ({"weak_fit": "full"}, "a full fit needs nothing"),
        ({"needs": ()}, "must say what the weak tool lacks"),
        ({"needs": ("missing_parameter:town",)}, "neither a gap"),
        ({"needs": ("stale_data",)}, "nor a way of the family"),
        ({"needs": ("narrower_range:nights",)}, "the weak tool takes 2 as well"),
        ({"needs": ("missing_parameter:view",), "call": {"town": "Oslo", "nights": 2}}, "does not use view"),
        ({"alternatives": {"view": ["hills"]}}, "alternatives of view: 'hills' is not valid"),
    ],
)
def test_the_checker_finds_what_is_wrong_with_a_query(changes: dict[str, object], fault: str) -> None:
    assert any(fault in found for found in faults(**changes)), faults(**changes)


def test_the_checker_finds_what_is_wrong_with_a_family() -> None:
    few = check_family(STRONG, FAMILY, [ask()])
    assert any("1 queries, at least 10" in fault for fault in few) and any("fewer than 4 styles" in fault for fault in few)
    wrong = FAMILY.model_copy(update={"ways": ("single_value",), "renamed": {"town": "city"}})
    found = check_family(STRONG, wrong, [])
    assert any("single_value does not show" in fault for fault in found) and any("town -> city" in fault for fault in found)


def test_the_checker_finds_near_duplicates_and_repeated_ids() -> None:
    twice = [ask(), ask(id="book_room/2", text="two nights in Oslo looking at the water"), ask(text="something else entirely, thanks a lot")]
    found = check_all(Starter([STRONG], [FAMILY], twice, []))
    assert any("nearly the same text as book_room/1" in fault for fault in found)
    assert any("book_room/1: 2 queries have this id" in fault for fault in found)
