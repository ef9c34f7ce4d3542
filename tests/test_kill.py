"""Runs that are stopped at the worst moments, in real processes, and go on: they end with the files of a run without a break."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Contents = Callable[[Path], dict[str, bytes]]
Gentool = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]
StoppedAt = Callable[..., subprocess.CompletedProcess[str]]


def wait_for(process: subprocess.Popen[str], reached: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until the process has reached a point; fail where it ended before or takes too long."""
    end = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, f"ended before it could be stopped: {process.communicate()}"
        assert time.monotonic() < end
        time.sleep(0.001)


def has_lines(path: Path) -> bool:
    return path.exists() and b"\n" in path.read_bytes()


def has_checkpoint(stage: Path) -> bool:
    return any(stage.glob("checkpoints/checkpoint-*/trainer_state.json"))


def test_a_run_that_is_killed_in_every_stage_ends_with_the_same_files(
    tiny: Path, finished: Path, tmp_path: Path, start: Start, gentool: Gentool, contents: Contents
) -> None:
    run = tmp_path / "run"
    stops: list[tuple[str, Callable[[], bool]]] = [
        ("synth/build.json", lambda: has_lines(run / "synth" / "queries.jsonl")),
        ("train/rank/done.json", lambda: has_checkpoint(run / "train" / "rank")),
        ("train/select/done.json", lambda: has_checkpoint(run / "train" / "select")),
        ("score/trained.json", lambda: has_lines(run / "predict" / "trained.jsonl")),
    ]
    for not_yet, reached in stops:
        process = start("run", tiny, "--out", run)
        wait_for(process, reached)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (run / not_yet).exists(), "the stage was over before the kill: give it more data"
    predicted = (run / "predict" / "trained.jsonl").read_bytes()
    assert 0 < len(predicted) < len((finished / "predict" / "trained.jsonl").read_bytes())
    assert gentool("run", tiny, "--out", run).status == 0
    assert contents(run) == contents(finished)


@pytest.mark.parametrize(
    ("stage", "moment"),
    [
        ("synth", "synth/calls.jsonl"),
        ("synth", "synth/.build.json.part"),
        ("pairs", "pairs/.test.jsonl.part"),
        ("pairs", "pairs/.build.json.part"),
        ("train", "train/select/checkpoints/checkpoint-16/trainer_state.json"),
        ("score", "score/.trained.json.part"),
    ],
)
def test_a_stage_that_dies_at_one_of_its_files_goes_on(
    finished: Path, run_copy: Path, stopped_at: StoppedAt, gentool: Gentool, contents: Contents, stage: str, moment: str
) -> None:
    shutil.rmtree(run_copy / Path(moment).parts[0] / ("select" if stage == "train" else ""))
    died = stopped_at(moment, signal.SIGKILL, stage, run_copy)
    assert died.returncode == -signal.SIGKILL, died
    assert contents(run_copy) != contents(finished)
    assert gentool(stage, run_copy).status == 0
    assert contents(run_copy) == contents(finished)


def test_control_c_ends_with_one_line_and_the_same_command_goes_on(
    finished: Path, run_copy: Path, stopped_at: StoppedAt, gentool: Gentool, contents: Contents
) -> None:
    shutil.rmtree(run_copy / "train")
    stopped = stopped_at("train/rank/checkpoints/checkpoint-16/trainer_state.json", signal.SIGINT, "train", run_copy)
    assert (stopped.returncode, stopped.stderr) == (130, "gentool: stopped; the same command goes on from here\n")
    assert not (run_copy / "train" / "rank" / "done.json").exists()
    assert gentool("train", run_copy).status == 0
    assert contents(run_copy) == contents(finished)
