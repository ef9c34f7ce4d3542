"""The words of WordNet's items: how requests and descriptions are put, and how a lemma stands in them.

Read by gentool.nano.wordnet_items. {do} {doing} {done} are forms of a verb, {what} is what it is done to; {thing} is a noun with
its article, {bare} one without.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gentool.nano.pools import split_words


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("|"))


DO_SOMETHING = _lines(
    """
    {do} {what} | please {do} {what} | could you {do} {what}? | can you {do} {what} for me? | would you mind {doing} {what}? | I need to {do} {what}
    | I'd like to {do} {what} | I want {what} {done} | {what} ought to be {done} | {what} should be {done} | somebody has to {do} {what}
    | we have to {do} {what} | is there a way to {do} {what}? | how about {doing} {what}? | let's {do} {what} | it is time to {do} {what}
    | go ahead and {do} {what} | help me {do} {what} | it would be good to get {what} {done} | see that {what} gets {done} | have {what} {done}
    | {what} still has to be {done} | I forgot to {do} {what} | my plan is to {do} {what} | next comes {doing} {what}
    | would it be possible to {do} {what}? | I was asked to {do} {what} | who can {do} {what}? | {what} must have been {done} before we leave
    | make sure to {do} {what} | I have been thinking of {doing} {what} | don't forget to {do} {what} | I never learnt how to {do} {what}
    """
)
DO_ALONE = _lines(
    """
    I need to {do} | please {do} | could you {do}? | let me {do} | it is time to {do} | we should {do} | can someone {do}? | I feel like {doing}
    | start {doing} | go and {do} | I want to {do} | help me {do} | how do I {do}? | would you mind {doing}? | who is going to {do}?
    | they asked me to {do} | is it possible to {do}? | let's {do} | I was thinking of {doing} | don't forget to {do}
    """
)
DO_GLOSS = _lines(
    """
    please {do} | I want to {do} | could you {do}? | what I need is to {do} | help me to {do} | is there a way to {do}? | we have to {do}
    | somebody should {do} | I was told to {do} | can you {do}? | let's {do} | it would be nice to {do}
    """
)
CONCERNING = ("{what}: {core}", "this is about {what}: {core}", "it concerns {what}: {core}", "for {what}, {core}", "with {what}, {core}")
OBJECT_WORDS = {"thing": ("item", "object", "thing", "article", "target"), "person": ("person", "name", "who", "contact", "guest")}
DETERMINERS = ("the", "my", "our", "this", "that", "her", "his", "their")
DO_DESCRIPTIONS = ("{do}.", "{do}.", "{do}.", "Lets you {do}.", "Use it to {do}.", "A way to {do}.", "Helps people to {do}.")


@dataclass(frozen=True)
class About:
    """What a tool about a thing does: its names, descriptions and requests, in which {thing} has an article and {bare} has none."""

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    requests: tuple[str, ...]


FIND = About(
    ("find_{}", "locate_{}", "search_{}", "{}_finder", "look_for_{}"),
    ("Finds {thing}.", "Find {thing}.", "Looks up where there is {thing}.", "Locates {thing}.", "Search for {thing}."),
    (
        "where can I get {thing}?", "I am looking for {thing}", "where is there {thing}?", "find me {thing}", "is there {thing} anywhere?",
        "have you seen {thing}?", "help me track down {thing}", "I can't find {thing}", "do you know where {thing} might be?",
        "I need to find {thing}",
    ),
)  # fmt: skip
LIST = About(
    ("list_{}", "get_{}_list", "all_{}", "browse_{}", "show_{}_entries"),
    ("Lists what there is on {thing}.", "List entries about {thing}.", "Shows all entries on {thing}.", "Catalogue of {thing}."),
    (
        "show me what you have in the way of {bare}", "what do you have on {bare}?", "give me everything filed under {bare}", "list {bare}",
        "what is there under {bare}?", "I want to go through the entries on {bare}", "pull up all that has to do with {bare}",
        "let me see the whole list for {bare}", "browse {bare}", "anything in the files about {bare}?",
    ),
)  # fmt: skip
DESCRIBE = About(
    ("describe_{}", "get_{}_info", "explain_{}", "{}_details", "about_{}", "{}_facts"),
    ("Describes {thing}.", "Gives facts about {thing}.", "Explains {thing}.", "Information on {thing}.", "Details of {thing}."),
    (
        "tell me about {thing}", "what is {thing}?", "what does {bare} mean?", "I want to know more about {bare}", "explain {bare} to me",
        "how would you describe {thing}?", "what should I know about {bare}?", "give me the facts on {bare}", "I have a question about {bare}",
        "I have never heard of {bare}",
    ),
)  # fmt: skip
ORDER = About(
    ("order_{}", "buy_{}", "purchase_{}", "request_{}", "get_{}"),
    ("Orders {thing}.", "Places an order for {thing}.", "Buys {thing}.", "Order {thing}.", "Purchase {thing}."),
    (
        "get me {thing}", "I'd like {thing}, please", "order {thing}", "I could do with {thing}", "we have run out of {bare}",
        "put {thing} on my bill", "have {thing} sent to me", "can I have {thing}?", "we need {thing}", "I want to buy {thing}",
    ),
)  # fmt: skip
THINGS_TO_ORDER = frozenset({"noun.artifact", "noun.food", "noun.plant", "noun.substance"})
THINGS_TO_FIND = THINGS_TO_ORDER | {"noun.animal", "noun.person", "noun.location", "noun.object", "noun.group", "noun.body"}
KIND_WORDS = ("kind", "type", "sort", "variety", "category")

VOWEL_SOUND = re.compile(r"[aeio]|u(?!ni|se|su|ti|ro|ra)|h(?:our|eir|onest)")
CONSONANT_SOUND = re.compile(r"eu|one\b|once|ewe")
SHORT_SYLLABLE = re.compile(r"[^aeiou]*[aeiou][bdgklmnprtvz]")
UNCHANGED = frozenset(split_words("bet bid burst cast come cost cut hit hurt let put quit run set shed shut split spread thrust become overcome"))
"""Verbs whose past participle is their base form, which WordNet's list of irregular forms does not hold."""


@dataclass(frozen=True, slots=True)
class Forms:
    """A verb as requests need it: to `do`, `doing`, `done`."""

    do: str
    doing: str
    done: str


def inflect(lemma: str, irregular: Mapping[str, tuple[str, ...]]) -> Forms:
    """The forms of a verb of one or two words, of which the first is inflected; `irregular` gives irregular forms by lemma."""
    verb, _, particle = lemma.partition(" ")
    forms = irregular.get(verb, ())
    doing = [form for form in forms if form.endswith("ing") and form != verb]
    done = [form for form in forms if not form.endswith("ing")]
    return Forms(lemma, f"{doing[0] if doing else _add_ing(verb)} {particle}".strip(), f"{_choose_participle(verb, done)} {particle}".strip())


def _add_ing(verb: str) -> str:
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return f"{verb[:-1]}ing"
    return f"{verb}{verb[-1]}ing" if SHORT_SYLLABLE.fullmatch(verb) else f"{verb}ing"


def _choose_participle(verb: str, irregular: list[str]) -> str:
    """Of several irregular forms the one in -n (broken, not broke), else the last (sung, not sang)."""
    if verb in UNCHANGED:
        return verb
    if irregular:
        return max(irregular, key=lambda form: (form.endswith(("n", "ne")), form))
    if verb.endswith("e"):
        return f"{verb}d"
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ied"
    return f"{verb}{verb[-1]}ed" if SHORT_SYLLABLE.fullmatch(verb) else f"{verb}ed"


def with_article(noun: str) -> str:
    """`a lamp`, `an oil lamp`."""
    return f"an {noun}" if VOWEL_SOUND.match(noun) and not CONSONANT_SOUND.match(noun) else f"a {noun}"
