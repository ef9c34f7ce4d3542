"""How far two reviewers agree: Cohen's kappa on accepting or not. Pure; called by gentool.review.view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gentool.core.review import Review


@dataclass(frozen=True)
class Agreement:
    """Two reviewers on the `n` queries that both judged: the share on which they agree, and kappa.

    `kappa` is None where it is not defined: n = 0, or both gave one and the same verdict throughout, so that chance alone
    explains all agreement.
    """

    n: int
    agreed: int
    kappa: float | None


def measure_agreement(one: Mapping[str, Review], other: Mapping[str, Review]) -> Agreement:
    """Cohen's kappa of two reviewers' verdicts, by query id.

    Each verdict is `accept` or not: an edit says, as a rejection does, that the query was not right as it stood.
    kappa = (p_o - p_e) / (1 - p_e), with p_o the share of queries on which both agree and p_e the sum over the two verdicts of
    the products of the shares in which each reviewer gives it (J. Cohen, A coefficient of agreement for nominal scales,
    Educational and Psychological Measurement 20, 1960, 37-46).
    """
    shared = sorted(set(one) & set(other))
    if not shared:
        return Agreement(0, 0, None)
    pairs = [(one[query].decision == "accept", other[query].decision == "accept") for query in shared]
    n, agreed = len(pairs), sum(left == right for left, right in pairs)
    left_accepts, right_accepts = sum(left for left, _ in pairs), sum(right for _, right in pairs)
    by_chance = left_accepts * right_accepts + (n - left_accepts) * (n - right_accepts)  # p_e times n squared: whole numbers, no rounding
    if by_chance == n * n:
        return Agreement(n, agreed, None)
    return Agreement(n, agreed, (agreed * n - by_chance) / (n * n - by_chance))
