"""WordNet as a source of items: its senses in, tools out that say in other words what the requests ask for.

Called by the generator of the corpus through gentool.nano.material.Source. A verb is a tool that does it, a noun a tool about such a
thing. Most tools are described by the gloss and asked for by a word; some are described by words and asked for by the gloss.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gentool.core.tool import Tool
from gentool.nano.material import Item, Request
from gentool.nano.texts import pseudo_word
from gentool.nano.wordnet import FOLDER, read_wordnet
from gentool.nano.wordnet_senses import OPEN_GLOSS, Sense, Word, choose_senses
from gentool.nano.wordnet_values import NOUN_EXTRAS, VERB_EXTRAS, Extra, draw_person
from gentool.nano.wordnet_wording import (
    CONCERNING,
    DESCRIBE,
    DETERMINERS,
    DO_ALONE,
    DO_DESCRIPTIONS,
    DO_GLOSS,
    DO_SOMETHING,
    FIND,
    KIND_WORDS,
    LIST,
    OBJECT_WORDS,
    ORDER,
    THINGS_TO_FIND,
    THINGS_TO_ORDER,
    inflect,
    with_article,
)

MASKED = 0.12
"""Share of tools whose name means nothing; more in effect, since a tool of which no other word is known must not tell its own."""
REVERSED = 0.2
"""Share of tools that are described by words and asked for by the gloss."""
TWO_GLOSSES = 0.3
FIXED_OBJECT = 0.15
"""Share of verb tools that do it to one thing, which their name tells."""
NAMES_OBJECT = 0.6
ASKS_KIND = 0.25
"""Share of noun tools, of those that have narrower words, that take the narrower word as an argument."""
ASKS_BY_OWN_NAME = 0.22
ASKS_BY_SECOND_GLOSS = 0.15
REQUIRED = 0.35
GIVEN = 0.5
"""Share of optional parameters that a request gives."""
CLAUSES_FIRST = 0.12
CAPITAL_LETTER = 0.5
CAMEL_CASE = 0.12
NO_COMMA = 0.7
INVENTED_THING = 0.2

PREPOSITIONS = ("in ", "near ", "around ", "over ", "for ", "on ", "by ", "at ", "from ", "within ", "with ", "this ", "next ", "under ")
"""How clauses begin that need no comma before them."""

Values = dict[str, Any]
Term = Word | str
"""What a request asks by: a word, or a gloss."""
Target = tuple[str, Values, Callable[[], tuple[str, Values]]]
"""What a verb is done to: its word in the tool's name, the parameter for it, and what draws how a request says it, with its values."""


@dataclass(frozen=True)
class Saying:
    """How a tool and its requests say a sense: the lemma of the tool's name, the words or glosses that describe it, and those that ask for it."""

    stem: str
    described_by: tuple[Term, ...]
    asked_by: tuple[Term, ...]
    rarely_asked_by: tuple[tuple[float, Term], ...] = ()
    is_reversed: bool = False

    def draw_term(self, rng: random.Random) -> Term:
        """What a request asks by; the rare ones with their shares."""
        for share, term in self.rarely_asked_by:
            if rng.random() < share:
                return term
        return rng.choice(self.asked_by)


@dataclass(frozen=True)
class Plan:
    """A tool that has been drawn but for its further parameters; `begin` draws how a request begins, with the values that stand there."""

    name: str
    description: str
    properties: Values
    begin: Callable[[], tuple[str, Values]]


class WordNetSource:
    """Items from WordNet, of which a key is a sense: `verb:mend`, `noun:lantern`. Raises RecordError where WordNet is not installed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        wordnet = read_wordnet(folder)
        self._senses = {sense.key: sense for sense in choose_senses(wordnet)}
        self._irregular_verbs = {lemma: forms for (part, lemma), forms in wordnet.irregular.items() if part == "verb"}
        self._topics: dict[str, list[str]] = {}
        for key, sense in self._senses.items():
            self._topics.setdefault(sense.topic, []).append(key)
        artifacts = [sense for sense in self._senses.values() if sense.file == "noun.artifact"]
        self._things = [word.text for sense in artifacts for word in sense.own if word.counted and " " not in word.text]

    @property
    def topics(self) -> Mapping[str, Sequence[str]]:
        return self._topics

    @property
    def nouns(self) -> list[str]:
        """Single words for things, each once."""
        words = (word.text for key, sense in self._senses.items() if key.startswith("noun") for word in sense.own)
        return list(dict.fromkeys(text for text in words if text.isalpha() and text.islower()))

    @property
    def glosses(self) -> list[str]:
        """What all senses mean, each sense in its best words."""
        return [sense.glosses[0] for sense in self._senses.values() if sense.glosses]

    def item(self, key: str, rng: random.Random, requests: int) -> Item:
        """See gentool.nano.material.Source. `weak` is always None."""
        sense = self._senses[key]
        is_verb = sense.file.startswith("verb.")
        plan = self._plan_verb(sense, rng) if is_verb else _plan_noun(sense, rng)
        extras = _draw_extras(rng, VERB_EXTRAS if is_verb else NOUN_EXTRAS, plan.properties)
        required = [*plan.properties, *(name for name in extras if rng.random() < REQUIRED)]
        properties = {**plan.properties, **{name: dict(extra.schema) for name, extra in extras.items()}}
        parameters = {"type": "object", "properties": properties, "required": required}
        tool = Tool(name=plan.name, description=plan.description, parameters=parameters, domain=sense.topic, source="wordnet")
        return Item(tool, None, _draw_requests(rng, plan, extras, required, requests))

    def _plan_verb(self, sense: Sense, rng: random.Random) -> Plan:
        objects = rng.choice(sense.own[0].objects)
        saying = _draw_saying(sense, [word for word in sense.narrower if objects in word.objects], rng)
        target, properties, draw_target = self._draw_target(objects, rng)
        description = _describe_verb(saying.described_by, with_article(target) if target else "")

        def begin() -> tuple[str, Values]:
            what, values = draw_target()
            return self._ask_verb(saying.draw_term(rng), what, rng), values

        name = f"{saying.stem} {target}" if target and rng.random() < NAMES_OBJECT else saying.stem
        frame = rng.choice(DO_DESCRIPTIONS)
        return Plan(_write_name(name, rng), _capitalise(frame.format(do=description)), properties, begin)

    def _ask_verb(self, term: Term, what: str, rng: random.Random) -> str:
        if isinstance(term, str):
            frame = rng.choice(DO_GLOSS)
            if not what or OPEN_GLOSS.fullmatch(term):
                return frame.format(do=f"{term} {what}".strip())
            return rng.choice(CONCERNING).format(what=what, core=frame.format(do=term))
        forms = inflect(term.text, self._irregular_verbs)
        return rng.choice(DO_SOMETHING if what else DO_ALONE).format(do=forms.do, doing=forms.doing, done=forms.done, what=what)

    def _draw_target(self, objects: str, rng: random.Random) -> Target:
        if objects == "none":
            return "", {}, lambda: ("", {})
        if objects == "thing" and rng.random() < FIXED_OBJECT:
            thing = self._draw_thing(rng)
            return thing, {}, lambda: (f"{rng.choice(DETERMINERS)} {thing}", {})
        word = rng.choice(OBJECT_WORDS[objects])

        def draw() -> tuple[str, Values]:
            value = draw_person(rng) if objects == "person" else self._draw_thing(rng)
            return value if objects == "person" else f"{rng.choice(DETERMINERS)} {value}", {word: value}

        return word, {word: {"type": "string"}}, draw

    def _draw_thing(self, rng: random.Random) -> str:
        return rng.choice(self._things) if self._things and rng.random() >= INVENTED_THING else pseudo_word(rng)


def _plan_noun(sense: Sense, rng: random.Random) -> Plan:
    does = rng.choice((DESCRIBE, LIST, *[FIND] * (sense.file in THINGS_TO_FIND), *[ORDER] * (sense.file in THINGS_TO_ORDER)))
    saying = _draw_saying(sense, sense.narrower, rng)
    kind = rng.choice(KIND_WORDS) if sense.narrower and rng.random() < ASKS_KIND else None

    def begin() -> tuple[str, Values]:
        term = rng.choice(sense.narrower) if kind else saying.draw_term(rng)
        bare = term if isinstance(term, str) else term.text
        return rng.choice(does.requests).format(thing=_as_thing(term), bare=bare), {kind: bare} if kind else {}

    name = _write_name(rng.choice(does.names).format(saying.stem), rng)
    things = (" or " if saying.is_reversed else "; ").join(map(_as_thing, saying.described_by))
    description = rng.choice(does.descriptions).format(thing=things)
    return Plan(name, description, {kind: {"type": "string"}} if kind else {}, begin)


def _draw_saying(sense: Sense, narrower: Sequence[Word], rng: random.Random) -> Saying:
    """Where the name tells a lemma of which no other word is known, requests use the gloss; else the name is invented."""
    lemma = rng.choice(sense.own)
    others = tuple(word for word in (*sense.own, *narrower) if lemma.text not in word.text)
    is_reversed = rng.random() < (REVERSED if others else 0.5)
    is_masked = rng.random() < MASKED or not (others or is_reversed)
    stem = pseudo_word(rng) if is_masked else lemma.text
    askable = sense.glosses if sense.file.startswith("verb.") else sense.glosses[:1]  # further glosses of nouns are rarely nouns
    if is_reversed:
        described_by = tuple(rng.sample(sense.own, min(len(sense.own), rng.randint(1, 2))))
        return Saying(stem, described_by, askable, is_reversed=True)
    told = sense.glosses[: 2 if rng.random() < TWO_GLOSSES else 1]
    rare: list[tuple[float, Term]] = [(ASKS_BY_SECOND_GLOSS, gloss) for gloss in askable[len(told) : 2]]
    return Saying(stem, told, others or (lemma,), (*rare, (ASKS_BY_OWN_NAME, lemma)))


def _draw_extras(rng: random.Random, kinds: Sequence[Extra], taken: Values) -> dict[str, Extra]:
    """One to three parameters in all, with those that are taken."""
    drawn = rng.sample(kinds, rng.randint(0 if taken else 1, 2))
    return {rng.choice(extra.names): extra for extra in drawn}


def _draw_requests(rng: random.Random, plan: Plan, extras: Mapping[str, Extra], required: Sequence[str], number: int) -> tuple[Request, ...]:
    """So many different requests, fewer where many draws give no more."""
    found: dict[str, Request] = {}
    for _ in range(3 * number):
        if len(found) == number:
            break
        request = _draw_request(rng, plan, extras, required)
        found[request.text] = request
    return tuple(found.values())


def _draw_request(rng: random.Random, plan: Plan, extras: Mapping[str, Extra], required: Sequence[str]) -> Request:
    core, values = plan.begin()
    clauses = []
    for name, extra in extras.items():
        if name in required or rng.random() < GIVEN:
            values[name] = extra.draw(rng)
            clauses.append(rng.choice(extra.clauses).format(values[name]))
    text = _add_clauses(core, clauses, rng)
    return Request(_capitalise(text) if rng.random() < CAPITAL_LETTER else text, values)


def _add_clauses(core: str, clauses: list[str], rng: random.Random) -> str:
    """In any order, behind what is asked and before its question mark, or at the head."""
    if not clauses:
        return core
    rng.shuffle(clauses)
    if rng.random() < CLAUSES_FIRST:
        return f"{', '.join(clauses)}: {core}"
    body, mark = (core[:-1], "?") if core.endswith("?") else (core, "")
    behind = "".join(f" {clause}" if clause.startswith(PREPOSITIONS) and rng.random() < NO_COMMA else f", {clause}" for clause in clauses)
    return f"{body}{behind}{mark}"


def _as_thing(term: Term) -> str:
    return term if isinstance(term, str) else with_article(term.text) if term.counted else term.text


def _describe_verb(terms: Sequence[Term], target: str) -> str:
    """Glosses with a semicolon between them, where the last may lack the target; or words with `or`, which always take it."""
    texts = [term if isinstance(term, str) else term.text for term in terms]
    if isinstance(terms[0], str):
        return f"{'; '.join(texts)} {target if OPEN_GLOSS.fullmatch(texts[-1]) else ''}".strip()
    return f"{' or '.join(texts)} {target}".strip()


def _write_name(words: str, rng: random.Random) -> str:
    parts = words.replace("_", " ").split()
    if rng.random() < CAMEL_CASE:
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    return "_".join(parts)


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]
