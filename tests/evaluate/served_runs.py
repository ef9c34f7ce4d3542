"""Runs of few test examples whose predictions a server is to make, for the tests of gentool.evaluate.served and estimate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from teacher_server import TeacherServer

from gentool.core.example import Example, Prediction, Verdict
from gentool.core.jsonl import read_records, write_records

Gentool = Callable[..., Any]
COUNT = 24


def prepare(run_copy: Path) -> Path:
    """A run of few test examples, of all kinds, without predictions."""
    for path in (run_copy / "predict").iterdir():
        path.unlink()
    by_kind: dict[str, list[Example]] = {}
    for example in read_records(run_copy / "pairs" / "test.jsonl", Example):
        by_kind.setdefault(example.kind, []).append(example)
    write_records(run_copy / "pairs" / "test.jsonl", [example for kind in by_kind.values() for example in kind[: COUNT // 4]])
    return run_copy


def examples_of(run: Path) -> list[Example]:
    return list(read_records(run / "pairs" / "test.jsonl", Example))


def configure(run: Path, server: TeacherServer | str, native: bool = False, **openai: Any) -> None:
    """Write the server, and how answers are asked for, into the run's recipe."""
    recipe = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))
    url = server if isinstance(server, str) else server.base_url
    recipe["predict"]["openai"] |= {"base_url": url, "concurrency": 4, "max_retries": 2, **openai}
    recipe["prompts"] |= {"answer": "native", "tools": "json"} if native else {}
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")


def predictions_of(run: Path, name: str = "m") -> dict[str, Prediction]:
    return {prediction.id: prediction for prediction in read_records(run / "predict" / f"{name}.jsonl", Prediction)}


def verdicts_of(run: Path, gentool: Gentool, name: str = "m") -> dict[str, Verdict]:
    assert gentool("score", run).status == 0
    return {verdict.id: verdict for verdict in read_records(run / "score" / f"{name}.verdicts.jsonl", Verdict)}


def edit_recipe(run: Path, **predict: Any) -> None:
    recipe = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))
    recipe["predict"] |= predict
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
