"""Which examples are probed: evenly from the families, and the smaller sample part of the larger."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RunError
from gentool.core.example import Example
from gentool.core.jsonl import read_records
from gentool.probe.sample import choose_examples, find_bases


@pytest.fixture(scope="module")
def examples(finished: Path) -> list[Example]:
    return list(read_records(finished / "pairs" / "test.jsonl", Example))


def test_the_sample_is_even_over_families_and_of_both_groups(examples: list[Example]) -> None:
    chosen = choose_examples(examples, 12, seed=0)
    for abstains in (False, True):
        group = [example for example in chosen if example.answer.abstains is abstains]
        fit = [example for example in examples if example.answer.abstains is abstains and example.kind != "unserved"]
        assert len(group) == len({example.id for example in group}) == min(12, len(fit))
        most = Counter(example.family for example in fit)
        counts = Counter(example.family for example in group)
        high = max(counts.values())
        assert all(counts[family] >= high - 1 or counts[family] == count for family, count in most.items())


def test_a_smaller_sample_is_part_of_a_larger_one_and_seeds_differ(examples: list[Example]) -> None:
    few, many = (choose_examples(examples, count, seed=3) for count in (4, 20))
    assert {example.id for example in few} < {example.id for example in many}
    assert few == choose_examples(examples, 4, seed=3)
    assert few != choose_examples(examples, 4, seed=4)


def test_queries_of_no_family_are_not_probed(examples: list[Example]) -> None:
    given = [example.model_copy(update={"kind": kind}) for example, kind in zip(examples, ("unserved", "given"), strict=False)]
    assert choose_examples(given, 5, seed=0) == []


def test_an_example_that_the_run_no_longer_holds_is_refused(ground: Any) -> None:
    lost = ground.bases[0].example.model_copy(update={"query_id": "nobody"})
    with pytest.raises(RunError, match="is of a query that the run no longer holds"):
        find_bases([lost], ground.prepared.families, ground.prepared.distractors)
