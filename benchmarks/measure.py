"""Times, memory and exactness of training steps, side by side.

Named steps in, medians out; called by train.py and epoch.py. Steps take turns round by round, so that what else the machine
does meets all of them alike.
"""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from gentool.train.rows import Row

Step = Callable[[], float]
Gradients = dict[str, torch.Tensor]
MEGABYTE = 1024 * 1024


@dataclass
class Measured:
    """What was measured of one way to train: seconds of each round, and the peak of one step above what was held before it."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    megabytes: float = 0.0

    @property
    def seconds(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.wall)

    @property
    def processor_seconds(self) -> float:
        """The median of the rounds' processor time, of all threads together."""
        return statistics.median(self.processor)


def time_rounds(steps: dict[str, Step], measured: dict[str, Measured], model: Any, rounds: int) -> None:
    """Every step once in each round; gradients are dropped before it, outside the time."""
    for _ in range(rounds):
        for name, step in steps.items():
            wall, processor = time_step(step, model)
            measured[name].wall.append(wall)
            measured[name].processor.append(processor)


def time_step(step: Step, model: Any) -> tuple[float, float]:
    """Seconds by the clock and seconds of this process's threads."""
    model.zero_grad(set_to_none=True)
    gc.collect()
    _synchronise(model)
    wall, processor = time.perf_counter(), time.process_time()
    step()
    _synchronise(model)
    return time.perf_counter() - wall, time.process_time() - processor


def _synchronise(model: Any) -> None:
    if model.device.type == "cuda":
        torch.cuda.synchronize()


def measure_peak(step: Step, model: Any) -> tuple[float, float]:
    """The loss of a step, and the megabytes by which memory rose at most while it ran, its gradients included.

    On a GPU by PyTorch's own count. On a CPU by the kernel's: the resident set's highest value is reset before the step
    (5 into clear_refs, proc(5)), after what was freed has been handed back.
    """
    model.zero_grad(set_to_none=True)
    gc.collect()
    if model.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        loss = step()
        return loss, (torch.cuda.max_memory_allocated() - before) / MEGABYTE
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _read_status("VmRSS")
    loss = step()
    return loss, (_read_status("VmHWM") - before) / 1024


def _read_status(name: str) -> int:
    """A field of this process's status, in kB."""
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0])


def copy_gradients(model: Any) -> Gradients:
    return {name: parameter.grad.detach().clone() for name, parameter in model.named_parameters() if parameter.grad is not None}


@dataclass(frozen=True)
class Deviation:
    """How far a step is from the first one: the loss, the worst parameter's gradient (relative), the cosine of all gradients."""

    loss: float
    gradient: float
    cosine: float


def compare(loss: float, gradients: Gradients, other_loss: float, others: Gradients) -> Deviation:
    """Raises ValueError where other parameters have gradients."""
    if gradients.keys() != others.keys():
        raise ValueError(f"gradients of other parameters: {sorted(gradients.keys() ^ others.keys())[:3]}")
    worst = max(float((others[name] - gradient).norm() / gradient.norm().clamp(min=1e-20)) for name, gradient in gradients.items())
    product, left, right = (sum(values) for values in zip(*(_products(gradients[name], others[name]) for name in gradients), strict=True))
    return Deviation(abs(other_loss - loss), worst, product / (left * right) ** 0.5)


def _products(left: torch.Tensor, right: torch.Tensor) -> tuple[float, float, float]:
    return (
        float((left * right).sum(dtype=torch.float64)),
        float(left.square().sum(dtype=torch.float64)),
        float(right.square().sum(dtype=torch.float64)),
    )


def count_shared_tokens(rows: Sequence[Row]) -> int:
    """The tokens of all rows where every common prefix is counted once: the nodes of their trie, the least that is to be computed."""
    sequences = sorted(row.tokens for row in rows)
    return sum(map(len, sequences)) - sum(_common_prefix(left, right) for left, right in pairwise(sequences))


def _common_prefix(left: list[int], right: list[int]) -> int:
    return next((place for place, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right)))


def print_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, the first to the left."""
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for cells in (heads, *lines):
        print(
            "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(cells, widths, strict=True)))
        )
