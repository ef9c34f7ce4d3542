"""Statistics of paired outcomes: two models' right and wrong answers to the same examples, which come in families.

In: differences by family, counts of examples that one model alone has right, p-values. Out: intervals and p-values.
Called by gentool.evaluate.compare and gentool.evaluate.seeds; docs/compare.md has the formulas and their sources.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from gentool.evaluate.intervals import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DRAWS = 10_000
"""Bootstrap samples."""
FEW = 25
"""Below so many examples that one model alone has right McNemar's test is computed exactly."""
WEIGHTS_AT_ONCE = 4_000_000

Bounds = tuple[float | None, float | None]


def bootstrap_intervals(families: Sequence[str], values: npt.NDArray[np.float64], seed: int, draws: int = DRAWS) -> list[Bounds]:
    """95% intervals of means by the cluster bootstrap: whole families are drawn with replacement.

    `families` (examples) names the family of each example. `values` (examples, columns) is 1 where a model is right, else 0; of a
    difference 1 where the second model alone is right, -1 where the first alone is, else 0. All columns share their draws.
    Source: Field and Welsh 2007. Bounds are percentiles (Efron and Tibshirani 1993) at levels that are moved outwards for few families (Hesterberg
    2015). With one family there is no interval.
    """
    import numpy as np

    names, places = np.unique(np.asarray(families), return_inverse=True)
    if len(names) < 2:
        return [(None, None)] * values.shape[1]
    sums = np.zeros((len(names), values.shape[1] + 1))
    np.add.at(sums, places, np.column_stack([values, np.ones(len(places))]))
    drawn = np.concatenate([weights @ sums for weights in _draw_weights(len(names), draws, seed)])
    means = drawn[:, :-1] / drawn[:, -1:]
    tail = expanded_tail(len(names))
    return [(float(low), float(high)) for low, high in np.quantile(means, (tail, 1 - tail), axis=0).T]


def _draw_weights(count: int, draws: int, seed: int) -> Iterator[npt.NDArray[np.float64]]:
    """How often each of `count` families is in each bootstrap sample: blocks of (samples, families)."""
    import numpy as np

    rng = np.random.default_rng(seed)
    block = max(1, WEIGHTS_AT_ONCE // count)
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        chosen = rng.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.asarray(np.bincount(chosen.ravel(), minlength=rows * count), dtype=np.float64).reshape(rows, count)


def expanded_tail(families: int) -> float:
    """The share of bootstrap means beyond each bound: Φ(-√(m/(m-1)) · t) with t the 97.5% quantile of Student's t, m - 1 degrees.

    The bootstrap's spread is too small by √((m-1)/m), and the normal quantile for Student's, where families are few; for many
    it tends to 2.5% (Hesterberg 2015, expanded percentile interval).
    """
    from scipy.special import stdtrit

    quantile = float(stdtrit(families - 1, 0.5 + CONFIDENCE / 2))
    return NormalDist().cdf(-math.sqrt(families / (families - 1)) * quantile)


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p-value of McNemar's test (1947), from the examples that one of two models alone has right.

    Exact (binomial with one half) below 25 of them, else chi-square with one degree of freedom and Edwards' continuity
    correction (1948). 1 where there are none. It takes examples as independent: see docs/compare.md.
    """
    discordant = only_first + only_second
    if discordant < FEW:
        tail = sum(math.comb(discordant, count) for count in range(min(only_first, only_second) + 1))
        return min(1.0, 2 * tail / 2.0**discordant)
    squared = max(abs(only_first - only_second) - 1, 0) ** 2 / discordant
    return math.erfc(math.sqrt(squared / 2))


def adjust_holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (1979) of p-values, in their order: below a level with it, the family-wise error is below that level."""
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=lambda place: values[place])):
        largest = max(largest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = largest
    return adjusted
