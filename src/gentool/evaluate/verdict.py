"""Judging one answer: an example and an engine's raw texts in, a verdict out.

Pure. Texts are read by gentool.prompts alone. `judge` is for anyone; gentool.evaluate.score calls `examine`, which adds
what gentool.evaluate.metrics counts beyond the verdict. docs/metrics.md states every rule with its source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from gentool.core.call import Call
from gentool.core.errors import RunError
from gentool.core.example import ErrorClass, Example, Prediction, Verdict
from gentool.core.schema import schema_faults
from gentool.core.tool import EMPTY_PARAMETERS, GENERATE_RESPONSE
from gentool.prompts import ReadCall, ReadRanking, read_call, read_ranking

MOST_SHOWN = 80
"""How many characters of a value a reason shows."""
MOST_REASON = 1000
"""How many characters a reason has."""
NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LONGEST_EXACT_NUMERAL = 400
"""Numerals of more characters are compared as floating-point numbers."""
BFCL_IGNORED = str.maketrans("'", '"', " ,./-_*^")
"""BFCL's `standardize_string`: these characters are deleted, single quotes become double ones."""


@dataclass(frozen=True)
class NameCounts:
    """Argument names of one example: `given` by the answer, `wanted` by the target, `matched` both (0 for a wrong tool)."""

    matched: int
    given: int
    wanted: int


@dataclass(frozen=True)
class Outcome:
    """An example, what was found in its prediction, and what aggregation counts beside that.

    `mended` says whether the call's text needed a repair to be read.
    """

    example: Example
    verdict: Verdict
    names: NameCounts
    mended: bool


def judge(example: Example, prediction: Prediction) -> Verdict:
    """What scoring finds in one prediction. Raises RunError where it is another example's."""
    return examine(example, prediction).verdict


def examine(example: Example, prediction: Prediction) -> Outcome:
    """The verdict with the counts of argument names. Raises RunError where the prediction is another example's."""
    if prediction.id != example.id:
        raise RunError(f"the prediction of example {prediction.id} cannot be judged by example {example.id}; pair them by their ids")
    answer, ranking = read_call(prediction.select, prediction.answer, example.tools), read_ranking(prediction.rank)
    verdict = Verdict(
        id=example.id,
        repairs=(*(f"select: {repair}" for repair in answer.repairs), *(f"rank: {repair}" for repair in ranking.repairs)),
        **_judge_call(example, answer),
        **_judge_ranking(example, ranking),
    )
    return Outcome(example, verdict, _count_names(example, answer.call), bool(answer.repairs))


def _judge_call(example: Example, answer: ReadCall) -> dict[str, Any]:
    """The fields of a verdict that speak of the call."""
    call, target = answer.call, example.answer
    name = call.name if call else None
    selection = name == target.name
    fields: dict[str, Any] = {
        "selected": _printable(name) if name else None,
        "format": name in (*example.tools.names, GENERATE_RESPONSE),
        "selection": selection,
        "selection_lenient": name in (target.name, *(acceptable.name for acceptable in example.acceptable)),
        "call": selection,
    }
    if not target.abstains:
        given = _as_target(call.arguments, example, equal_typed) if call and selection else None
        fields["parameter_names"] = given is not None and set(given) == set(target.arguments)
        fields["parameter_values"] = fields["call"] = given is not None and equal_typed(given, target.arguments)
        fields["parameter_values_normalised"] = call is not None and selection and _equal_but_for_spelling(call.arguments, example)
    if not fields["call"]:
        fields["error"] = _classify(example, call)
        fields["reason"] = _explain(example, call) if call else f"unparsable: {_printable(answer.fault)}"
    return fields


def _parameters(example: Example, name: str) -> dict[str, Any]:
    tool = example.tools.by_name(name)
    return tool.parameters if tool else EMPTY_PARAMETERS


def _classify(example: Example, call: Call | None) -> ErrorClass:
    """The one class of a call that is not right; the order of the questions is the precedence."""
    if call is None:
        return "unparsable"
    if call.name not in (*example.tools.names, GENERATE_RESPONSE):
        return "unknown_tool"
    if call.name == example.answer.name:
        return "wrong_arguments"
    if example.answer.abstains:
        return "called_when_none"
    if call.abstains:
        return "abstained_when_needed"
    if example.kind == "strong" and call.name == example.weak:
        return "weak_instead_of_strong"
    return "other_wrong_tool"


def _count_names(example: Example, call: Call | None) -> NameCounts:
    """Names are matched only on the right tool. What is said in words with `generate_response` is no tool's argument."""
    given = set(call.arguments) if call and not call.abstains else set()
    wanted = set() if example.answer.abstains else set(example.answer.arguments)
    right_tool = call is not None and call.name == example.answer.name
    return NameCounts(matched=len(given & wanted) if right_tool else 0, given=len(given), wanted=len(wanted))


# Comparing arguments


def _as_target(given: dict[str, Any], example: Example, equal: Callable[[Any, Any], bool]) -> dict[str, Any]:
    """The arguments with the target's value in place of one of its alternatives (BFCL's lists of acceptable values).

    An alternative of an argument that the target leaves out may be given: it is left out here as well.
    """
    wanted = example.answer.arguments
    accepted = {name for name, values in example.alternatives.items() if name in given and any(equal(given[name], value) for value in values)}
    return {name: wanted[name] if name in accepted else value for name, value in given.items() if name not in accepted or name in wanted}


def _equal_but_for_spelling(given: dict[str, Any], example: Example) -> bool:
    schema = _parameters(example, example.answer.name)
    return equal_normalised(_as_target(given, example, equal_normalised), example.answer.arguments, schema)


def equal_typed(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal with their types: 5 is not "5", true is not 1; 5.0 is 5, as in JSON one number has both forms."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal_typed(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal_typed, left, right))
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def equal_normalised(given: Any, target: Any, schema: Any = None) -> bool:
    """Whether two JSON values are equal but for spelling.

    Strings are compared as BFCL does (`normalise_string`), a number in a string equals the number, and where `schema` (the
    JSON Schema of both) states a default, giving it equals leaving the argument out. All of it holds at every depth.
    """
    if isinstance(given, dict) and isinstance(target, dict):
        return all(_equal_member(key, given, target, schema) for key in given.keys() | target.keys())
    if isinstance(given, list) and isinstance(target, list):
        items = _part(schema, "items")
        return len(given) == len(target) and all(equal_normalised(one, other, items) for one, other in zip(given, target, strict=True))
    if isinstance(given, str) and isinstance(target, str):
        return normalise_string(given) == normalise_string(target)
    return equal_typed(_number_in(given), _number_in(target))


def normalise_string(text: str) -> str:
    """A string as BFCL compares it: without ` ,./-_*^`, in lower case, with double quotes for single ones."""
    return text.translate(BFCL_IGNORED).lower()


def _equal_member(key: str, given: dict[str, Any], target: dict[str, Any], schema: Any) -> bool:
    """Whether one argument is equal in both, where one of the two may leave out what the schema gives as the default."""
    inner = _part(_part(schema, "properties"), key)
    if key in given and key in target:
        return equal_normalised(given[key], target[key], inner)
    if not isinstance(inner, dict) or "default" not in inner:
        return False
    if key in given:
        return equal_normalised(given[key], inner["default"], inner)
    required = _part(schema, "required")
    return not (isinstance(required, list) and key in required) and equal_normalised(inner["default"], target[key], inner)


def _part(schema: Any, key: str) -> Any:
    return schema.get(key) if isinstance(schema, dict) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_in(value: Any) -> Any:
    """The number that a string spells; any other value as it is."""
    if not isinstance(value, str) or not NUMERAL.fullmatch(value.strip()):
        return value
    text = value.strip()
    return int(text) if text.lstrip("+-").isdigit() and len(text) <= LONGEST_EXACT_NUMERAL else float(text)


# Saying what is wrong


def _explain(example: Example, call: Call) -> str:
    """What is wrong with a call that could be read, in BFCL's terms."""
    target = example.answer
    if call.name != target.name:
        known = call.name in (*example.tools.names, GENERATE_RESPONSE)
        return f"wrong_func_name: {_show(call.name)}{'' if known else ', which is not in the set,'} instead of {_show(target.name)}"
    missing = [_show(name) for name in target.arguments if name not in call.arguments]
    unexpected = [f"{_show(name)} = {_show(value)}" for name, value in call.arguments.items() if name not in target.arguments]
    given = _as_target(call.arguments, example, equal_typed)
    values = [
        f"{_show(name)} is {_show(given[name])}, not {_show(value)}"
        for name, value in target.arguments.items()
        if name in given and not equal_typed(given[name], value)
    ]
    faults = _schema_faults(call.arguments, _parameters(example, target.name))
    found = {"missing": missing, "unexpected": unexpected, "value": values, "schema": faults}
    return _shorten("; ".join(f"{label}: {', '.join(items)}" for label, items in found.items() if items), MOST_REASON)


def _schema_faults(arguments: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """The faults of arguments under a schema; a schema that cannot be applied to them is said, as the verdict does not hang on it."""
    from referencing.exceptions import Unresolvable

    try:
        faults = schema_faults(arguments, schema)
    except (RecursionError, Unresolvable, re.error) as error:
        faults = [f"the schema cannot be applied ({type(error).__name__}: {error})"]
    return [_shorten(_printable(fault), 2 * MOST_SHOWN) for fault in faults]


def _show(value: Any) -> str:
    """A JSON value as a reason shows it, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply to show)"
    return _shorten(_printable(text), MOST_SHOWN)


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _printable(text: str) -> str:
    """The text with lone surrogates, which JSON can escape but UTF-8 cannot hold, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


# Rankings


def _judge_ranking(example: Example, ranking: ReadRanking) -> dict[str, Any]:
    """The fields of a verdict that speak of the ranking."""
    if ranking.names is None:
        return {"kendall_tau": 0.0 if len(example.ranking) > 1 else None}
    names = ranking.names
    return {
        "ranked": tuple(_printable(name) for name in names),
        "ranking_exact": _until_default(names) == example.ranking,
        "reciprocal_rank": 1 / (names.index(example.answer.name) + 1) if example.answer.name in names else 0.0,
        "kendall_tau": kendall_tau(example.ranking, names),
    }


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
