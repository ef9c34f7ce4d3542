"""Two processes of torchrun train as one does, go on after a stop with the same bytes, and leave other commands alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RunError
from gentool.core.example import Example
from gentool.core.jsonl import write_records
from gentool.run import opened

from .two_processes import main

SCRIPT = Path(__file__).with_name("two_processes.py")


def start(nano: Path, source: Path, out: Path, stop: int = 0) -> int:
    """Run the script in two processes; returns the exit status."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [*launcher, str(SCRIPT), str(nano), str(source), str(out), str(stop)]
    return subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, timeout=200, check=False).returncode


def losses(out: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (out / "metrics.jsonl").read_text().splitlines()]


def weights(out: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(out / "model.safetensors")


def test_two_processes_train_as_one_and_go_on_where_they_stopped(nano: Path, examples: list[Example], tmp_path: Path) -> None:
    source = tmp_path / "train.jsonl"
    write_records(source, examples)
    main(str(nano), source, tmp_path / "one", 0)
    assert start(nano, source, tmp_path / "two") == 0
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-5)
    one = weights(tmp_path / "one")
    for name, values in weights(tmp_path / "two").items():
        assert (values - one[name]).norm() <= 1e-4 * one[name].norm() + 1e-6, name
    assert start(nano, source, tmp_path / "stopped", stop=5) != 0
    assert not (tmp_path / "stopped" / "done.json").exists()
    assert start(nano, source, tmp_path / "stopped") == 0
    for name in ("model.safetensors", "metrics.jsonl", "done.json"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_other_commands_refuse_several_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RunError, match="work together in `gentool train` alone"), opened(tmp_path / "run", "demo"):
        pass
