"""Aggregating verdicts: the outcomes of a test set in, the tables of a score file out.

Pure. Called by gentool.evaluate.score. docs/metrics.md gives each formula; shares carry intervals that allow for families
(gentool.evaluate.intervals).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from gentool.core.example import AFTER, ERROR_CLASSES, REASON_CODES, SCENARIOS, Kind, ScoredRanking, Verdict
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.intervals import estimate_proportion
from gentool.evaluate.rankings import has_right_ranking
from gentool.evaluate.verdict import Outcome

Table = dict[str, Any]
TRANSITIONS: dict[str, Kind] = {"zero_to_one": "zero", "weak_to_strong": "weak"}
"""The kind of a pair's first example by the pair's name."""
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Pair:
    """The two outcomes of a pair: before and after the better tool appears."""

    before: Outcome
    after: Outcome


def summarise(outcomes: Sequence[Outcome]) -> Table:
    """All metrics of some outcomes, those of a scenario for one."""
    return {
        "n": len(outcomes),
        "format": share(outcomes, lambda outcome: outcome.verdict.format),
        "format_without_repairs": share(outcomes, lambda outcome: outcome.verdict.format and not outcome.mended),
        "selection": share(outcomes, lambda outcome: outcome.verdict.selection),
        "selection_lenient": share(outcomes, lambda outcome: outcome.verdict.selection_lenient),
        "parameter_names": summarise_names(outcomes),
        "parameter_values": summarise_values(outcomes),
        "call": share(outcomes, lambda outcome: outcome.verdict.call),
        "ranking": summarise_ranking(outcomes),
        "ranking_by_scores": summarise_scores(outcomes),
        "abstention": summarise_abstention(outcomes),
        "errors": count_errors(outcomes),
        "reasons": count_reasons(outcomes),
    }


def share(outcomes: Iterable[Outcome], right: Callable[[Outcome], bool | None]) -> Table:
    """The share of outcomes that are right: value, low, high, n. None counts as not right."""
    return _share_of((outcome.example.family, bool(right(outcome))) for outcome in outcomes)


def _share_of(results: Iterable[tuple[str, bool]]) -> Table:
    found = estimate_proportion(results)
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}


def summarise_names(outcomes: Sequence[Outcome]) -> Table:
    """Exact sets of argument names, over the examples whose right arguments are known; precision, recall and F1 micro over names of all."""
    calls = [outcome for outcome in outcomes if outcome.verdict.parameter_names is not None]
    right_tool = [outcome for outcome in calls if outcome.verdict.selection]
    matched, given, wanted = (sum(getattr(outcome.names, field) for outcome in outcomes) for field in ("matched", "given", "wanted"))
    return {
        **share(calls, lambda outcome: outcome.verdict.parameter_names),
        **precision_recall_f1(matched, given, wanted),
        "matched_names": matched,
        "given_names": given,
        "wanted_names": wanted,
        "given_right_tool": share(right_tool, lambda outcome: outcome.verdict.parameter_names),
    }


def summarise_values(outcomes: Sequence[Outcome]) -> Table:
    """Equal arguments by each rule, and their mean likeness, over the examples whose right arguments are known and over those with the right tool."""
    calls = [outcome for outcome in outcomes if outcome.verdict.parameter_values is not None]
    right_tool = [outcome for outcome in calls if outcome.verdict.selection]
    return {**_share_values(calls), "given_right_tool": _share_values(right_tool)}


def _share_values(outcomes: Sequence[Outcome]) -> Table:
    return {
        **share(outcomes, lambda outcome: outcome.verdict.parameter_values),
        "normalised": share(outcomes, lambda outcome: outcome.verdict.parameter_values_normalised),
        "coerced": share(outcomes, lambda outcome: outcome.verdict.parameter_values_coerced),
        "levenshtein": _mean([outcome.verdict.parameter_values_levenshtein or 0.0 for outcome in outcomes]),
    }


def summarise_ranking(outcomes: Sequence[Outcome]) -> Table:
    """Rankings: exact (a share), mean reciprocal rank, mean Kendall's tau over the `kendall_tau_n` targets of two names or more.

    Over the examples for which one order is right.
    """
    ranked = [outcome for outcome in outcomes if has_right_ranking(outcome.example)]
    taus = [outcome.verdict.kendall_tau for outcome in ranked if outcome.verdict.kendall_tau is not None]
    return {
        "n": len(ranked),
        "exact": share(ranked, lambda outcome: outcome.verdict.ranking_exact),
        "mrr": _mean([outcome.verdict.reciprocal_rank for outcome in ranked]),
        "kendall_tau": _mean(taus),
        "kendall_tau_n": len(taus),
        "unreadable": sum(outcome.verdict.ranked is None for outcome in ranked),
    }


def summarise_scores(outcomes: Sequence[Outcome]) -> Table | None:
    """The same of the rankings that an engine's scores give, the selection by the highest score, and how often both ways begin alike.

    Over the examples whose prediction has scores; None where none has.
    """
    scored = [(outcome, found) for outcome in outcomes if (found := outcome.verdict.by_scores) is not None]
    ordered = [(outcome, found) for outcome, found in scored if has_right_ranking(outcome.example)]
    taus = [found.kendall_tau for _, found in ordered if found.kendall_tau is not None]

    def share_of(some: Sequence[tuple[Outcome, ScoredRanking]], right: Callable[[Verdict, ScoredRanking], bool]) -> Table:
        return _share_of((outcome.example.family, right(outcome.verdict, found)) for outcome, found in some)

    return (
        None
        if not scored
        else {
            "n": len(scored),
            "selection": share_of(scored, lambda _, found: found.selection),
            "exact": share_of(ordered, lambda _, found: found.exact),
            "mrr": _mean([found.reciprocal_rank for _, found in ordered]),
            "kendall_tau": _mean(taus),
            "kendall_tau_n": len(taus),
            "same_selection": share_of(scored, lambda verdict, found: verdict.selected == found.ranked[0]),
            "same_first": share_of(scored, lambda verdict, found: verdict.ranked is not None and verdict.ranked[0] == found.ranked[0]),
        }
    )


def summarise_abstention(outcomes: Sequence[Outcome]) -> Table:
    """Precision, recall and F1 of `generate_response`. An answer that cannot be read is no abstention: it lowers recall."""
    expected = sum(outcome.example.answer.abstains for outcome in outcomes)
    abstained = sum(outcome.verdict.selected == GENERATE_RESPONSE for outcome in outcomes)
    needed = sum(outcome.verdict.selected == GENERATE_RESPONSE and not outcome.example.answer.abstains for outcome in outcomes)
    correctly = sum(outcome.example.answer.abstains and outcome.verdict.selection for outcome in outcomes)
    return {
        **precision_recall_f1(correctly, abstained, expected),
        "expected": expected,
        "abstained": abstained,
        "abstained_correctly": correctly,
        "abstained_when_needed": needed,
        "not_abstained": expected - correctly,
    }


def precision_recall_f1(matched: int, given: int, wanted: int) -> Table:
    """Precision = matched/given, recall = matched/wanted, F1 = 2 matched/(given + wanted); None where a denominator is 0."""
    return {
        "precision": matched / given if given else None,
        "recall": matched / wanted if wanted else None,
        "f1": 2 * matched / (given + wanted) if given + wanted else None,
    }


def count_errors(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes have each class of error; every class is there."""
    counts = dict.fromkeys(map(str, ERROR_CLASSES), 0)
    for outcome in outcomes:
        if outcome.verdict.error is not None:
            counts[outcome.verdict.error] += 1
    return counts


def count_reasons(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many outcomes break each rule first; every rule is there."""
    counts = dict.fromkeys(map(str, REASON_CODES), 0)
    for outcome in outcomes:
        if outcome.verdict.reason_code is not None:
            counts[outcome.verdict.reason_code] += 1
    return counts


def summarise_kinds(outcomes: Sequence[Outcome]) -> Table:
    """Selection and the whole call by kind of example: where a model fails, before or after the change."""
    by_kind = {kind: [outcome for outcome in outcomes if outcome.example.kind == kind] for kind in KINDS}
    return {kind: {"n": len(some), **_share_calls(some)} for kind, some in by_kind.items() if some}


def _share_calls(outcomes: Sequence[Outcome]) -> Table:
    return {
        "selection": share(outcomes, lambda outcome: outcome.verdict.selection),
        "call": share(outcomes, lambda outcome: outcome.verdict.call),
    }


def summarise_categories(outcomes: Sequence[Outcome]) -> Table | None:
    """By category of those examples that have one: selection, the whole call and format; and the mean of the categories, each counting alike.

    None where no example has a category.
    """
    names = list(dict.fromkeys(outcome.example.category for outcome in outcomes if outcome.example.category is not None))
    found: dict[str, Table] = {}
    for name in names:
        some = [outcome for outcome in outcomes if outcome.example.category == name]
        found[name] = {"n": len(some), **_share_calls(some), "format": share(some, lambda outcome: outcome.verdict.format)}
    means = {metric: _mean([table[metric]["value"] for table in found.values()]) for metric in ("selection", "call", "format")}
    return {"by_category": found, "macro_mean": means} if found else None


def match_pairs(outcomes: Iterable[Outcome]) -> tuple[list[Pair], int]:
    """The complete pairs, in the order of their first example, and how many pairs are not complete."""
    by_pair: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.example.kind not in ("unserved", "given"):
            by_pair[outcome.example.pair].append(outcome)
    pairs = [pair for some in by_pair.values() if (pair := _as_pair(some)) is not None]
    return pairs, len(by_pair) - len(pairs)


def _as_pair(outcomes: Sequence[Outcome]) -> Pair | None:
    """The outcomes as before and after, or None where they are not one of each."""
    if len(outcomes) != 2:
        return None
    one, other = outcomes
    for before, after in ((one, other), (other, one)):
        if AFTER.get(before.example.kind) == after.example.kind:
            return Pair(before, after)
    return None


def summarise_pairs(pairs: Sequence[Pair]) -> Table:
    """By transition: the share of pairs whose selection is right before and after, and the four counts."""
    return {name: _summarise_transition([pair for pair in pairs if pair.before.example.kind == kind]) for name, kind in TRANSITIONS.items()}


def summarise_pairs_by_scenario(pairs: Sequence[Pair]) -> Table:
    """The same for the pairs of each scenario, which is that of the example after the change."""
    return {scenario: summarise_pairs([pair for pair in pairs if pair.after.example.scenario == scenario]) for scenario in SCENARIOS}


def _summarise_transition(pairs: Sequence[Pair]) -> Table:
    results = [(pair.before.verdict.selection, pair.after.verdict.selection) for pair in pairs]
    both = _share_of((pair.after.example.family, all(result)) for pair, result in zip(pairs, results, strict=True))
    transitions = {
        f"{'right' if before else 'wrong'}_{'right' if after else 'wrong'}": results.count((before, after))
        for before in (True, False)
        for after in (True, False)
    }
    return {**both, "transitions": transitions}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
