"""The examples behind the numbers: what the page embeds as data, and how pairs went from before to after.

In: examples, verdicts and raw answers (gentool.report.results). Out: JSON text that is safe inside a script element, with
every tool and example stored once; and the outcome of each pair. Called by gentool.report.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from gentool.core.canonical import canonical_json
from gentool.core.example import Example, Verdict
from gentool.core.tool import Tool
from gentool.report.results import Run, Scored
from gentool.report.view import OUTCOMES, PAIR_KINDS

Outcomes = dict[tuple[str, str], int]
"""Position in OUTCOMES by sort of pair (zero_to_one, weak_to_strong) and pair id."""


def pair_outcomes(examples: dict[str, Example], verdicts: Iterable[Verdict]) -> tuple[Outcomes, int]:
    """The outcome of every pair whose two examples both have a verdict, and how many pairs have only one."""
    sorts = {kind: (sort, kinds.index(kind)) for sort, kinds in PAIR_KINDS.items() for kind in kinds}
    halves: dict[tuple[str, str], dict[int, bool]] = {}
    for verdict in verdicts:
        example = examples.get(verdict.id)
        if example is not None and example.kind in sorts:
            sort, half = sorts[example.kind]
            halves.setdefault((sort, example.pair), {})[half] = verdict.selection
    whole = {key: 2 * (not found[0]) + (not found[1]) for key, found in halves.items() if len(found) == 2}
    return whole, len(halves) - len(whole)


def count_outcomes(outcomes: Outcomes, sort: str) -> tuple[int, ...]:
    """How many pairs of one sort went each way, in the order of OUTCOMES."""
    return tuple(sum(1 for (found, _), outcome in outcomes.items() if found == sort and outcome == position) for position in range(len(OUTCOMES)))


def outcome_counts(runs: Sequence[Run]) -> dict[tuple[str, str], tuple[int, ...]]:
    """`count_outcomes` by model's name and sort of pair, for the models that have verdicts of known examples."""
    counts: dict[tuple[str, str], tuple[int, ...]] = {}
    for run in runs:
        for scored in run.scored:
            outcomes, _ = pair_outcomes(run.examples, scored.verdicts)
            if scored.verdicts and run.examples:
                counts |= {(scored.name, sort): count_outcomes(outcomes, sort) for sort in PAIR_KINDS}
    return counts


def embedded_data(runs: Sequence[Run]) -> str:
    """The records of all models as JSON with `<`, `>` and `&` escaped, so that no text in it can end its element.

    `records` refer to `models` (m), `examples` (e) and these to `tools` by position; a verdict's fields at their defaults
    are left out.
    """
    data = _Data()
    for run in runs:
        for scored in run.scored:
            data.add(run, scored)
    text = json.dumps({"tools": data.tools, "examples": data.examples, "models": data.models, "records": data.records}, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


class _Data:
    def __init__(self) -> None:
        self.tools: list[dict[str, Any]] = []
        self.examples: list[dict[str, Any]] = []
        self.models: list[str] = []
        self.records: list[dict[str, Any]] = []
        self._tool_positions: dict[str, int] = {}
        self._example_positions: dict[str, int] = {}

    def add(self, run: Run, scored: Scored) -> None:
        """A record for every verdict whose example is known (the page says how many are not)."""
        outcomes, _ = pair_outcomes(run.examples, scored.verdicts)
        self.models.append(scored.name)
        for verdict in scored.verdicts:
            example = run.examples.get(verdict.id)
            if example is None:
                continue
            record: dict[str, Any] = {"m": len(self.models) - 1, "e": self._example(example)}
            record["v"] = verdict.model_dump(mode="json", exclude_defaults=True, exclude={"id"})
            if prediction := scored.predictions.get(verdict.id):
                record |= {"s": prediction.select, "r": prediction.rank}
            sort = next((sort for sort, kinds in PAIR_KINDS.items() if example.kind in kinds), None)
            if sort and (outcome := outcomes.get((sort, example.pair))) is not None:
                record["o"] = outcome
            self.records.append(record)

    def _example(self, example: Example) -> int:
        key = canonical_json(example.model_dump(mode="json"))
        if key not in self._example_positions:
            self._example_positions[key] = len(self.examples)
            self.examples.append(
                {
                    **example.model_dump(mode="json", include={"id", "pair", "kind", "scenario", "query", "ranking", "answer", "acceptable"}),
                    "tools": [self._tool(tool) for tool in example.tools],
                    "strong": _position(example, example.strong),
                    "weak": _position(example, example.weak),
                }
            )
        return self._example_positions[key]

    def _tool(self, tool: Tool) -> int:
        if tool.id not in self._tool_positions:
            self._tool_positions[tool.id] = len(self.tools)
            self.tools.append({"name": tool.name, "description": tool.description, "parameters": _signature(tool)})
        return self._tool_positions[tool.id]


def _position(example: Example, tool: str | None) -> int | None:
    """Where the family's tool stands in the set; None where the set does not hold it."""
    return next((position for position, found in enumerate(example.tools) if tool in (found.name, found.id)), None)


def _signature(tool: Tool) -> str:
    """The parameters in one line: `city: string, days?: integer` (a question mark where it may be left out)."""
    return ", ".join(f"{name}{'' if name in tool.required else '?'}: {_type(schema)}" for name, schema in tool.properties.items())


def _type(schema: Any) -> str:
    found = schema.get("type", "any") if isinstance(schema, dict) else "any"
    return " | ".join(map(str, found)) if isinstance(found, list) else str(found)
