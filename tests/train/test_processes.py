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
from gentool.train.packing import pack_rows
from gentool.train.ways import Way, sum_losses

from .small_models import make_model, make_rows
from .two_processes import main

HERE = Path(__file__).parent


def launch(script: str, *arguments: object) -> int:
    """Run a script in two processes; returns the exit status."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [*launcher, str(HERE / script), *map(str, arguments)]
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
    assert launch("two_processes.py", nano, source, tmp_path / "two", 0) == 0
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=1e-5)
    one = weights(tmp_path / "one")
    for name, values in weights(tmp_path / "two").items():
        assert (values - one[name]).norm() <= 1e-4 * one[name].norm() + 1e-6, name
    assert launch("two_processes.py", nano, source, tmp_path / "stopped", 5) != 0
    assert not (tmp_path / "stopped" / "done.json").exists()
    assert launch("two_processes.py", nano, source, tmp_path / "stopped", 0) == 0
    for name in ("model.safetensors", "metrics.jsonl", "done.json"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_sharded_model_has_the_same_gradients(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    model = make_model("llama")
    sum_losses(model, pack_rows(make_rows(), 10**6)[0], Way("plain")).backward()
    assert launch("two_shards.py", tmp_path / "gradients") == 0
    sharded = load_file(tmp_path / "gradients")
    for name, parameter in model.named_parameters():
        assert (sharded[name] - parameter.grad).norm() <= 1e-5 * parameter.grad.norm() + 1e-9, name


def test_other_commands_refuse_several_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RunError, match="work together in `gentool train` alone"), opened(tmp_path / "run", "demo"):
        pass
