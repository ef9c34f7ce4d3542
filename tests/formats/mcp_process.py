"""A real MCP server of the SDK, run as a process by the tests: `python mcp_process.py MANNER [PORT]`, stdio without a port.

Manners: `two` (an MCPServer with two functions), `pages` (7 tools, 3 on a page), `endless`, `circle`, `slow`, `dies`
(after the first page), `none`, `secret` (needs GATE_KEY, and tells it when it does not fit), `stuck` (deaf to the end of its input).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import Annotated, Any, Literal

from mcp.server.lowlevel import Server
from mcp.server.mcpserver import MCPServer
from mcp.server.stdio import stdio_server
from mcp.types import ListToolsResult, PaginatedRequestParams, Tool
from pydantic import Field


def make_two() -> MCPServer:
    server = MCPServer("gates")

    @server.tool()
    def open_gate(gate: Annotated[str, Field(description="Which gate.")], how: Literal["slowly", "fast"] = "slowly") -> bool:
        """Opens a gate."""
        return bool(gate and how)

    @server.tool()
    def list_gates() -> list[str]:
        """Lists all gates."""
        return []

    return server


def make_listing(manner: str) -> Server[Any]:
    async def answer(_context: Any, parameters: PaginatedRequestParams | None) -> ListToolsResult:
        page = int(parameters.cursor) if parameters and parameters.cursor else 0
        if manner == "slow":
            await asyncio.sleep(60)
        if manner == "dies" and page:
            print("the gate fell off its hinges", file=sys.stderr, flush=True)
            os._exit(3)
        numbers = range(0) if manner == "none" else range(3 * page, 3 * page + 3)
        tools = [Tool(name=f"gate_{number}", input_schema={"type": "object"}) for number in numbers if manner != "pages" or number < 7]
        following = {"pages": page + 1 if page < 2 else None, "none": None, "circle": 1}.get(manner, page + 1)
        return ListToolsResult(tools=tools, next_cursor=None if following is None else str(following))

    return Server("gates", on_list_tools=answer)


async def serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def serve_http(manner: str, port: int) -> None:
    import uvicorn

    server = make_two() if manner == "two" else make_listing(manner)
    application: Any = server.streamable_http_app()
    if os.environ.get("GATE_KEY"):
        application = guarded(application, os.environ["GATE_KEY"])
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)


def guarded(application: Any, key: str) -> Any:
    """The same application behind a bearer token."""

    async def check(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and dict(scope["headers"]).get(b"authorization") != f"Bearer {key}".encode():
            await send({"type": "http.response.start", "status": 401, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"no"})
            return
        await application(scope, receive, send)

    return check


def main() -> None:
    manner = sys.argv[1]
    if manner == "secret" and os.environ.get("GATE_KEY") != "open-sesame-42":
        sys.exit(f"the key {os.environ.get('GATE_KEY')!r} does not fit")
    if manner == "stuck":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if len(sys.argv) > 2:
        serve_http(manner, int(sys.argv[2]))
    elif manner in ("two", "secret"):
        make_two().run("stdio")
    else:
        asyncio.run(serve_stdio(make_listing(manner)))


if __name__ == "__main__":
    main()
