"""Importing from real MCP servers of the SDK, which run as processes over stdio and over HTTP."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import CatalogueError, GenToolError
from gentool.formats.catalogue import import_tools, read_catalogue
from gentool.formats.mcp_server import McpServer, import_mcp_server, read_server

pytest.importorskip("mcp", reason="the mcp extra is not installed")

PROGRAM = Path(__file__).with_name("mcp_process.py")
KEY = "open-sesame-42"
WRONG = "open-poppy-77"


def serving(manner: str, **settings: Any) -> McpServer:
    return McpServer(shlex.join([sys.executable, str(PROGRAM), manner]), **settings)


def running(manner: str) -> list[int]:
    """The processes of a server in some manner that were started by this one, and zombies of any."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        ours = str(PROGRAM).encode() in words and manner.encode() in words
        if int(parent) == os.getpid() and (ours or state == "Z"):
            found.append(int(entry.name))
    return found


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Starts a server over HTTP on a free port of this machine; its address comes back when it listens."""
    started: list[subprocess.Popen[bytes]] = []

    def start(manner: str, **environment: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        arguments = [sys.executable, str(PROGRAM), manner, str(port)]
        started.append(subprocess.Popen(arguments, env={**os.environ, **environment}))
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return f"http://127.0.0.1:{port}/mcp"
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_server_that_is_started(tmp_path: Path, gentool: Callable[..., Any]) -> None:
    out = tmp_path / "tools.jsonl"
    outcome = gentool("import", "mcp", "--command", serving("two").command, "--out", out)
    assert outcome.status == 0, outcome.err
    assert "2 tool definitions read, 2 tools kept" in outcome.out
    opened, listed = read_catalogue(out)
    assert (opened.name, opened.description, opened.source) == ("open_gate", "Opens a gate.", "gates")
    assert opened.properties["gate"]["description"] == "Which gate."
    assert opened.properties["how"]["enum"] == ["slowly", "fast"]
    assert opened.required == ("gate",)
    assert listed.returns is not None
    assert gentool("lint", out).status == 0
    assert running("two") == []


def test_a_server_over_http(tmp_path: Path, serve: Callable[..., str], gentool: Callable[..., Any]) -> None:
    out = tmp_path / "tools.jsonl"
    assert gentool("import", "mcp", "--url", serve("two"), "--out", out).status == 0
    assert read_catalogue(out) == import_mcp_server(serving("two")).tools


def test_all_pages_are_read_over_stdio_and_http(serve: Callable[..., str]) -> None:
    for server in (serving("pages"), McpServer(url=serve("pages"))):
        result = import_mcp_server(server)
        assert [tool.name for tool in result.tools] == [f"gate_{number}" for number in range(7)]
        assert result.counts == {"pages": 3}


def test_a_header_opens_a_server_and_its_value_is_never_told(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gentool: Callable[..., Any], refused: Callable[..., str]
) -> None:
    url, out = serve("two", GATE_KEY=KEY), tmp_path / "tools.jsonl"
    monkeypatch.setenv("MY_KEY", KEY)
    assert gentool("import", "mcp", "--url", url, "--header", "Authorization: Bearer ${MY_KEY}", "--out", out).status == 0
    assert KEY not in out.read_text()
    fault = refused("import", "mcp", "--url", url, "--header", f"Authorization: Bearer {WRONG}", "--out", tmp_path / "other.jsonl")
    assert "401 Unauthorized" in fault
    assert WRONG not in fault


def test_a_variable_reaches_the_server_and_its_value_is_never_told(tmp_path: Path, gentool: Callable[..., Any], refused: Callable[..., str]) -> None:
    out, line = tmp_path / "tools.jsonl", serving("secret").command
    assert gentool("import", "mcp", "--command", line, "--env", f"GATE_KEY={KEY}", "--out", out).status == 0
    assert KEY not in out.read_text()
    fault = refused("import", "mcp", "--command", line, "--env", f"GATE_KEY={WRONG}", "--out", tmp_path / "other.jsonl")
    assert "its error output ends with: the key '***' does not fit" in fault
    assert WRONG not in fault


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        ("endless", "after 1,000 pages it goes on"),
        ("circle", "after 2 pages it goes on"),
        ("dies", "ended after 1 page of its list; nothing was imported; its error output ends with: the gate fell off its hinges"),
        ("none", "has no tools"),
    ],
)
def test_a_server_that_cannot_be_used_is_told_in_a_line(manner: str, reason: str, tmp_path: Path, refused: Callable[..., str]) -> None:
    out = tmp_path / "tools.jsonl"
    out.write_text("mine")
    assert reason in refused("import", "mcp", "--command", serving(manner).command, "--out", out, "--force")
    assert out.read_text() == "mine"
    assert running(manner) == []


@pytest.mark.parametrize("manner", ["slow", "stuck"])
def test_a_server_that_does_not_answer_is_ended(manner: str) -> None:
    begin = time.monotonic()
    with pytest.raises(CatalogueError, match=r"gave no answer within 1\.5 seconds"):
        import_mcp_server(serving(manner, timeout=1.5))
    assert time.monotonic() - begin < 10
    assert running(manner) == []


def test_ctrl_c_ends_the_server_too(tmp_path: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    note = tmp_path / "pid"
    program = f"import os, time, pathlib; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(600)"
    process = start("import", "mcp", "--command", shlex.join([sys.executable, "-c", program]), "--out", tmp_path / "tools.jsonl")
    while not note.exists() or not note.read_text():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert not Path(f"/proc/{note.read_text()}").exists()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no-such-program --flag", "MCP server 'no-such-program --flag' cannot be started: No such file or directory"),
        ("/etc/passwd", "cannot be started: Permission denied"),
        ("cat", "before it spoke MCP"),
        ("echo hello", "before it spoke MCP"),
        ("sh -c 'echo sorry, no >&2; exit 3'", "its error output ends with: sorry, no"),
        ("sh -c 'unclosed", "cannot be split into words: No closing quotation"),
        ("", "names no program"),
    ],
)
def test_programs_that_are_no_servers(line: str, reason: str) -> None:
    with pytest.raises(CatalogueError) as fault:
        import_mcp_server(McpServer(line, timeout=20))
    assert reason in str(fault.value)
    assert "\n" not in str(fault.value)


def test_addresses_that_are_no_servers(serve: Callable[..., str]) -> None:
    with pytest.raises(CatalogueError, match=r"'http://127.0.0.1:9/mcp' cannot be reached"):
        import_mcp_server(McpServer(url="http://me:hush-hush@127.0.0.1:9/mcp?key=abc"))
    with pytest.raises(CatalogueError, match=r"does not speak MCP at this address \(404 Not Found\)"):
        import_mcp_server(McpServer(url=serve("two").replace("/mcp", "/elsewhere")))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"command": "a", "url": "http://b"}, "--command and --url name two servers"),
        ({"env": ["A=1"]}, "--env is for a server that is started"),
        ({"command": "a", "headers": ["A: 1"]}, "--header is for a server that is reached"),
        ({"command": "a", "env": ["hush-hush"]}, "--env number 1 is neither"),
        ({"command": "a", "env": ["=hush-hush"]}, "--env number 1 is neither"),
        ({"url": "http://b", "headers": ["hush-hush"]}, "--header number 1 is not written as"),
        ({"url": "http://b", "headers": ["A: hush-hush\r\nB: 2"]}, "--header 'A' holds characters"),
        ({"url": "http://b", "headers": ["A: hush-hush ü"]}, "--header 'A' holds characters"),
        ({"url": "http://b", "headers": ["A: ${NO_SUCH_KEY}"]}, "environment variable NO_SUCH_KEY, which is not set"),
        ({"url": "ftp://b"}, "--url must be an address"),
        ({"url": "http://["}, "--url must be an address"),
        ({"command": "a", "timeout": 0}, "--timeout must be more than 0"),
        ({"command": "a", "timeout": float("nan")}, "--timeout must be more than 0"),
    ],
)
def test_options_that_contradict_or_cannot_be_read(arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(GenToolError) as fault:
        read_server(**{"command": None, "url": None, **arguments})
    assert reason in str(fault.value)
    assert "hush" not in str(fault.value)


def test_options_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    assert read_server(None, None) is None
    started = read_server("run it", None, ["MY_KEY", "EMPTY=", "SUM=1+1=2"])
    assert started is not None
    assert started.env == {"MY_KEY": KEY, "EMPTY": "", "SUM": "1+1=2"}
    reached = read_server(None, "https://gates.example/mcp", (), ["Authorization: Bearer ${MY_KEY}", "X-Gate:a:b"], 5)
    assert reached is not None
    assert reached.headers == {"Authorization": f"Bearer {KEY}", "X-Gate": "a:b"}
    assert KEY not in repr(started) + repr(reached)


def test_secrets_are_hidden_and_short_values_only_as_words() -> None:
    server = McpServer("run", env={"KEY": KEY, "DEBUG": "1", "EMPTY": ""})
    assert server.hide(f"x{KEY}x line 12, column 1") == "x***x line 12, column ***"
    server = McpServer(url="http://me:hush-hush@b/mcp?key=abcdefgh", headers={"Authorization": f"Bearer {KEY}"})
    assert server.hide(f"Bearer {KEY} {KEY} key=abcdefgh hush-hush Bearer") == "*** *** *** *** Bearer"
    assert server.label == "http://b/mcp"


def test_without_the_sdk_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: Callable[..., str]) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    fault = refused("import", "mcp", "--command", "true", "--out", tmp_path / "tools.jsonl")
    assert "pip install 'gentool[mcp]'" in fault


def test_a_file_and_a_server_are_not_read_at_once() -> None:
    with pytest.raises(GenToolError, match="a file or a running server, not both"):
        import_tools("mcp", "tools.json", server=McpServer("run"))
    with pytest.raises(GenToolError, match="import openai takes no server"):
        import_tools("openai", "tools.json", server=McpServer("run"))
    with pytest.raises(GenToolError, match="import mcp needs a file, --command or --url"):
        import_tools("mcp")
