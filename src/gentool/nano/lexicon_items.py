"""The lexicon as a source of items: intents in, a strong and a weak tool with requests out, drawn anew each time.

Called by the generator of the corpus, through material.Source. Schemas and values come from kinds.py, queries from lexicon_queries.py.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gentool.core.tool import Tool
from gentool.nano.intents import Intent, Parameter, read_intents
from gentool.nano.kinds import Said, Schema, draw_default, draw_schema, draw_values
from gentool.nano.lexicon_queries import Template, fill, read_template
from gentool.nano.material import Item, Request
from gentool.nano.pools import RETURNS_OF_DOING, RETURNS_OF_LOOKING, VERBS_OF_LOOKING, split_words
from gentool.nano.texts import pseudo_word

DROPPED_SHARE = 0.1
"""How often an optional parameter is left out of a tool."""
MASKED_SHARE = 0.1
CAMEL_SHARE = 0.08
PREFIXED_SHARE = 0.04
"""Shares of the ways to write a tool's name; of masked tools, half have masked parameters too."""
VARIANT_SHARE = 0.25
"""How often a parameter's name is made from what it is said to be."""
RETURNS_SHARE = 0.6
EMPTY_WORDS = frozenset(
    split_words(
        """a an the of for to in on with and or by at from is are as it its this that one all be what when where which who how whose whether many
        much must may can not no if than they them has have was were will would do does there then so up out also only other wanted
        given each time still already just per before why next"""
    )
)


TWO_WORDS = re.compile(r"(?:(?:the|a|an|only|whether) )*(?P<first>[a-z]+) (?P<of>of )?(?:(?:the|a|an) )?(?P<second>[a-z]+)\b(?!')")
"""How a parameter's description begins where a name can be made from it."""


@dataclass(frozen=True)
class Style:
    """How one draw of a tool writes its names."""

    masked: bool
    masked_parameters: bool
    camel: bool
    prefix: str


@dataclass(frozen=True)
class Drawn:
    """A tool and, by the intent's own names, the names that its parameters have."""

    tool: Tool
    names: dict[str, str]

    def arguments(self, said: Mapping[str, Said]) -> dict[str, Any]:
        """The call's arguments for what was said, in the order of the tool's parameters; what it does not take is left out."""
        return {name: said[own].value for own, name in self.names.items() if own in said}


class LexiconSource:
    """The items of the lexicon's intents: topics are domains, keys the intents' main names."""

    def __init__(self, intents: Iterable[Intent] | None = None) -> None:
        self._intents = {intent.name: intent for intent in (read_intents() if intents is None else intents)}
        self._templates = {name: tuple(map(read_template, intent.queries)) for name, intent in self._intents.items()}
        topics: dict[str, list[str]] = {}
        for intent in self._intents.values():
            topics.setdefault(intent.domain, []).append(intent.name)
        self._topics = {domain: tuple(names) for domain, names in topics.items()}

    @property
    def topics(self) -> Mapping[str, Sequence[str]]:
        return self._topics

    def item(self, key: str, rng: random.Random, requests: int) -> Item:
        """The intent of this name with newly drawn tools and values; fewer requests where it has fewer queries that its tool can take."""
        intent = self._intents[key]
        schemas = {
            name: draw_schema(parameter, rng) for name, parameter in intent.params.items() if name in intent.required or rng.random() >= DROPPED_SHARE
        }
        strong, weak = _draw_strong(intent, schemas, rng), _draw_weak(intent, schemas, rng)
        usable = [template for template in self._templates[key] if schemas.keys() >= set(template.slots)]
        chosen = rng.sample(usable, min(requests, len(usable)))
        return Item(strong.tool, weak.tool, tuple(_draw_request(intent, template, schemas, strong, weak, rng) for template in chosen))


def _draw_request(intent: Intent, template: Template, schemas: Mapping[str, Schema], strong: Drawn, weak: Drawn, rng: random.Random) -> Request:
    """A template with values. Every query holds all that is required, so the weak tool can always be called."""
    slots = {name: (intent.params[name], schemas[name]) for name in schemas if name in template.slots}
    said = draw_values(slots, template.bare, rng)
    return Request(fill(template, said, rng), strong.arguments(said), weak.arguments(said))


# Tools.


def _draw_strong(intent: Intent, schemas: Mapping[str, Schema], rng: random.Random) -> Drawn:
    style = _draw_style(intent, rng)
    order = _draw_order(intent, schemas, rng)
    plain = _vary_names(intent, order, rng)
    names = _write_names(plain, schemas, style, rng)
    name = rng.choice((intent.name, *intent.names))
    tool = Tool(
        name=_write_tool_name(name, style, rng),
        description=_draw_description(intent, names, rng),
        parameters=_draw_parameters(intent, names, schemas, rng),
        returns=_draw_returns(name, plain, schemas, style, rng) if rng.random() < RETURNS_SHARE else None,
        domain=intent.domain,
        source="lexicon",
    )
    return Drawn(tool, names)


def _draw_weak(intent: Intent, schemas: Mapping[str, Schema], rng: random.Random) -> Drawn:
    """The weak tool with those of its parameters that the strong one has in this draw."""
    style = _draw_style(intent, rng)
    kept = {name: schemas[name] for name in intent.weak.keeps if name in schemas}
    plain = {name: intent.weak.keeps[name] for name in _draw_order(intent, kept, rng)}
    names = _write_names(plain, schemas, style, rng)
    tool = Tool(
        name=_write_tool_name(intent.weak.name, style, rng),
        description=intent.weak.does,
        parameters=_draw_parameters(intent, names, schemas, rng),
        returns=_draw_returns(intent.weak.name, plain, schemas, style, rng) if rng.random() < RETURNS_SHARE else None,
        domain=intent.domain,
        source="lexicon",
    )
    return Drawn(tool, names)


def _draw_order(intent: Intent, names: Iterable[str], rng: random.Random) -> list[str]:
    """Parameters in any order, the required ones mostly first."""
    order = list(names)
    rng.shuffle(order)
    if rng.random() < 0.75:
        order.sort(key=lambda name: name not in intent.required)
    return order


def _draw_description(intent: Intent, names: Mapping[str, str], rng: random.Random) -> str:
    """One of the descriptions, two of them, or one and what the tool takes."""
    draw = rng.random()
    if draw < 0.15:
        return " ".join(rng.sample(intent.does, 2))
    text = rng.choice(intent.does)
    return f"{text} {_describe_limits(intent, names, rng)}" if draw < 0.3 else text


def _describe_limits(intent: Intent, names: Mapping[str, str], rng: random.Random) -> str:
    required = _join([names[name] for name in intent.required])
    match rng.randrange(3):
        case 0:
            return f"Requires {required}."
        case 1:
            return f"Takes {_join(list(names.values()))}."
    return f"Cannot be called without {required}."


def _join(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _draw_parameters(intent: Intent, names: Mapping[str, str], schemas: Mapping[str, Schema], rng: random.Random) -> dict[str, Any]:
    """The schema of a tool's parameters, each described by what the intent says of it."""
    capital = rng.random() < 0.3
    properties = {}
    for own, name in names.items():
        parameter = intent.params[own]
        about = _describe(parameter, name, schemas[own])
        properties[name] = {**schemas[own], "description": about[:1].upper() + about[1:] if capital else about}
        if own not in intent.required:
            properties[name].update(draw_default(parameter, schemas[own], rng))
    return {"type": "object", "properties": properties, "required": [name for own, name in names.items() if own in intent.required]}


def _describe(parameter: Parameter, name: str, schema: Schema) -> str:
    """What a parameter is, with the unit or the form that its values have."""
    if parameter.kind == "duration" and "inutes" not in name:
        return f"{parameter.about}, in minutes"
    if parameter.unit:
        return f"{parameter.about}, in {parameter.unit}"
    return f"{parameter.about}, as HH:MM" if parameter.kind == "time" and "format" not in schema else parameter.about


def _draw_returns(name: str, names: Mapping[str, str], schemas: Mapping[str, Schema], style: Style, rng: random.Random) -> Schema:
    """One to three fields: common ones, an id of what the tool is about, a parameter that comes back."""
    words = name.split("_")
    pool = RETURNS_OF_LOOKING if words[0] in VERBS_OF_LOOKING else RETURNS_OF_DOING
    fields = {field: _schema_of_type(pool[field]) for field in rng.sample(tuple(pool), rng.choice((1, 1, 2)))}
    if pool is RETURNS_OF_DOING and rng.random() < 0.4 and not style.masked:
        fields[f"{words[-1].removesuffix('s')}_id"] = {"type": "string"}
    if rng.random() < 0.3 and not style.masked_parameters:
        own = rng.choice(tuple(names))
        fields[names[own]] = schemas[own]
    some = list(fields.items())[:3]
    rng.shuffle(some)
    return {"type": "object", "properties": {_write(field, style): schema for field, schema in some}}


def _schema_of_type(name: str) -> Schema:
    if name == "array":
        return {"type": "array", "items": {"type": "string"}}
    return {"type": "string", "format": name} if name in ("date", "date-time") else {"type": name}


# Names.


def _draw_style(intent: Intent, rng: random.Random) -> Style:
    masked = rng.random() < MASKED_SHARE
    draw = rng.random()
    prefixed = CAMEL_SHARE <= draw < CAMEL_SHARE + PREFIXED_SHARE and not masked
    prefix = intent.domain + rng.choice("_.") if prefixed else ""
    return Style(masked, masked and rng.random() < 0.5, draw < CAMEL_SHARE, prefix)


def _write_tool_name(name: str, style: Style, rng: random.Random) -> str:
    """The name as the style has it; masked, a pair of pseudo-words in its place."""
    return style.prefix + _write(f"{pseudo_word(rng)}_{pseudo_word(rng)}" if style.masked else name, style)


def _write(name: str, style: Style) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name) if style.camel else name


def _vary_names(intent: Intent, order: Sequence[str], rng: random.Random) -> dict[str, str]:
    """The strong tool's names for its parameters: the intent's own, some with their unit, some made from what they are."""
    names = {name: name for name in order}
    for own in order:
        variant = own
        if rng.random() < VARIANT_SHARE:
            variant = _name_from(intent.params[own].about) or own
        if intent.params[own].kind == "duration" and "minutes" not in variant and rng.random() < 0.7:
            variant = f"{variant}_minutes"
        if variant not in intent.params and variant not in names.values():
            names[own] = variant
    return names


def _name_from(about: str) -> str | None:
    """Its first two words that belong together, `day of departure` as `departure_day`; None where other words come between them."""
    found = TWO_WORDS.match(about.lower())
    if found is None or found["first"] in EMPTY_WORDS or found["second"] in EMPTY_WORDS:
        return None
    return f"{found['second']}_{found['first']}" if found["of"] else f"{found['first']}_{found['second']}"


def _write_names(plain: Mapping[str, str], schemas: Mapping[str, Schema], style: Style, rng: random.Random) -> dict[str, str]:
    """Parameters' names in the tool's style. Masked are those whose type no other of the intent has; flags keep their names."""
    if not style.masked_parameters:
        return {own: _write(name, style) for own, name in plain.items()}
    types = [_type_of(schema) for schema in schemas.values()]
    names: dict[str, str] = {}
    for own, name in plain.items():
        kind = _type_of(schemas[own])
        written = pseudo_word(rng) if types.count(kind) == 1 and kind != "boolean" else _write(name, style)
        names[own] = written if written not in names.values() else _write(name, style)
    return names


def _type_of(schema: Schema) -> str:
    """What of a schema a value can be told by."""
    return " ".join(schema["enum"]) if "enum" in schema else str(schema.get("format", schema["type"]))
