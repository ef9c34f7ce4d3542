"""Training the base: it learns, says so, and goes on where it was stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gentool.nano.base import build_base
from gentool.nano.pretrain import Pretraining, PretrainSettings, Progress
from gentool.nano.rows import RowMaker

from .conftest import TINY, Handful

SETTINGS = PretrainSettings(length=400, rows=2, shares={"handful": 1.0}, warmup=5, most_tools=4)


def begin(tokenizer: Any, source: Handful, folder: Path, seed: int = 0) -> Pretraining:
    folder.mkdir(exist_ok=True)
    return Pretraining(build_base(tokenizer, TINY, seed), RowMaker(tokenizer, {"handful": source}, SETTINGS.length), folder, SETTINGS, seed)


def take(training: Pretraining, steps: int) -> None:
    """Some steps of a training without an end."""
    for _ in range(steps):
        training._step(1e9)


def test_it_learns_to_answer(tokenizer: Any, source: Handful, tmp_path: Path) -> None:
    training = begin(tokenizer, source, tmp_path)
    training.progress.ready = True
    take(training, 4)
    before = training.progress.right["loss"]
    take(training, 40)
    assert training.progress.right["loss"] < before
    assert training.progress.right.keys() >= {"handful answers", "handful choice", "copy choice", "bind choice", "choose choice"}
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in logged] == [20, 40]
    assert logged[0]["tokens"] < logged[1]["tokens"]


def test_lessons_come_first_and_stay(tokenizer: Any, source: Handful, tmp_path: Path) -> None:
    training = begin(tokenizer, source, tmp_path)
    take(training, 6)
    assert {kind.split()[0] for kind in training.progress.right} <= {"loss", "copy", "bind", "choose"}
    training.progress.right = dict.fromkeys(("copy choice", "bind choice", "choose choice"), 0.99)
    take(training, 1)
    assert training.progress.ready
    take(training, 30)
    kinds = {kind.split()[0] for kind in training.progress.right}
    assert "handful" in kinds
    assert kinds >= {"copy", "bind", "choose"}


def test_a_training_that_is_resumed_is_the_same(tokenizer: Any, source: Handful, tmp_path: Path) -> None:
    whole = begin(tokenizer, source, tmp_path / "whole")
    take(whole, 6)
    first = begin(tokenizer, source, tmp_path / "broken")
    take(first, 3)
    first.save()
    second = begin(tokenizer, source, tmp_path / "broken", seed=0)
    assert second.resume()
    take(second, 3)
    assert second.progress.step == 6
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name]), name


def test_nothing_is_resumed_where_nothing_is(tokenizer: Any, source: Handful, tmp_path: Path) -> None:
    assert not begin(tokenizer, source, tmp_path).resume()


def test_the_rate_rises_stays_and_falls(tokenizer: Any, source: Handful, tmp_path: Path) -> None:
    training = begin(tokenizer, source, tmp_path)
    rates = []
    for step, seconds in ((0, 0.0), (100, 10.0), (200, 87.5), (300, 100.0)):
        training.progress = Progress(step=step, seconds=seconds)
        rates.append(training._scale(100.0))
    assert rates == [pytest.approx(0.2), 1.0, pytest.approx(0.5), 0.01]


def test_processes_learn_together(tokenizer: Any, tmp_path: Path) -> None:
    """Two processes have rows of their own and weights in common; the first one's word counts, and it alone writes."""
    tokenizer.save_pretrained(tmp_path)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    script = Path(__file__).parent / "two_processes.py"
    outcome = subprocess.run([*launcher, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    first, second = ((tmp_path / f"process{number}").read_text() for number in range(2))
    assert first == second
    assert first.endswith("True")
    assert torch.load(tmp_path / "state.pt", weights_only=True)["progress"]["step"] == 3
