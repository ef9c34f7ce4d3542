"""A run to review, and the page served on it: the real application behind a real server in a thread of its own."""

from __future__ import annotations

import http.client
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gentool.core.call import Call
from gentool.core.family import Family, Query, WeakTool
from gentool.core.jsonl import read_records, write_json, write_records
from gentool.core.review import VERDICTS, Review
from gentool.core.tool import Tool
from gentool.review.queue import queue_items, read_families
from gentool.review.serve import listen
from gentool.review.verdicts import VerdictStore
from gentool.synth.verify import check_alternatives, check_calls, check_grounded

pytest.importorskip("fastapi", reason="the `review` extra is not installed")
pytest.importorskip("uvicorn", reason="the `review` extra is not installed")

from gentool.review.app import Desk, make_application

NASTY = '<script>document.title = "owned"</script>"><img src=x onerror="document.title = 1">{{ 7 * 7 }}'
CHECKS = {"call_schema": check_calls, "grounded": check_grounded, "alternatives": check_alternatives}


@dataclass(frozen=True)
class Reply:
    """A server's answer."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Served:
    """A page that is served, and what its owner knows."""

    desk: Desk
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"{self.origin}/?token={self.desk.keys.token}"

    @property
    def cookie(self) -> str:
        return f"gentool_review_{self.port}={self.desk.keys.session}"

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Reply:
        """One request with exactly these headers (underscores for hyphens) and a Host that fits unless one is given."""
        sent = {"Host": f"127.0.0.1:{self.port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        data = body.encode() if body is not None else b""
        if method == "POST":
            sent = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(data)), **sent}
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        reply = Reply(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read().decode())
        connection.close()
        return reply

    def send(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Reply:
        """A form as the page sends it; `headers` replace its own."""
        form = urlencode({"form_token": self.desk.keys.form, **fields})
        return self.ask(path, "POST", form, **{"Cookie": self.cookie, "Origin": self.origin, **(headers or {})})

    def see(self, path: str) -> Reply:
        return self.ask(path, Cookie=self.cookie)

    def verdicts(self) -> list[Review]:
        path = self.desk.run / VERDICTS
        return list(read_records(path, Review)) if path.exists() else []


Serve = Callable[..., Served]


@contextmanager
def serving(run: Path, reviewer: str, sample: int | None) -> Iterator[Served]:
    import uvicorn

    families = read_families(run)
    desk = Desk(run, reviewer, queue_items(families, sample, 0), families, CHECKS, {}, 0.9, VerdictStore(run))
    with listen(0) as listening:
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make_application(desk, port), log_level="error", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield Served(desk, port)
        server.should_exit = True
        thread.join()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a run's page: `serve(run, reviewer, sample)`."""
    with ExitStack() as stack:
        yield lambda run, reviewer="anna", sample=None: stack.enter_context(serving(run, reviewer, sample))


@pytest.fixture(scope="session")
def synthesised(tiny: Path, gentool: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny recipe after synth. Shared: tests take `run`."""
    folder = tmp_path_factory.mktemp("review") / "run"
    outcome = gentool("synth", folder, "--recipe", tiny)
    assert outcome.status == 0, outcome.err
    return folder


@pytest.fixture
def run(synthesised: Path, tmp_path: Path) -> Path:
    """A run after synth, to be reviewed."""
    return Path(shutil.copytree(synthesised, tmp_path / "run"))


def make_pair() -> Family:
    """A family made by hand: a strong tool of three parameters, a weak one of one under another name, two queries."""
    strong = Tool(
        name="book_table",
        description="Book a table at a restaurant at a time.",
        parameters={
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "Name of the restaurant"},
                "people": {"type": "integer", "minimum": 1},
                "area": {"type": "string", "enum": ["inside", "outside"]},
            },
            "required": ["place", "people"],
        },
        returns={"type": "object", "properties": {"code": {"type": "string"}}},
        domain="restaurants",
    )
    weak = Tool(
        name="call_restaurant",
        description="Call a restaurant.",
        parameters={"type": "object", "properties": {"name": {"type": "string", "description": "Name of the restaurant"}}, "required": ["name"]},
    )
    record = WeakTool(id=weak.id, strong=strong.id, tool=weak, ways=("fewer_parameters",), renamed={"place": "name"})
    calls = {
        strong.id: Call(name=strong.name, arguments={"place": "Roma", "people": 4, "area": "outside"}),
        weak.id: Call(name=weak.name, arguments={"name": "Roma"}),
    }
    first = Query(
        id="first",
        text="Get four of us a place in the sun at Roma.",
        strong=strong.id,
        weak=weak.id,
        fits={strong.id: "full", weak.id: "partial"},
        calls=calls,
        needs=("people",),
        evidence={strong.id: {"area": ("in the sun",)}},
    )
    second = first.model_copy(
        update={
            "id": "second",
            "text": "Reserve at Venezia for 2 please.",
            "fits": {strong.id: "full", weak.id: "none"},
            "calls": {strong.id: Call(name=strong.name, arguments={"place": "Venezia", "people": 2})},
            "needs": (),
            "evidence": {},
        }
    )
    return Family(id=strong.id, strong=strong, weak=(record,), queries=(first, second))


def write_run(folder: Path, *families: Family) -> Path:
    """A folder that stands as after synth."""
    write_records(folder / "synth" / "verified.jsonl", families)
    write_json(folder / "synth" / "build.json", {})
    return folder


@pytest.fixture
def family() -> Family:
    return make_pair()


@pytest.fixture
def pair_run(tmp_path: Path, family: Family) -> Path:
    """A run of that one family."""
    return write_run(tmp_path / "pair", family)


@pytest.fixture
def nasty_run(tmp_path: Path, family: Family) -> Path:
    """The same with texts that are HTML, wherever a text may stand."""
    schema = {"type": "object", "properties": {NASTY: {"type": "string", "description": NASTY, "default": NASTY}}}
    strong = Tool(name=NASTY, description=NASTY, parameters=schema, returns=schema, domain=NASTY)
    weak = Tool(name=f"weak {NASTY}", description=NASTY[:40], parameters=schema)
    arguments = {NASTY: NASTY}
    query = Query(
        id=NASTY,
        text=NASTY,
        strong=strong.id,
        weak=weak.id,
        fits={strong.id: "full", weak.id: "partial"},
        calls={tool.id: Call(name=tool.name, arguments=arguments) for tool in (strong, weak)},
        needs=(NASTY,),
        evidence={strong.id: {NASTY: (NASTY,)}},
        alternatives={strong.id: {NASTY: (NASTY,)}},
        also=(NASTY,),
    )
    spoilt = Family(id=strong.id, strong=strong, weak=(WeakTool(id=weak.id, strong=strong.id, tool=weak),), queries=(query,))
    return write_run(tmp_path / "nasty", spoilt, family)
