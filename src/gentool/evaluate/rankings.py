"""Judging rankings: the one that an answer wrote, and the one that an engine's scores give.

Pure. Called by gentool.evaluate.verdict; docs/metrics.md states the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from gentool.core.example import Example, ScoredRanking
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.reasons import printable
from gentool.prompts import ReadRanking


def has_right_ranking(example: Example) -> bool:
    """Whether one order is right: not where any tool will do, nor where several tools are wanted, which stand in no order."""
    return example.gold != "any_tool" and len({call.name for call in example.calls}) == 1


def judge_ranking(example: Example, ranking: ReadRanking) -> dict[str, Any]:
    """The fields of a verdict that speak of the ranking that was written."""
    if ranking.names is None:
        return {"kendall_tau": 0.0 if len(example.ranking) > 1 else None}
    names = ranking.names
    return {
        "ranked": tuple(printable(name) for name in names),
        "ranking_exact": _until_default(names) == example.ranking,
        "reciprocal_rank": _reciprocal_rank(example.answer.name, names),
        "kendall_tau": kendall_tau(example.ranking, names),
    }


def judge_scores(example: Example, scores: Mapping[str, float]) -> ScoredRanking:
    """The ranking that scores give, judged as one that was written is."""
    names = rank_by_scores(scores)
    return ScoredRanking(
        ranked=tuple(printable(name) for name in names),
        selection=names[0] in example.tools.names if example.gold == "any_tool" else names[0] in {call.name for call in example.calls},
        exact=names == example.ranking,
        reciprocal_rank=_reciprocal_rank(example.answer.name, names),
        kendall_tau=kendall_tau(example.ranking, names),
    )


def rank_by_scores(scores: Mapping[str, float]) -> tuple[str, ...]:
    """The names with a higher score than `generate_response`, best first, equal ones in their order, and then `generate_response`."""
    default = scores.get(GENERATE_RESPONSE, float("-inf"))
    above = [name for name, score in scores.items() if name != GENERATE_RESPONSE and score > default]
    return (*sorted(above, key=lambda name: -scores[name]), GENERATE_RESPONSE)


def _reciprocal_rank(name: str, names: Sequence[str]) -> float:
    return 1 / (names.index(name) + 1) if name in names else 0.0


def _until_default(names: tuple[str, ...]) -> tuple[str, ...]:
    """A ranking up to `generate_response`, which ends it."""
    return names[: names.index(GENERATE_RESPONSE) + 1] if GENERATE_RESPONSE in names else names


def kendall_tau(target: Sequence[str], predicted: Sequence[str]) -> float | None:
    """Kendall's tau-a over the pairs of `target`, from -1 to 1; None where it has fewer than two names.

    A name that `predicted` lacks stands behind all that it has; two such names are tied and count 0.
    """
    positions = {name: position for position, name in reversed(list(enumerate(predicted)))}
    places = [positions.get(name, len(predicted)) for name in target]
    signs = [(later > earlier) - (later < earlier) for earlier, later in combinations(places, 2)]
    return sum(signs) / len(signs) if signs else None
