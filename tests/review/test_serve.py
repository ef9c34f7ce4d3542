"""Starting and stopping the page as a process: what it prints, how it ends, and how it refuses."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.jsonl import read_records
from gentool.core.review import VERDICTS, Review

Refused = Callable[..., str]
Start = Callable[..., subprocess.Popen[str]]


def read_address(process: subprocess.Popen[str]) -> tuple[str, int, str]:
    """The first line, the port and the token that a started page prints."""
    assert process.stdout
    first, second = process.stdout.readline(), process.stdout.readline()
    found = re.fullmatch(r"open:    http://127\.0\.0\.1:(\d+)/\?token=([\w-]{40,})\n", second)
    assert found, (first, second, process.poll())
    return first, int(found[1]), found[2]


def accept_first(port: int, token: str) -> None:
    """Accept the first query as a browser would."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/?token={token}")
    answer = connection.getresponse()
    answer.read()
    cookie = (answer.getheader("set-cookie") or "").split(";")[0]
    connection.request("GET", "/query/1", headers={"Cookie": cookie})
    found = re.search(r'name="form_token" value="([^"]+)"', connection.getresponse().read().decode())
    assert found
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/query/1/accept", f"form_token={found[1]}", headers)
    assert connection.getresponse().status == 303  # the connection stays open: Ctrl-C must end it too


def test_ctrl_c_ends_with_130_and_keeps_the_verdicts(run: Path, start: Start) -> None:
    process = start("review", run, "--sample", "4", "--reviewer", "Anna B.")
    first, port, token = read_address(process)
    assert first == f"review:  4 queries, 0 reviewed by Anna B.; Ctrl-C ends, verdicts stand in {run / 'review'}\n"
    accept_first(port, token)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err == "gentool: stopped; the same command goes on from here\n"
    (review,) = read_records(run / VERDICTS, Review)
    assert (review.reviewer, review.decision) == ("Anna B.", "accept")
    again = start("review", run, "--sample", "4", "--reviewer", "Anna B.", "--port", str(port))
    assert "4 queries, 1 reviewed" in read_address(again)[0]
    assert token not in (run / VERDICTS).read_text() + (run / "review" / "verdicts.sqlite").read_bytes().decode("latin-1")


def test_the_page_is_for_this_machine_alone(run: Path, start: Start) -> None:
    _, port, _ = read_address(start("review", run))
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert [address.split(":")[0] for address in listening if int(address.split(":")[1], 16) == port] == ["0100007F"]


def test_a_port_in_use_is_named(run: Path, refused: Refused) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert refused("review", run, "--port", str(port)) == f"port {port} is in use: choose another with --port, or leave --port out for a free one"


def test_a_run_that_has_nothing_to_review(tmp_path: Path, run: Path, refused: Refused) -> None:
    assert "holds no run" in refused("review", tmp_path / "nowhere")
    (run / "synth" / "build.json").unlink()
    assert refused("review", run) == f"{run}: synth is not done, so there is nothing to review: run `gentool synth {run}` first"
    assert not (run / "review").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sample", "0"], "--sample"),
        (["--port", "70000"], "--port"),
        (["--reviewer", ""], "gentool review: reviewer: a reviewer's name has 1 to 40 letters, digits, spaces and . @ + - _"),
        (["--reviewer", "<b>"], "a reviewer's name"),
        (["--reviewer", "x" * 41], "a reviewer's name"),
    ],
)
def test_wrong_options_are_refused(run: Path, refused: Refused, options: list[str], said: str) -> None:
    assert said in refused("review", run, *options)


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn", "python_multipart"])
def test_a_missing_extra_says_what_to_install(run: Path, missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['gentool', 'review', {str(run)!r}]; from gentool.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env={**os.environ})
    assert done.returncode == 2
    assert re.fullmatch(r"gentool: the review page needs the `review` extra \(.*\): pip install 'gentool\[review\]'\n", done.stderr), done.stderr


def test_pairs_is_built_again_where_verdicts_changed_and_refused_where_later_stages_stand(
    run: Path, gentool: Callable[..., Any], refused: Refused
) -> None:
    from gentool.core.jsonl import read_json, write_records
    from gentool.review.queue import queue_items, read_families

    first = queue_items(read_families(run), None, 0)[0]
    assert gentool("pairs", run).status == 0
    before = (run / "pairs" / "train.jsonl").read_bytes()
    accept = Review(query=first.query.id, content=first.content, reviewer="a", decision="accept")
    write_records(run / VERDICTS, [accept])
    assert gentool("pairs", run).status == 0
    assert "reviewed" not in read_json(run / "pairs" / "build.json"), "an acceptance changes nothing: what is there stays"
    write_records(run / VERDICTS, [accept, accept.model_copy(update={"reviewer": "b", "decision": "reject", "reason": "no"})])
    assert gentool("pairs", run).status == 0
    assert read_json(run / "pairs" / "build.json")["reviewed"]["rejected"] == 1
    assert (run / "pairs" / "train.jsonl").read_bytes() != before
    (run / "train").mkdir()
    assert gentool("pairs", run).status == 0, "the same verdicts"
    write_records(run / VERDICTS, [accept])
    assert "the verdicts of the review have changed since pairs was built, and train stand" in refused("pairs", run)
