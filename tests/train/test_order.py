"""The order of training: each epoch holds every row once, anew, and by the seed alone."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.train.order import BATCHES_SORTED_TOGETHER, order_rows
from gentool.train.rows import Row


def build_rows(lengths: list[int]) -> list[Row]:
    return [Row(str(number), [0] * length, [1]) for number, length in enumerate(lengths)]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.integers(1, 9), st.integers(0, 3))
def test_every_epoch_holds_every_row_once(lengths: list[int], batch_size: int, seed: int) -> None:
    rows = build_rows(lengths)
    ordered = order_rows(rows, 3, batch_size, seed)
    for epoch in range(3):
        assert Counter(row.id for row in ordered[epoch * len(rows) : (epoch + 1) * len(rows)]) == Counter(row.id for row in rows)


@pytest.mark.parametrize(("epochs", "count"), [(0.5, 5), (1, 10), (2.3, 23), (0.04, 0)])
def test_a_broken_epoch_ends_early(epochs: float, count: int) -> None:
    rows = build_rows(list(range(10)))
    ordered = order_rows(rows, epochs, 4, seed=0)
    assert len(ordered) == count
    assert ordered == order_rows(rows, 3, 4, seed=0)[:count]


def test_the_seed_and_the_epoch_make_the_order() -> None:
    rows = build_rows([5] * 30)
    once = order_rows(rows, 2, 4, seed=1)
    random.seed(99)
    assert order_rows(rows, 2, 4, seed=1) == once
    assert order_rows(rows, 2, 4, seed=2) != once
    assert once[:30] != once[30:]
    assert once[:30] != rows


def test_batches_hold_rows_of_like_length_in_no_order_of_length() -> None:
    rng = random.Random(0)
    rows = build_rows([rng.randrange(1, 1000) for _ in range(8 * BATCHES_SORTED_TOGETHER)])
    ordered = order_rows(rows, 1, 8, seed=0)
    batches = [[row.length for row in ordered[start : start + 8]] for start in range(0, len(ordered), 8)]
    padding = sum(max(batch) * len(batch) - sum(batch) for batch in batches)
    assert padding < 0.05 * sum(row.length for row in rows)
    longest = [max(batch) for batch in batches]
    assert longest != sorted(longest)
    assert longest != sorted(longest, reverse=True)
