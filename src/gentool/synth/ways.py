"""The ways in which the rules teacher makes a strong tool weaker.

A strong tool and a seed in, a weaker definition and the names of the ways out. Each way takes a capability away; beside it
every weak tool gets another name and a vaguer description, as a poorer API would have.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from gentool.core.tool import EMPTY_PARAMETERS, Tool
from gentool.engines.vectors import words_of
from gentool.synth.gaps import returned_names
from gentool.synth.values import find_bounds
from gentool.synth.wording import cut_clause, first_clause

MOST_WAYS = 2
LONGEST_NAME = 64
"""What OpenAI's API takes."""
VERBS = {
    "get": "fetch", "fetch": "get", "search": "find", "find": "look_up", "create": "make", "add": "put", "update": "change", "delete": "remove",
    "remove": "drop", "cancel": "stop", "book": "reserve", "send": "post", "list": "show", "schedule": "plan", "track": "follow", "check": "see",
    "calculate": "compute", "estimate": "guess", "set": "put", "convert": "change", "report": "tell", "query": "read", "generate": "make",
    "compare": "check", "order": "buy", "register": "enter", "request": "ask_for", "start": "begin", "open": "begin", "export": "save",
}  # fmt: skip
VAGUE = (
    "{} in a basic way.",
    "Basic: {}.",
    "{}, common cases only.",
    "A simple way to {}.",
    "{}; few options.",
    "Older interface to {}.",
    "Quickly {}.",
    "{} without extras.",
)

Definition = dict[str, Any]
"""A tool's JSON form while it is being changed: name, description, parameters, returns."""


def weaken_tool(strong: Tool, rng: random.Random) -> tuple[Tool, tuple[str, ...]] | None:
    """A weak counterpart and the ways in which it is weaker; None where the schema leaves nothing to take away."""
    definition = copy.deepcopy(strong.model_dump(mode="json"))
    definition["parameters"] = {**EMPTY_PARAMETERS, **definition["parameters"]}
    open_ways = [name for name, way in WAYS.items() if way(copy.deepcopy(definition), random.Random(0))]
    if not open_ways:
        return None
    preferred = [name for name in open_ways if name != "missing_required_parameter"] or open_ways
    chosen = rng.sample(preferred, min(len(preferred), rng.randint(1, MOST_WAYS)))
    applied = [name for name in WAYS if name in chosen and WAYS[name](definition, rng)]
    definition["name"] = _rename(strong.name, rng)
    definition["description"] = _vaguer(strong, rng)
    return Tool.model_validate(definition), ("other_name", "vaguer_description", *applied)


def _rename(name: str, rng: random.Random) -> str:
    """Another name for the poorer tool: another verb, a word less, or an affix, in the name's own spelling."""
    words = words_of(name) or [name]
    first = VERBS.get(words[0], words[0])
    options = [["basic", *words], ["simple", *words], [*words, "lite"], ["quick", *words]]
    if first != words[0]:
        options += [[first, *words[1:]]] * 3
    if len(words) > 2:
        options += [[first, words[-1], "basic"], [words[0], *words[2:], "simple"]]
    separator = "-" if "-" in name and "_" not in name else "_"
    names = [separator.join(option)[:LONGEST_NAME] for option in options]
    return rng.choice([other for other in names if other != name] or [f"basic{separator}{name}"])


def _vaguer(strong: Tool, rng: random.Random) -> str:
    """The description cut to its core in other words."""
    core = cut_clause((first_clause(strong.description) or " ".join(words_of(strong.name)) or strong.name).split(), rng.randint(3, 6))
    text = rng.choice(VAGUE).format(core)
    return text[:1].upper() + text[1:]


def _properties(definition: Definition) -> dict[str, Any]:
    properties = definition["parameters"].get("properties")
    return properties if isinstance(properties, dict) else {}


def _required(definition: Definition) -> list[str]:
    required = definition["parameters"].get("required")
    return list(required) if isinstance(required, list) else []


def _typed(definition: Definition, accept: Callable[[dict[str, Any]], bool]) -> list[str]:
    return [name for name, schema in _properties(definition).items() if isinstance(schema, dict) and accept(schema)]


def _drop_optional(definition: Definition, rng: random.Random) -> bool:
    """Take away up to half of the optional parameters; one parameter is always left."""
    optional = [name for name in _properties(definition) if name not in _required(definition)]
    spare = len(_properties(definition)) - 1
    count = min(spare, rng.randint(1, max(1, (len(optional) + 1) // 2)), len(optional))
    for name in rng.sample(optional, max(count, 0)):
        del _properties(definition)[name]
    return count > 0


def _drop_required(definition: Definition, rng: random.Random) -> bool:
    """Take away one of several required parameters."""
    required = _required(definition)
    if len(required) < 2:
        return False
    name = rng.choice(required[1:])
    _properties(definition).pop(name, None)
    definition["parameters"]["required"] = [other for other in required if other != name]
    return True


def _fewer_values(definition: Definition, rng: random.Random) -> bool:
    """Leave about half of an enum's values, its default among them."""
    names = _typed(definition, lambda schema: isinstance(schema.get("enum"), list) and len(schema["enum"]) > 1)
    if not names:
        return False
    schema = _properties(definition)[rng.choice(names)]
    kept = rng.sample(schema["enum"], max(1, len(schema["enum"]) // 2))
    if "default" in schema and schema["default"] in schema["enum"] and schema["default"] not in kept:
        kept[0] = schema["default"]
    schema["enum"] = [value for value in schema["enum"] if value in kept]
    return True


def _narrower_range(definition: Definition, rng: random.Random) -> bool:
    """Lower a number's upper bound to the middle, or set one where there is none."""
    names = _typed(definition, lambda schema: schema.get("type") in ("integer", "number") and "enum" not in schema and _middle(schema) is not None)
    if not names:
        return False
    schema = _properties(definition)[rng.choice(names)]
    schema["maximum"] = _middle(schema)
    if "default" in schema and isinstance(schema["default"], int | float) and schema["default"] > schema["maximum"]:
        del schema["default"]
    return True


def _middle(schema: dict[str, Any]) -> int | float | None:
    """The bound between what the weak tool takes and what only the strong one takes; None where the range is too small."""
    low, high = find_bounds(schema, 1)
    low = 0 if low is None else low
    high = low + 50 if high is None else high
    middle = int(low + (min(high, low + 500) - low) // 2)
    return middle if low < middle < high and high - middle >= 1 else None


def _takes_one(schema: dict[str, Any]) -> bool:
    """Whether a schema is a list, not of lists, that may hold one value or several."""
    items = schema.get("items")
    typed = schema.get("type") == "array" and isinstance(items, dict) and items.get("type", "array") != "array"
    return typed and schema.get("minItems", 0) < 2 and schema.get("maxItems", 2) > 1


def _single_value(definition: Definition, rng: random.Random) -> bool:
    """Take one value where the strong tool takes a list."""
    names = _typed(definition, _takes_one)
    if not names:
        return False
    name = rng.choice(names)
    schema = _properties(definition)[name]
    single = {**schema["items"], "description": schema.get("description", schema["items"].get("description", ""))}
    _properties(definition)[name] = single
    return True


def _poorer_returns(definition: Definition, rng: random.Random) -> bool:
    """Return about half of what the strong tool returns, one value at least."""
    returned = list(returned_names(Tool.model_construct(name=definition["name"], returns=definition["returns"])))
    if len(returned) < 2:
        return False
    dropped = rng.sample(returned[1:], max(1, len(returned) // 2))
    for name in dropped:
        del definition["returns"]["properties"][name]
    if isinstance(definition["returns"].get("required"), list):
        definition["returns"]["required"] = [name for name in definition["returns"]["required"] if name not in dropped]
    return True


WAYS: dict[str, Callable[[Definition, random.Random], bool]] = {
    "fewer_parameters": _drop_optional,
    "fewer_values": _fewer_values,
    "narrower_range": _narrower_range,
    "single_value": _single_value,
    "poorer_returns": _poorer_returns,
    "missing_required_parameter": _drop_required,
}
"""Each way by name: it changes the definition and says whether there was something to take away."""
