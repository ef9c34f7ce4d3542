"""Choosing a reader, and our own catalogues."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import CatalogueError, GenToolError, RecordError
from gentool.core.jsonl import write_records
from gentool.core.tool import Tool
from gentool.formats.catalogue import FORMATS, import_tools, read_catalogue

Write = Callable[..., Path]

OPEN: dict[str, Any] = {
    "name": "open_gate",
    "description": "Opens a gate.",
    "parameters": {"type": "object", "properties": {"gate": {"type": "string"}}},
}
CLOSE: dict[str, Any] = {"name": "close_gate", "domain": "Garden"}
SAMPLES: dict[str, Any] = {
    "openai": [OPEN],
    "mcp": [{"name": "open_gate", "description": "Opens a gate.", "inputSchema": OPEN["parameters"]}],
    "openapi": [
        {
            "openapi": "3.1.0",
            "paths": {
                "/gate": {
                    "post": {
                        "operationId": "open_gate",
                        "description": "Opens a gate.",
                        "parameters": [{"name": "gate", "in": "query", "schema": {"type": "string"}}],
                    }
                }
            },
        }
    ],
    "ultratool": [
        {"question": "Open!", "plan": [], "tools": [{"name": "open_gate", "description": "Opens a gate.", "arguments": OPEN["parameters"]}]}
    ],
    "gentool": [OPEN],
}


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "python"])
def test_every_format_gives_the_same_tool_and_our_own_file_holds_it(write: Write, tmp_path: Path, format: str) -> None:
    result = import_tools(format, write(SAMPLES[format], lines=True))
    assert [tool.id for tool in result.tools] == [Tool(**OPEN).id]
    write_records(tmp_path / "out.jsonl", result.tools)
    assert read_catalogue(tmp_path / "out.jsonl") == result.tools


def test_an_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(GenToolError, match="unknown format 'yaml'; known are openai, mcp, openapi, python, ultratool, gentool"):
        import_tools("yaml", tmp_path)


@pytest.mark.parametrize(("format", "content"), [("openai", "[]"), ("mcp", '{"tools": []}'), ("ultratool", ""), ("gentool", "\n")])
def test_a_file_without_definitions_is_no_catalogue(write: Write, format: str, content: str) -> None:
    with pytest.raises(CatalogueError, match="holds no tool definitions"):
        import_tools(format, write(content))


def test_our_own_file_is_imported_line_by_line(write: Write) -> None:
    lines = [OPEN, {**CLOSE, "parametres": {}}, OPEN, "gate", {"name": "generate_response"}, CLOSE]
    path = write(lines, lines=True)
    result = import_tools("gentool", path)
    assert [tool.name for tool in result.tools] == ["open_gate", "close_gate"]
    assert result.tools[1].domain == "Garden"
    assert result.read == 6
    assert result.merged == ["'open_gate': 2 equal definitions; kept that of line 1, same again at line 3"]
    assert [refusal.where for refusal in result.refused] == [f"{path}, line 2", f"{path}, line 4", f"{path}, line 5, tool 'generate_response'"]
    assert "unknown key 'parametres'; known are name, description" in result.refused[0].reason


def test_a_catalogue_is_read_in_order_and_may_repeat_names(write: Write) -> None:
    tools = read_catalogue(write([OPEN, CLOSE, {"name": "open_gate"}], lines=True))
    assert [tool.name for tool in tools] == ["open_gate", "close_gate", "open_gate"]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("{oops", "not valid JSON"),
        ('{"name": "x", "parametres": {}}', "parametres"),
        ('{"name": "generate_response"}', "reserved name"),
        ('["x"]', "valid dictionary"),
        ('{"name": "x", "parameters": {"type": "array"}}', "tool 'x': parameters must be a JSON Schema of type object, not 'array'"),
        ('{"name": "x", "parameters": {"properties": {}}}', "of type object, not None"),
        ('{"name": "x", "parameters": {"type": "object", "properties": []}}', "not a usable JSON Schema"),
        ('{"name": "x", "parameters": {"type": "object", "properties": {"a": {"type": "date"}}}}', r"\$\.properties\.a\.type"),
        ('{"name": "x", "parameters": {"type": "object", "properties": {"a": {"$ref": "#/b"}}}}', "points at nothing"),
        ('{"name": "x", "returns": {"type": "text"}}', "returns are not a usable JSON Schema"),
        ('{"name": "x", "parameters": {"type": "object", "title": "\\ud800"}}', "not valid Unicode"),
        ('{"name": "close_gate", "source": "elsewhere"}', "the tool 'close_gate' of line 1 again"),
    ],
)
def test_the_first_bad_line_of_a_catalogue_is_an_error(write: Write, second: str, reason: str) -> None:
    with pytest.raises(RecordError, match=reason) as caught:
        read_catalogue(write(f'{{"name": "close_gate"}}\n\n{second}\n'))
    assert caught.value.line == 3


def test_an_empty_catalogue_is_an_error(write: Write) -> None:
    with pytest.raises(CatalogueError, match="holds no tools"):
        read_catalogue(write("\n"))


def test_a_missing_catalogue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file"):
        read_catalogue(tmp_path / "none.jsonl")


@pytest.mark.parametrize(("format", "name"), [("ultratool", "ultratool/English-dataset/test.json"), ("mcp", "livemcp/tools_half_a.json")])
def test_real_imports_make_catalogues_that_can_be_read(real_data: Callable[[str], Path], tmp_path: Path, format: str, name: str) -> None:
    tools = import_tools(format, real_data(name)).tools
    write_records(tmp_path / "tools.jsonl", tools)
    assert read_catalogue(tmp_path / "tools.jsonl") == tools
