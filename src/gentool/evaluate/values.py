"""Comparing the values of arguments: two JSON values in, whether they are equal out, by each of the rules that docs/metrics.md states.

Pure. Called by gentool.evaluate.matching and reasons. In every rule `schema` is the JSON Schema of both values, None where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gentool.core.canonical import canonical_json
from gentool.core.schema import json_type, schema_types
from gentool.prompts.json_values import parse_json

Equal = Callable[[Any, Any, Any], bool]
"""A rule: the value that was given, the right one and their schema."""
NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LONGEST_EXACT_NUMERAL = 400
"""Numerals of more characters are compared as floating-point numbers."""
BFCL_IGNORED = str.maketrans("'", '"', " ,./-_*^")
"""BFCL's `standardize_string`: these characters are deleted, single quotes become double ones."""
MOST_COMPARED = 1000
"""How many characters of a value Levenshtein's distance is taken of."""


def equal_typed(given: Any, target: Any, _schema: Any = None) -> bool:
    """Whether two JSON values are equal with their types: 5 is not "5", true is not 1; 5.0 is 5, as in JSON one number has both forms."""
    return bool(given == target) and _booleans_agree(given, target)


def _booleans_agree(given: Any, target: Any) -> bool:
    """Whether two values that are equal to Python, which takes true for 1, have their booleans in the same places."""
    kind = type(target)
    if kind is str:
        return True
    if kind is dict:
        return all(map(_booleans_agree, map(given.get, target), target.values()))
    if kind is list:
        return all(map(_booleans_agree, given, target))
    return (kind is bool) is (type(given) is bool)


def equal_with_defaults(given: Any, target: Any, schema: Any) -> bool:
    """As `equal_typed`, where an argument that is left out equals one that is given with the schema's default."""
    return equal_typed(settle_defaults(given, target, schema), target)


def equal_coerced(given: Any, target: Any, schema: Any) -> bool:
    """As `equal_typed` after both values were coerced by the schema (`coerce`)."""
    return equal_typed(coerce(given, schema), coerce(target, schema))


def equal_coerced_with_defaults(given: Any, target: Any, schema: Any) -> bool:
    """Both of these together."""
    return equal_with_defaults(coerce(given, schema), coerce(target, schema), schema)


def equal_normalised(given: Any, target: Any, schema: Any = None) -> bool:
    """Whether two JSON values are equal but for spelling.

    Strings are compared as BFCL does (`normalise_string`), a number in a string equals the number, and where `schema`
    states a default, giving it equals leaving the argument out. All of it holds at every depth.
    """
    if isinstance(given, dict) and isinstance(target, dict):
        return all(_equal_member(key, given, target, schema) for key in given.keys() | target.keys())
    if isinstance(given, list) and isinstance(target, list):
        items = part(schema, "items")
        return len(given) == len(target) and all(equal_normalised(one, other, items) for one, other in zip(given, target, strict=True))
    if isinstance(given, str) and isinstance(target, str):
        return normalise_string(given) == normalise_string(target)
    return equal_typed(number_in(given), number_in(target))


def normalise_string(text: str) -> str:
    """A string as BFCL compares it: without ` ,./-_*^`, in lower case, with double quotes for single ones."""
    return text.translate(BFCL_IGNORED).lower()


def _equal_member(key: str, given: dict[str, Any], target: dict[str, Any], schema: Any) -> bool:
    """Whether one argument is equal in both, where one of the two may leave out what the schema gives as the default."""
    inner = part(part(schema, "properties"), key)
    if key in given and key in target:
        return equal_normalised(given[key], target[key], inner)
    if not has_default(schema, key):
        return False
    return equal_normalised(given.get(key, inner["default"]), target.get(key, inner["default"]), inner)


def has_default(schema: Any, key: str) -> bool:
    """Whether an argument may be left out and has a default; one that a schema requires may not."""
    inner, required = part(part(schema, "properties"), key), part(schema, "required")
    return isinstance(inner, dict) and "default" in inner and not (isinstance(required, list) and key in required)


def settle_defaults(given: Any, target: Any, schema: Any) -> Any:
    """`given`, with its arguments at their defaults spelt out or left out as `target` has them, at every depth."""
    if isinstance(given, list) and isinstance(target, list) and len(given) == len(target):
        return [settle_defaults(one, other, part(schema, "items")) for one, other in zip(given, target, strict=True)]
    if not (isinstance(given, dict) and isinstance(target, dict)):
        return given
    properties = part(schema, "properties")
    settled = {}
    for key, value in given.items():
        inner = part(properties, key)
        if key in target:
            settled[key] = settle_defaults(value, target[key], inner)
        elif not (has_default(schema, key) and equal_typed(value, inner["default"])):
            settled[key] = value
    left_out = {key: part(properties, key)["default"] for key in target if key not in given and has_default(schema, key)}
    return {**settled, **{key: default for key, default in left_out.items() if equal_typed(default, target[key])}}


def part(schema: Any, key: str) -> Any:
    """What stands under a key of a schema; None where there is nothing."""
    return schema.get(key) if isinstance(schema, dict) else None


def number_in(value: Any) -> Any:
    """The number that a string spells; any other value as it is."""
    if not isinstance(value, str) or not NUMERAL.fullmatch(value.strip()):
        return value
    text = value.strip()
    return int(text) if text.lstrip("+-").isdigit() and len(text) <= LONGEST_EXACT_NUMERAL else float(text)


# Coercing


def coerce(value: Any, schema: Any) -> Any:
    """A value in the type that its schema asks for, where it has another and can be read as that; at every depth.

    A string that spells a number is the number, "true" and "false" in any case are booleans, a number or boolean is its
    text, 5.0 is the integer 5, a string of JSON is the list or object in it, and any other value but null is a list of one.
    """
    if not isinstance(schema, dict):
        return value
    options = next((options for key in ("anyOf", "oneOf") if isinstance(options := schema.get(key), list)), None)
    if options is not None and not schema_types(schema):
        fitting = [option for option in options if _fits(value, option)] or [option for option in options if _fits(coerce(value, option), option)]
        return coerce(value, fitting[0]) if fitting else value
    if not _fits(value, schema):
        read = (_read_as(kind, value) for kind in schema_types(schema))
        value = next((other for other in read if _fits(other, schema)), value)
    if isinstance(value, dict):
        return {key: coerce(inner, part(schema.get("properties"), key)) for key, inner in value.items()}
    return [coerce(item, schema.get("items")) for item in value] if isinstance(value, list) else value


def _fits(value: Any, schema: Any) -> bool:
    kind, kinds = json_type(value), schema_types(schema)
    return kind in kinds or (kind == "integer" and "number" in kinds) or not kinds


def _read_as(kind: str, value: Any) -> Any:
    """A value read as one of another type; itself where it cannot be."""
    match kind, value:
        case (("integer" | "number"), (str() | float())):
            number = number_in(value)
            return int(number) if isinstance(number, float) and number.is_integer() else number
        case "boolean", str() if value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        case "string", (bool() | int() | float()):
            return canonical_json(_read_as("integer", value))
        case "object", str():
            return _parsed(value)
        case "array", _ if value is not None:
            found = _parsed(value) if isinstance(value, str) else value
            return found if isinstance(found, list) else [value]
    return value


def _parsed(text: str) -> Any:
    """The value that a text is as JSON; the text itself where it is none."""
    try:
        return parse_json(text)
    except ValueError:
        return text


# Likeness


def measure_likeness(given: dict[str, Any], target: dict[str, Any], alternatives: Mapping[str, Sequence[Any]]) -> float:
    """How like arguments are to the right ones, from 0 to 1, by UltraTool's rule: the mean over the target's names.

    A name that is lacking counts 0, a name too many is passed over. With several right values the one that is most like counts.
    1 where the target has no arguments.
    """
    shares = [
        max(measure_value_likeness(given[name], right) for right in (value, *alternatives.get(name, ()))) if name in given else 0.0
        for name, value in target.items()
    ]
    return sum(shares) / len(shares) if shares else 1.0


def measure_value_likeness(given: Any, target: Any) -> float:
    """1 - Levenshtein's distance / length of the longer text; 1 for values that are equal, typed."""
    if equal_typed(given, target):
        return 1.0
    left, right = _text_of(given), _text_of(target)
    return 1 - measure_distance(left, right) / max(len(left), len(right), 1)


def _text_of(value: Any) -> str:
    """A string itself, any other value as JSON, cut where it is long."""
    try:
        return (value if isinstance(value, str) else canonical_json(value))[:MOST_COMPARED]
    except RecursionError:
        return ""


def measure_distance(left: str, right: str) -> int:
    """Levenshtein's distance (1966): the fewest characters to insert, delete or replace that make one text the other."""
    row = list(range(len(right) + 1))
    for position, character in enumerate(left, 1):
        above, row[0] = row[0], position
        for place, other in enumerate(right, 1):
            above, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, above + (character != other))
    return row[-1]
