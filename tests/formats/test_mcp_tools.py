"""Reading the tools of Model Context Protocol servers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RecordError
from gentool.formats.mcp_tools import import_mcp

Write = Callable[..., Path]

READ: dict[str, Any] = {
    "name": "read_meter",
    "description": "Reads a meter.",
    "inputSchema": {"type": "object", "properties": {"meter": {"type": "string"}}, "required": ["meter"]},
    "outputSchema": {"type": "object", "properties": {"value": {"type": "number"}}},
}
LIST: dict[str, Any] = {"name": "list_meters", "input_schema": {"type": "object"}, "output_schema": {"type": "array"}}


@pytest.mark.parametrize("content", [[READ, LIST], {"tools": [READ, LIST]}, {"jsonrpc": "2.0", "id": 2, "result": {"tools": [READ, LIST]}}])
def test_lists_documents_and_responses(write: Write, content: Any) -> None:
    result = import_mcp(write(content))
    assert [tool.name for tool in result.tools] == ["read_meter", "list_meters"]
    assert result.tools[0].parameters == READ["inputSchema"]
    assert result.tools[0].returns == READ["outputSchema"]
    assert result.tools[1].parameters == {"type": "object"}
    assert result.tools[1].returns == {"type": "array"}
    assert {tool.source for tool in result.tools} == {None}
    assert (result.read, result.refused) == (2, [])


def test_many_servers_in_one_file(write: Write) -> None:
    other = {**READ, "description": "Reads a gas meter."}
    servers = [
        {"name": "Water Server", "category": "Home", "tools": {"water-mcp": {"version": "1", "tools": [READ, LIST]}}},
        {"name": "Gas Server", "category": "House", "tools": {"gas": {"server_name": "gas-mcp", "tools": [other, LIST]}, "idle": {"tools": []}}},
    ]
    result = import_mcp(write(servers))
    assert [(tool.name, tool.source, tool.domain) for tool in result.tools] == [
        ("read_meter", "water-mcp", "Home"),
        ("list_meters", "water-mcp", "Home"),
        ("read_meter", "gas-mcp", "House"),
    ]
    assert result.read == 4
    assert result.merged == [
        "'list_meters': 2 equal definitions; kept that of entry 1, server 'water-mcp', tool 2, same again at entry 2, server 'gas-mcp', tool 2"
    ]
    assert result.counts == {"servers": 2}
    assert "server 'idle' has no tools" in result.notes
    assert "1 name stands for several tools: read_meter" in result.notes


@pytest.mark.parametrize("content", [{"water": {"tools": [READ]}, "gas": {"tools": [LIST]}}, {"tools": {"water": [READ], "gas": [LIST]}}])
def test_servers_by_name(write: Write, content: Any) -> None:
    assert [(tool.name, tool.source) for tool in import_mcp(write(content)).tools] == [("read_meter", "water"), ("list_meters", "gas")]


def test_pages_on_lines_and_a_cursor_that_goes_on(write: Write) -> None:
    pages = [{"result": {"tools": [READ], "nextCursor": "x"}}, {"result": {"tools": [LIST]}}]
    result = import_mcp(write(pages, lines=True))
    assert len(result.tools) == 2
    assert "line 1 has a 'nextCursor': the server has more tools than the file holds" in result.notes


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"description": "nameless", "inputSchema": {}}, "no 'name'"),
        ("read_meter", "no 'name'"),
        ({"name": ""}, "has no name"),
        ({"name": "generate_response"}, "reserved name"),
        ({**READ, "inputSchema": [1]}, "not a list"),
    ],
)
def test_a_bad_entry_is_refused_and_the_rest_is_kept(write: Write, entry: Any, reason: str) -> None:
    path = write({"tools": [READ, entry]})
    result = import_mcp(path)
    assert len(result.tools) == 1
    assert result.read == 2
    assert result.refused[0].where.startswith(f"{path}, tool 2")
    assert reason in result.refused[0].reason


def test_an_error_response_is_refused_with_its_message(write: Write) -> None:
    result = import_mcp(write({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}))
    assert (result.read, result.tools) == (0, [])
    assert "Method not found" in result.refused[0].reason


def test_keys_without_a_place_are_noted_but_null_ones_are_not(write: Write) -> None:
    result = import_mcp(write([{**READ, "title": "Meter", "annotations": {"readOnlyHint": True}}, {**LIST, "annotations": None}]))
    assert result.notes == ["keys that are not kept: annotations (1x), title (1x)"]


def test_a_broken_file_raises_with_its_line(write: Write) -> None:
    with pytest.raises(RecordError, match="line 2: not valid JSON"):
        import_mcp(write('{"tools":\n oops}'))


def test_every_tool_of_the_real_servers(real_data: Callable[[str], Path]) -> None:
    result = import_mcp(real_data("livemcp/tools_half_a.json"))
    assert result.read == 244
    assert result.refused == []
    assert len(result.tools) + sum(int(line.split(": ")[1].split()[0]) - 1 for line in result.merged) == 244
    assert result.counts == {"servers": 35}
    assert len({tool.source for tool in result.tools}) == 35
    assert all(tool.domain for tool in result.tools)
    assert "1 name stands for several tools: list_directory" in result.notes


def test_equal_tools_of_real_records_are_merged(real_data: Callable[[str], Path]) -> None:
    result = import_mcp(real_data("mcptoolbenchpp/finance_single_sample10.json"))
    assert (result.read, len(result.tools), len(result.merged)) == (10, 1, 1)
