"""The curve of a training, from its log."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gentool.core.errors import GenToolError
from gentool.nano.curve import draw_curve


def write_log(path: Path, records: list[dict[str, float]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def record(step: int, **shares: float) -> dict[str, float]:
    return {"step": step, "tokens": 100_000 * step, "seconds": step, "loss": 1.0, **{key.replace("_", " "): share for key, share in shares.items()}}


def test_a_curve_has_a_line_for_each_kind_and_is_the_same_again(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.jsonl", [record(step, copy_choice=0.1 * step, copy_answers=0.05 * step, rules_choice=0.2) for step in range(1, 9)]
    )
    draw_curve(log, tmp_path / "one.svg")
    draw_curve(log, tmp_path / "two.svg")
    drawn = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert drawn == (tmp_path / "two.svg").read_text(encoding="utf-8")
    assert {"copy", "Choices that are right", "million tokens"} <= set(re.findall(r">([^<>]+)</text>", drawn))


def test_a_step_that_stands_twice_counts_as_it_stands_last(tmp_path: Path) -> None:
    first = [record(step, copy_choice=0.9, copy_answers=0.9) for step in (1, 2, 3)]
    again = [record(step, copy_choice=0.1, copy_answers=0.1) for step in (2, 3, 4)]
    draw_curve(write_log(tmp_path / "log.jsonl", first + again), tmp_path / "resumed.svg")
    draw_curve(write_log(tmp_path / "once.jsonl", first[:1] + again), tmp_path / "once.svg")
    assert (tmp_path / "resumed.svg").read_bytes() == (tmp_path / "once.svg").read_bytes()


def test_a_torn_log_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"step": 1}\n{"st', encoding="utf-8")
    with pytest.raises(GenToolError, match=r"log\.jsonl, line 2"):
        draw_curve(log, tmp_path / "torn.svg")
