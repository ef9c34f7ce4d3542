"""The order of training: each epoch holds every row once, rows of a bundle side by side, and by the seed alone."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gentool.train.order import cut_bundles, order_epoch
from gentool.train.rows import Row


def build_rows(sizes: list[int]) -> list[Row]:
    """A bundle of each size, its rows apart in their last prompt token."""
    return [Row(f"{bundle}/{number}", [bundle, 7, number, 0], [1], f"b{bundle}") for bundle, size in enumerate(sizes) for number in range(size)]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=20), st.integers(1, 9), st.integers(1, 9), st.integers(0, 3))
def test_every_row_once_in_full_steps(sizes: list[int], step_rows: int, bundle_rows: int, seed: int) -> None:
    rows = build_rows(sizes)
    steps = order_epoch(rows, step_rows, bundle_rows, random.Random(seed))
    assert Counter(row.id for step in steps for row in step) == Counter(row.id for row in rows)
    assert all(len(step) == step_rows for step in steps[:-1])
    assert len(steps) == -(-len(rows) // step_rows)


def test_a_step_holds_pieces_of_several_bundles() -> None:
    steps = order_epoch(build_rows([8] * 16), step_rows=16, bundle_rows=4, rng=random.Random(0))
    counts = [Counter(row.bundle for row in step) for step in steps]
    assert all(len(step) == 16 for step in steps)
    assert all(count % 4 == 0 for step in counts for count in step.values())
    assert max(len(step) for step in counts) == 4


def test_bundles_are_cut_where_rows_share_least() -> None:
    rows = [Row(f"{first}{second}", [5, first, second], [1], "b") for second in range(2) for first in range(3)]
    assert [[row.id for row in piece] for piece in cut_bundles(rows, 2)] == [["00", "01"], ["10", "11"], ["20", "21"]]


def test_rows_without_a_bundle_stand_alone() -> None:
    rows = [Row(str(number), [1, 2], [3]) for number in range(3)]
    assert cut_bundles(rows, 16) == [[row] for row in rows]


def test_the_seed_makes_the_order() -> None:
    rows = build_rows([4] * 30)
    once = order_epoch(rows, 8, 4, random.Random(1))
    assert order_epoch(rows, 8, 4, random.Random(1)) == once
    assert order_epoch(rows, 8, 4, random.Random(2)) != once
