"""Comparing models on the same test examples: verdicts in, one table of paired differences out.

Pure. Called by gentool.compare, which reads the files. The first model is the reference of all others. docs/compare.md
explains every key and works an example by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gentool.core.errors import RunError
from gentool.core.example import AFTER, ERROR_CLASSES, SCENARIOS, Example, Verdict
from gentool.evaluate.paired import DRAWS, adjust_holm, bootstrap_intervals, mcnemar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Table = dict[str, Any]
By = Literal["all", "scenario", "category"]
EXAMPLE_METRICS = ("selection", "selection_lenient", "format", "call")
"""Fields of a verdict that are right or wrong in every example."""
VALUES = "parameter_values"
PAIR_METRICS = {"zero_to_one": "zero", "weak_to_strong": "weak"}
"""The kind of a pair's first example by the metric's name."""
METRICS = (*EXAMPLE_METRICS[:3], VALUES, "call", *PAIR_METRICS)
"""In the order in which they are shown."""
RIGHT = "right"
"""What stands for no error in tables of errors."""


@dataclass(frozen=True)
class Judged:
    """A model's name in the comparison, and its verdict on each example by id."""

    name: str
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True)
class Item:
    """What is right or wrong as a whole, an example or a pair: `right[metric][model]`."""

    family: str
    scenario: str | None
    category: str | None
    right: tuple[tuple[bool, ...], ...]


def compare(examples: Sequence[Example], models: Sequence[Judged], seed: int = 0, draws: int = DRAWS) -> Table:
    """The comparison of each further model with the first. Raises RunError where a verdict is missing or does not fit its example."""
    _check(examples, models)
    rows: list[Table] = []
    for metrics, items in _collect(examples, models):
        for by, group, some in _scopes(items):
            rows += _compare_items(metrics, some, [model.name for model in models], {"by": by, "group": group}, seed, draws)
    order = {scope: place for place, scope in enumerate(dict.fromkeys((row["by"], row["group"]) for row in rows))}
    names = [model.name for model in models]
    rows.sort(key=lambda row: (names.index(row["model"]), order[row["by"], row["group"]], METRICS.index(row["metric"])))
    for row, adjusted in zip(rows, adjust_holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = adjusted
    return {
        "reference": names[0],
        "models": names,
        "n": len(examples),
        "families": len({example.family for example in examples}),
        "seed": seed,
        "draws": draws,
        "tests": len(rows),
        "rows": rows,
        "errors": {model.name: _count_errors(model, examples) for model in models},
        "transitions": {model.name: _count_transitions(models[0], model, examples) for model in models[1:]},
    }


def differs(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """In what some verdicts on one example differ: the metrics of an example, and `error` for the class."""
    return tuple(field for field in (*EXAMPLE_METRICS, VALUES, "error") if len({getattr(verdict, field) for verdict in verdicts}) > 1)


def _check(examples: Sequence[Example], models: Sequence[Judged]) -> None:
    for model in models:
        missing = [example.id for example in examples if example.id not in model.verdicts]
        if missing:
            raise RunError(f"{model.name} has no verdict on {len(missing)} of {len(examples)} examples, the first {missing[0]}")
    for example in examples:
        if len({_of(model, example).parameter_values is None for model in models}) > 1:
            names = " and ".join(model.name for model in models)
            raise RunError(f"example {example.id} was judged by different targets in {names}: score them again with the same version of gentool")


def _of(model: Judged, example: Example) -> Verdict:
    return model.verdicts[example.id]


def _collect(examples: Sequence[Example], models: Sequence[Judged]) -> Iterable[tuple[tuple[str, ...], list[Item]]]:
    """Metrics that are counted over the same items, with those items."""
    yield (
        EXAMPLE_METRICS,
        [_item(example, [[getattr(_of(model, example), metric) for model in models] for metric in EXAMPLE_METRICS]) for example in examples],
    )
    with_call = [example for example in examples if _of(models[0], example).parameter_values is not None]
    yield (VALUES,), [_item(example, [[_of(model, example).parameter_values for model in models]]) for example in with_call]
    pairs = match_examples(examples)
    for metric, kind in PAIR_METRICS.items():
        own = [(before, after) for before, after in pairs if before.kind == kind]
        yield (metric,), [_item(after, [[_of(model, before).selection and _of(model, after).selection for model in models]]) for before, after in own]


def _item(example: Example, right: Sequence[Sequence[bool | None]]) -> Item:
    return Item(example.family, example.scenario, example.category, tuple(tuple(map(bool, row)) for row in right))


def match_examples(examples: Iterable[Example]) -> list[tuple[Example, Example]]:
    """The complete pairs, before and after; examples whose other half is not there are in none."""
    by_kind = {(example.pair, example.kind): example for example in examples}
    return [(example, after) for example in by_kind.values() if example.kind in AFTER and (after := by_kind.get((example.pair, AFTER[example.kind])))]


def _scopes(items: Sequence[Item]) -> Iterable[tuple[By, str, list[Item]]]:
    """All items, those of each scenario and those of each category, where there are any."""
    if items:
        yield "all", "all", list(items)
    for scenario in SCENARIOS:
        if some := [item for item in items if item.scenario == scenario]:
            yield "scenario", scenario, some
    for category in dict.fromkeys(item.category for item in items if item.category):
        yield "category", category, [item for item in items if item.category == category]


def _compare_items(metrics: Sequence[str], items: Sequence[Item], names: Sequence[str], scope: Table, seed: int, draws: int) -> list[Table]:
    """A row for each metric and each model but the first."""
    import numpy as np

    right = np.array([item.right for item in items], dtype=np.float64)
    differences = (right[:, :, 1:] - right[:, :, :1]).reshape(len(items), -1)
    families = [item.family for item in items]
    bounds = iter(bootstrap_intervals(families, differences, seed, draws))
    return [
        {**scope, "metric": metric, "model": name, "families": len(set(families))} | _row(right[:, place, 0], right[:, place, number], next(bounds))
        for place, metric in enumerate(metrics)
        for number, name in enumerate(names)
        if number > 0
    ]


def _row(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], bounds: tuple[float | None, float | None]) -> Table:
    only_first, only_second = int((first > second).sum()), int((second > first).sum())
    count = len(first)
    return {
        "n": count,
        "reference_value": float(first.sum()) / count,
        "value": float(second.sum()) / count,
        "difference": (only_second - only_first) / count,
        "low": bounds[0],
        "high": bounds[1],
        "only_reference": only_first,
        "only_model": only_second,
        "p": mcnemar(only_first, only_second),
    }


def _class_of(verdict: Verdict) -> str:
    return verdict.error or RIGHT


def _count_errors(model: Judged, examples: Sequence[Example]) -> dict[str, int]:
    """How many examples are right, and how many have each class of error; every class is there."""
    counts = Counter(_class_of(_of(model, example)) for example in examples)
    return {name: counts[name] for name in (RIGHT, *ERROR_CLASSES)}


def _count_transitions(reference: Judged, model: Judged, examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    """How many examples went from each class of the reference (`right` among them) to each of the model's."""
    counts = Counter((_class_of(_of(reference, example)), _class_of(_of(model, example))) for example in examples)
    classes = (RIGHT, *ERROR_CLASSES)
    return {before: {after: counts[before, after] for after in classes if counts[before, after]} for before in classes}
