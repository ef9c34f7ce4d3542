"""Catalogues: any known file of tools comes in through `import_tools`, our own `tools.jsonl` through `read_catalogue`.

Called by the command line and by the stages that start from a catalogue.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gentool.core.errors import CatalogueError, GenToolError, RecordError
from gentool.core.jsonl import describe_validation_error, read_json_lines
from gentool.core.tool import Tool
from gentool.formats.imported import Collector, ImportResult
from gentool.formats.mcp_tools import import_mcp
from gentool.formats.openai_tools import import_openai
from gentool.formats.schemas import tool_fault
from gentool.formats.ultratool import import_ultratool

FORMATS = ("openai", "mcp", "ultratool", "gentool")


def import_tools(format: str, source: Path) -> ImportResult:
    """The tools of a file in one of `FORMATS`, with an account of what was merged, refused and changed.

    Raises GenToolError at an unknown format, RecordError where the file as a whole cannot be read, and CatalogueError
    where it holds no tool definitions at all.
    """
    match format:
        case "openai":
            result = import_openai(source)
        case "mcp":
            result = import_mcp(source)
        case "ultratool":
            result = import_ultratool(source)
        case "gentool":
            result = import_catalogue(source)
        case _:
            raise GenToolError(f"unknown format '{format}'; known are {', '.join(FORMATS)}")
    if not result.read and not result.refused:
        raise CatalogueError(f"{source}: holds no tool definitions; check that it is a file of the format '{format}'")
    return result


def import_catalogue(path: Path) -> ImportResult:
    """Our own tools.jsonl, forgiving: a bad line is refused and counted, equal tools are merged, and schemas may be faulty
    (so that `lint` can report them). Raises RecordError with the line at broken JSON."""
    collector = Collector(path)
    for line, record in read_json_lines(path):
        where = f"line {line}"
        if not isinstance(record, dict):
            collector.refuse(where, "a tool must be an object", definition=True)
            continue
        unknown = sorted(set(record) - set(Tool.model_fields))
        if unknown:
            collector.refuse(where, f"unknown key '{unknown[0]}'; known are {', '.join(Tool.model_fields)}", definition=True)
            continue
        fields = {name: record.get(name) for name in Tool.model_fields}
        collector.add(where, **fields)
    return collector.result()


def read_catalogue(path: Path) -> list[Tool]:
    """The tools of our own tools.jsonl, in its order; several may share a name.

    Strict: RecordError with the line at the first record that is not a valid tool with usable schemas, or that repeats an
    earlier one; CatalogueError where there are none.
    """
    tools: dict[str, Tool] = {}
    lines: dict[str, int] = {}
    for line, record in read_json_lines(path):
        tool = _read_tool(path, line, record)
        if tool.id in tools:
            raise RecordError(path, line, f"the tool '{tool.name}' of line {lines[tool.id]} again; remove one of the two")
        tools[tool.id], lines[tool.id] = tool, line
    if not tools:
        raise CatalogueError(f"{path}: holds no tools; write one tool to a line, or make the file with `gentool import`")
    return list(tools.values())


def _read_tool(path: Path, line: int, record: Any) -> Tool:
    try:
        tool = Tool.model_validate(record)
        fault = tool_fault(tool)
        _ = tool.id
    except ValidationError as error:
        raise RecordError(path, line, describe_validation_error(error)) from None
    except UnicodeEncodeError:
        raise RecordError(path, line, "holds characters that are not valid Unicode") from None
    if fault:
        raise RecordError(path, line, f"tool '{tool.name}': {fault}")
    return tool
