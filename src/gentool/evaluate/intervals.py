"""95% intervals of proportions whose examples come in families.

In: for each example its family and whether it is right. Out: the proportion with its bounds. Called by gentool.evaluate.metrics.
Sources and a worked example: docs/metrics.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
"""The normal quantile of a two-sided 95% interval, 1.95996."""


@dataclass(frozen=True)
class Proportion:
    """A share of right examples with its 95% interval; value and bounds are None where there is no example.

    `n` is the number of examples, `effective_n` the number of independent ones that carry as much information.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    effective_n: float


def estimate_proportion(outcomes: Iterable[tuple[str, bool]]) -> Proportion:
    """The share of right outcomes; each is the family of an example and whether it is right."""
    sizes: Counter[str] = Counter()
    rights: Counter[str] = Counter()
    for family, right in outcomes:
        sizes[family] += 1
        rights[family] += right
    total = sizes.total()
    if not total:
        return Proportion(None, None, None, 0, 0.0)
    value = rights.total() / total
    effective = effective_size([(rights[family], size) for family, size in sizes.items()])
    low, high = wilson_interval(value, effective)
    return Proportion(value, low, high, total, effective)


def wilson_interval(value: float, size: float) -> tuple[float, float]:
    """Wilson's score interval (1927) of a proportion among `size` independent examples (above 0, need not be whole)."""
    squared = Z * Z / size
    centre = (value + squared / 2) / (1 + squared)
    half = math.sqrt(value * (1 - value) * squared + squared * squared / 4) / (1 + squared)
    # Where the bounds are exact (0 at a proportion of 0, 1 at 1) rounding must not move them past the value.
    return min(max(centre - half, 0.0), value), max(min(centre + half, 1.0), value)


def effective_size(families: Collection[tuple[int, int]]) -> float:
    """The effective sample size of clustered examples: their number over the design effect.

    `families` holds (right examples, examples) of each family, with at least one example in all. At a proportion of 0 or
    1, and with one family, no variance between families can be seen: then it is the number of families.
    """
    total = sum(size for _, size in families)
    right = sum(count for count, _ in families)
    if right in (0, total) or len(families) == 1:
        return float(len(families))
    return total / design_effect(list(families))


def design_effect(families: Sequence[tuple[int, int]]) -> float:
    """Kish's design effect (1965) of a proportion: its variance between families over that of as many independent examples.

    The variance between families is the ratio estimator's (Cochran 1977; Rao and Scott 1992). At least 1: clustering is never
    taken to add information. Needs two families and a proportion strictly between 0 and 1; exactly 1 where each family has
    one example.
    """
    number = len(families)
    total = sum(size for _, size in families)
    value = sum(right for right, _ in families) / total
    between = number / (number - 1) * sum((right - value * size) ** 2 for right, size in families) / total**2
    independent = value * (1 - value) / (total - 1)
    return max(1.0, between / independent)
