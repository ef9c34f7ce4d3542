"""Worked examples for few-shot prediction: a run's training examples in, the few that stand before every query out.

Called by gentool.evaluate.predictors; gentool.prompts renders them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from gentool.core.errors import RunError
from gentool.core.example import Example, Kind
from gentool.core.jsonl import read_records

TURNS: tuple[Kind, ...] = ("one", "zero", "strong", "unserved", "weak")
"""Kinds in the order in which they get a worked example: calls and abstentions by turns, so that few hold both."""


def choose_shots(run: Path, count: int, seed: int) -> tuple[Example, ...]:
    """`count` training examples of a run, drawn from the seed: its kinds by turns, of different families as far as there are.

    None has a query that the run's test asks. Raises RunError where nothing is left to draw from.
    """
    train, test = (run / "pairs" / name for name in ("train.jsonl", "test.jsonl"))
    asked = {example.query for example in read_records(test, Example)} if test.exists() else set()
    usable = [example for example in read_records(train, Example) if example.query not in asked] if train.exists() else []
    if not usable:
        raise RunError(f"{train}: holds no training example to show beforehand (few_shot:), beside queries of the test")
    rng = random.Random(f"shots/{seed}")
    shots = pick_by_turns(rng.sample(usable, len(usable)), count)
    return tuple(rng.sample(shots, len(shots)))


def pick_by_turns(examples: Sequence[Example], count: int) -> list[Example]:
    """The first `count` examples that are of each kind in turn, those of families that were not picked yet first."""
    picked: list[Example] = []
    left = {kind: [example for example in examples if example.kind == kind] for kind in TURNS}
    while len(picked) < count and any(left.values()):
        for kind in TURNS:
            if left[kind] and len(picked) < count:
                families = {example.family for example in picked}
                best = min(left[kind], key=lambda example: example.family in families)
                left[kind].remove(best)
                picked.append(best)
    return picked
