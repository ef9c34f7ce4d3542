"""The dry run of prediction: nothing is sent or written, and what is foreseen comes near what is then paid."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gentool.prompts import PromptSettings

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))
from gold_server import GoldServer
from served_runs import COUNT, Gentool, configure, examples_of, prepare
from teacher_server import TeacherServer

NATIVE = PromptSettings(answer="native")


@pytest.fixture
def run(run_copy: Path) -> Path:
    return prepare(run_copy)


def test_a_dry_run_sends_nothing_needs_no_key_and_comes_near(run: Path, gentool: Gentool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    prices = {"m": {"input": 1000.0, "output": 1000.0}}
    with TeacherServer(content=GoldServer(examples_of(run), NATIVE)) as server:
        configure(run, server, native=True, prices=prices)
        before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        dry = gentool("predict", run, "--engine", "openai:m", "--engine", "random", "--dry-run")
        assert dry.status == 0 and server.requests == 0
        assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
        assert "random: works here and costs nothing" in dry.out
        done = gentool("predict", run, "--engine", "openai:m")
        again = gentool("predict", run, "--engine", "openai:m", "--dry-run")
    requests, foreseen = last_row(dry.out)
    assert requests == 2 * COUNT and foreseen == pytest.approx(float(done.out.rsplit("cost ", 1)[1]), rel=0.15)
    assert last_row(again.out) == (0, 0.0)


def last_row(out: str) -> tuple[int, float]:
    """The requests and the cost of the estimate's last line."""
    cells = next(line for line in out.splitlines() if line.strip().startswith("all")).split()
    return int(cells[1].replace(",", "")), float(cells[-1])


def test_a_run_that_was_stopped_is_told_what_is_left(run: Path, gentool: Gentool) -> None:
    gold = GoldServer(examples_of(run), NATIVE)
    with TeacherServer(content=gold) as server:
        configure(run, server, native=True, prices={"m": {"input": 1000.0, "output": 1000.0}}, budget=1.0)
        first = gentool("predict", run, "--engine", "openai:m")
        assert first.status == 2 and server.requests < 2 * COUNT
        dry = gentool("predict", run, "--engine", "openai:m", "--dry-run")
        left, foreseen = last_row(dry.out)
        assert left == 2 * COUNT - server.requests
        done = gentool("predict", run, "--engine", "openai:m", "--set", "predict.openai.budget=1000")
    paid = float(dry.out.split("paid so far: ")[1].split()[0])
    assert paid + foreseen == pytest.approx(float(done.out.rsplit("cost ", 1)[1]), rel=0.1)
