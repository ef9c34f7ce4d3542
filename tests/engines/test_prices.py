"""Prices and what was spent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from gentool.engines.engine import Usage
from gentool.engines.prices import Price, Spending, spend


def test_a_million_tokens_of_each_kind_cost_their_price() -> None:
    price = Price(input=2.5, cached_input=0.5, output=10.0)
    assert price.cost(Usage(1_000_000, 0)) == pytest.approx(2.5)
    assert price.cost(Usage(0, 1_000_000)) == pytest.approx(10.0)
    assert price.cost(Usage(1_000_000, 0, cached_prompt_tokens=400_000)) == pytest.approx(0.6 * 2.5 + 0.4 * 0.5)


def test_cached_tokens_cost_as_others_without_a_price_of_their_own() -> None:
    assert Price(input=2.0, output=0).cost(Usage(1_000_000, 0, 500_000)) == pytest.approx(2.0)


def test_a_server_that_counts_more_cached_tokens_than_tokens_is_not_owed_less_than_nothing() -> None:
    assert Price(input=2.0, cached_input=1.0, output=0).cost(Usage(1_000_000, 0, 3_000_000)) == pytest.approx(1.0)


@pytest.mark.parametrize("values", [{"input": -1, "output": 1}, {"input": 1}, {"input": 1, "cached_input": 2, "output": 1}])
def test_prices_that_cannot_be_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Price.model_validate(values)


def test_spending_adds_up() -> None:
    price = Price(input=1.0, output=2.0)
    both = Spending(requests=3, from_cache=1, cost=0.0).add(spend(Usage(100, 50, 10), price)).add(spend(Usage(1, 2), price, estimated=True))
    assert replace(both, cost=None) == Spending(3, 2, 1, 101, 10, 52, True)
    assert both.cost == pytest.approx((101 + 2 * 52) / 1e6)


def test_the_cost_is_unknown_where_any_part_is() -> None:
    assert Spending(cost=1.0).add(spend(Usage(1, 1), None)).cost is None
