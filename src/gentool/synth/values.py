"""Argument values drawn from a parameter's schema and name: seeded, and valid under the schema.

JSON Schema in, JSON values out; called by the rules teacher. What cannot be drawn raises UnsampleableError.
"""

from __future__ import annotations

import datetime
import functools
import math
import random
import re
import uuid
from typing import Any

from gentool.core.schema import metaschema_fault, schema_faults
from gentool.engines.vectors import words_of
from gentool.synth.lexicon import CODES, KINDS, LEXICON
from gentool.synth.patterns import draw_from_pattern

TRIES = 12
DEEPEST = 4
LONGEST = 10_000
"""Texts that must be longer than this are not drawn."""
FORMATS = frozenset({"date", "time", "date-time", "email", "uri", "url", "phone", "uuid"})
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
FIRST_DAY = datetime.date(2026, 1, 5)


class UnsampleableError(Exception):
    """No value could be drawn that a schema accepts; the message names the parameter."""


def sample_value(name: str, schema: Any, root: dict[str, Any], rng: random.Random) -> Any:
    """A value for one parameter that its schema accepts; `root` is where local `$ref`s point into. Raises UnsampleableError."""
    single = single_parameter(name, schema, root)
    fault = metaschema_fault(single)
    if fault:
        raise UnsampleableError(f"the schema of the parameter '{name}' is not valid: {fault}")
    for _ in range(TRIES):
        value = _draw(name, schema, root, rng, 0)
        if value is not None and accepts(single, {name: value}):
            return value
    raise UnsampleableError(f"no value for the parameter '{name}' satisfies its schema")


def single_parameter(name: str, schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """A schema of one parameter among those of `root`, none required, so that local `$ref`s lead where they did."""
    properties = root.get("properties")
    others = properties if isinstance(properties, dict) else {}
    definitions: dict[str, Any] = {key: root[key] for key in ("$defs", "definitions") if key in root}
    return {**definitions, "type": "object", "properties": {**others, name: schema}}


def accepts(schema: dict[str, Any], arguments: dict[str, Any]) -> bool:
    """Whether arguments are valid under a schema; one whose `$ref`s lead nowhere, or round in a circle, accepts none."""
    from referencing.exceptions import Unresolvable

    try:
        return not schema_faults(arguments, schema)
    except (Unresolvable, RecursionError):
        return False


def order_dates(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same arguments with their dates in ascending order, so that no journey ends before it starts."""
    dated = [name for name, value in arguments.items() if isinstance(value, str) and DATE.fullmatch(value)]
    return {**arguments, **dict(zip(dated, sorted(arguments[name] for name in dated), strict=True))}


def _draw(name: str, schema: Any, root: dict[str, Any], rng: random.Random, depth: int) -> Any:
    """One attempt at a value; None where the schema gives nothing to draw from."""
    schema = resolve(schema, root)
    if depth > DEEPEST:
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return rng.choice([value for value in schema["enum"] if value is not None] or schema["enum"])
    for key in ("allOf", "anyOf", "oneOf"):
        options = [option for option in (resolve(part, root) for part in schema.get(key, [])) if option.get("type") != "null"]
        if options:
            rest = {other: value for other, value in schema.items() if other != key}
            chosen = options if key == "allOf" else [rng.choice(options)]
            return _draw(name, functools.reduce(_merge, chosen, rest), root, rng, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((part for part in kind if part != "null"), "string")
    return _draw_type(str(kind), name, schema, root, rng, depth)


def _merge(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Two schemas that hold at once, as one: properties and required names together, of other keywords the right one's."""
    properties = {**left.get("properties", {}), **right.get("properties", {})}
    required = [*left.get("required", []), *right.get("required", [])]
    return {**left, **right, **({"properties": properties} if properties else {}), **({"required": required} if required else {})}


def _draw_type(kind: str, name: str, schema: dict[str, Any], root: dict[str, Any], rng: random.Random, depth: int) -> Any:
    match kind:
        case "integer":
            return draw_integer(name, schema, rng)
        case "number":
            return _draw_number(schema, rng)
        case "boolean":
            return rng.random() < 0.7
        case "array":
            return _draw_array(name, schema, root, rng, depth)
        case "object":
            return _draw_object(schema, root, rng, depth)
        case "string":
            return _draw_text(name, schema, rng)
    return None


def resolve(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """The schema that a local `$ref` points to; the schema itself where it has none."""
    for _ in range(DEEPEST):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        target: Any = root
        for part in reference.removeprefix("#/").split("/"):
            target = target.get(part) if isinstance(target, dict) else None
        schema = target
    return schema if isinstance(schema, dict) else {}


def draw_integer(name: str, schema: dict[str, Any], rng: random.Random) -> int:
    """A whole number within the bounds; years and small counts where there are none."""
    low, high = find_bounds(schema, 1)
    if low is None and high is None:
        low, high = (2018, 2027) if "year" in words_of(name) else (2, 60)
    low = math.ceil(low if low is not None else _low_for(high or 0, 50))
    high = math.floor(high if high is not None else low + 50)
    step = int(schema.get("multipleOf", 1)) or 1
    first = -(-low // step) * step
    return rng.randrange(first, max(first, min(high, low + 500)) + 1, step)


def _low_for(high: float, width: float) -> float:
    """A lower bound where a schema has only an upper one: counts begin at 1."""
    return 1 if high >= 1 else high - width


def find_bounds(schema: dict[str, Any], step: int) -> tuple[float | None, float | None]:
    """The least and the greatest value of a number's schema, exclusive bounds moved in by `step`; None where there is none."""
    lows = [schema["minimum"]] if "minimum" in schema else []
    highs = [schema["maximum"]] if "maximum" in schema else []
    lows += [schema["exclusiveMinimum"] + step] if "exclusiveMinimum" in schema else []
    highs += [schema["exclusiveMaximum"] - step] if "exclusiveMaximum" in schema else []
    return max(lows, default=None), min(highs, default=None)


def _draw_number(schema: dict[str, Any], rng: random.Random) -> float | int:
    low, high = find_bounds(schema, 0)
    if low is None and high is None:
        low, high = 5, 500
    low = low if low is not None else _low_for(high or 0, 100)
    high = high if high is not None else low + 500
    if "multipleOf" in schema:
        step: float = schema["multipleOf"]
        first = math.ceil(low / step)
        return step * rng.randint(first, max(first, math.floor(min(high, low + 1000) / step)))
    value = rng.uniform(low, min(high, low + 1000))
    rounded = round(value, 1) if high - low < 20 else round(value)
    return rounded if low <= rounded <= high else round(value, 3)


def _draw_array(name: str, schema: dict[str, Any], root: dict[str, Any], rng: random.Random, depth: int) -> list[Any] | None:
    if "prefixItems" in schema:
        parts = [_draw(name, part, root, rng, depth + 1) for part in schema["prefixItems"]]
        return None if None in parts else parts
    least = int(schema.get("minItems", 1))
    count = rng.randint(max(1, least), max(1, least, min(int(schema.get("maxItems", 3)), 3)))
    values: list[Any] = []
    for _ in range(count * TRIES):
        value = _draw(name.removesuffix("s"), schema.get("items", {}), root, rng, depth + 1)
        if value is None:
            return None
        if value not in values:
            values.append(value)
        if len(values) == count:
            break
    return values if len(values) >= least else None


def _draw_object(schema: dict[str, Any], root: dict[str, Any], rng: random.Random, depth: int) -> dict[str, Any] | None:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return None
    required = [name for name in schema.get("required", []) if name in properties]
    optional = [name for name in properties if name not in required]
    chosen = required + rng.sample(optional, min(len(optional), max(1 if not required else 0, 2 - len(required))))
    values = {name: _draw(name, properties[name], root, rng, depth + 1) for name in properties if name in chosen}
    return None if any(value is None for value in values.values()) else values


def _draw_text(name: str, schema: dict[str, Any], rng: random.Random) -> str:
    """Words, a date or a code as the name asks for; what the schema's pattern makes where it refuses those."""
    value = _draw_string(name, schema, rng)
    if "pattern" in schema:
        return value if re.search(schema["pattern"], value) else draw_from_pattern(schema["pattern"], rng)
    return value if schema.get("format") in FORMATS else _fit_length(value, schema)


def _draw_string(name: str, schema: dict[str, Any], rng: random.Random) -> str:
    words = words_of(name)
    day = FIRST_DAY + datetime.timedelta(days=rng.randrange(540))
    clock = f"{rng.randrange(6, 23):02d}:{rng.choice((0, 15, 30, 45)):02d}"
    match schema.get("format") or _format_of_name(words, str(schema.get("description", ""))):
        case "date":
            return day.isoformat()
        case "time":
            return clock if schema.get("format") != "time" else f"{clock}:00Z"
        case "date-time":
            return f"{day.isoformat()}T{clock}:00Z"
        case "email":
            return f"{rng.choice(LEXICON['person']).split()[0].lower()}{rng.randrange(10, 99)}@example.com"
        case "uri" | "url":
            return f"https://example.com/{rng.choice(LEXICON['topic']).replace(' ', '-')}-{rng.randrange(10, 99)}"
        case "phone":
            return f"+{rng.randrange(30, 60)} {rng.randrange(100, 999)} {rng.randrange(1000, 9999)}"
        case "uuid":
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    return _draw_words(words, rng)


def _format_of_name(words: list[str], description: str) -> str:
    """The format that a parameter's name or description asks for where its schema names none."""
    last = words[-1] if words else ""
    if "email" in words:
        return "email"
    if "phone" in words or "mobile" in words:
        return "phone"
    if last in ("url", "uri", "link", "website"):
        return "uri"
    if last in ("datetime", "timestamp"):
        return "date-time"
    if last in ("date", "day", "birthday", "deadline") or "yyyy-mm-dd" in description.lower():
        return "date"
    return "time" if last == "time" else ""


def _draw_words(words: list[str], rng: random.Random) -> str:
    if words and words[-1] in CODES:
        letters = "".join(word[0] for word in words if word not in CODES)[:2].upper() or "RF"
        return f"{letters}-{rng.randrange(1000, 9999)}"
    singular = {word.removesuffix("s") for word in words} | set(words)
    kind = next((kind for kind, names in KINDS if singular & set(names)), "thing")
    return rng.choice(LEXICON[kind])


def _fit_length(value: str, schema: dict[str, Any]) -> str:
    """Cut or extend a drawn string to the schema's lengths."""
    least = int(schema.get("minLength", 0))
    most = int(schema.get("maxLength", max(least, len(value))))
    value = value[:most].strip() or value[:most]
    while len(value) < min(least, LONGEST):
        value = f"{value} {value}" if value else "note"
    return value[:most]
