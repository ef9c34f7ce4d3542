"""The worked examples of few-shot prediction: which training examples they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gentool.core.errors import RunError
from gentool.core.example import Example
from gentool.core.jsonl import read_records, write_records
from gentool.evaluate.shots import choose_shots, pick_by_turns

KINDS = ("zero", "one", "weak", "strong")
Make = Callable[..., Example]


@pytest.fixture
def run(tmp_path: Path, make_example: Make) -> Path:
    """Six families that train, the first of which is tested too, as its query is seen."""
    train = [make_example(kind, family=f"family{n}").model_copy(update={"query": f"Query {n}?"}) for n in range(6) for kind in KINDS]
    write_records(tmp_path / "pairs" / "train.jsonl", train)
    write_records(tmp_path / "pairs" / "test.jsonl", [example.model_copy(update={"id": f"test {example.id}"}) for example in train[:4]])
    return tmp_path


@pytest.mark.parametrize("seed", range(8))
def test_shots_are_training_examples_with_queries_that_the_test_does_not_ask(run: Path, seed: int) -> None:
    shots = choose_shots(run, 8, seed)
    assert len({shot.id for shot in shots}) == 8
    assert {shot.id for shot in shots} <= {example.id for example in read_records(run / "pairs" / "train.jsonl", Example)}
    assert "Query 0?" not in {shot.query for shot in shots}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_few_shots_hold_a_call_and_an_abstention_and_are_of_different_families(run: Path, count: int, seed: int) -> None:
    shots = choose_shots(run, count, seed)
    assert {shot.answer.abstains for shot in shots} == {True, False}
    assert len({shot.family for shot in shots}) == count


def test_four_shots_are_of_all_kinds_in_an_order_that_the_seed_draws(run: Path) -> None:
    drawn = [choose_shots(run, 4, seed) for seed in range(8)]
    assert all({shot.kind for shot in shots} == set(KINDS) for shots in drawn)
    assert len({tuple(shot.kind for shot in shots) for shots in drawn}) > 1
    assert choose_shots(run, 4, 3) == drawn[3]


def test_kinds_that_are_not_there_are_passed_over(make_example: Make) -> None:
    calls = [make_example("one", family=f"family{n}") for n in range(3)]
    assert pick_by_turns(calls, 2) == calls[:2]
    assert pick_by_turns(calls, 9) == calls


def test_a_run_without_training_examples_says_so(run: Path) -> None:
    write_records(run / "pairs" / "train.jsonl", list(read_records(run / "pairs" / "train.jsonl", Example))[:4])
    with pytest.raises(RunError, match="holds no training example to show beforehand"):
        choose_shots(run, 4, 0)
