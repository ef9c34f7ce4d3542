"""Tools of Model Context Protocol servers: a file comes in, an ImportResult goes out. Called by `catalogue.import_tools`.

Source of the format: the MCP specification, `tools/list` (a JSON-RPC response whose result holds `tools`). Collections of
servers wrap such lists in a record for each server; both are read, in any nesting of the two. `mcp_server` asks a server that runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gentool.formats.documents import join_place, read_documents
from gentool.formats.imported import Collector, ImportResult

USED = frozenset({"name", "description", "inputSchema", "input_schema", "outputSchema", "output_schema"})
SCHEMA_KEYS = ("inputSchema", "input_schema")


@dataclass(frozen=True)
class _Origin:
    """Where the reader stands in a file, and the server and category that the tools there belong to."""

    where: str = ""
    server: str | None = None
    category: str | None = None

    def at(self, part: str) -> _Origin:
        return replace(self, where=join_place(self.where, part))


def import_mcp(path: Path) -> ImportResult:
    """Tools of a `tools/list` response, of `{"tools": [...]}`, of a bare list, or of many servers in one file.

    `source` of a tool is its server's name, `domain` the server's category, where the file gives them. `inputSchema` and
    `input_schema` are both read, and `outputSchema`/`output_schema` becomes `returns`. A definition that is not valid is
    refused and counted. Raises RecordError where the file is not JSON.
    """
    collector = Collector(path)
    servers: set[str] = set()
    for where, document in read_documents(path):
        _read(collector, document, _Origin(where), servers)
    return collector.result(counts={"servers": len(servers)} if servers else None)


def add_server_tools(collector: Collector, definitions: list[Any], server: str | None) -> None:
    """Hand a running server's definitions, as its answers hold them, to a collector. Called by `mcp_server`."""
    _read_server(collector, {"tools": definitions}, _Origin(server=server), set())


def _read(collector: Collector, value: Any, origin: _Origin, servers: set[str]) -> None:
    """Take one value apart, whichever of the shapes it has."""
    match value:
        case list():
            for number, entry in enumerate(value, start=1):
                _read(collector, entry, origin.at(f"entry {number}"), servers)
        case {"error": dict() as error} if "result" not in value:
            collector.refuse(origin.where, f"an error response, without tools: {error.get('message', 'no message')}")
        case {"result": dict() as result}:
            _read(collector, result, origin, servers)
        case {"tools": list() | dict()} if not any(key in value for key in SCHEMA_KEYS):
            _read_server(collector, value, origin, servers)
        case {"name": _}:
            _add(collector, value, origin, servers)
        case dict() if value and all(isinstance(server, dict) and "tools" in server for server in value.values()):
            _read_named(collector, value, origin, servers)
        case _:
            collector.refuse(origin.where, "neither a tool definition (no 'name') nor a list of tools (no 'tools')", definition=True)


def _read_server(collector: Collector, value: dict[str, Any], origin: _Origin, servers: set[str]) -> None:
    """A record that holds tools: a list of them, or lists by server name."""
    if value.get("nextCursor"):
        place = origin.where or "the list"
        collector.note(f"{place} has a 'nextCursor': the server has more tools than the file holds")
    information = value.get("serverInfo")
    title = information.get("name") if isinstance(information, dict) else None
    server = _text(value.get("server_name")) or origin.server or _text(title) or _text(value.get("name"))
    inner = replace(origin, server=server, category=_text(value.get("category")) or origin.category)
    tools = value["tools"]
    if isinstance(tools, dict):
        _read_named(collector, tools, inner, servers)
        return
    if server and not tools:
        collector.note(f"server '{server}' has no tools")
    for number, entry in enumerate(tools, start=1):
        _read(collector, entry, inner.at(f"server '{server}'" if server else "").at(f"tool {number}"), servers)


def _read_named(collector: Collector, named: dict[str, Any], origin: _Origin, servers: set[str]) -> None:
    """Records of tools by server name."""
    for server, record in named.items():
        _read(collector, {"tools": record} if isinstance(record, list) else record, replace(origin, server=server), servers)


def _add(collector: Collector, definition: dict[str, Any], origin: _Origin, servers: set[str]) -> None:
    if origin.server:
        servers.add(origin.server)
    collector.note_unused(definition, USED)
    collector.add(
        origin.where,
        name=definition["name"],
        description=definition.get("description"),
        parameters=_first(definition, SCHEMA_KEYS),
        returns=_first(definition, ("outputSchema", "output_schema")),
        domain=origin.category,
        source=origin.server,
    )


def _first(definition: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((definition[key] for key in keys if definition.get(key) is not None), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
