"""The order in which rows are trained: every epoch anew, rows of like length side by side so that batches hold little padding.

Rows in, rows out; called by gentool.train.stage. The order depends on the seed alone, so a run that was stopped goes on in it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from gentool.train.rows import Row

BATCHES_SORTED_TOGETHER = 32


def order_rows(rows: Sequence[Row], epochs: float, batch_size: int, seed: int) -> list[Row]:
    """The rows of all epochs, one after the other; a broken epoch ends early."""
    wanted = round(epochs * len(rows))
    ordered: list[Row] = []
    for epoch in range(math.ceil(epochs)):
        ordered += _order_epoch(rows, batch_size, random.Random(f"{seed}/{epoch}"))
    return ordered[:wanted]


def _order_epoch(rows: Sequence[Row], batch_size: int, rng: random.Random) -> list[Row]:
    """Shuffle, sort stretches of some batches by length, and shuffle the batches."""
    shuffled = rng.sample(rows, len(rows))
    stretch = batch_size * BATCHES_SORTED_TOGETHER
    grouped = [row for start in range(0, len(rows), stretch) for row in sorted(shuffled[start : start + stretch], key=lambda row: row.length)]
    batches = [grouped[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    rng.shuffle(batches)
    return [row for batch in batches for row in batch]
