"""The seeds of a suite, pooled: each seed's test examples and verdicts in, one table of means and paired differences out.

Pure. Called by gentool.seeds, which reads the files. The first model is the reference of all others. docs/metrics.md ("Several
seeds") defines every number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gentool.core.errors import RunError
from gentool.core.example import SCENARIOS, Example, Verdict
from gentool.evaluate.compare import PAIR_METRICS, Judged, Table, match_examples
from gentool.evaluate.paired import DRAWS, Bounds, bootstrap_intervals

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

COLUMNS = (*SCENARIOS, "call", *PAIR_METRICS, "format")
"""Selection in each scenario, the whole call, pairs right before and after, and format, in the order in which they are shown."""
Result = Literal["ahead", "behind", "not told apart"]


@dataclass(frozen=True)
class SeedResults:
    """What one seed of a suite came to: its test examples, and each model's verdicts on them. The models are those of every seed."""

    seed: int
    examples: Sequence[Example]
    models: Sequence[Judged]


@dataclass(frozen=True)
class Counted:
    """One record of a column, an example or a pair, in one seed: whether it is right, model by model."""

    seed: int
    family: str
    right: tuple[bool, ...]


def pool_seeds(results: Sequence[SeedResults], seed: int = 0, draws: int = DRAWS) -> Table:
    """The mean of every model in every column over the records of all seeds, and its paired difference from the first model.

    `means[model][column]` and `differences[model][column]` are cells of `value`, `low` and `high` (95% interval of the cluster
    bootstrap: a family is drawn with its records of all seeds), `n` records of `families`, `by_seed` the value of each single
    seed, `lowest` and `highest` of these. A difference has the `result` that its interval gives. Without a record, value and bounds are
    None; with one family the bounds are. `seed` and `draws` are the bootstrap's. Raises RunError where the models of the seeds
    are not the same or a verdict is missing.
    """
    names = _check(results)
    pooled = {column: _pool_column([one for found in results for one in _count(found, column)], len(names), seed, draws) for column in COLUMNS}
    means = {name: {column: pooled[column][place] for column in COLUMNS} for place, name in enumerate(names)}
    differences = {name: {column: pooled[column][len(names) + place] for column in COLUMNS} for place, name in enumerate(names[1:])}
    return {
        "reference": names[0],
        "models": names,
        "seeds": [found.seed for found in results],
        "records": sum(len(found.examples) for found in results),
        "families": len({example.family for found in results for example in found.examples}),
        "seed": seed,
        "draws": draws,
        "means": means,
        "differences": {
            name: {column: {**cell, "result": judge_difference(cell["low"], cell["high"])} for column, cell in cells.items()}
            for name, cells in differences.items()
        },
    }


def judge_difference(low: float | None, high: float | None) -> Result:
    """Whether the interval of a difference lies above 0, below it, or neither (as where there is none)."""
    if low is not None and low > 0:
        return "ahead"
    return "behind" if high is not None and high < 0 else "not told apart"


def _check(results: Sequence[SeedResults]) -> list[str]:
    """The names of the models, the same in every seed and with a verdict on every example."""
    names = [model.name for model in results[0].models]
    for found in results:
        if [model.name for model in found.models] != names:
            raise RunError(f"seed {found.seed} has other models than seed {results[0].seed}: they cannot be pooled")
        for model in found.models:
            missing = [example.id for example in found.examples if example.id not in model.verdicts]
            if missing:
                raise RunError(
                    f"{model.name}, seed {found.seed}: no verdict on {len(missing)} of {len(found.examples)} examples, the first {missing[0]}"
                )
    return names


def _count(found: SeedResults, column: str) -> Iterator[Counted]:
    """The records of one seed that a column counts. A pair is of the family of its example after the change."""

    def verdicts(example: Example) -> list[Verdict]:
        return [model.verdicts[example.id] for model in found.models]

    if column in PAIR_METRICS:
        for before, after in match_examples(found.examples):
            if before.kind == PAIR_METRICS[column]:
                both = zip(verdicts(before), verdicts(after), strict=True)
                yield Counted(found.seed, after.family, tuple(one.selection and other.selection for one, other in both))
        return
    metric = "selection" if column in SCENARIOS else column
    for example in found.examples:
        if column not in SCENARIOS or example.scenario == column:
            yield Counted(found.seed, example.family, tuple(getattr(verdict, metric) for verdict in verdicts(example)))


def _pool_column(counted: Sequence[Counted], models: int, seed: int, draws: int) -> list[Table]:
    """The cells of a column: the mean of each model, then the difference of each but the first from the first."""
    import numpy as np

    right = np.array([one.right for one in counted], dtype=np.float64).reshape(len(counted), models)
    values = np.column_stack([right, right[:, 1:] - right[:, :1]])
    bounds = bootstrap_intervals([one.family for one in counted], values, seed, draws)
    return [_cell(counted, values[:, place], bounds[place]) for place in range(values.shape[1])]


def _cell(counted: Sequence[Counted], values: npt.NDArray[np.float64], bounds: Bounds) -> Table:
    by_seed: dict[int, list[float]] = {}
    for one, value in zip(counted, values, strict=True):
        by_seed.setdefault(one.seed, []).append(float(value))
    means = {str(seed): sum(own) / len(own) for seed, own in by_seed.items()}
    return {
        "value": float(values.sum()) / len(counted) if counted else None,
        "low": bounds[0],
        "high": bounds[1],
        "n": len(counted),
        "families": len({one.family for one in counted}),
        "lowest": min(means.values(), default=None),
        "highest": max(means.values(), default=None),
        "by_seed": means,
    }
