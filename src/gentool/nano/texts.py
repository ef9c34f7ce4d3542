"""Names and texts: values that a call has as they are said, and pseudo-words that stand for names nobody has seen.

Examples of a parameter in (only codes, titles and texts need them), strings out. Called by gentool.nano.kinds and gentool.nano.lexicon_items.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from gentool.nano.pools import CODAS, COUNTRIES, FIRST_NAMES, LAST_NAMES, ONSETS, STREET_TYPES, STREETS, TOWNS, VOWELS

PSEUDO_SHARE = 0.3
"""How many of the names and titles are made from syllables or put together anew."""


def pseudo_word(rng: random.Random) -> str:
    """A pronounceable word that means nothing, such as `velmo`."""
    syllables = (rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(2 if rng.random() < 0.75 else 3))
    return "".join(syllables) + rng.choice(CODAS)


def _draw_person(_: Sequence[str], rng: random.Random) -> str:
    if rng.random() < PSEUDO_SHARE:
        first, last = pseudo_word(rng).capitalize(), pseudo_word(rng).capitalize()
    else:
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    draw = rng.random()
    if draw < 0.82:
        return f"{first} {last}"
    if draw < 0.9:
        return first
    return f"{rng.choice(('Dr', 'Mr', 'Mrs', 'Ms'))} {last}"


def _draw_place(_: Sequence[str], rng: random.Random) -> str:
    return pseudo_word(rng).capitalize() if rng.random() < PSEUDO_SHARE else rng.choice(TOWNS)


def _draw_country(_: Sequence[str], rng: random.Random) -> str:
    return rng.choice(COUNTRIES)


def _draw_address(_: Sequence[str], rng: random.Random) -> str:
    stem = pseudo_word(rng).capitalize() if rng.random() < PSEUDO_SHARE else rng.choice(STREETS)
    street, number = f"{stem} {rng.choice(STREET_TYPES)}", rng.randint(1, 250)
    number_and_letter = f"{number}{rng.choice('abcd')}" if rng.random() < 0.1 else str(number)
    line = f"{number_and_letter} {street}" if rng.random() < 0.75 else f"{street} {number_and_letter}"
    return f"{line}, {_draw_place((), rng)}" if rng.random() < 0.2 else line


def _draw_email(_: Sequence[str], rng: random.Random) -> str:
    first, last = rng.choice(FIRST_NAMES).lower(), pseudo_word(rng) if rng.random() < PSEUDO_SHARE else rng.choice(LAST_NAMES).lower()
    user = rng.choice((f"{first}.{last}", f"{first}{last}", f"{first[0]}.{last}", f"{first}{rng.randint(1, 99)}", f"{first}_{last}", last))
    host = pseudo_word(rng) if rng.random() < 0.7 else f"{pseudo_word(rng)}-{pseudo_word(rng)}"
    return f"{user}@{host}.{rng.choice(('com', 'org', 'net', 'example', 'co.uk', 'de', 'eu', 'io'))}"


def _draw_phone(_: Sequence[str], rng: random.Random) -> str:
    shape = rng.choice(
        ("+44 20 #### ####", "+49 1## #######", "+## ## ### ## ##", "0### ######", "0#### ######", "+1 ### ### ####", "###-####", "0## ### ####")
    )
    return "".join(rng.choice("123456789") if sign == "#" else sign for sign in shape)


def _draw_code(examples: Sequence[str], rng: random.Random) -> str:
    """An example with other digits and, now and then, other capitals."""
    code = re.sub("[1-9]", lambda _: rng.choice("123456789"), rng.choice(examples))
    return re.sub("[A-Z]", lambda _: rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ"), code) if rng.random() < PSEUDO_SHARE else code


def draw_title(examples: Sequence[str], rng: random.Random) -> str:
    """An example, or one whose last word is another's or no word at all. Digits are drawn anew with it."""
    title = rng.choice(examples)
    if rng.random() >= PSEUDO_SHARE:
        return title
    words, others = title.split(), rng.choice(examples).split()
    if len(words) > 1 and len(others) > 1 and rng.random() < 0.5:
        return " ".join((*words[:-1], others[-1]))
    return " ".join((*words[:-1], _replace_word(words[-1], rng)))


def _replace_word(word: str, rng: random.Random) -> str:
    """A pseudo-word in a word's place; of a file's name its ending stays, of a number its length."""
    letters = re.match(r"[^\W\d_]+", word)
    if letters is None or len(letters[0]) == 1:
        return re.sub("[1-9]", lambda _: rng.choice("123456789"), word)
    made = pseudo_word(rng)
    return (made.capitalize() if word[0].isupper() else made) + re.sub("[1-9]", lambda _: rng.choice("123456789"), word[letters.end() :])


def _draw_text(examples: Sequence[str], rng: random.Random) -> str:
    first, second = rng.sample(examples, 2)
    return f"{first} and {second}" if rng.random() < 0.12 else first


DRAW_TEXT: dict[str, Callable[[Sequence[str], random.Random], str]] = {
    "person": _draw_person,
    "place": _draw_place,
    "country": _draw_country,
    "address": _draw_address,
    "email": _draw_email,
    "phone": _draw_phone,
    "code": _draw_code,
    "title": draw_title,
    "text": _draw_text,
}
