"""Wilson's interval against values worked out by hand, and what clustering does to it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.evaluate.intervals import Proportion, design_effect, effective_size, estimate_proportion, wilson_interval


@pytest.mark.parametrize(
    ("value", "size", "low", "high"),
    [
        # z = 1.95996, z^2 = 3.84146. 0 of 10: high = z^2/(n + z^2) = 3.84146/13.84146.
        (0.0, 10, 0.0, 0.277533),
        (1.0, 10, 0.722467, 1.0),
        # 5 of 10: centre 0.5, half = z * sqrt(0.25/10 + z^2/400) / (1 + z^2/10) = 0.263407.
        (0.5, 10, 0.236593, 0.763407),
        # 80 of 100: centre 0.788901, half 0.077790 (as in Newcombe 1998's method 3).
        (0.8, 100, 0.711170, 0.866633),
    ],
)
def test_wilson_interval_by_hand(value: float, size: int, low: float, high: float) -> None:
    assert wilson_interval(value, size) == pytest.approx((low, high), abs=2e-6)


def test_no_example_gives_null_and_no_nan() -> None:
    assert estimate_proportion([]) == Proportion(None, None, None, 0, 0.0)


def test_one_example_a_family_is_plain_wilson() -> None:
    outcomes = [(f"family{number}", number < 8) for number in range(10)]
    found = estimate_proportion(outcomes)
    assert design_effect([(int(right), 1) for _, right in outcomes]) == pytest.approx(1.0)
    assert (found.low, found.high) == pytest.approx(wilson_interval(0.8, 10))


def test_design_effect_by_hand() -> None:
    # 4 families of 5: 5, 5, 3, 1 right of 20, p = 0.7. Residuals 1.5, 1.5, -0.5, -2.5, squares 11.
    # Between: 4/3 * 11/400 = 0.0366667. Independent: 0.7 * 0.3 / 19 = 0.0110526. Design effect 3.3174603, 20 over it 6.0287081.
    families = [(5, 5), (5, 5), (3, 5), (1, 5)]
    assert design_effect(families) == pytest.approx(3.3174603)
    assert effective_size(families) == pytest.approx(6.0287081)
    outcomes = [(str(number), index < right) for number, (right, size) in enumerate(families) for index in range(size)]
    found = estimate_proportion(outcomes)
    assert found.value == 0.7
    assert (found.low, found.high) == pytest.approx(wilson_interval(0.7, 6.0287081))


def test_evenly_spread_errors_never_count_as_more_than_independent() -> None:
    assert design_effect([(1, 2)] * 10) == 1.0


def test_families_that_stand_or_fall_whole_count_once() -> None:
    size = effective_size([(10, 10)] * 5 + [(0, 10)] * 5)
    assert size == pytest.approx(100 / (10 / 9 * 250 / 100**2 / (0.25 / 99)))
    assert 9 < size < 10


def test_interval_widens_with_clustering() -> None:
    """The same 20 of 40 over ten families: the more the families differ, the wider."""
    widths = []
    for swing in (0, 1, 2):
        families = [(2 + swing if number % 2 else 2 - swing, 4) for number in range(10)]
        low, high = wilson_interval(0.5, effective_size(families))
        widths.append(high - low)
    assert widths[0] < widths[1] < widths[2]


def test_all_right_counts_families_not_examples() -> None:
    found = estimate_proportion([(f"family{number % 4}", True) for number in range(40)])
    assert (found.value, found.n, found.effective_n, found.high) == (1.0, 40, 4.0, 1.0)
    assert found.low == pytest.approx(4 / (4 + 1.959964**2), abs=1e-6)


def test_one_family_counts_once() -> None:
    assert estimate_proportion([("only", number < 30) for number in range(40)]).effective_n == 1.0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), min_size=1, max_size=60))
def test_value_lies_between_its_bounds(outcomes: list[tuple[str, bool]]) -> None:
    found = estimate_proportion(outcomes)
    assert found.value is not None and found.low is not None and found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high and not math.isnan(found.low)
    assert 1 <= found.effective_n <= found.n == len(outcomes)
