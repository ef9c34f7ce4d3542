"""The bases of a small run, and engines whose habits are plain to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gentool.core.example import Example
from gentool.core.jsonl import read_records
from gentool.core.tool import GENERATE_RESPONSE
from gentool.engines.engine import Reply, Request
from gentool.engines.retrieval import answer_with
from gentool.pairs.build import Prepared, prepare_families
from gentool.probe.altered import Base
from gentool.probe.sample import choose_examples, find_bases
from gentool.run import load_run


@dataclass(frozen=True)
class Ground:
    """A run's families with the bases drawn from its test."""

    prepared: Prepared
    bases: list[Base]


@pytest.fixture(scope="session")
def ground(finished: Path) -> Ground:
    run = load_run(finished)
    prepared = prepare_families(finished, run.recipe.pairs, run.recipe.seed)
    examples = choose_examples(list(read_records(finished / "pairs" / "test.jsonl", Example)), 30, seed=0)
    return Ground(prepared, find_bases(examples, prepared.families, prepared.distractors))


@pytest.fixture(scope="session")
def bases(ground: Ground) -> list[Base]:
    return ground.bases


class FirstSlot:
    """Calls whatever stands first."""

    name = "first"

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            yield Reply(request.id, answer_with("select", (request.inputs["tools"].names[0], GENERATE_RESPONSE)))


class Memory:
    """Knows by heart the names that are right for each query, and nothing else: without one of them it abstains."""

    name = "memory"

    def __init__(self, examples: Sequence[Example]) -> None:
        self.names: dict[str, set[str]] = {}
        self.strong = {example.query: example.strong for example in examples}
        for example in examples:
            self.names.setdefault(example.query, set()).add(example.answer.name)

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            query, shown = request.inputs["query"], request.inputs["tools"].names
            known = sorted(self.names.get(query, set()) & set(shown), key=lambda name: name != self.strong[query])
            yield Reply(request.id, answer_with("select", (*known[:1], GENERATE_RESPONSE)))


@pytest.fixture
def first_slot() -> FirstSlot:
    return FirstSlot()


@pytest.fixture
def memory(finished: Path) -> Memory:
    examples = read_records(finished / "pairs" / "test.jsonl", Example)
    return Memory([example for example in examples if example.kind != "unserved"])
