"""Cohen's kappa: worked examples, and where it is not defined."""

from __future__ import annotations

import pytest

from gentool.core.family import Query
from gentool.core.review import Decision, Review
from gentool.review.agreement import Agreement, measure_agreement


def verdicts(decisions: dict[str, Decision]) -> dict[str, Review]:
    edited = Query(id="e", text="x", strong="s")
    return {
        query: Review(query=query, content="c", reviewer="r", decision=decision, reason="no", edited=edited if decision == "edit" else None)
        for query, decision in decisions.items()
    }


def build(both: int, only_one: int, only_other: int, neither: int) -> tuple[dict[str, Review], dict[str, Review]]:
    """Verdicts of two reviewers by the four cells of their table."""
    kinds: list[tuple[int, Decision, Decision]] = [
        (both, "accept", "accept"),
        (only_one, "accept", "reject"),
        (only_other, "reject", "accept"),
        (neither, "reject", "reject"),
    ]
    cells = [(one, other) for count, one, other in kinds for _ in range(count)]
    left, right = ({str(n): cell[side] for n, cell in enumerate(cells)} for side in (0, 1))
    return verdicts(left), verdicts(right)


def test_a_worked_example() -> None:
    # 50 queries: both accept 20, only the first 5, only the second 10, both reject 15. p_o = 35/50 = 0.7;
    # p_e = 25/50 * 30/50 + 25/50 * 20/50 = 0.5; kappa = (0.7 - 0.5) / (1 - 0.5) = 0.4
    found = measure_agreement(*build(20, 5, 10, 15))
    assert (found.n, found.agreed) == (50, 35)
    assert found.kappa == pytest.approx(0.4)


def test_agreement_by_chance_is_zero_and_the_opposite_is_below() -> None:
    assert measure_agreement(*build(9, 3, 3, 1)).kappa == 0
    assert measure_agreement(*build(0, 5, 5, 0)).kappa == -1
    assert measure_agreement(*build(5, 0, 0, 5)).kappa == 1


def test_one_verdict_throughout_leaves_kappa_undefined() -> None:
    assert measure_agreement(*build(7, 0, 0, 0)) == Agreement(7, 7, None)
    assert measure_agreement(*build(7, 1, 0, 0)).kappa == 0


def test_only_shared_queries_count_and_an_edit_is_not_an_acceptance() -> None:
    one = verdicts({"a": "accept", "b": "edit", "c": "reject", "d": "accept"})
    other = verdicts({"a": "accept", "b": "accept", "c": "edit", "e": "reject"})
    found = measure_agreement(one, other)
    assert (found.n, found.agreed) == (3, 2)
    assert found.kappa == pytest.approx(0.4)
    assert measure_agreement(one, {}) == Agreement(0, 0, None)
