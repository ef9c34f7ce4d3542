"""Items in the style of the rules teacher: intents in, tools made by rules, a pool of the teacher's requests for them, items out.

A pool is built once, kept as JSON Lines, and `RulesSource` draws items from it for the corpus. Called by gentool.nano.corpus.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Self

from gentool.core.jsonl import read_records, write_records
from gentool.core.tool import Record, Tool
from gentool.nano.intents import Intent, Parameter
from gentool.nano.material import Item, Request
from gentool.synth.cases import draw_case, weak_arguments
from gentool.synth.values import UnsampleableError
from gentool.synth.ways import weaken_tool

VERBS_OF_ONE_SENSE = (
    "get find show list check search fetch read view browse locate query see track watch follow monitor",
    "create add make build write draft compose prepare record log note register enter submit file report post publish book reserve order "
    "request buy hire rent purchase arrange schedule plan start begin open launch",
    "cancel delete remove stop end close drop discard void terminate withdraw quit",
    "change update edit adjust amend correct set rename move swap replace postpone extend prolong renew",
    "send share forward export upload transfer assign hand give offer",
    "compare contrast rank weigh rate score evaluate assess",
    "count calculate estimate measure compute predict forecast",
    "pause suspend freeze lock block mute hide",
    "save copy download print store archive",
    "translate summarise explain describe",
    "approve accept confirm verify",
    "reject decline dispute contest",
    "merge combine link group sort",
    "label tag flag mark bookmark",
)
"""Verbs that may mean the same with one object: two tools that differ in nothing else would serve each other's requests."""
SENSES = {verb: verbs.split()[0] for verbs in VERBS_OF_ONE_SENSE for verb in verbs.split()}
PARTICLES = frozenset(re.findall(r"\w+", "a an and as at by down for from in is it my of off on or out over the to up with"))
FRAMES = (
    "{Do} {thing}.",
    "{Does} {thing}.",
    "{Do} {thing} by {first}.",
    "{Does} {thing} for a given {first}.",
    "{Do} {thing}, by {first} or {second}.",
    "Used to {do} {thing}.",
    "Tool to {do} {thing}, for {field}.",
    "This tool {does} {thing}.",
    "Allows you to {do} {thing} with {first} and {second}.",
    "{Does} {thing} once the {first} is known.",
    "An endpoint that {does} {thing} from {first}.",
)
TAILS = ("Needs the {first}.", "The {second} narrows it down.", "Part of the interface for {field}.", "Nothing else is touched.", "Comes in pages.")
SHARE_OF_PSEUDO_NAMES, SHARE_OF_PSEUDO_OBJECTS = 0.08, 0.14
"""Of all names, and of the objects of recombined tools: together about 15% of the tools."""
SHARE_WITH_RETURNS = 0.4
SHARE_WITHOUT_REQUIRED = 0.12
SHARE_OF_TAILS = SHARE_WITHOUT_BOUNDS = SHARE_SHUFFLED = 0.3
SHARE_WITH_DEFAULT = 0.25
SPELLINGS = {"snake": 78, "kebab": 10, "camel": 12}
ONSETS = re.findall(r"\w+", "b br d dr f fl g gl h j k kr l m n p pl qu r s sk st t tr v w z")
NUCLEI = ("a", "e", "i", "o", "u", "ai", "ea", "oo", "ou")
CODAS = ("", "", "", "l", "m", "n", "r", "rp", "sk", "t", "x")
TYPES: dict[str, dict[str, Any]] = {
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][05]$"},
    "datetime": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "weekday": {"type": "string", "enum": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]},
    "month": {"type": "integer", "minimum": 1, "maximum": 12},
    "flag": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string"}},
    "percent": {"type": "integer", "minimum": 0, "maximum": 100},
    "duration": {"type": "integer", "minimum": 5, "maximum": 480},
    "amount": {"type": "number", "minimum": 1, "maximum": 5000},
}
"""The JSON Schemas of the kinds of parameters that have one for all; counts, numbers and choices have their own, the others are text."""
MOST_PARAMETERS = 6
MOST_TRIES = 60
"""Tools that fail one after the other before no more are tried."""


class PooledItem(Record):
    """A line of a pool: the key of a need, one strong tool for it, the weak one, and all their requests."""

    key: str
    strong: Tool
    weak: Tool | None = None
    requests: tuple[Request, ...]


def build_rules_pool(tools: Mapping[str, Sequence[Tool]], seed: int, queries_per_tool: int) -> list[PooledItem]:
    """What the rules teacher makes for every tool by key, in their order; a tool that it can write nothing for is left out."""
    taken = {tool.name for variants in tools.values() for tool in variants}
    pool = []
    for key, variants in tools.items():
        for strong in variants:
            weak = _find_weak_tool(strong, taken, seed)
            requests = _write_requests(strong, weak, queries_per_tool, seed)
            if requests:
                taken |= {weak.name} if weak else set()
                pool.append(PooledItem(key=key, strong=strong, weak=weak, requests=requests))
    return pool


def _find_weak_tool(strong: Tool, taken: Collection[str], seed: int) -> Tool | None:
    """A weak counterpart whose name no other tool has; None where there is nothing to take away."""
    for number in range(MOST_TRIES):
        weakened = weaken_tool(strong, random.Random(f"weaken/{seed}/{number}/{strong.id}"))
        if weakened is None or weakened[0].name not in taken:
            return weakened[0] if weakened else None
    return None


def _write_requests(strong: Tool, weak: Tool | None, count: int, seed: int) -> tuple[Request, ...]:
    """Up to so many requests, each text once; what the schemas give no values for is left out."""
    requests: dict[str, Request] = {}
    for index in range(count):
        with suppress(UnsampleableError):
            case = draw_case(strong, weak, index, count, f"case/{seed}/{count}/{strong.id}/{weak.id if weak else ''}")
            weak_call = weak_arguments(case, strong, weak) if weak and case.weak_fit != "none" else None
            requests.setdefault(case.text, Request(case.text, case.arguments, weak_call))
    return tuple(requests.values())


class RulesSource:
    """A `Source` of the items of a pool: of a key one of its variants, with a fresh selection of its requests."""

    def __init__(self, pool: Sequence[PooledItem]) -> None:
        self.pool = pool
        self._variants: dict[str, list[PooledItem]] = {}
        topics: dict[str, dict[str, None]] = {}
        for one in pool:
            self._variants.setdefault(one.key, []).append(one)
            topics.setdefault(one.strong.domain or "other", {})[one.key] = None
        self._topics = {topic: tuple(keys) for topic, keys in topics.items()}

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """The source of a pool that `write` wrote. Raises RecordError with the line that is not valid."""
        return cls(list(read_records(path, PooledItem)))

    def write(self, path: Path) -> int:
        """Write the pool as JSON Lines; returns how many lines."""
        return write_records(path, self.pool)

    @property
    def topics(self) -> Mapping[str, Sequence[str]]:
        return self._topics

    def item(self, key: str, rng: random.Random, requests: int) -> Item:
        chosen = rng.choice(self._variants[key])
        return Item(chosen.strong, chosen.weak, tuple(rng.sample(chosen.requests, min(requests, len(chosen.requests)))))


class Needs:
    """What the tools so far are for, by key, so that none is added that would serve another's requests."""

    def __init__(self, apart_from: Collection[str]) -> None:
        self._served: dict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
        self._refused = {frozenset(_read_words(name)) for name in apart_from}

    def add(self, name: str, key: str) -> None:
        verb, *things = _read_words(name)
        self._served[verb].append((frozenset(things), key))

    def are_refused(self, name: str) -> bool:
        """Whether a name to keep apart from has the same words, in any order."""
        return frozenset(_read_words(name)) in self._refused

    def are_new(self, name: str, key: str | None = None) -> bool:
        """Whether no tool of another key has a verb of one sense and an object that is the same, wider or narrower."""
        verb, *words = _read_words(name)
        things = frozenset(words)
        return not any(other != key and (held <= things or things <= held) for held, other in self._served[verb])


def _read_words(name: str) -> list[str]:
    """The words of a name without particles and plurals, one word for all verbs of one sense."""
    words = [word.lower().removesuffix("s") for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", name)]
    return [SENSES.get(word, word) for word in words if word not in PARTICLES] or [name]


def procedural_tools(intents: Sequence[Intent], seed: int, number: int, apart_from: Collection[str] = ()) -> dict[str, list[Tool]]:
    """About `number` tools by the key of the need that they serve; the tools of a key are for the same need, in other words.

    Half of them are the intents' own strong and weak tools (the key is the intent's name), the others have the verb of one intent and the
    object of another. None has the words of a name in `apart_from`, so that tests on tools of those names stay fair.
    """
    maker = ToolMaker(intents, random.Random(f"procedural tools/{seed}"), Needs(apart_from))
    made = list(islice(maker.draw_from_intents(), number // 2))
    made += islice(maker.recombine(), number - len(made))
    tools: dict[str, list[Tool]] = {}
    for key, tool in made:
        tools.setdefault(key, []).append(tool)
    return tools


class ToolMaker:
    """Makes tools of the names, words and parameters of intents; no name is given twice, and no two keys are for one need."""

    def __init__(self, intents: Sequence[Intent], rng: random.Random, needs: Needs) -> None:
        self.intents, self.rng, self.needs = intents, rng, needs
        self._parameters = [named for intent in intents for named in intent.params.items()]
        self._names: set[str] = set()
        for intent in intents:
            for name in (intent.name, *intent.names):
                needs.add(name, intent.name)

    def draw_from_intents(self) -> Iterator[tuple[str, Tool]]:
        """With its key a strong tool of every intent, then all weak ones, then further strong ones."""
        for draw in (self._draw_strong, self._draw_weak, self._draw_strong, self._draw_strong):
            for intent in self.rng.sample(list(self.intents), len(self.intents)):
                tool = draw(intent)
                if tool:
                    yield intent.name, tool

    def _draw_strong(self, intent: Intent) -> Tool | None:
        """The intent under one of its names and descriptions, at times without one or two of its optional parameters."""
        optional = [one for one in intent.params if one not in intent.required]
        dropped = self.rng.sample(optional, min(len(optional), self.rng.choice((0, 0, 1, 2))))
        parameters = {one: parameter for one, parameter in intent.params.items() if one not in dropped}
        name, description = self.rng.choice((intent.name, *intent.names)), self.rng.choice(intent.does)
        return self._make(name, intent.name, description, parameters, intent.required, intent.domain)

    def _draw_weak(self, intent: Intent) -> Tool | None:
        """The intent's weak tool, as a tool of its own; None where it would serve another key's requests."""
        if not self.needs.are_new(intent.weak.name, intent.name):
            return None
        keeps = intent.weak.keeps
        parameters = {own: intent.params[one] for one, own in keeps.items()}
        required = [own for one, own in keeps.items() if one in intent.required]
        return self._make(intent.weak.name, intent.name, intent.weak.does, parameters, required, intent.domain)

    def recombine(self) -> Iterator[tuple[str, Tool]]:
        """With its key, which is its name, a tool with the verb of one intent and the object of another, whose domain is the tool's."""
        verbs = sorted({name.split("_")[0] for intent in self.intents for name in intent.all_names} & set(SENSES))
        things = [(thing, intent.domain) for intent in self.intents for name in intent.all_names if (thing := _object_of(name))]
        failed = 0
        while failed < MOST_TRIES:
            verb, (thing, domain) = self.rng.choice(verbs), self.rng.choice(things)
            if self.rng.random() < SHARE_OF_PSEUDO_OBJECTS:
                thing = draw_pseudo_word(self.rng)
            parameters = dict(self.rng.sample(self._parameters, self.rng.randint(0 if self.rng.random() < 0.1 else 1, MOST_PARAMETERS)))
            required = self.rng.sample(list(parameters), min(len(parameters), self.rng.choice((1, 1, 2, 3))))
            key, description = f"{verb}_{thing}", describe(verb, thing, domain, list(parameters), self.rng)
            tool = self._make(key, key, description, parameters, required, domain) if self.needs.are_new(key) else None
            failed = 0 if tool else failed + 1
            if tool:
                yield key, tool

    def _make(self, name: str, key: str, description: str, parameters: Mapping[str, Parameter], required: Sequence[str], domain: str) -> Tool | None:
        """A tool, its name's spelling and what it returns drawn; None where the name may not be used."""
        spelt = draw_spelling(name, self.rng)
        if spelt in self._names or self.needs.are_refused(name):
            return None
        self._names.add(spelt)
        self.needs.add(name, key)
        schema = describe_parameters(parameters, () if self.rng.random() < SHARE_WITHOUT_REQUIRED else required, self.rng)
        returned = dict(self.rng.sample(self._parameters, self.rng.randint(1, 4))) if self.rng.random() < SHARE_WITH_RETURNS else {}
        types = {one: {"type": _type_of(parameter, self.rng)["type"]} for one, parameter in returned.items()}
        returns = {"type": "object", "properties": types} if types else None
        return Tool(name=spelt, description=description, parameters=schema, returns=returns, domain=domain)


def describe_parameters(parameters: Mapping[str, Parameter], required: Collection[str], rng: random.Random) -> dict[str, Any]:
    """The JSON Schema of all parameters, at times in another order."""
    names = rng.sample(list(parameters), len(parameters)) if rng.random() < SHARE_SHUFFLED else list(parameters)
    properties: dict[str, dict[str, Any]] = {}
    for name in names:
        properties[name] = {**_type_of(parameters[name], rng), "description": parameters[name].about}
        defaults = _defaults_of(properties[name])
        if defaults and name not in required and rng.random() < SHARE_WITH_DEFAULT:
            properties[name]["default"] = rng.choice(defaults)
    needed = [name for name in names if name in required]
    return {"type": "object", "properties": properties, **({"required": needed} if needed else {})}


def _defaults_of(schema: Mapping[str, Any]) -> Sequence[Any]:
    """What may be the default: one of the choices, the least number, or no; nothing for other kinds."""
    return [False] if schema["type"] == "boolean" else schema.get("enum", [schema["minimum"]] if "minimum" in schema else [])


def _type_of(parameter: Parameter, rng: random.Random) -> dict[str, Any]:
    """The JSON Schema of a parameter's kind; a number's bounds are left out at times."""
    schema = dict(TYPES.get(parameter.kind, {"type": "string"}))
    if parameter.kind == "choice":
        schema["enum"] = list(parameter.values or ())
    elif parameter.low is not None and parameter.high is not None:
        low, high = (int(bound) if bound.is_integer() else bound for bound in (parameter.low, parameter.high))
        schema = {"type": "integer" if parameter.kind == "count" else "number", "minimum": low, "maximum": high}
    if "minimum" in schema and rng.random() < SHARE_WITHOUT_BOUNDS:
        return {"type": schema["type"]}
    return schema


def draw_spelling(name: str, rng: random.Random) -> str:
    """A snake-case name in one of the spellings that catalogues use; at times pseudo-words take its place."""
    words = name.split("_")
    if rng.random() < SHARE_OF_PSEUDO_NAMES:
        words = [rng.choice((words[0], draw_pseudo_word(rng))), draw_pseudo_word(rng)]
    match rng.choices(list(SPELLINGS), list(SPELLINGS.values()))[0]:
        case "kebab":
            return "-".join(words)
        case "camel":
            return words[0] + "".join(word.title() for word in words[1:])
    return "_".join(words)


def draw_pseudo_word(rng: random.Random) -> str:
    """Two or three syllables that mean nothing."""
    return "".join(rng.choice(ONSETS) + rng.choice(NUCLEI) + rng.choice(CODAS) for _ in range(rng.randint(2, 3)))


def _object_of(name: str) -> str | None:
    """What a name's verb is done to; None where the verb is no common one, or the rest of the name is no plain noun."""
    verb, *words = name.split("_")
    return "_".join(words) if verb in SENSES and words and not PARTICLES & set(words) else None


def describe(verb: str, thing: str, domain: str, parameters: Sequence[str], rng: random.Random) -> str:
    """A sentence or two on a recombined tool, with the names of its parameters in words where it has them."""
    article = "" if thing.endswith("s") else rng.choice(("", "a " if thing[0] not in "aeiou" else "an "))
    words = {"do": verb, "does": third_person(verb), "thing": (rng.choice((article, "the ")) + thing), "field": domain}
    words |= dict(zip(("first", "second"), parameters, strict=False))
    words = {part: text.replace("_", " ") for part, text in words.items()}
    words |= {part.title(): text[:1].upper() + text[1:] for part, text in words.items()}
    frames = [FRAMES, TAILS] if rng.random() < SHARE_OF_TAILS else [FRAMES]
    return " ".join(
        rng.choice([frame for frame in choices if set(re.findall(r"\{(\w+)\}", frame)) <= set(words)]).format(**words) for choices in frames
    )


def third_person(verb: str) -> str:
    """`find` -> `finds`, `watch` -> `watches`, `copy` -> `copies`."""
    stem = re.sub("(?<=[^aeiou])y$", "ie", verb)
    return f"{stem}es" if stem.endswith(("s", "sh", "ch", "x")) else f"{stem}s"
