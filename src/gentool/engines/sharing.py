"""Which prompts are answered together: those that begin with the same tokens, found from token ids alone.

Prompts as token ids in, batches of groups out; called by gentool.engines.hf and gentool.engines.scoring. A group's common
beginning is computed once for all of its prompts, so any chat template will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

WORTH = 16
"""Prompts form a group where they share so many tokens: below that, one more part to compute costs more than it saves."""
Ids = Sequence[int]


@dataclass(frozen=True)
class Group:
    """Prompts, by index, and how many leading tokens all of them share: fewer than any of them has, but for one that is alone."""

    rows: tuple[int, ...]
    shared: int


Batch = list[Group]


def plan_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Indices in batches, longest prompts first; a batch's padded size stays within `batch_tokens` unless one prompt alone exceeds it."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= batch_tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def plan_shared(prompts: Sequence[Ids], batch_tokens: int) -> list[Batch]:
    """Groups in batches under the same bound, which counts every prompt in full: after the shared part each has its own place in memory."""
    groups = plan_groups(prompts, batch_tokens)
    longest = [max(len(prompts[row]) for row in group.rows) for group in groups]
    batches: list[tuple[Batch, int, int]] = []
    for number in sorted(range(len(groups)), key=lambda number: (-longest[number], groups[number].rows)):
        group, length = groups[number], longest[number]
        for place, (batch, rows, most) in enumerate(batches):
            if (rows + len(group.rows)) * most <= batch_tokens:
                batches[place] = ([*batch, group], rows + len(group.rows), most)
                break
        else:
            batches.append(([group], len(group.rows), length))
    return [batch for batch, _, _ in batches]


def plan_groups(prompts: Sequence[Ids], batch_tokens: int) -> list[Group]:
    """The groups with which the fewest tokens are computed; a group of several prompts fits into one batch."""
    order = sorted(range(len(prompts)), key=lambda row: (np.asarray(prompts[row], dtype=">u4").tobytes(), row))
    lengths = [len(prompts[row]) for row in order]
    common = [min(common_length(prompts[left], prompts[right]), len(prompts[left]) - 1, len(prompts[right]) - 1) for left, right in pairwise(order)]
    least, starts = [0], [0]
    for end in range(1, len(order) + 1):
        cost, start = _cheapest_last(end, least, lengths, common, batch_tokens)
        least.append(cost)
        starts.append(start)
    return _read_groups(order, lengths, common, starts)


def _cheapest_last(end: int, least: list[int], lengths: list[int], common: list[int], batch_tokens: int) -> tuple[int, int]:
    """The fewest tokens that the first `end` prompts take, and where their last group starts."""
    shared = longest = total = lengths[end - 1]
    best = (least[end - 1] + total, end - 1)
    for start in range(end - 2, -1, -1):
        rows, shared, longest, total = end - start, min(shared, common[start]), max(longest, lengths[start]), total + lengths[start]
        if shared < WORTH or rows * longest > batch_tokens:
            break
        best = min(best, (least[start] + total - (rows - 1) * shared, start))
    return best


def _read_groups(order: list[int], lengths: list[int], common: list[int], starts: list[int]) -> list[Group]:
    groups, end = [], len(order)
    while end:
        start = starts[end]
        shared = lengths[start] if end - start == 1 else min(common[start : end - 1])
        groups.append(Group(tuple(sorted(order[start:end])), shared))
        end = start
    return groups[::-1]


def common_length(left: Ids, right: Ids) -> int:
    """How many leading tokens two prompts have in common."""
    most = min(len(left), len(right))
    different = np.asarray(left[:most]) != np.asarray(right[:most])
    return int(different.argmax()) if different.any() else most
