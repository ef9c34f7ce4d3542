"""Saying what is wrong with an answer: the first rule that it breaks as a code, and all of it in words.

Pure. Called by gentool.evaluate.verdict for answers that are not right. The rules and their order are those of BFCL's checker,
with the exact equality of docs/metrics.md in place of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gentool.core.call import Call
from gentool.core.example import ErrorClass, Example, ReasonCode, Wanted
from gentool.core.schema import json_type, schema_faults, schema_types
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.matching import as_target, pair_calls, parameters_of, wanted_of
from gentool.evaluate.values import equal_normalised, equal_typed, equal_with_defaults, part

MOST_SHOWN = 80
"""How many characters of a value a reason shows."""
MOST_REASON = 1000
"""How many characters a reason has."""


@dataclass(frozen=True)
class Reason:
    """The first rule that an answer breaks, and what is wrong in words."""

    code: ReasonCode
    text: str


def find_reason(error: ErrorClass, calls: Sequence[Call], example: Example, defaults: bool = False) -> Reason:
    """Why calls that could be read are not right; `error` is their class."""
    match error:
        case "called_when_none" | "abstained_when_needed":
            return Reason(error, _explain_names(calls, example))
        case "wrong_number_of_calls":
            return Reason("wrong_count", _explain_count(calls, example))
        case "wrong_arguments":
            return _find_argument_reason(calls, example, defaults)
        case _:
            return Reason("wrong_func_name", _explain_names(calls, example))


def _explain_names(calls: Sequence[Call], example: Example) -> str:
    wanted = "a tool of the set" if example.gold == "any_tool" else _show_names(example.calls)
    unknown = [call for call in calls if call.name not in (*example.tools.names, GENERATE_RESPONSE)]
    added = "" if not unknown else ", which is not in the set," if len(calls) == 1 else f" ({_show_names(unknown)} not in the set)"
    return shorten(f"wrong_func_name: {_show_names(calls)}{added} instead of {wanted}")


def _explain_count(calls: Sequence[Call], example: Example) -> str:
    return shorten(f"wrong_count: {len(calls)} calls ({_show_names(calls)}) instead of {len(example.calls)} ({_show_names(example.calls)})")


def _show_names(calls: Iterable[Call]) -> str:
    return ", ".join(show(call.name) for call in calls)


def _find_argument_reason(calls: Sequence[Call], example: Example, defaults: bool) -> Reason:
    """The first wanted call, in their order, that no call of the answer equals says which rule is broken; the words say all."""
    wanted = wanted_of(example)
    if len(calls) == len(wanted) == 1:
        return _judge_arguments(calls[0], wanted[0], example, defaults)
    pairing = pair_calls(calls, example, defaults)
    wrong = sorted((right, given) for given, right in pairing.pairs if not pairing.table[given][right].typed)
    reasons = [_judge_arguments(calls[given], wanted[right], example, defaults) for right, given in wrong]
    texts = (f"call {given + 1}: {reason.text}" for (_, given), reason in zip(wrong, reasons, strict=True))
    return Reason(reasons[0].code, shorten("; ".join(texts)))


def _judge_arguments(call: Call, wanted: Wanted, example: Example, defaults: bool) -> Reason:
    """What is wrong with the arguments of a call of the right tool; one of a wrong tool can only stand among several."""
    target, schema = wanted.call.arguments, parameters_of(example, wanted.call.name)
    if call.name != wanted.call.name:
        return Reason("wrong_func_name", f"wrong_func_name: {show(call.name)} instead of {show(wanted.call.name)}")
    given = as_target(call.arguments, target, wanted.alternatives, schema, defaults)
    code = _find_code(given, wanted, schema, defaults)
    off = [name for name in target if name in given and not equal_typed(given[name], target[name])]
    found = {
        "missing": [show(name) for name in target if name not in given],
        "unexpected": [f"{show(name)} = {show(value)}" for name, value in given.items() if name not in target],
        "value": [f"{show(name)} is {show(given[name])}, not {show(target[name])}" for name in off],
        "schema": _schema_faults(call.arguments, schema),
    }
    return Reason(code, shorten("; ".join(f"{label}: {', '.join(items)}" for label, items in found.items() if items)))


def _find_code(given: dict[str, Any], wanted: Wanted, schema: dict[str, Any], defaults: bool) -> ReasonCode:
    """The first rule that arguments break: required ones, unexpected ones, types and values in the order given, optional ones."""
    target, required, properties = wanted.call.arguments, part(schema, "required"), part(schema, "properties")
    if isinstance(required, list) and any(name in target and name not in given for name in required):
        return "missing_required"
    if any(name not in target for name in given):
        return "unexpected_param"
    for name, value in given.items():
        inner = part(properties, name)
        if not (equal_with_defaults(value, target[name], inner) if defaults else equal_typed(value, target[name])):
            return judge_value(value, [target[name], *wanted.alternatives.get(name, ())], inner)
    return "missing_optional"


def judge_value(value: Any, right: Sequence[Any], schema: Any) -> ReasonCode:
    """Which rule a value breaks that equals none of the right ones."""
    if not any(_same_type(value, one, schema) for one in right):
        return "type_error:simple"
    if isinstance(value, dict | list):
        return "type_error:nested" if all(_types_differ(value, one) for one in right) else "value_error:nested"
    choices = part(schema, "enum")
    if isinstance(choices, list) and not any(equal_typed(value, choice) for choice in choices):
        return "value_error:enum"
    spelling = isinstance(value, str) and any(equal_normalised(value, one) for one in right)
    return "value_error:spelling" if spelling else "value_error:simple"


def _same_type(value: Any, right: Any, schema: Any = None) -> bool:
    """Whether two values are of one type; a broken number is none of an integer's where the schema asks for integers."""
    kinds = {json_type(value), json_type(right)}
    if kinds == {"integer", "number"}:
        return schema_types(schema) != ("integer",) or (value % 1 == 0 and right % 1 == 0)
    return len(kinds) == 1


def _types_differ(value: Any, right: Any) -> bool:
    """Whether two values differ in type somewhere that both have."""
    if not _same_type(value, right):
        return True
    if isinstance(value, dict):
        return any(_types_differ(value[key], right[key]) for key in value.keys() & right.keys())
    return isinstance(value, list) and any(map(_types_differ, value, right))


def _schema_faults(arguments: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """The faults of arguments under a schema; a schema that cannot be applied to them is said, as the verdict does not hang on it."""
    from referencing.exceptions import Unresolvable

    try:
        faults = schema_faults(arguments, schema)
    except (RecursionError, Unresolvable, re.error) as error:
        faults = [f"the schema cannot be applied ({type(error).__name__}: {error})"]
    return [shorten(printable(fault), 2 * MOST_SHOWN) for fault in faults]


def show(value: Any) -> str:
    """A JSON value as a reason shows it, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply to show)"
    return shorten(printable(text), MOST_SHOWN)


def shorten(text: str, most: int = MOST_REASON) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def printable(text: str) -> str:
    """The text with lone surrogates, which JSON can escape but UTF-8 cannot hold, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
