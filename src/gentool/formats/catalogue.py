"""Catalogues: any known source of tools comes in through `import_tools`, our own `tools.jsonl` through `read_catalogue`.

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
from gentool.formats.mcp_server import McpServer, import_mcp_server
from gentool.formats.mcp_tools import import_mcp
from gentool.formats.openai_tools import import_openai
from gentool.formats.openapi import import_openapi
from gentool.formats.python_functions import import_functions
from gentool.formats.schemas import tool_fault
from gentool.formats.ultratool import import_ultratool

FORMATS = ("openai", "mcp", "openapi", "python", "ultratool", "gentool")


def import_tools(format: str, *sources: Path | str, server: McpServer | None = None) -> ImportResult:
    """The tools of a source in one of `FORMATS`, with an account of what was merged, refused and changed.

    A source is one file; for `python` one or more functions or modules; for `mcp` a file, or `server`, which runs.
    Raises GenToolError at an unknown format or a wrong number of sources, RecordError where the file as a whole cannot be
    read, and CatalogueError where there are no tool definitions at all.
    """
    if format not in FORMATS:
        raise GenToolError(f"unknown format '{format}'; known are {', '.join(FORMATS)}")
    _check_sources(format, len(sources), server)
    match format:
        case "openai":
            result = import_openai(Path(sources[0]))
        case "mcp":
            result = import_mcp_server(server) if server else import_mcp(Path(sources[0]))
        case "openapi":
            result = import_openapi(Path(sources[0]))
        case "python":
            result = import_functions([str(source) for source in sources])
        case "ultratool":
            result = import_ultratool(Path(sources[0]))
        case _:
            result = import_catalogue(Path(sources[0]))
    if not result.read and not result.refused:
        raise CatalogueError(f"{result.source}: holds no tool definitions; check that it is of the format '{format}'")
    return result


def _check_sources(format: str, count: int, server: McpServer | None) -> None:
    """Raises GenToolError where there is not exactly what the format reads."""
    if server is not None and (format != "mcp" or count):
        reason = "takes no server" if format != "mcp" else "reads a file or a running server, not both"
        raise GenToolError(f"import {format} {reason}: leave out {'--command and --url' if format != 'mcp' else 'the file'}")
    if count == 0 and server is None:
        wanted = {"python": "a function (package.module:function) or a module", "mcp": "a file, --command or --url"}
        raise GenToolError(f"import {format} needs {wanted.get(format, 'a file')}")
    if count > 1 and format != "python":
        raise GenToolError(f"import {format} reads one file, not {count}")


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
