"""The starter catalogue: large and varied enough, and without a fault that `gentool lint` would report."""

from __future__ import annotations

from collections import Counter

import pytest

from gentool.core.tool import Tool
from gentool.engines.vectors import embed, find_similar_pairs
from gentool.formats.lint import lint
from gentool.starter import read_starter_tools


@pytest.fixture(scope="module")
def tools() -> list[Tool]:
    return read_starter_tools()


def test_there_are_many_tools_over_many_domains(tools: list[Tool]) -> None:
    domains = Counter(tool.domain for tool in tools)
    assert len(tools) >= 120
    assert len(domains) >= 20 and None not in domains
    assert max(domains.values()) <= len(tools) / 8


def test_names_are_unique(tools: list[Tool]) -> None:
    assert [name for name, count in Counter(tool.name for tool in tools).items() if count > 1] == []


def test_lint_finds_nothing(tools: list[Tool]) -> None:
    assert [str(finding) for finding in lint(tools)] == []


def test_every_tool_is_described_takes_something_and_says_what_it_returns(tools: list[Tool]) -> None:
    for tool in tools:
        assert len(tool.description.split()) >= 4, tool.name
        assert tool.properties, tool.name
        assert tool.returns and tool.returns.get("properties"), tool.name
        assert set(tool.required) <= set(tool.properties), tool.name


def test_schemas_are_varied(tools: list[Tool]) -> None:
    schemas = [schema for tool in tools for schema in tool.properties.values()]
    assert {"string", "integer", "number", "boolean", "array"} <= {schema.get("type") for schema in schemas}
    assert sum("enum" in tool.model_dump_json() for tool in tools) > len(tools) / 3
    assert sum(bool(tool.required) for tool in tools) > 0.9 * len(tools)
    assert sum(len(tool.required) < len(tool.properties) for tool in tools) > len(tools) / 2


def test_no_two_tools_are_near_duplicates(tools: list[Tool]) -> None:
    pairs = find_similar_pairs(embed([tool.text for tool in tools], "tfidf"), 0.85)
    assert [(tools[i].name, tools[j].name) for i, j in pairs] == []
