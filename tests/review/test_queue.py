"""What is reviewed: all queries, or a sample that counts families evenly and is the same for every reviewer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gentool.core.errors import RunError
from gentool.core.family import Family
from gentool.core.jsonl import read_records, write_json, write_records
from gentool.review.queue import queue_items, read_families


@pytest.fixture(scope="module")
def families(synthesised: Path) -> list[Family]:
    return list(read_records(synthesised / "synth" / "verified.jsonl", Family))


def test_all_queries_in_the_order_of_the_file(families: list[Family]) -> None:
    wanted = [query.id for family in families for query in family.queries]
    assert [item.query.id for item in queue_items(families, None, 0)] == wanted
    assert [item.query.id for item in queue_items(families, 10**6, 0)] == wanted


@pytest.mark.parametrize("count", [1, 10, 18, 40])
def test_a_sample_counts_families_evenly(families: list[Family], count: int) -> None:
    items = queue_items(families, count, 3)
    counts = Counter(item.family.id for item in items)
    assert len(items) == count == len({item.query.id for item in items})
    most = max(counts.values())
    assert all(counts[family.id] in (most, most - 1) for family in families if len(family.queries) >= most)


def test_a_seed_fixes_the_sample_and_a_smaller_one_is_part_of_it(families: list[Family]) -> None:
    small, again, large, other = (
        {item.query.id for item in queue_items(families, count, seed)} for count, seed in ((20, 1), (20, 1), (30, 1), (20, 2))
    )
    assert small == again < large
    assert small != other


def test_a_run_without_synth_or_without_queries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"synth is not done.*run `gentool synth"):
        read_families(tmp_path)
    write_records(tmp_path / "synth" / "verified.jsonl", [])
    with pytest.raises(RunError, match="synth is not done"):
        read_families(tmp_path)
    write_json(tmp_path / "synth" / "build.json", {})
    with pytest.raises(RunError, match="holds no query to review"):
        read_families(tmp_path)
