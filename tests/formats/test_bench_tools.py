"""Tools of benchmarks: what JSON Schema does not allow is left out, and said."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.schema import metaschema_fault
from gentool.formats.bench_tools import Definition, make_tool, make_tool_set


def test_what_the_metaschema_objects_to_is_left_out() -> None:
    parameters: dict[str, Any] = {
        "type": "dict",
        "properties": {"a": {"type": "String", "required": True, "enum": "x"}, "b": "text", "c": {"type": ["string", "nothing"]}},
        "required": ["a"],
    }
    tool, oddities = make_tool(Definition("f", None, parameters))
    assert tool.parameters == {"type": "object", "properties": {"a": {"type": "string"}, "c": {}}, "required": ["a"]}
    assert metaschema_fault(tool.parameters) is None
    assert sorted(oddity.split(",")[0] for oddity in oddities) == [
        "'b' of a schema was 'text'",
        "'enum' of a schema was 'x'",
        "'required' of a schema was True",
        "type name 'nothing' has no meaning in JSON Schema: left out",
        "type name replaced: 'String' -> 'string'",
        "type name replaced: 'dict' -> 'object'",
    ]
    assert parameters["properties"]["b"] == "text", "what was read is not changed"


@pytest.mark.parametrize(
    ("parameters", "oddity"), [(None, "a tool without parameters"), ([], "a tool without parameters"), ({}, "parameters of type None")]
)
def test_a_tool_without_parameters(parameters: Any, oddity: str) -> None:
    tool, oddities = make_tool(Definition("f", "Does.", parameters))
    assert (tool.properties, tool.parameters["type"]) == ({}, "object")
    assert oddities[0].startswith(oddity)


@pytest.mark.parametrize("name", [None, "", 3])
def test_a_tool_without_a_name_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="has no name"):
        make_tool(Definition(name, "", {}))


def test_equal_definitions_are_one_tool_and_different_ones_are_refused() -> None:
    one = Definition("f", "Does.", {"type": "object", "properties": {}})
    tools, oddities = make_tool_set([one, Definition("g", "", None), one])
    assert tools.names == ("f", "g")
    assert "a tool that stands twice with one definition is kept once" in oddities
    with pytest.raises(ValueError, match="two tools of the name 'f'"):
        make_tool_set([one, one._replace(description="Does more.")])
