"""Queries of the lexicon as templates, and what they read like once they are filled: now and then hurried, polite or mistyped.

Intents' queries and said values in, texts out. Called by gentool.nano.lexicon_items. Values are never touched, so that a call can copy them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gentool.nano.intents import SLOT
from gentool.nano.kinds import Said
from gentool.nano.pools import GREETINGS, THANKS_AFTER_A_STOP, THANKS_IN_THE_SENTENCE, TYPING_NEIGHBOURS

LOWER_SHARE = 0.06
TYPO_SHARE = 0.06
POLITE_SHARE = 0.05
UNPUNCTUATED_SHARE = 0.05
CURRENCY = re.compile(r"\s*(euros?|pounds?|dollars?|cents?|bucks|quid)\b")
LONG_WORD = re.compile(r"[A-Za-z]{4,}")


@dataclass(frozen=True)
class Template:
    """A query as the words around its slots, one more than there are slots, and the slots in their order.

    `bare` names the slots whose currency stands in the query already.
    """

    words: tuple[str, ...]
    slots: tuple[str, ...]
    bare: frozenset[str]


def read_template(query: str) -> Template:
    """The template of an intent's query."""
    parts = SLOT.split(query)
    words, slots = tuple(parts[0::2]), tuple(parts[1::2])
    named = frozenset(slots) if any("currency" in slot for slot in slots) else frozenset()
    followed = frozenset(slot for slot, after in zip(slots, words[1:], strict=True) if CURRENCY.match(after))
    return Template(words, slots, named | followed)


def fill(template: Template, said: Mapping[str, Said], rng: random.Random) -> str:
    """The query with its values; the words around them wear the marks of everyday typing."""
    words = list(template.words)
    if rng.random() < POLITE_SHARE:
        _be_polite(words, rng)
    if rng.random() < TYPO_SHARE:
        _mistype(words, rng)
    if rng.random() < UNPUNCTUATED_SHARE:
        words[-1] = words[-1].rstrip(".!?")
    lower = rng.random() < LOWER_SHARE
    if lower:
        words = [part.lower() for part in words]
    values = [said[slot].text for slot in template.slots]
    if not words[0] and not lower and _may_be_capital(said[template.slots[0]]) and rng.random() < 0.6:
        values[0] = values[0][:1].upper() + values[0][1:]
    return "".join(part for pair in zip(words, (*values, ""), strict=True) for part in pair)


def _may_be_capital(said: Said) -> bool:
    """Whether a value at the beginning of a query is said in other words than a call has it in."""
    return said.value != said.text and not isinstance(said.value, list)


def _be_polite(words: list[str], rng: random.Random) -> None:
    """A greeting before the query, or thanks behind it."""
    if rng.random() < 0.5:
        words[0] = rng.choice(GREETINGS) + words[0]
    else:
        words[-1] += rng.choice(THANKS_AFTER_A_STOP if words[-1][-1:] in (".", "!", "?") else THANKS_IN_THE_SENTENCE)


def _mistype(words: list[str], rng: random.Random) -> None:
    """One or two typing errors, in words of four letters or more."""
    for _ in range(rng.choice((1, 1, 2))):
        found = [(place, match.start(), match.end()) for place, part in enumerate(words) for match in LONG_WORD.finditer(part)]
        if not found:
            return
        place, start, end = rng.choice(found)
        part = words[place]
        words[place] = part[:start] + _spoil(part[start:end], rng) + part[end:]


def _spoil(word: str, rng: random.Random) -> str:
    """A word with a letter left out, doubled, struck beside its key or in its neighbour's place; its first letter stays."""
    at = rng.randrange(1, len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2:
            return word[:at] + rng.choice(TYPING_NEIGHBOURS[word[at].lower()]) + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
