"""Made-up servers whose tools are alike, as those of real ones are: one thing, many ways to deal with it, parameters that they share.

Words and glosses in, tools by key out; the rules teacher asks for them (gentool.nano.rules_items). Called by gentool.nano.corpus. Choosing
among `get_harbor_tide`, `get_harbor_depth` and `harbor_parser` takes the one word in which they differ, and filling in
`from_zone` and `to_zone` takes more than the last word of a parameter's name.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from gentool.core.tool import Tool
from gentool.nano.intents import Parameter
from gentool.nano.pools import split_words
from gentool.nano.rules_items import Needs, describe_parameters, draw_pseudo_word, third_person

VERBS = (
    "get fetch retrieve read load search find query list show check",
    "create add register make build draft",
    "delete remove drop clear discard",
    "update change edit set adjust rename",
    "convert translate transform",
    "move copy export upload download import",
    "compare rank score rate",
    "count measure calculate estimate",
    "merge split join group",
    "lock pause mute archive",
)
"""A server has one verb of a line for one aspect of its thing: two would serve each other's requests."""
AGENTS = {
    "split": "splitter", "format": "formatter", "convert": "converter", "clean": "cleaner", "merge": "merger", "parse": "parser",
    "scan": "scanner", "sort": "sorter", "validate": "validator", "generate": "generator", "filter": "filter", "extract": "extractor",
    "resize": "resizer", "encode": "encoder", "summarize": "summarizer", "schedule": "scheduler",
}  # fmt: skip
"""Verbs, and what tools that do it are called."""
NAMES = ("{verb}_{thing}_{aspect}", "{verb}_{thing}_{aspect}", "{verb}_{aspect}", "{thing}_{verb}_{aspect}", "{verb}_{aspect}_of_{thing}")
SAYS: Sequence[str] = (
    "{Verbs} {aspect} data for a specific {thing}.",
    "{Verb} the {aspect} of a {thing}.",
    "{Verb} {thing} {aspect}.",
    "{Verbs} the {aspect} for a given {thing}, by {parameter}.",
    "{Verb} {aspect} from the {thing}",
    "{Verb} a complete {aspect} of all {thing} entries as {other} and {parameter}.",
    "{Verbs} {aspect} ({other}/{parameter}) for one {thing}.",
    "Used to {verb} the {aspect} of the {thing}.",
)
AGENTS_SAY = ("{Verb} {thing} by {aspect} or {other}", "{Verb} {thing} and its {aspect}.", "{Verb} the {thing} into {aspect}, with {other}.")
CONVERSION = "{thing}_to_{aspect}"
CONVERSIONS_SAY = ("Convert {thing} to {aspect}.", "Convert a {thing} to plain {aspect} while preserving {other}", "{thing} to {aspect} conversion.")
PAIRS = split_words("from/to input/output start/end source/target first/second old/new min/max include/exclude parent/child local/remote")
"""What stands before one word in the names of two parameters."""
PAIRED = split_words("date time format encoding path file dir id code name zone unit account city currency price page branch version lang key url")
PLAIN: Sequence[dict[str, Any]] = ({"type": "string"},) * 6 + ({"type": "number"}, {"type": "integer"})
OTHERS: Sequence[dict[str, Any]] = (
    {"type": "boolean"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"type": "integer"}},
    {"type": "object"},
    {"type": "array", "items": {"type": "object"}},
)
"""Objects get fields of plain types."""
ARGUMENTS = ("{name} ({type}): {words}", "{name}: {words}", "- {name}: the {words}")
SHARE_OF_AGENTS, SHARE_OF_CONVERSIONS = 0.15, 0.1
SHARE_OF_ACRONYMS, SHARE_OF_PSEUDO_WORDS = 0.08, 0.1
SHARE_WITH_PAIR, SHARE_WITH_ARGUMENTS, SHARE_WITH_MORE, SHARE_WITHOUT_TEXT, SHARE_TOLD = 0.6, 0.25, 0.35, 0.05, 0.6
SHARE_OF_OTHERS = 0.4
FEWEST_TOOLS, MOST_TOOLS = 4, 9
MOST_ASPECTS = 5

Schemas = dict[str, dict[str, Any]]


def server_tools(
    nouns: Sequence[Sequence[str]],
    glosses: Sequence[str],
    parameters: Mapping[str, Parameter],
    seed: int,
    number: int,
    apart_from: Collection[str] = (),
) -> dict[str, list[Tool]]:
    """`number` tools by key, each for a need of its own; a tool's domain is its server. None has the words of a name in `apart_from`.

    Of each list of `nouns` as many are drawn; of `glosses` descriptions go on after their first sentence; `parameters` are taken
    by tools beside those that the servers make up.
    """
    maker = ServerMaker(nouns, glosses, parameters, random.Random(f"servers/{seed}"), Needs(apart_from))
    return {tool.name: [tool] for tool in islice(maker.draw(), number)}


class ServerMaker:
    """Draws servers; no name is given twice, and no two tools are for one need."""

    def __init__(
        self, nouns: Sequence[Sequence[str]], glosses: Sequence[str], parameters: Mapping[str, Parameter], rng: random.Random, needs: Needs
    ) -> None:
        self.nouns, self.glosses, self.parameters, self.rng, self.needs = nouns, glosses, parameters, rng, needs
        self._names: set[str] = set()

    def draw(self) -> Iterator[Tool]:
        """Server by server, without end."""
        while True:
            yield from self._draw_server()

    def _draw_server(self) -> Iterator[Tool]:
        """Tools for one thing, of whose aspects several tools deal with the same; they choose from the same parameters."""
        rng = self.rng
        thing, *aspects = (self._draw_word() for _ in range(1 + rng.randint(2, MOST_ASPECTS)))
        verbs = [rng.choice(line.split()) for line in rng.sample(VERBS, rng.randint(1, 4))]
        shared = self._draw_parameters(rng.choice(("_", "_", "", "camel")))
        common = rng.sample(list(shared), min(len(shared), rng.randint(0, 2)))
        for _ in range(rng.randint(FEWEST_TOOLS, MOST_TOOLS)):
            name, text = self._draw_wording(verbs, thing, aspects, list(shared))
            if name in self._names or self.needs.are_refused(name) or not self.needs.are_new(name):
                continue
            self._names.add(name)
            self.needs.add(name, name)
            taken = [one for one in shared if one in common or rng.random() < 0.45] or list(shared)[:1]
            yield self._make(name, text, {one: shared[one] for one in taken}, thing)

    def _draw_word(self) -> str:
        """A noun, at times a word or an acronym that means nothing."""
        draw = self.rng.random()
        if draw < SHARE_OF_PSEUDO_WORDS:
            return draw_pseudo_word(self.rng)
        if draw < SHARE_OF_PSEUDO_WORDS + SHARE_OF_ACRONYMS:
            return "".join(self.rng.choices("ABCDEFGHIKLMNOPRSTUVXZ", k=self.rng.randint(3, 5)))
        return self.rng.choice(self.rng.choice(self.nouns))

    def _draw_wording(self, verbs: Sequence[str], thing: str, aspects: Sequence[str], parameters: Sequence[str]) -> tuple[str, str]:
        """A tool's name and the first sentence of its description."""
        rng, draw = self.rng, self.rng.random()
        aspect, other = rng.sample(aspects, 2)
        verb = rng.choice(verbs)
        frame, says = rng.choice(NAMES), SAYS
        if draw < SHARE_OF_AGENTS:
            verb = rng.choice(list(AGENTS))
            frame, says = rng.choice((f"{{thing}}_{AGENTS[verb]}", f"{{thing}}_{{aspect}}_{AGENTS[verb]}")), AGENTS_SAY
        elif draw < SHARE_OF_AGENTS + SHARE_OF_CONVERSIONS:
            frame, says = CONVERSION, CONVERSIONS_SAY
        parameter = " ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+", rng.choice(parameters))).lower()
        words = {"verb": verb, "verbs": third_person(verb), "thing": thing, "aspect": aspect, "other": other, "parameter": parameter}
        words |= {"Verb": verb.title(), "Verbs": third_person(verb).title()}
        text = rng.choice(says).format(**words)
        return frame.format(**words).lower(), text[:1].upper() + text[1:]

    def _draw_parameters(self, joint: str) -> Schemas:
        """Three to seven; among them pairs whose names end in the same word, spelt as the server spells them."""
        rng = self.rng
        drawn: list[tuple[str, dict[str, Any]]] = []
        for _ in range(rng.choice((1, 1, 2)) if rng.random() < SHARE_WITH_PAIR else 0):
            word, schema = rng.choice(PAIRED), rng.choice(PLAIN)
            drawn += [(f"{end}_{word}", self._tell(schema, f"{end} {word}")) for end in rng.choice(PAIRS).split("/")]
        for name in rng.sample(list(self.parameters), rng.randint(1, 2)):
            drawn.append((name, describe_parameters({name: self.parameters[name]}, (), rng)["properties"][name]))
        for _ in range(rng.randint(1, 3)):
            word = self._draw_word().lower()
            drawn.append((word, self._tell(self._draw_type(), f"{rng.choice(('the', 'name of the', 'which', 'optional'))} {word}")))
        rng.shuffle(drawn)
        return {spell(name, joint): schema for name, schema in drawn}

    def _draw_type(self) -> dict[str, Any]:
        """A plain type, or a list or object of such."""
        schema = self.rng.choice(OTHERS if self.rng.random() < SHARE_OF_OTHERS else PLAIN)
        if schema["type"] == "object":
            return self._draw_object()
        return {"type": "array", "items": self._draw_object()} if schema.get("items") == {"type": "object"} else dict(schema)

    def _draw_object(self) -> dict[str, Any]:
        """Two or three fields, at times the two of a pair; all are required."""
        rng = self.rng
        names = rng.choice(PAIRS).split("/") if rng.random() < SHARE_WITH_PAIR else [self._draw_word().lower() for _ in range(rng.randint(2, 3))]
        return {"type": "object", "properties": {name: dict(rng.choice(PLAIN)) for name in names}, "required": list(dict.fromkeys(names))}

    def _tell(self, schema: Mapping[str, Any], about: str) -> dict[str, Any]:
        """The schema, mostly with a description."""
        return {**schema, "description": about[:1].upper() + about[1:]} if self.rng.random() < SHARE_TOLD else dict(schema)

    def _make(self, name: str, text: str, properties: Schemas, thing: str) -> Tool:
        rng = self.rng
        needed = [one for one in properties if rng.random() < 0.6 and properties[one]["type"] != "boolean" and "default" not in properties[one]]
        schema = {"type": "object", "properties": properties, **({"required": needed} if needed else {})}
        return Tool(name=name, description=self._tell_more(text, properties), parameters=schema, domain=f"{thing} tools")

    def _tell_more(self, text: str, properties: Schemas) -> str:
        """The description: at times a gloss or two follow, or the parameters as in a docstring; at times there is none."""
        rng = self.rng
        if rng.random() < SHARE_WITHOUT_TEXT:
            return ""
        if rng.random() < SHARE_WITH_MORE:
            more = rng.sample(self.glosses, rng.randint(1, 2))
            text = " ".join([text.rstrip(".") + ".", *(f"{gloss[:1].upper()}{gloss[1:]}." for gloss in more)])
        if rng.random() < SHARE_WITH_ARGUMENTS:
            frame = rng.choice(ARGUMENTS)
            lines = [frame.format(name=name, type=schema["type"], words=name.replace("_", " ")) for name, schema in properties.items()]
            text = "\n".join([text.rstrip(".") + ".", "", rng.choice(("Args:", "Parameters:")), *(f"    {line}" for line in lines)])
        return text


def spell(name: str, joint: str) -> str:
    """A snake-case name as a server spells its parameters: joined by `joint`, or in camel case."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest) if joint == "camel" else joint.join((first, *rest))
