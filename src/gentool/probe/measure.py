"""What a probe found: altered examples and an engine's verdicts in, the shares of each variant out.

Pure. Called by gentool.probe.pipeline; docs/probe.md explains every key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gentool.core.example import Verdict
from gentool.evaluate.intervals import estimate_proportion
from gentool.evaluate.paired import bootstrap_intervals
from gentool.probe.altered import Altered

Table = dict[str, Any]
GROUPS = {"call": False, "abstain": True}
"""The examples whose answer is a call, and those whose answer is to abstain: whether they abstain, by name."""


def measure(altered: Sequence[Altered], verdicts: Mapping[str, Verdict], seed: int) -> Table:
    """One question: by group of examples a row for each variant, and how many examples hold under all of them."""
    groups = {name: [one for one in altered if one.example.answer.abstains is abstains] for name, abstains in GROUPS.items()}
    return {
        "variants": list(dict.fromkeys(one.variant for one in altered)),
        "groups": {name: _measure_group(some, verdicts, seed) for name, some in groups.items() if some},
    }


def _measure_group(altered: Sequence[Altered], verdicts: Mapping[str, Verdict], seed: int) -> Table:
    variants: dict[str, list[Altered]] = {}
    for one in altered:
        variants.setdefault(one.variant, []).append(one)
    selection = {variant: {one.base: verdicts[one.example.id].selection for one in some} for variant, some in variants.items()}
    families = {one.base: one.example.family for one in altered}
    first = next(iter(selection.values()))
    rows = [
        {
            "variant": variant,
            "selection": _share(some, lambda one: verdicts[one.example.id].selection),
            "format": _share(some, lambda one: verdicts[one.example.id].format),
            "call": _share(some, lambda one: verdicts[one.example.id].call),
            "difference": _difference(first, selection[variant], families, seed),
        }
        for variant, some in variants.items()
    ]
    return {
        "n": len(families),
        "rows": rows,
        "always": _share_of((families[base], all(right[base] for right in selection.values())) for base in families),
        "ever": _share_of((families[base], any(right[base] for right in selection.values())) for base in families),
    }


def _share(some: Iterable[Altered], right: Callable[[Altered], bool]) -> Table:
    return _share_of((one.example.family, right(one)) for one in some)


def _share_of(outcomes: Iterable[tuple[str, bool]]) -> Table:
    found = estimate_proportion(outcomes)
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}


def _difference(first: Mapping[str, bool], second: Mapping[str, bool], families: Mapping[str, str], seed: int) -> Table:
    """Selection under a variant less that under the first, on the same examples, with the cluster bootstrap's interval."""
    import numpy as np

    differences = np.array([[float(second[base]) - float(first[base])] for base in first])
    ((low, high),) = bootstrap_intervals([families[base] for base in first], differences, seed)
    return {"value": float(differences.mean()), "low": low, "high": high}
