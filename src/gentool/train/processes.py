"""Several processes that train together, as torchrun starts them: who writes, and who waits.

Called by gentool.train and gentool.nano; alone, a process is the main one and never waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def processes() -> int:
    """How many processes train together, each with a device of its own (torchrun's WORLD_SIZE)."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def process_number() -> int:
    """Which of them this process is, from 0 (torchrun's RANK)."""
    return int(os.environ.get("RANK", "0"))


def is_main() -> bool:
    """Whether this process is the one that writes, which is number 0."""
    return process_number() == 0


@contextmanager
def main_first() -> Iterator[None]:
    """The main process goes through the block first; the others find done what it did."""
    if processes() == 1:
        yield
        return
    import torch
    from accelerate import PartialState

    with PartialState(cpu=not torch.cuda.is_available()).main_process_first():
        yield
