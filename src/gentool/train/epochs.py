"""What an epoch shows: the training examples with the order of their tools drawn anew, and names masked where the recipe says so.

Examples in, examples out; called by gentool.train.stage. One order is drawn for each bundle and epoch and taken for all its
sets, so that their prompts go on sharing what they can; the target stays wherever the draw puts it.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gentool.core.example import Example
from gentool.core.jsonl import read_records
from gentool.core.tool import ToolSet
from gentool.train.masking import MaskingSettings, bundle_of, mask_examples


@dataclass(frozen=True)
class TrainingExamples:
    """Training examples that are read only where they are needed; `fingerprint` tells whether they are the same as before."""

    read: Callable[[], list[Example]]
    fingerprint: str

    @classmethod
    def of_file(cls, path: Path) -> TrainingExamples:
        """Those of a file of examples."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(lambda: list(read_records(path, Example)), digest)

    @cached_property
    def records(self) -> list[Example]:
        return self.read()


def show_epoch(examples: Sequence[Example], masking: MaskingSettings, seed: int, epoch: int) -> list[Example]:
    """The examples as an epoch shows them: their tools in another order, and some under other names."""
    return reorder_tools(mask_examples(examples, masking, seed, epoch), seed, epoch)


def reorder_tools(examples: Sequence[Example], seed: int, epoch: int) -> list[Example]:
    """The examples with their tools in the epoch's order, one order for all sets of a bundle."""
    return [_reorder(example, random.Random(f"order/{seed}/{epoch}/{bundle_of(example)}")) for example in examples]


def _reorder(example: Example, rng: random.Random) -> Example:
    slots = rng.sample(range(len(example.tools)), len(example.tools))
    return example.model_copy(update={"tools": ToolSet.of(example.tools[slot] for slot in slots)})
