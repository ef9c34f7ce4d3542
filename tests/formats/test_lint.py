"""The rules of lint, each with a tool that breaks it and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.formats.lint import Finding, lint
from gentool.formats.mcp_tools import import_mcp
from gentool.formats.ultratool import import_ultratool


def tool(properties: dict[str, Any] | None = None, **changes: Any) -> Tool:
    """A tool that lint has nothing against, with changes; properties get descriptions."""
    described = {name: {"description": "What it is.", **schema} for name, schema in (properties or {}).items()}
    parameters = {"type": "object", "properties": described, **changes.pop("parameters", {})}
    return Tool(**{"name": "bake_bread", "description": "Bakes bread.", "parameters": parameters, **changes})


def rules(*tools: Tool) -> list[tuple[str, str]]:
    return [(finding.level, finding.rule) for finding in lint(tools)]


@pytest.mark.parametrize(
    "good",
    [
        tool(),
        tool({"flour": {"type": "string", "enum": ["rye", "wheat"], "default": "rye"}}, parameters={"required": ["flour"]}),
        tool({"type": {"type": "string"}, "enum": {"type": "array", "items": {"type": ["integer", "null"]}}}),
        tool(
            {"oven": {"$ref": "#/$defs/oven", "default": {"heat": 200}}},
            parameters={"$defs": {"oven": {"properties": {"heat": {"type": "integer"}}}}},
        ),
        tool({"a/b c#~%": {"type": "integer", "default": 5}}),
        tool({"loaf": {"$ref": "#"}}),
        tool({"a": {}}, parameters={"allOf": [{"properties": {"b": {}}}], "required": ["b"]}),
        tool(returns={"type": "object", "properties": {"loaf": {"type": "string"}}}),
    ],
)
def test_nothing_is_found_in_good_tools(good: Tool) -> None:
    assert lint([good]) == []


@pytest.mark.parametrize(
    ("bad", "level", "rule", "message"),
    [
        (tool(name="bake.bread"), "error", "name", "1 to 64 letters"),
        (tool(name="b" * 65), "error", "name", "1 to 64 letters"),
        (tool(name="bake\n"), "error", "name", "1 to 64 letters"),
        (tool(description=" "), "warning", "description", "has no description"),
        (tool(parameters={"type": "array"}), "error", "parameters-type", "not 'array'"),
        (tool({"day": {"type": "date"}}), "error", "type-name", "parameters $.properties.day: 'date' is not a type"),
        (tool({"days": {"type": "array", "items": {"type": ["string", "date"]}}}), "error", "type-name", "$.properties.days.items: 'date'"),
        (tool(returns={"type": "text"}), "error", "type-name", "returns $: 'text'"),
        (tool({"hours": {"type": "integer", "minimum": "one"}}), "error", "schema", "$.properties.hours.minimum"),
        (tool({"hours": {"type": 5}}), "error", "schema", "$.properties.hours.type"),
        (tool({"flour": {"pattern": "("}}), "error", "schema", "$.properties.flour.pattern: '(' is not a 'regex'"),
        (tool({"oven": {"$ref": "#/$defs/oven"}}), "error", "reference", "'#/$defs/oven' points at nothing"),
        (tool({"oven": {"$ref": "oven.json"}}), "error", "reference", "leads out"),
        (tool({"loop": {"$ref": "#/properties/loop", "default": 1}}), "error", "reference", "without end"),
        (tool({"flour": {}}, parameters={"required": ["flour", "salt", "water"]}), "error", "required", "no properties: salt, water"),
        (tool({"oven": {"type": "object", "required": ["heat"]}}), "error", "required", "parameters $.properties.oven: "),
        (tool({"hours": {"type": "integer", "default": "2"}}), "warning", "default", """"2" ('2' is not of type 'integer')"""),
        (tool({"hours": {"type": "integer", "default": None}}), "warning", "default", "null ("),
        (tool({"flour": {"enum": ["rye"], "default": "oats"}}), "warning", "default", '"oats"'),
        (tool({"flour": {"type": "array", "enum": ["rye", [], "oats"]}}), "warning", "enum", '"rye" (\'rye\' is not of type \'array\'); "oats"'),
        (
            tool({"oven": {"$ref": "#/$defs/oven", "default": 5}}, parameters={"$defs": {"oven": {"type": "string"}}}),
            "warning", "default", "5 (5 is not of type 'string')",
        ),
    ],
)  # fmt: skip
def test_each_rule_finds_its_fault_alone(bad: Tool, level: str, rule: str, message: str) -> None:
    findings = lint([bad])
    assert [(finding.tool, finding.level, finding.rule) for finding in findings] == [(bad.id, level, rule)]
    assert message in findings[0].message


def test_parameters_without_a_description_are_one_finding() -> None:
    parameters = {"type": "object", "properties": {"flour": {"type": "string"}, "salt": True, "water": {"description": "How much"}}}
    findings = lint([Tool(name="bake", description="Bakes.", parameters=parameters)])
    assert [(finding.rule, finding.message) for finding in findings] == [("parameter-description", "parameters without a description: flour, salt")]


def test_names_of_several_tools_come_last_and_equal_tools_are_not_several() -> None:
    one, other = tool(), tool(description="Bakes bread slowly.")
    assert rules(one, one) == []
    findings = lint([one, other, tool(name="eat_bread", description="")])
    assert [(finding.tool, finding.rule) for finding in findings][1:] == [("bake_bread", "same-name")]
    assert one.id in findings[-1].message
    assert other.id in findings[-1].message


def test_a_type_name_does_not_hide_another_fault() -> None:
    assert rules(tool({"day": {"type": "date"}, "hours": {"minimum": "one"}})) == [("error", "type-name"), ("error", "schema")]


def test_a_finding_reads_as_one_line() -> None:
    assert str(Finding("bake@1", "error", "name", "is too long")) == "error name bake@1: is too long"


def test_the_real_servers(real_data: Callable[[str], Path]) -> None:
    findings = lint(import_mcp(real_data("livemcp/tools_half_a.json")).tools)
    assert {finding.rule for finding in findings} == {"description", "parameter-description", "default", "same-name"}
    assert [finding.tool for finding in findings if finding.rule == "same-name"] == ["list_directory"]
    assert len([finding for finding in findings if finding.rule == "description"]) == 12


def test_the_real_ultratool_has_no_errors(real_data: Callable[[str], Path]) -> None:
    findings = lint(import_ultratool(real_data("ultratool/English-dataset/test.json")).tools)
    assert [finding for finding in findings if finding.level == "error"] == []
