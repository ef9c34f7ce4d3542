"""Setting the calls of an answer beside those that are wanted: which belong together, and by which rules they are equal.

Pure. Called by gentool.evaluate.verdict and reasons. Calls are wanted in any order; docs/metrics.md states the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gentool.core.call import Call
from gentool.core.example import Example, Wanted
from gentool.core.tool import EMPTY_PARAMETERS
from gentool.evaluate.values import (
    Equal,
    equal_coerced,
    equal_coerced_with_defaults,
    equal_normalised,
    equal_typed,
    equal_with_defaults,
    has_default,
    measure_likeness,
    part,
    settle_defaults,
)


@dataclass(frozen=True)
class Comparison:
    """How arguments compare with the right ones: their names, their values by each rule, and their likeness from 0 to 1."""

    names: bool
    typed: bool
    normalised: bool
    coerced: bool
    likeness: float


EQUAL = Comparison(True, True, True, True, 1.0)
UNLIKE = Comparison(False, False, False, False, 0.0)
"""How a call of another tool compares, whatever its arguments."""


@dataclass(frozen=True)
class Pairing:
    """The calls of an answer and those that are wanted, brought together: `pairs` of positions (given, wanted), at most one a call."""

    pairs: tuple[tuple[int, int], ...]
    table: tuple[tuple[Comparison, ...], ...]


def wanted_of(example: Example) -> tuple[Wanted, ...]:
    """All calls that are wanted of an example, each with its alternatives."""
    return (Wanted(call=example.answer, alternatives=example.alternatives), *example.further)


def compare_answer(calls: Sequence[Call], example: Example, defaults: bool = False) -> Comparison:
    """How all calls of an answer compare with all that are wanted; with `defaults` an argument at its default may be left out.

    Several calls are right by a rule where they can be brought together with those that are wanted so that each is right.
    Their likeness is that of the best pairing, a call too many or too few counting 0.
    """
    if len(calls) == 1 and not example.further:
        return compare_call(calls[0], example.answer, example.alternatives, example, defaults)
    wanted = wanted_of(example)
    equal = [[float(is_equal(call, one.call, one.alternatives, example, defaults)) for one in wanted] for call in calls]
    size = max(len(calls), len(wanted))
    if sum(equal[given][right] for given, right in assign(equal)) == size:
        return EQUAL
    found = pair_calls(calls, example, defaults)

    def all_equal(rule: Callable[[Comparison], bool]) -> bool:
        weights = [[float(rule(one)) for one in row] for row in found.table]
        return sum(weights[given][right] for given, right in assign(weights)) == size

    return Comparison(
        all_equal(lambda one: one.names),
        False,
        all_equal(lambda one: one.normalised),
        all_equal(lambda one: one.coerced),
        sum(found.table[given][wanted].likeness for given, wanted in found.pairs) / size,
    )


def pair_calls(calls: Sequence[Call], example: Example, defaults: bool = False) -> Pairing:
    """The pairing in which most calls are right, then most tools, then the arguments most alike."""
    wanted = wanted_of(example)
    table = tuple(tuple(compare_call(call, one.call, one.alternatives, example, defaults) for one in wanted) for call in calls)
    size = 2 * len(wanted) + 1
    weights = [
        [size * one.typed + (call.name == right.call.name) + one.likeness / size for one, right in zip(row, wanted, strict=True)]
        for call, row in zip(calls, table, strict=True)
    ]
    return Pairing(tuple(assign(weights)), table)


def assign(weights: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Rows and columns, each at most once, so that their weights add up to the most (the assignment problem)."""
    if len(weights) == 1:
        return [(0, max(range(len(weights[0])), key=weights[0].__getitem__))]
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(weights, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]


def compare_call(call: Call, target: Call, alternatives: dict[str, tuple[Any, ...]], example: Example, defaults: bool = False) -> Comparison:
    """How one call compares with one that is wanted."""
    if is_equal(call, target, alternatives, example, defaults):
        return EQUAL
    if call.name != target.name:
        return UNLIKE
    schema = parameters_of(example, target.name)
    given = as_target(call.arguments, target.arguments, alternatives, schema, defaults)

    def equal(rule: Equal) -> bool:
        return rule(replace_alternatives(call.arguments, target.arguments, alternatives, schema, rule, defaults), target.arguments, schema)

    coerced = equal(equal_coerced_with_defaults if defaults else equal_coerced)
    likeness = measure_likeness(call.arguments, target.arguments, alternatives)
    return Comparison(given.keys() == target.arguments.keys(), False, equal(equal_normalised), coerced, likeness)


def is_equal(call: Call, target: Call, alternatives: dict[str, tuple[Any, ...]], example: Example, defaults: bool = False) -> bool:
    """Whether a call is right: its tool, and its arguments, typed."""
    if call.name != target.name:
        return False
    if equal_typed(call.arguments, target.arguments):
        return True
    given = as_target(call.arguments, target.arguments, alternatives, parameters_of(example, target.name), defaults)
    return equal_typed(given, target.arguments)


def parameters_of(example: Example, name: str) -> dict[str, Any]:
    """The schema of a tool's arguments; that of no arguments for a tool that the set does not hold."""
    tool = example.tools.by_name(name)
    return tool.parameters if tool else EMPTY_PARAMETERS


def as_target(
    given: dict[str, Any], target: dict[str, Any], alternatives: dict[str, tuple[Any, ...]], schema: Any, defaults: bool = False
) -> dict[str, Any]:
    """The arguments as the target would say them, as far as they are right: strictly typed, with alternatives and, if so set, defaults."""
    rule = equal_with_defaults if defaults else equal_typed
    replaced = replace_alternatives(given, target, alternatives, schema, rule, defaults)
    return settle_defaults(replaced, target, schema) if defaults else replaced


def replace_alternatives(
    given: dict[str, Any], target: dict[str, Any], alternatives: dict[str, tuple[Any, ...]], schema: Any, rule: Equal, defaults: bool = False
) -> dict[str, Any]:
    """The arguments with the target's value in place of one of its alternatives (BFCL's lists of acceptable values).

    An alternative of an argument that the target leaves out may be given: it is left out here as well. With `defaults` an argument
    that is left out stands at its default.
    """
    properties = part(schema, "properties")
    accepted = set()
    for name, values in alternatives.items():
        inner = part(properties, name)
        left_out = defaults and name not in given and has_default(schema, name)
        if (name in given or left_out) and any(rule(given.get(name, part(inner, "default")), value, inner) for value in values):
            accepted.add(name)
    kept = {name: value for name, value in given.items() if name not in accepted}
    return {**kept, **{name: target[name] for name in accepted if name in target}}
