"""The account of an import: what is kept, merged, refused, noted and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gentool.formats.imported import SHOWN, Collector, Refusal

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}


def collect(*definitions: dict[str, Any]) -> Collector:
    collector = Collector(Path("tools.json"))
    for number, definition in enumerate(definitions, start=1):
        collector.add(f"entry {number}", **{"description": "", "parameters": TEXT, **definition})
    return collector


def test_equal_definitions_are_merged_and_told() -> None:
    result = collect({"name": "say"}, {"name": "sing"}, {"name": "say"}, {"name": "say", "domain": "Voice"}).result()
    assert [tool.name for tool in result.tools] == ["say", "sing"]
    assert result.read == 4
    assert result.merged == ["'say': 3 equal definitions; kept that of entry 1, same again at entry 3, entry 4"]


def test_a_name_with_two_definitions_stands_for_two_tools() -> None:
    result = collect({"name": "say"}, {"name": "say", "description": "Says it."}).result()
    assert len(result.tools) == 2
    assert "1 name stands for several tools: say" in result.notes


@pytest.mark.parametrize(
    ("definition", "where", "reason"),
    [
        ({"name": "generate_response"}, "tools.json, entry 1, tool 'generate_response'", "reserved name"),
        ({"name": None}, "tools.json, entry 1", "has no name"),
        ({"name": "say", "description": 5}, "tools.json, entry 1, tool 'say'", "description"),
        ({"name": "say", "parameters": []}, "tools.json, entry 1, tool 'say'", "of type object, not a list"),
        ({"name": "say", "parameters": {"type": "array"}}, "tools.json, entry 1, tool 'say'", "not 'array'"),
        ({"name": "say", "parameters": {"text": {"type": "str"}}}, "tools.json, entry 1, tool 'say'", "neither 'type' nor 'properties'"),
        ({"name": "say", "returns": "text"}, "tools.json, entry 1, tool 'say'", "returns must be a JSON Schema"),
        ({"name": "say", "parameters": {**TEXT, "title": "\ud800"}}, "tools.json, entry 1, tool 'say'", "not valid Unicode"),
    ],
)
def test_a_bad_definition_is_refused_with_place_and_reason(definition: dict[str, Any], where: str, reason: str) -> None:
    result = collect(definition, {"name": "sing"}).result()
    assert [tool.name for tool in result.tools] == ["sing"]
    assert result.read == 2
    assert [refusal.where for refusal in result.refused] == [where]
    assert reason in result.refused[0].reason


def test_missing_parameters_are_none_and_noted() -> None:
    result = collect({"name": "stop", "parameters": None}).result()
    assert result.tools[0].parameters == {"type": "object", "properties": {}}
    assert result.notes == ["no parameters given: taken as none (1x)"]


@pytest.mark.parametrize("parameters", [{}, {"title": "Arguments"}, {"properties": {"text": {"type": "string"}}}])
def test_parameters_without_a_type_are_objects(parameters: dict[str, Any]) -> None:
    result = collect({"name": "say", "parameters": parameters}).result()
    assert result.tools[0].parameters == {"type": "object", **parameters}
    assert result.notes == ["parameters without 'type': taken as 'object' (1x)"]


def test_changes_of_refused_tools_are_not_counted() -> None:
    result = collect({"name": "generate_response", "parameters": {"type": "dict"}}).result()
    assert result.notes == []


def test_replaced_types_and_faulty_schemas_are_noted() -> None:
    parameters = {"type": "dict", "properties": {"day": {"type": "date"}}}
    result = collect({"name": "book", "parameters": parameters, "returns": {"type": "bool"}}).result()
    assert result.tools[0].returns == {"type": "boolean"}
    assert "type name replaced: 'dict' -> 'object' (1x)" in result.notes
    assert "type name replaced: 'bool' -> 'boolean' (1x)" in result.notes
    assert "1 tool with a schema that cannot be used as it is (`gentool lint` says why): book" in result.notes


def test_the_summary_tells_everything_in_lines() -> None:
    collector = collect({"name": "say"}, {"name": "say"})
    collector.refuse("entry 3", "no tool at all", definition=True)
    collector.note("one oddity")
    collector.note("one oddity")
    assert collector.result(counts={"calls": 1200}).summary() == [
        "tools.json: 3 tool definitions read, 1 tool kept",
        "counted: calls 1,200",
        "note: one oddity",
        "merged: 'say': 2 equal definitions; kept that of entry 1, same again at entry 2",
        "refused: tools.json, entry 3: no tool at all",
    ]


def test_the_summary_says_how_many_lines_it_leaves_out() -> None:
    result = collect({"name": "say"}).result()
    result.refused += [Refusal(f"tools.json, line {line}", "bad") for line in range(SHOWN + 3)]
    lines = result.summary()
    assert len([line for line in lines if line.startswith("refused")]) == SHOWN + 1
    assert lines[-1] == "refused: 3 more like these"
