"""The ways of weakening: each takes something away, and what is left is a valid, really weaker tool of another name."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from gentool.core.schema import metaschema_fault
from gentool.core.tool import Tool
from gentool.synth.gaps import find_gaps
from gentool.synth.verify import check_tool
from gentool.synth.ways import WAYS, weaken_tool

RICH: dict[str, Any] = {
    "name": "book_room",
    "description": "Books a meeting room. Sends a note.",
    "parameters": {
        "type": "object",
        "properties": {
            "room": {"type": "string", "description": "Which"},
            "size": {"type": "string", "enum": ["small", "medium", "large"], "default": "large"},
            "hours": {"type": "integer", "minimum": 1, "maximum": 8, "default": 8},
            "guests": {"type": "array", "items": {"type": "string"}, "description": "Who comes"},
            "note": {"type": "string"},
        },
        "required": ["room", "hours"],
    },
    "returns": {"type": "object", "properties": {"id": {"type": "string"}, "price": {"type": "number"}}, "required": ["id", "price"]},
}
EXPECTED = {
    "fewer_parameters": "missing_parameter",
    "fewer_values": "fewer_values",
    "narrower_range": "narrower_range",
    "single_value": "single_value",
    "poorer_returns": "missing_return",
    "missing_required_parameter": "missing_parameter",
}


@pytest.mark.parametrize("way", list(EXPECTED))
def test_each_way_takes_its_own_thing_away(way: str) -> None:
    for seed in range(8):
        definition = copy.deepcopy(RICH)
        assert WAYS[way](definition, random.Random(seed))
        weak = Tool.model_validate(definition)
        assert check_tool(weak) is None
        assert {gap.kind for gap in find_gaps(Tool.model_validate(RICH), weak)} == {EXPECTED[way]}
        for schema in weak.properties.values():
            assert "default" not in schema or schema["default"] in schema.get("enum", [schema["default"]])


def test_there_are_six_ways() -> None:
    assert set(WAYS) == set(EXPECTED)


@pytest.mark.parametrize(
    ("way", "properties", "required"),
    [
        ("fewer_parameters", {"a": {"type": "string"}}, []),
        ("fewer_parameters", {"a": {"type": "string"}, "b": {"type": "string"}}, ["a", "b"]),
        ("fewer_values", {"a": {"enum": ["only"]}}, []),
        ("narrower_range", {"a": {"type": "integer", "minimum": 1, "maximum": 2}}, []),
        ("narrower_range", {"a": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 2}}, []),
        ("single_value", {"a": {"type": "array"}, "b": {"type": "array", "items": True}}, []),
        ("single_value", {"a": {"type": "array", "items": {"type": "string"}, "maxItems": 1}}, []),
        ("single_value", {"a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}}, []),
        ("poorer_returns", {}, []),
        ("missing_required_parameter", {"a": {"type": "string"}}, ["a"]),
    ],
)
def test_a_way_that_is_closed_changes_nothing(way: str, properties: dict[str, Any], required: list[str]) -> None:
    definition = {"name": "t", "description": "", "parameters": {"type": "object", "properties": properties, "required": required}, "returns": None}
    before = copy.deepcopy(definition)
    assert not WAYS[way](definition, random.Random(0))
    assert definition == before


def test_an_exclusive_bound_is_narrowed_below_itself() -> None:
    strong = Tool(name="t", parameters={"type": "object", "properties": {"a": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}}})
    weakened = weaken_tool(strong, random.Random(0))
    assert weakened is not None and weakened[0].properties["a"]["maximum"] < 9


def test_a_default_outside_its_enum_leaves_a_weak_enum_with_values() -> None:
    for seed in range(20):
        strong = Tool(name="t", parameters={"type": "object", "properties": {"a": {"enum": ["x", "y"], "default": ""}}})
        weakened = weaken_tool(strong, random.Random(seed))
        assert weakened is not None and weakened[0].properties["a"]["enum"] in (["x"], ["y"])


def test_a_tool_with_nothing_to_take_away_has_no_weak_counterpart() -> None:
    assert weaken_tool(Tool(name="ping"), random.Random(0)) is None
    one = Tool(name="look_up", parameters={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]})
    assert weaken_tool(one, random.Random(0)) is None


@pytest.mark.parametrize("name", ["+", "a_b_c_d", "get-x", "lookup_" + "x" * 57, "y" * 64, "天気"])
def test_any_name_gets_another_one_that_servers_take_in_length(name: str) -> None:
    strong = Tool(name=name, parameters=RICH["parameters"])
    for seed in range(20):
        weakened = weaken_tool(strong, random.Random(seed))
        assert weakened is not None and weakened[0].name != name and weakened[0].description
        assert len(weakened[0].name) <= 64


def test_the_starter_catalogue_is_weakened_in_many_ways(starter_tools: list[Tool]) -> None:
    seen = set()
    for tool in starter_tools:
        before = tool.model_dump_json()
        weakened = weaken_tool(tool, random.Random(f"5/{tool.id}"))
        assert weakened is not None, tool.name
        weak, ways = weakened
        seen |= set(ways) & set(WAYS)
        assert find_gaps(tool, weak), tool.name
        assert metaschema_fault(weak.parameters) is None and (weak.returns is None or metaschema_fault(weak.returns) is None)
        assert set(weak.required) <= set(weak.properties) and weak.properties
        assert tool.model_dump_json() == before
    assert len(seen) >= 4
