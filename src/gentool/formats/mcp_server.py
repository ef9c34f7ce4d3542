"""Tools of a running Model Context Protocol server: how to reach it comes in, an ImportResult goes out.

The server is started as a process (stdio) or reached over streamable HTTP, both through the MCP SDK, which also ends the
process. Called by `catalogue.import_tools`; `read_server` by the command line.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gentool.core.errors import CatalogueError, GenToolError
from gentool.formats.imported import Collector, ImportResult, counted
from gentool.formats.mcp_tools import add_server_tools

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client._transport import Transport

MOST_PAGES = 1_000
"""Pages of one list; a server that offers more is taken to go round in a circle."""
ERROR_LINES, ERROR_LENGTH = 3, 600
"""How much of a server's error output a message shows: the last lines that are not blank, and characters in all."""
SHORTEST_SECRET = 8
"""From this length on a part of a secret is hidden wherever it stands, else only as a word of its own."""


@dataclass(frozen=True)
class McpServer:
    """How to reach a running server. Values of `env` and `headers` are secrets: they stand in no message and no catalogue.

    command: the program and its arguments, split as a shell would (no shell is started); it speaks MCP over stdio.
    url: the address of a server over streamable HTTP. One of the two is given.
    env: environment variables of the process, beside the few that the SDK hands on (HOME, LOGNAME, PATH, SHELL, TERM, USER).
    headers: HTTP headers of every request.
    timeout: seconds for the whole import, from the start of the server to its last tool.
    """

    command: str | None = None
    url: str | None = None
    env: dict[str, str] = field(default_factory=dict, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 60.0

    @property
    def label(self) -> str:
        """How messages call the server: the command, or the address without user, password and query."""
        if self.url is None:
            return self.hide(self.command or "")
        parts = urlsplit(self.url)
        return self.hide(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl())

    def hide(self, text: str) -> str:
        """`text` without the values of `env` and `headers`, what they are made of, and what of `url` is no address."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            pattern = re.escape(secret)
            text = re.sub(pattern if len(secret) >= SHORTEST_SECRET else rf"(?<!\w){pattern}(?!\w)", "***", text)
        return text

    def _secrets(self) -> set[str]:
        secrets = {*self.env.values(), *self.headers.values()}
        for words in [value.split() for value in secrets]:
            secrets |= {*words[-1:], *(word for word in words if len(word) >= SHORTEST_SECRET)}
        if self.url is not None:
            user = urlsplit(self.url).netloc.rpartition("@")[0]
            secrets |= {urlsplit(self.url).query, user, user.rpartition(":")[2]}
        return {secret for secret in secrets if secret.strip()}


def read_server(
    command: str | None, url: str | None, env: Sequence[str] = (), headers: Sequence[str] = (), timeout: float = 60.0
) -> McpServer | None:
    """The server that options of the command line describe; None where they name none. Raises GenToolError at a contradiction.

    `env` holds `NAME=VALUE`, or `NAME` for a variable that is handed on; `headers` `Name: value`, in which `${NAME}` stands
    for an environment variable. Faults never repeat what was given: it may be a secret.
    """
    if command is not None and url is not None:
        raise GenToolError("--command and --url name two servers: give one of them")
    if command is None and env:
        raise GenToolError("--env is for a server that is started with --command")
    if url is None and headers:
        raise GenToolError("--header is for a server that is reached with --url")
    if command is None and url is None:
        return None
    if not timeout > 0:
        raise GenToolError(f"--timeout must be more than 0 seconds, not {timeout:g}")
    if url is not None and not _is_address(url):
        raise GenToolError("--url must be an address such as http://127.0.0.1:8000/mcp")
    variables = dict(_read_variable(number, text) for number, text in enumerate(env, start=1))
    return McpServer(command, url, variables, dict(_read_header(number, text) for number, text in enumerate(headers, start=1)), timeout)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _read_variable(number: int, text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    if not given:
        value = os.environ.get(name, "\0")
    if not name or "\0" in text + value:
        raise GenToolError(f"--env number {number} is neither NAME=VALUE nor the name of a variable that is set")
    return name, value


def _read_header(number: int, text: str) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise GenToolError(f"--header number {number} is not written as 'Name: value'")
    for variable in re.findall(r"\$\{([A-Z_][A-Z0-9_]*)\}", value):
        if variable not in os.environ:
            raise GenToolError(f"--header '{name}' asks for the environment variable {variable}, which is not set")
        value = value.replace(f"${{{variable}}}", os.environ[variable])
    if not value.isascii() or not value.isprintable():
        raise GenToolError(f"--header '{name}' holds characters that a header cannot have")
    return name, value


def import_mcp_server(server: McpServer) -> ImportResult:
    """All tools of a running server, page by page, exactly as its `tools/list` answers give them; `source` is its own name.

    Raises GenToolError where the `mcp` extra is missing, and CatalogueError, with the end of the server's error output, where
    it cannot be started or reached, speaks no MCP, takes too long, ends too soon, or has no tools.
    """
    try:
        import anyio
        from mcp import Client  # noqa: F401
    except ImportError:
        raise GenToolError("importing from a running MCP server needs the MCP SDK, version 2: pip install 'gentool[mcp]'") from None
    found = _Found()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output, _quiet_sdk():
        try:
            anyio.run(_ask, server, output, found)
        except (Exception, BaseExceptionGroup) as error:
            raise CatalogueError(_describe_fault(server, error, found, output)) from None
        if found.fault or not found.tools:
            raise CatalogueError(_compose_fault(server, found.fault or "has no tools", output))
    collector = Collector(server.label)
    add_server_tools(collector, found.tools, found.name)
    return collector.result(counts={"pages": found.pages})


@dataclass
class _Found:
    """What a server gave so far: `status` is that of its last HTTP answer, `fault` why its list cannot be used."""

    name: str | None = None
    connected: bool = False
    pages: int = 0
    tools: list[Any] = field(default_factory=list)
    status: str | None = None
    fault: str | None = None


@contextmanager
def _quiet_sdk() -> Iterator[None]:
    """Keep the SDK's log, which shows tracebacks of what we report in a line, from the terminal."""
    logger = logging.getLogger("mcp")
    handler, propagate = logging.NullHandler(), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


async def _ask(server: McpServer, output: IO[str], found: _Found) -> None:
    """Fill `found` within the time limit. The limit stands outside all else, so that the SDK can end the process in peace."""
    import anyio
    from mcp import Client

    with anyio.fail_after(server.timeout):
        if server.url is None:
            await _list_tools(Client(_process(server, output)), found)
            return
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        async def keep_status(response: httpx2.Response) -> None:
            found.status = f"{response.status_code} {response.reason_phrase}".strip()

        hooks = {"response": [keep_status]}
        async with httpx2.AsyncClient(headers=server.headers, timeout=server.timeout, event_hooks=hooks) as http:
            await _list_tools(Client(streamable_http_client(server.url, http_client=http)), found)


def _process(server: McpServer, output: IO[str]) -> Transport:
    """The server as a process that the SDK starts and ends; its error output goes to `output`."""
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    try:
        command = shlex.split(server.command or "")
    except ValueError as error:
        raise _UnusableError(f"cannot be split into words: {error}") from None
    if not command:
        raise _UnusableError("names no program: give --command the program and its arguments")
    return stdio_client(StdioServerParameters(command=command[0], args=command[1:], env=server.env), output)  # type: ignore[arg-type]


class _UnusableError(Exception):
    """A reason that needs no translation."""


async def _list_tools(client: Client, found: _Found) -> None:
    """Every page of the server's list, as it comes over the wire."""
    from mcp.types import ListToolsRequest, PaginatedRequestParams
    from pydantic import RootModel

    async with client:
        found.connected = True
        found.name = client.server_info.name if client.server_info else None
        cursor: str | None = None
        seen: set[str] = set()
        while found.pages < MOST_PAGES:
            request = ListToolsRequest(params=PaginatedRequestParams(cursor=cursor))
            answer = (await client.session.send_request(request, RootModel[dict[str, Any]])).root
            found.pages += 1
            found.tools += answer["tools"]
            cursor = answer.get("nextCursor")
            if cursor is None:
                return
            if cursor in seen:
                break
            seen.add(cursor)
        found.fault = f"never comes to the end of its list: after {found.pages:,} pages it goes on; the fault is the server's"


def _describe_fault(server: McpServer, error: BaseException, found: _Found, output: IO[str]) -> str:
    """One line for whatever went wrong between us and the server."""
    import httpx2
    from mcp import MCPError
    from mcp.types import CONNECTION_CLOSED, METHOD_NOT_FOUND
    from pydantic import ValidationError

    match _innermost(error):
        case TimeoutError():
            after = f"after {counted(found.pages, 'page')} of its list" if found.connected else "to the first request: is it an MCP server?"
            reason = f"gave no answer within {server.timeout:g} seconds {after} (--timeout gives it more)"
        case MCPError(code=code) as fault if code == CONNECTION_CLOSED or (code == METHOD_NOT_FOUND and not found.connected):
            reason = _describe_end(server, found, str(fault))
        case MCPError() as fault:
            answered = f"{found.status}: " if found.status and not found.status.startswith("2") else ""
            reason = f"answered with an error: {answered}{fault}"
        case ValidationError() as fault:
            first = fault.errors(include_url=False, include_input=False)[0]
            reason = f"gave an answer that is not valid MCP: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        case httpx2.HTTPError() as fault:
            reason = f"cannot be reached: {fault or type(fault).__name__}"
        case OSError() as fault if server.url is None and not found.connected:
            reason = f"cannot be started: {fault.strerror or fault}"
        case _UnusableError() as fault:
            reason = str(fault)
        case fault:
            reason = f"cannot be used: {type(fault).__name__}: {fault}"
    return _compose_fault(server, reason, output)


def _describe_end(server: McpServer, found: _Found, message: str) -> str:
    if found.connected:
        return f"ended after {counted(found.pages, 'page')} of its list; nothing was imported"
    if server.url is not None:
        return f"does not speak MCP at this address ({found.status or message})"
    return "ended, or stopped listening, before it spoke MCP"


def _innermost(error: BaseException) -> BaseException:
    """The first fault inside groups of faults."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _compose_fault(server: McpServer, reason: str, output: IO[str]) -> str:
    """`MCP server 'python server.py' ...`, with the end of its error output, on one line and without secrets."""
    output.seek(0)
    lines = [" ".join(line.split()) for line in server.hide(output.read()).splitlines() if line.strip()]
    told = " | ".join(lines[-ERROR_LINES:])[-ERROR_LENGTH:]
    ending = f"; its error output ends with: {told}" if told else ""
    return " ".join(f"MCP server '{server.label}' {server.hide(reason)}{ending}".split())
