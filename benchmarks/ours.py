"""Shared-prompt training as one more way to train, beside those of rivals.py. Called by train.py and epoch.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gentool.train.rows import Row
from rivals import Batch

READY = False
"""Until `Ours` is filled in, the benchmarks leave it out."""


class Ours:
    """TO BE FILLED IN with gentool.train.shared: the plan of trunks and branches in `prepare`, the exact step in `step`."""

    name = "ours"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def prepare(self, model: Any, rows: Sequence[Row], batch_size: int) -> list[Batch]:
        raise NotImplementedError("gentool.train.shared")

    def step(self, batch: Batch) -> float:
        raise NotImplementedError("gentool.train.shared")
