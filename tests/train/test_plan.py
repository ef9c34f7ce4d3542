"""The plan of a stage: the epochs' rows packed into steps, written once and opened again without rendering anything."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from gentool.core.errors import TrainingError
from gentool.train.packing import Pass
from gentool.train.plan import Plan, Shape, open_plan
from gentool.train.rows import Row

SHAPE = Shape(epochs=2, steps=0, step_rows=4, bundle_rows=4, pass_tokens=1000, max_length=200, seed=0)


def render(epoch: int) -> list[Row]:
    """Ten bundles of three rows that share a prompt, another one in each epoch."""
    rows = []
    for bundle in range(10):
        rng = random.Random(f"{epoch}/{bundle}")
        prompt = [rng.randrange(100) for _ in range(60)]
        rows += [Row(f"{bundle}/{number}", [*prompt, 200 + number, 1, 2], [7] * (number + 1), f"b{bundle}") for number in range(3)]
    return rows


def tokens_of(passes: list[Pass]) -> Counter[tuple[int, ...]]:
    return Counter(tuple(row.tokens) for one in passes for row in one.rows())


def never(_epoch: int) -> list[Row]:
    raise AssertionError("rows were rendered although the plan was there")


def test_each_epoch_holds_its_rows_once(tmp_path: Path) -> None:
    plan = open_plan(tmp_path / "plan", "made of this", SHAPE, render)
    assert len(plan) == 16
    for epoch in range(2):
        steps = [one for number in range(8 * epoch, 8 * epoch + 8) for one in plan[number]]
        assert tokens_of(steps) == Counter(tuple(row.tokens) for row in render(epoch))
    rows = render(0) + render(1)
    assert (plan.about["rows"], plan.about["rows_too_long"], plan.about["epochs"]) == (30, 0, 2)
    assert plan.about["tokens_seen"] == sum(row.length for row in rows)
    assert plan.about["tokens_computed"] == sum(len(one.tokens) for number in range(len(plan)) for one in plan[number])
    assert plan.about["tokens_computed"] < 0.55 * plan.about["tokens_seen"]
    assert plan.about["longest_row"] == 66


def test_a_plan_that_is_there_is_opened_without_rendering(tmp_path: Path) -> None:
    plan = open_plan(tmp_path / "plan", "made of this", SHAPE, render)
    again = open_plan(tmp_path / "plan", "made of this", SHAPE, never)
    assert [tokens_of(again[number]) for number in range(len(again))] == [tokens_of(plan[number]) for number in range(len(plan))]
    assert again.about == plan.about


def test_a_plan_of_something_else_or_half_written_is_made_anew(tmp_path: Path) -> None:
    open_plan(tmp_path / "plan", "made of that", SHAPE, render)
    with pytest.raises(AssertionError, match="rows were rendered"):
        open_plan(tmp_path / "plan", "made of this", SHAPE, never)
    (tmp_path / "plan").mkdir(exist_ok=True)
    (tmp_path / "plan" / "tokens.npy").write_bytes(b"torn")
    assert len(open_plan(tmp_path / "plan", "made of this", SHAPE, render)) == 16


@pytest.mark.parametrize(("change", "rows", "steps"), [({"epochs": 0.5}, 15, 4), ({"epochs": 1.2}, 36, 10), ({"steps": 11}, 44, 12)])
def test_broken_epochs_end_early_and_steps_can_be_counted(tmp_path: Path, change: dict[str, float], rows: int, steps: int) -> None:
    plan = open_plan(tmp_path / "plan", "this", replace(SHAPE, **change), render)  # type: ignore[arg-type]
    assert sum(len(one.leaves) for number in range(len(plan)) for one in plan[number]) == rows
    assert len(plan) == steps


def test_the_seed_makes_the_bytes(tmp_path: Path) -> None:
    def files(name: str, seed: int) -> dict[str, bytes]:
        open_plan(tmp_path / name, "this", replace(SHAPE, seed=seed), render)
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    assert files("a", 1) == files("b", 1)
    assert files("a", 1) != files("c", 2)


def test_rows_that_are_too_long_are_left_out_and_counted(tmp_path: Path) -> None:
    plan = open_plan(tmp_path / "some", "this", replace(SHAPE, max_length=65), render)
    assert (plan.about["rows"], plan.about["rows_too_long"]) == (20, 10)
    with pytest.raises(TrainingError, match="every row is longer than max_length = 10"):
        open_plan(tmp_path / "none", "this", replace(SHAPE, max_length=10), render)
    assert not (tmp_path / "none" / "plan.json").exists()


def test_a_small_budget_makes_several_passes_of_a_step(tmp_path: Path) -> None:
    plan = open_plan(tmp_path / "plan", "this", replace(SHAPE, pass_tokens=80), render)
    assert max(len(plan[number]) for number in range(len(plan))) > 1
    assert isinstance(Plan(tmp_path / "plan")[0][0], Pass)
