"""Argument values drawn from a parameter's schema and name: seeded, and valid under the schema.

JSON Schema in, JSON values out; called by the rules teacher. What cannot be drawn raises UnsampleableError.
"""

from __future__ import annotations

import datetime
import random
import re
import uuid
from typing import Any

from gentool.core.schema import schema_faults
from gentool.engines.vectors import words_of
from gentool.synth.lexicon import CODES, KINDS, LEXICON

TRIES = 12
DEEPEST = 4
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
FIRST_DAY = datetime.date(2026, 1, 5)


class UnsampleableError(Exception):
    """No value could be drawn that a schema accepts; the message names the parameter."""


def sample_arguments(parameters: dict[str, Any], names: list[str], rng: random.Random) -> dict[str, Any]:
    """Values for the named parameters of a JSON Schema object, in that order."""
    properties = parameters.get("properties", {})
    return {name: sample_value(name, properties[name], parameters, rng) for name in names}


def sample_value(name: str, schema: Any, root: dict[str, Any], rng: random.Random) -> Any:
    """A value for one parameter that its schema accepts; `root` is where local `$ref`s point into."""
    schema = schema if isinstance(schema, dict) else {}
    whole = {"$defs": root["$defs"], "definitions": root.get("definitions", {})} if "$defs" in root else {"definitions": root.get("definitions", {})}
    for _ in range(TRIES):
        value = _draw(name, schema, root, rng, 0)
        if value is not None and not schema_faults({"value": value}, {**whole, "type": "object", "properties": {"value": schema}}):
            return value
    raise UnsampleableError(f"no value for the parameter '{name}' satisfies its schema")


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
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return rng.choice([value for value in schema["enum"] if value is not None] or schema["enum"])
    for key in ("anyOf", "oneOf"):
        options = [option for option in (resolve(part, root) for part in schema.get(key, [])) if option.get("type") != "null"]
        if options:
            return _draw(name, rng.choice(options), root, rng, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((part for part in kind if part != "null"), "string")
    return _draw_type(str(kind), name, schema, root, rng, depth)


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
            return _fit_length(_draw_string(name, schema, rng), schema)
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
    low, high = _bounds(schema, 1)
    if low is None and high is None:
        low, high = (2018, 2027) if "year" in words_of(name) else (2, 60)
    low = int(low if low is not None else (high or 0) - 50)
    high = int(high if high is not None else low + 50)
    step = int(schema.get("multipleOf", 1)) or 1
    first = -(-low // step) * step
    return rng.randrange(first, max(first, min(high, low + 500)) + 1, step)


def _bounds(schema: dict[str, Any], step: int) -> tuple[float | None, float | None]:
    """The least and the greatest value of a number's schema, exclusive bounds moved in by `step`; None where there is none."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + step
    if "exclusiveMaximum" in schema:
        high = schema["exclusiveMaximum"] - step
    return low, high


def _draw_number(schema: dict[str, Any], rng: random.Random) -> float | int:
    low, high = _bounds(schema, 0)
    if low is None and high is None:
        low, high = 5, 500
    low = low if low is not None else (high or 0) - 100
    high = high if high is not None else low + 500
    value = rng.uniform(low, min(high, low + 1000))
    rounded = round(value, 1) if high - low < 20 else round(value)
    return rounded if low <= rounded <= high else round(value, 3)


def _draw_array(name: str, schema: dict[str, Any], root: dict[str, Any], rng: random.Random, depth: int) -> list[Any] | None:
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


def _draw_string(name: str, schema: dict[str, Any], rng: random.Random) -> str:
    words = words_of(name)
    day = FIRST_DAY + datetime.timedelta(days=rng.randrange(540))
    clock = f"{rng.randrange(6, 23):02d}:{rng.choice((0, 15, 30, 45)):02d}"
    form = schema.get("format") or _format_of_name(words, str(schema.get("description", "")))
    match form:
        case "date":
            return day.isoformat()
        case "time":
            return clock if schema.get("format") != "time" else f"{clock}:00"
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
    if isinstance(schema.get("pattern"), str):
        return _draw_pattern(schema["pattern"], rng)
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


def _draw_pattern(pattern: str, rng: random.Random) -> str:
    """A string for the simple patterns that identifiers use: literals, classes, `\\d`, counts. Others are refused by the caller's check."""
    from gentool.synth.patterns import draw_from_pattern

    return draw_from_pattern(pattern, rng)


def _fit_length(value: str, schema: dict[str, Any]) -> str:
    """Cut or extend a drawn string to the schema's lengths, where it has no pattern of its own."""
    if "pattern" in schema or "format" in schema:
        return value
    most, least = schema.get("maxLength"), schema.get("minLength", 0)
    if most is not None and len(value) > most:
        value = value[:most].strip() or value[:most]
    while len(value) < least:
        value = f"{value} {value}" if value else "note"
    return value[:most] if most is not None else value
