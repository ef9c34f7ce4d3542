"""metrics.jsonl: one line per log, without times, trimmed to where training goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gentool.train.metrics_log import make_callback, trim_metrics


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Any:
    """Logs the given values at a step of ten, as the Trainer does, over two epochs."""
    from transformers import TrainerControl, TrainerState

    callback = make_callback(tmp_path / "metrics.jsonl", "train rank", 2.0)

    def write(step: int, **logs: float) -> None:
        callback.on_log(None, TrainerState(global_step=step, max_steps=10), TrainerControl(), logs=logs)

    return write


def test_each_log_is_a_line(log: Any, tmp_path: Path) -> None:
    log(1, loss=2.5, learning_rate=1e-4, grad_norm=0.123456789123, epoch=0.1)
    log(5, loss=2.0)
    assert read_lines(tmp_path / "metrics.jsonl") == [
        {"step": 1, "epoch": 0.2, "loss": 2.5, "learning_rate": 1e-4, "grad_norm": 0.12345679},
        {"step": 5, "epoch": 1.0, "loss": 2.0},
    ]


def test_what_is_no_training_step_is_not_logged(log: Any, tmp_path: Path) -> None:
    log(10, train_runtime=3.2, train_loss=1.0)
    log(10, eval_loss=1.0)
    log(10)
    assert not (tmp_path / "metrics.jsonl").exists()


def test_lines_behind_the_step_and_a_torn_one_are_removed(log: Any, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in (1, 2, 3, 4):
        log(step, loss=1.0)
    before = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(before) + '{"step": 5, "lo', encoding="utf-8")
    trim_metrics(path, 3)
    assert path.read_text(encoding="utf-8").splitlines(keepends=True) == before[:3]
    trim_metrics(path, 0)
    assert path.read_text(encoding="utf-8") == ""


def test_without_a_file_there_is_nothing_to_trim(tmp_path: Path) -> None:
    trim_metrics(tmp_path / "metrics.jsonl", 3)
    assert list(tmp_path.iterdir()) == []
