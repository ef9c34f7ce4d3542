"""Training that leaves a part of the method out, to compare with: as many examples as the full method has, before more sets in its place.

Drawn training examples in, those of a variant out; called by gentool.pairs.build. Which changes training shows is a setting;
the test never depends on it.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from pydantic import Field

from gentool.core.errors import CatalogueError
from gentool.core.example import Example, Kind
from gentool.core.recipe import Settings

Change = Literal["zero_to_one", "weak_to_strong"]
CHANGES: tuple[Change, ...] = get_args(Change)
"""What the full method shows."""
SIDES: dict[Change, tuple[Kind, Kind]] = {"zero_to_one": ("zero", "one"), "weak_to_strong": ("weak", "strong")}
IDLE_ROUNDS = 3
"""After so many rounds in a row that brought no set that was not there yet, there are no more."""
MOST_SHORT = 0.01
"""The share of the examples that may be lacking, as whole pairs need not add up to the same number."""


class VariantSettings(Settings):
    """What training alone has otherwise, to compare with: before the full method's test, and with as many examples.

    queries_per_family: at most so many of a family's queries train. neighbours: training's distractors are drawn from this many
    nearest tools. null is as the full method has it.
    """

    queries_per_family: int | None = Field(default=None, ge=1)
    neighbours: int | None = Field(default=None, ge=1)


def shows_change(example: Example, changes: Sequence[Change], whole: bool) -> bool:
    """Whether a family's training example belongs to one of the changes; `whole`: whether training may see the family's strong tool.

    Without any change every set holds a tool that serves the query, as in plain fine-tuning: the strong one, or the weak one
    where training may not see that.
    """
    if changes:
        return any(example.kind in SIDES[change] for change in changes)
    return example.kind == ("one" if whole else "weak") and not example.answer.abstains


def fill_training(
    draw: Callable[[int], Sequence[Example]],
    changes: Sequence[Change],
    number: int,
    tested: Iterable[Example],
    audit: Counter[str],
    seed: int,
) -> list[Example]:
    """`number` examples of families, or one less, where pairs do not add up to it, that show the changes and no others.

    `draw` gives the examples of a round, each round before other sets. Every query gets a set in turn; no set stands twice
    before one query, and none that the test shows before it (`audit` counts both). Raises CatalogueError where there are too few sets.
    """
    kept: list[Example] = []
    shown, rng, idle, rounds = _sets_of(tested), random.Random(f"variant/{seed}"), 0, 0
    trained: dict[str, set[frozenset[str]]] = defaultdict(set)
    while len(kept) < number and idle < IDLE_ROUNDS:
        before = len(kept)
        for side in _pick_sides(draw(rounds), changes, rng):
            fault = _find_fault(side, shown, trained)
            if fault:
                audit[fault] += 1
            elif len(kept) + len(side) <= number:
                kept += side
                for example in side:
                    trained[example.query_id].add(_names(example))
        rounds, idle = rounds + 1, idle + 1 if len(kept) == before else 0
    if number - len(kept) > MOST_SHORT * number:
        raise CatalogueError(
            f"pairs.changes: {list(changes)} with this pairs.variant leaves {len(kept)} different training examples where the full method has "
            f"{number}: raise pairs.neighbours, add tools to the catalogue, or leave both as they are"
        )
    return kept


def _pick_sides(drawn: Sequence[Example], changes: Sequence[Change], rng: random.Random) -> list[list[Example]]:
    """What is wanted of a round, in random order: whole pairs, or single examples where one side is wanted, or there, alone."""
    whole = {example.family for example in drawn if example.kind == "one"}
    sides: dict[str, list[Example]] = defaultdict(list)
    for example in drawn:
        if shows_change(example, changes, example.family in whole):
            sides[example.pair].append(example)
    return rng.sample(list(sides.values()), len(sides))


def _find_fault(side: Sequence[Example], shown: Mapping[str, set[frozenset[str]]], trained: Mapping[str, set[frozenset[str]]]) -> str | None:
    """Why a pair's sets may not stand before their query, in the words of the audit."""
    if any(_names(example) in shown.get(example.query_id, ()) for example in side):
        return "training_set_that_the_test_shows"
    return "training_set_drawn_before" if any(_names(example) in trained.get(example.query_id, ()) for example in side) else None


def _sets_of(examples: Iterable[Example]) -> dict[str, set[frozenset[str]]]:
    sets: dict[str, set[frozenset[str]]] = defaultdict(set)
    for example in examples:
        sets[example.query_id].add(_names(example))
    return sets


def _names(example: Example) -> frozenset[str]:
    return frozenset(example.tools.names)


def describe_training(train: Sequence[Example], full: Sequence[Example], test: Sequence[Example], changes: Sequence[Change]) -> dict[str, Any]:
    """What build.json says of it: the numbers of examples, and of tests called seen for what the full method alone shows in training."""
    queries, tools = {example.query_id for example in train}, {tool.id for example in train for tool in example.tools}
    answers = [(example, example.tools.by_name(example.answer.name)) for example in test]
    return {
        "changes": ", ".join(changes) or "none",
        "examples": len(train),
        "examples_of_the_full_method": len(full),
        "tests_whose_seen_query_did_not_train": sum(_claims(example, "seen_query_") and example.query_id not in queries for example in test),
        "tests_whose_seen_tool_did_not_train": sum(
            bool(tool and tool.id not in tools) for example, tool in answers if not _claims(example, "unseen_tool")
        ),
    }


def _claims(example: Example, words: str) -> bool:
    """Whether an example's scenario begins or ends with some words."""
    return (example.scenario or "").startswith(words) or (example.scenario or "").endswith(words)
