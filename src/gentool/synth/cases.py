"""Cases: a query's text, the arguments that it gives, and what the weak tool lacks for it. Drawn from two schemas and a seed.

The rules teacher draws the same case twice, once to write the query and once to answer it, so text and calls agree.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from gentool.core.family import Fit
from gentool.core.tool import Tool
from gentool.synth.gaps import Gap, find_gaps, fit_of_gap, worst_fit
from gentool.synth.values import TRIES, UnsampleableError, accepts, order_dates, sample_value, single_parameter
from gentool.synth.wording import write_query

SHARE_OF_BOTH = 0.4
"""The share of a pair's queries that the weak tool serves in full too."""
MOST_OPTIONAL = 3


@dataclass(frozen=True)
class Case:
    """One query with the arguments of the strong tool's call, the gaps that it uses and the weak tool's fit."""

    text: str
    arguments: dict[str, Any]
    needs: tuple[Gap, ...]
    weak_fit: Fit


def draw_case(strong: Tool, weak: Tool | None, index: int, count: int, seed: str) -> Case:
    """The case at `index` of `count`. Raises UnsampleableError where the schema gives no valid arguments."""
    rng = random.Random(f"{seed}/{index}")
    gaps = find_gaps(strong, weak) if weak else []
    chosen = _choose_gap(gaps, index, count)
    names = _choose_names(strong, gaps, chosen, rng)
    properties = strong.properties
    arguments = {name: _value_for(name, properties[name], strong, weak, gaps, chosen, rng) for name in names}
    arguments = order_dates(arguments)
    needs = tuple(gap for gap in gaps if _uses(gap, chosen, arguments))
    wanted = [chosen.name] if chosen and chosen.kind == "missing_return" else []
    text = write_query(strong, arguments, wanted, rng)
    return Case(text, arguments, needs, worst_fit([fit_of_gap(gap, strong) for gap in needs]) if weak else "none")


def _choose_gap(gaps: list[Gap], index: int, count: int) -> Gap | None:
    """None for the queries that both tools serve; else the gaps in turn."""
    both = round(count * SHARE_OF_BOTH)
    return None if index < both or not gaps else gaps[(index - both) % len(gaps)]


def _choose_names(strong: Tool, gaps: list[Gap], chosen: Gap | None, rng: random.Random) -> list[str]:
    """The parameters that the query gives: the required ones, the gap's, and some optional ones that the weak tool has too."""
    required = [name for name in strong.required if name in strong.properties]
    lost = {gap.name for gap in gaps if gap.kind == "missing_parameter"}
    optional = [name for name in strong.properties if name not in required and name not in lost]
    forced = [chosen.name] if chosen and chosen.kind != "missing_return" else []
    least = 0 if required or forced else 1
    extra = rng.sample(optional, rng.randint(min(least, len(optional)), min(len(optional), MOST_OPTIONAL)))
    return [name for name in strong.properties if name in {*required, *forced, *extra}]


def _value_for(name: str, schema: Any, strong: Tool, weak: Tool | None, gaps: list[Gap], chosen: Gap | None, rng: random.Random) -> Any:
    """A value that uses the chosen gap, or else one that the weak tool takes too."""
    gap = next((gap for gap in gaps if gap.name == name and gap.kind not in ("missing_return", "missing_parameter")), None)
    if gap is None or weak is None:
        return sample_value(name, schema, strong.parameters, rng)
    if chosen != gap:
        value = sample_value(name, weak.properties[name], weak.parameters, rng)
        return [value] if gap.kind == "single_value" else value
    return _value_beyond(gap, strong, weak, rng)


def _value_beyond(gap: Gap, strong: Tool, weak: Tool, rng: random.Random) -> Any:
    """A value that the strong tool takes and the weak one does not."""
    strong_schema, weak_schema = strong.properties[gap.name], weak.properties[gap.name]
    schema = strong_schema
    match gap.kind:
        case "fewer_values" if "enum" in strong_schema:
            schema = {**strong_schema, "enum": [value for value in strong_schema["enum"] if value not in weak_schema["enum"]]}
        case "narrower_range" if "maximum" in weak_schema:
            schema = {**strong_schema, "minimum": weak_schema["maximum"] + 1}
        case "single_value":
            schema = {**strong_schema, "minItems": max(2, strong_schema.get("minItems", 2))}
    single = single_parameter(gap.name, weak_schema, weak.parameters)
    for _ in range(TRIES):
        value = sample_value(gap.name, schema, strong.parameters, rng)
        if not accepts(single, {gap.name: value}):
            return value
    raise UnsampleableError(f"no value for the parameter '{gap.name}' is beyond the weak tool")


def _uses(gap: Gap, chosen: Gap | None, arguments: dict[str, Any]) -> bool:
    """Whether the query needs what the gap took away."""
    return gap == chosen or (gap.kind == "missing_parameter" and gap.name in arguments)


def weak_arguments(case: Case, strong: Tool, weak: Tool) -> dict[str, Any]:
    """The arguments that the weak tool's call can still give: what it lacks is left out, of a list it takes the first."""
    arguments: dict[str, Any] = {}
    lost = {gap.name: gap.kind for gap in case.needs if gap.kind != "missing_return"}
    single = {gap.name for gap in find_gaps(strong, weak) if gap.kind == "single_value"}
    for name, value in case.arguments.items():
        if name in single:
            arguments[name] = value[0]
        elif name in weak.properties and name not in lost:
            arguments[name] = value
    return arguments
