"""The lexicon's records and how they are read: lexicon/*.jsonl in, `Intent`s out. Called by gentool.nano.corpus and gentool.nano.lexicon_items.

A line is an intent: one thing that people want done, as an API would offer it (names, descriptions, parameters), a weaker tool
for the same need, and queries in everyday words with `{parameter}` where a value stands. The records refuse a line that breaks a rule.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from gentool.core.tool import Record

Kind = Literal[
    "person",
    "place",
    "country",
    "address",
    "date",
    "time",
    "datetime",
    "duration",
    "count",
    "amount",
    "percent",
    "number",
    "title",
    "code",
    "email",
    "phone",
    "text",
    "language",
    "weekday",
    "month",
    "choice",
    "flag",
    "list",
]
"""What a parameter's values are. `place` is a city or town, `duration` minutes, `list` a list of titles, `code` an id such as INV-2041."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Phrases = Annotated[tuple[Line, ...], Field(min_length=2, max_length=3)]

FIELDS_OF_KIND: dict[str, tuple[str, ...]] = {
    "count": ("low", "high"),
    "number": ("low", "high", "unit"),
    "title": ("examples",),
    "list": ("examples",),
    "code": ("examples",),
    "text": ("examples",),
    "choice": ("values",),
    "flag": ("yes",),
}
"""The fields that a parameter of a kind must have; it has no others than these, `kind` and `about`."""
LEAST_EXAMPLES = {"title": 8, "list": 8, "text": 6, "code": 4}
LEAST_QUERIES = 10
LEAST_IN_OTHER_WORDS = 5
"""As many of an intent's queries share at most one word with its name and descriptions."""
SLOT = re.compile(r"\{(\w+)\}")
COMMON_WORDS = frozenset(re.findall(r"\w+", "a an the of for to in on with and or by at from is as it its this that one all new"))


class Parameter(Record):
    """A parameter: its kind, what it is (`about`, 1 to 8 words) and what its values are made from.

    `low` and `high` bound a count or a number in `unit`. `values` gives for each value of a choice everyday ways to say it, `yes`
    the ways to say that a flag is wanted, `examples` the values of titles, lists, codes and texts.
    """

    kind: Kind
    about: Line
    low: float | None = None
    high: float | None = None
    unit: Line | None = None
    examples: tuple[Line, ...] | None = None
    values: dict[str, Phrases] | None = None
    yes: Phrases | None = None

    @model_validator(mode="after")
    def _has_the_fields_of_its_kind(self) -> Self:
        needed = {"kind", "about", *FIELDS_OF_KIND.get(self.kind, ())}
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if given != needed:
            raise ValueError(f"a parameter of kind '{self.kind}' has the fields {sorted(needed)}, not {sorted(given)}")
        if len(self.about.split()) > 8:
            raise ValueError("`about` has more than 8 words")
        return self

    @model_validator(mode="after")
    def _values_are_enough(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("`low` is not below `high`")
        least = LEAST_EXAMPLES.get(self.kind, 0)
        if len(set(self.examples or ())) < least:
            raise ValueError(f"a parameter of kind '{self.kind}' needs {least} different examples")
        if self.yes is not None and len(set(self.yes)) < len(self.yes):
            raise ValueError("a phrase of `yes` stands twice")
        return self

    @model_validator(mode="after")
    def _choices_can_be_told_apart(self) -> Self:
        if self.values is None:
            return self
        if not 2 <= len(self.values) <= 5:
            raise ValueError("a choice has 2 to 5 values")
        phrases = [phrase.lower() for ways in self.values.values() for phrase in ways]
        if len(set(phrases)) < len(phrases):
            raise ValueError("a phrase stands for two values, or twice")
        for value, ways in self.values.items():
            if all(_words(way) == _words(value) for way in ways):
                raise ValueError(f"the value '{value}' is said in no other word than its own")
        return self


class WeakIntent(Record):
    """An older or simpler tool for the same need. `keeps` gives its own names for those of the intent's parameters that it takes."""

    name: Name
    does: Line
    keeps: dict[str, Name] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len(set(self.keeps.values())) < len(self.keeps):
            raise ValueError("two parameters of the weak tool have one name")
        return self


class Intent(Record):
    """One thing that people want done.

    `names` are further names that an API could give it, `does` three descriptions in other words. Every query holds the slots of
    all `required` parameters; a slot of a flag or a choice is replaced by one of its phrases.
    """

    domain: Name
    name: Name
    names: tuple[Name, Name]
    does: tuple[Line, Line, Line]
    params: dict[Name, Parameter] = Field(min_length=3, max_length=7)
    required: tuple[str, ...] = Field(min_length=1, max_length=3)
    weak: WeakIntent
    queries: tuple[Line, ...] = Field(min_length=LEAST_QUERIES)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of the tool, main one first, and of its weak counterpart."""
        return (self.name, *self.names, self.weak.name)

    @model_validator(mode="after")
    def _names_and_descriptions(self) -> Self:
        if len(set(self.all_names)) < 4:
            raise ValueError("two of the names are equal")
        if len(set(self.does)) < 3:
            raise ValueError("two of the descriptions are equal")
        if any(not 6 <= len(text.split()) <= 18 for text in self.does):
            raise ValueError("a description has fewer than 6 or more than 18 words")
        return self

    @model_validator(mode="after")
    def _weak_tool_is_weaker(self) -> Self:
        keeps, required = set(self.weak.keeps), set(self.required)
        if required - set(self.params) or len(required) < len(self.required):
            raise ValueError("`required` names what is no parameter, or one twice")
        if keeps - set(self.params) or len(keeps) >= len(self.params) or not keeps & required:
            raise ValueError("`keeps` names some of the parameters, not all, and one of the required at least")
        return self

    @model_validator(mode="after")
    def _queries_have_their_slots(self) -> Self:
        if len(set(self.queries)) < len(self.queries):
            raise ValueError("a query stands twice")
        for query in self.queries:
            self._check_slots(query)
        slots = [slots_of(query) for query in self.queries]
        if set(self.params) - {name for names in slots for name in names}:
            raise ValueError("a parameter stands in no query")
        if not any(set(names) == set(self.required) for names in slots):
            raise ValueError("no query holds the required parameters alone")
        return self

    @model_validator(mode="after")
    def _queries_use_other_words(self) -> Self:
        own = _words(" ".join((self.name, *self.does))) - COMMON_WORDS
        if sum(len(_words(SLOT.sub(" ", query)) & own) <= 1 for query in self.queries) < LEAST_IN_OTHER_WORDS:
            raise ValueError(f"fewer than {LEAST_IN_OTHER_WORDS} queries share at most one word with the name and the descriptions")
        return self

    def _check_slots(self, query: str) -> None:
        names = slots_of(query)
        if len(set(names)) < len(names) or set(names) - set(self.params):
            raise ValueError(f"a slot stands twice or names no parameter in: {query}")
        if set(self.required) - set(names):
            raise ValueError(f"a required parameter is missing in: {query}")
        if re.search(r"[{}]", SLOT.sub("", query)):
            raise ValueError(f"a brace that belongs to no slot in: {query}")


def slots_of(query: str) -> list[str]:
    """The parameters whose values a query holds, in its order."""
    return SLOT.findall(query)


def read_intents() -> list[Intent]:
    """All intents, file by file in the order of their names."""
    return list(_read_all())


@cache
def _read_all() -> tuple[Intent, ...]:
    folder = resources.files("gentool.nano").joinpath("lexicon")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".jsonl")), key=lambda file: file.name)
    lines = [line for file in files for line in file.read_text(encoding="utf-8").split("\n") if line]
    return tuple(Intent.model_validate_json(line) for line in lines)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
