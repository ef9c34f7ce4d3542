"""What BFCL would count: examples of BFCL and one engine's predictions in, the table `bfcl` of a score file out.

Called by gentool.evaluate.score. The rules are those of gentool.evaluate.bfcl; the means are those of BFCL v4's leaderboard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gentool.core.example import Example, Prediction
from gentool.evaluate.bfcl import check_bfcl
from gentool.evaluate.verdict import read_answer
from gentool.formats.bench_bfcl import CATEGORIES, NAME

SIMPLE = ("simple_python", "simple_java", "simple_javascript")
NON_LIVE = ("multiple", "parallel", "parallel_multiple")
LIVE = ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple")
IRRELEVANCE = ("irrelevance", "live_irrelevance")


@dataclass(frozen=True)
class _Checked:
    """One answer by BFCL's rules: the type of error, empty where it is valid, and whether it could be read at all."""

    category: str
    error: str
    readable: bool


def summarise_bfcl(examples: Iterable[Example], predictions: Iterable[Prediction]) -> dict[str, Any]:
    """`{"bfcl": ...}` with accuracy by category as BFCL counts it, its means and its types of error; empty where no example is BFCL's.

    `credited_unreadable` counts the answers that could not be read and that BFCL counts as right all the same (it takes
    them for no call); our own metrics never do. A mean is over the categories that are there, and `missing` names the
    others, which BFCL itself counts as 0.
    """
    by_id = {prediction.id: prediction for prediction in predictions}
    checked = [_check(example, by_id[example.id]) for example in examples if is_of_bfcl(example) and example.id in by_id]
    if not checked:
        return {}
    categories = {name: _summarise([one for one in checked if one.category == name]) for name in CATEGORIES}
    there = {name: table for name, table in categories.items() if table["n"]}
    return {
        "bfcl": {
            "n": len(checked),
            "categories": there,
            "means": _means(there),
            "missing": [name for name in CATEGORIES if name not in there],
            "errors": dict(sorted(Counter(one.error for one in checked if one.error).items())),
        }
    }


def is_of_bfcl(example: Example) -> bool:
    """Whether an example was read from BFCL, so that its rules apply."""
    return example.id.startswith(f"{NAME}/") and example.source is not None and example.category in CATEGORIES


def _check(example: Example, prediction: Prediction) -> _Checked:
    source, category = example.source or {}, example.category or ""
    read = read_answer(example, prediction)
    return _Checked(category, check_bfcl(read.calls, source["function"], source["ground_truth"], category), read.calls is not None)


def _summarise(checked: Sequence[_Checked]) -> dict[str, Any]:
    correct = sum(not one.error for one in checked)
    return {
        "n": len(checked),
        "correct": correct,
        "accuracy": correct / len(checked) if checked else None,
        "unreadable": sum(not one.readable for one in checked),
        "credited_unreadable": sum(not one.readable and not one.error for one in checked),
    }


def _means(tables: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """BFCL's means: of non-live categories (the simple ones count as one) and of irrelevance unweighted, of live ones by their size."""
    accuracy = {name: table["accuracy"] for name, table in tables.items()}
    live = [tables[name] for name in LIVE if name in tables]
    return {
        "non_live": _mean([_mean([accuracy.get(name) for name in SIMPLE]), *(accuracy.get(name) for name in NON_LIVE)]),
        "live": sum(table["correct"] for table in live) / sum(table["n"] for table in live) if live else None,
        "irrelevance": _mean([accuracy.get(name) for name in IRRELEVANCE]),
        "relevance": accuracy.get("live_relevance"),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the values that are there."""
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None
