"""Statistics of paired outcomes against numbers made by hand, against scipy, and by simulation."""

from __future__ import annotations

import math
import statistics
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from gentool.evaluate.paired import FEW, adjust_holm, bootstrap_intervals, expanded_tail, mcnemar


def column(*values: float) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)[:, None]


@pytest.mark.parametrize(("only_first", "only_second", "p"), [(0, 0, 1.0), (1, 0, 1.0), (0, 2, 0.5), (1, 4, 0.375), (3, 3, 1.0), (0, 6, 2 / 64)])
def test_mcnemar_by_hand(only_first: int, only_second: int, p: float) -> None:
    assert mcnemar(only_first, only_second) == p
    assert mcnemar(only_second, only_first) == p


def test_mcnemar_is_scipy_s_binomial_test_below_25_and_the_corrected_chi_square_from_there() -> None:
    for total in (1, 7, FEW - 1, FEW, 40, 300):
        for only_first in range(0, total + 1, max(1, total // 6)):
            found = mcnemar(only_first, total - only_first)
            exact = stats.binomtest(only_first, total, 0.5).pvalue
            chi_square = stats.chi2.sf(max(abs(2 * only_first - total) - 1, 0) ** 2 / total, 1)
            assert found == pytest.approx(exact if total < FEW else chi_square, rel=1e-9)
            assert found == pytest.approx(exact, abs=0.02), "the two are near each other, so nothing jumps where one takes over"


def test_holm_by_hand_and_against_scipy() -> None:
    assert adjust_holm([]) == []
    assert adjust_holm([0.2]) == [0.2]
    assert adjust_holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjust_holm([0.5, 0.001, 0.9]) == pytest.approx([1.0, 0.003, 1.0])
    values = [0.011, 0.02, 0.001, 0.4, 0.02]
    by_definition = [max(min(1.0, (5 - rank) * value) for rank, value in enumerate(sorted(values)) if value <= own) for own in values]
    assert adjust_holm(values) == pytest.approx(by_definition)
    assert all(holm >= other for holm, other in zip(adjust_holm(values), stats.false_discovery_control(values), strict=True))


def test_the_tail_is_that_of_student_s_t_and_tends_to_the_normal_s() -> None:
    for families in (2, 3, 10, 50):
        quantile = math.sqrt(families / (families - 1)) * stats.t.ppf(0.975, families - 1)
        assert expanded_tail(families) == pytest.approx(stats.norm.cdf(-quantile), rel=1e-6, abs=1e-12)
    assert expanded_tail(100_000) == pytest.approx(0.025, abs=1e-5)


def test_intervals_of_few_families_by_hand() -> None:
    """With 2 or 3 families the levels are so far out that the bounds are the least and the greatest family mean."""
    families = ["a", "a", "a", "a", "b", "b", "c"]
    differences = column(1, 0, 0, 0, 1, 1, -1)
    assert bootstrap_intervals(families, differences, seed=0) == [(-1.0, 1.0)]
    assert bootstrap_intervals(families[:6], differences[:6], seed=0) == [(0.25, 1.0)]
    assert bootstrap_intervals(families[:4], differences[:4], seed=0) == [(None, None)]


def test_intervals_are_the_quantiles_of_all_samples_there_are() -> None:
    """Five families give 3125 samples, which can all be counted: the ratio of the drawn differences to the drawn examples."""
    sums, sizes = (1, 2, 0, -1, 3), (2, 4, 3, 1, 5)
    families = [name for name, size in zip("abcde", sizes, strict=True) for _ in range(size)]
    differences = column(*(np.sign(total) * (place < abs(total)) for total, size in zip(sums, sizes, strict=True) for place in range(size)))
    every = [sum(sums[i] for i in drawn) / sum(sizes[i] for i in drawn) for drawn in product(range(5), repeat=5)]
    tail = expanded_tail(5)
    ((low, high),) = bootstrap_intervals(families, differences, seed=3, draws=200_000)
    assert (low, high) == pytest.approx(tuple(np.quantile(every, (tail, 1 - tail))), abs=0.01)


def test_many_single_families_give_the_normal_interval() -> None:
    differences = column(*([1.0] * 60 + [-1.0] * 30 + [0.0] * 310))
    ((low, high),) = bootstrap_intervals([str(number) for number in range(400)], differences, seed=0)
    half = 1.96 * statistics.pstdev(differences.ravel()) / math.sqrt(400)
    assert (low, high) == pytest.approx((30 / 400 - half, 30 / 400 + half), abs=0.003)


def test_the_order_of_examples_and_the_direction_change_nothing_but_the_sign() -> None:
    rng = np.random.default_rng(5)
    families = [f"f{number % 13}" for number in range(90)]
    differences = rng.integers(-1, 2, size=(90, 2)).astype(np.float64)
    found = bootstrap_intervals(families, differences, seed=1)
    order = rng.permutation(90)
    shuffled = bootstrap_intervals([families[place] for place in order], differences[order], seed=1)
    mirrored = bootstrap_intervals(families, -differences, seed=1)
    for (low, high), other, turned in zip(found, shuffled, mirrored, strict=True):
        assert other == pytest.approx((low, high), abs=1e-12)
        assert turned == pytest.approx((-high, -low), abs=1e-12)
    assert bootstrap_intervals(families, differences[:, :1], seed=1) == found[:1], "comparisons share their draws"
    assert bootstrap_intervals(families, differences, seed=2) != found


def test_large_test_sets_are_drawn_in_blocks_of_the_same_draws() -> None:
    families = [str(number) for number in range(3000)]
    differences = column(*(float(number % 3 == 0) for number in range(3000)))
    ((low, high),) = bootstrap_intervals(families, differences, seed=0, draws=3000)
    assert low is not None and high is not None
    assert 0.31 < low < 1 / 3 < high < 0.36


def simulate(rng: np.random.Generator, families: int) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Families of 2 to 11 examples, in each of which two models are good together, and one better by a step of the family's own."""
    names: list[str] = []
    outcomes: list[npt.NDArray[np.float64]] = []
    for family in range(families):
        size, skill, step = int(rng.integers(2, 12)), rng.normal(), 0.4 + 0.7 * rng.normal()
        query = skill + 0.8 * rng.normal(size=size)
        first, second = query + 0.5 * rng.normal(size=size) > 0, query + step + 0.5 * rng.normal(size=size) > 0
        names += [str(family)] * size
        outcomes.append(second.astype(np.float64) - first)
    return names, np.concatenate(outcomes)[:, None]


@pytest.mark.parametrize(("families", "least", "most_if_independent"), [(5, 0.87, 0.87), (10, 0.91, 0.87), (40, 0.91, 0.87)])
def test_coverage_on_simulated_families(families: int, least: float, most_if_independent: float) -> None:
    """How often the interval holds the truth, beside one that takes examples as independent; `pytest -s` prints both."""
    rng = np.random.default_rng(families)
    truth = float(simulate(np.random.default_rng(1), 40_000)[1].mean())
    held, held_if_independent, runs = 0, 0, 400
    for run in range(runs):
        names, differences = simulate(rng, families)
        ((low, high),) = bootstrap_intervals(names, differences, seed=run, draws=2000)
        assert low is not None and high is not None
        held += low <= truth <= high
        held_if_independent += abs(differences.mean() - truth) <= 1.96 * differences.std(ddof=1) / math.sqrt(len(differences))
    print(f"{families} families: {held / runs:.3f}, as independent examples {held_if_independent / runs:.3f}")
    assert least <= held / runs
    assert held_if_independent / runs <= most_if_independent
