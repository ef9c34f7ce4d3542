"""A tiny run that tests share, and how they start gentool: in this process, or as a process of its own.

The run has 18 tools, a student of some thousand weights and 128 test examples, which is more than one block of predictions.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gentool.cli import main
from gentool.core.jsonl import write_records
from gentool.starter import read_starter_tools

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
TINY_RECIPE = """
name: tiny
catalogue: {catalogue}
prompts: {{tools: signature}}
synth: {{queries_per_pair: 6}}
pairs: {{k: 3, test_queries: 8, neighbours: 6}}
train:
  model: nano-scratch
  nano: {{vocab_size: 400, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2}}
  rank: &stage {{learning_rate: 1.0e-3, max_steps: 24, per_device_train_batch_size: 2, logging_steps: 2, save_steps: 8}}
  select: *stage
predict:
  generation: {{max_new_tokens: 12}}
"""


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


def call_main(*arguments: str | Path) -> Outcome:
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["gentool", *map(str, arguments)])
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    return Outcome(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def gentool() -> Callable[..., Outcome]:
    """The command line in this process: arguments in, an `Outcome` out."""
    return call_main


@pytest.fixture
def refused() -> Callable[..., str]:
    """The one line with which the command line refuses some arguments."""

    def refuse(*arguments: str | Path) -> str:
        outcome = call_main(*arguments)
        assert outcome.status == 2, outcome
        assert outcome.err.startswith("gentool: ")
        assert outcome.err.count("\n") == 1
        return outcome.err.removeprefix("gentool: ").rstrip("\n")

    return refuse


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line as a process of its own; what is left of it is killed at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def start_process(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "gentool", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, **{**pipes, **options}))
        return started[-1]

    yield start_process
    for process in started:
        with process:
            process.kill()


STOPS_AT = """
import os, sys
wanted, number = sys.argv.pop(1), int(sys.argv.pop(1))
waiting = [wanted]
def watch(event, arguments):
    if waiting and event in ("open", "os.rename") and wanted in str(arguments[0]):
        waiting.clear()
        os.kill(os.getpid(), number)
sys.addaudithook(watch)
from gentool.cli import main
main()
"""
"""gentool, sent a signal at the moment when it first opens or renames a certain file: no clock decides how far it came."""


@pytest.fixture(scope="session")
def stopped_at() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a process of its own until it reaches a file, and stop it there by a signal."""

    def run(moment: str, stop: signal.Signals, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", STOPS_AT, moment, str(int(stop)), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe of seconds, beside its catalogue: 18 tools of the starter catalogue."""
    folder = tmp_path_factory.mktemp("tiny")
    write_records(folder / "tools.jsonl", read_starter_tools()[::18])
    (folder / "tiny.yaml").write_text(TINY_RECIPE.format(catalogue=folder / "tools.jsonl"), encoding="utf-8")
    return folder / "tiny.yaml"


@pytest.fixture(scope="session")
def finished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the tiny recipe, finished without a break. Shared: tests that change it take `run_copy`."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    outcome = call_main("run", tiny, "--out", folder)
    assert outcome.status == 0, outcome.err
    return folder


@pytest.fixture
def run_copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """The path of a file or folder of real data, in shared/data beside a folder that holds the checkout; the test skips where it is absent."""

    def find(name: str) -> Path:
        places = [parent / "shared" / "data" / name for parent in Path(__file__).resolve().parents[1:]]
        found = next((place for place in places if place.exists()), None)
        if found is None:
            pytest.skip(f"the real data is not here: shared/data/{name} beside the checkout")
        return found

    return find


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """The bytes of every file of a folder, hidden ones too, by path."""

    def read(folder: Path) -> dict[str, bytes]:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "speed.json"]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    return read


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; tests that take it are skipped where it is missing."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
