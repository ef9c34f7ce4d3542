"""The first lessons: copying, binding a word to its line, choosing a line by some of its words among others. Token ids in, rows out.

A decoder from scratch learns to choose only after these, each with a loss on many tokens of every row. Called by gentool.nano.rows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from gentool.nano.step import Branch, PackedRow

Skill = Literal["copy", "bind", "choose"]
SKILLS: tuple[Skill, ...] = get_args(Skill)
LONGEST_COPY = 32
FEW_AROUND, MOST_AROUND = 2, 12
UNSERVED = 0.25
"""The share of choices that fall on no line."""


@dataclass(frozen=True)
class Alphabet:
    """The ids that lessons are made of: words to draw from, and the marks around them."""

    words: Sequence[int]
    line: int
    colon: int
    asks: int
    none: int
    end: int


def draw_skill(skill: Skill, alphabet: Alphabet, rng: random.Random, length: int, first: bool) -> PackedRow:
    """A row of about `length` tokens; first lessons have fewer lines, and fewer words around those that matter."""
    if skill == "copy":
        return _copy(alphabet, rng, length)
    lines = [rng.sample(alphabet.words, rng.randint(5, 7)) for _ in range(rng.randint(2, 4 if first else 6))]
    trunk = [alphabet.line, *(token for name, *words in lines for token in (name, alphabet.colon, *words, alphabet.line))]
    branches = []
    at = len(trunk)
    while at < length:
        branches.append(_bind(alphabet, lines, rng) if skill == "bind" else _choose(alphabet, lines, rng, FEW_AROUND if first else MOST_AROUND))
        at += len(branches[-1].ids)
    return PackedRow(trunk, branches, len(trunk))


def _copy(alphabet: Alphabet, rng: random.Random, length: int) -> PackedRow:
    """Segments, something between, and the segments again, which is learnt from the second token on."""
    half = rng.randint(8, LONGEST_COPY)
    segment = rng.choices(alphabet.words, k=half)
    trunk = [*segment, *rng.choices(alphabet.words, k=rng.randint(1, LONGEST_COPY))]
    branches = []
    at = len(trunk)
    while at < length:
        part = segment[rng.randrange(half // 2) :]
        branches.append(Branch(part, 1, (1, 2)))
        at += len(part)
    return PackedRow(trunk, branches, len(trunk))


def _bind(alphabet: Alphabet, lines: Sequence[Sequence[int]], rng: random.Random) -> Branch:
    name, *words = rng.choice(lines)
    return Branch([rng.choice(words), alphabet.asks, name], 2, (2, 3))


def _choose(alphabet: Alphabet, lines: Sequence[Sequence[int]], rng: random.Random, around: int) -> Branch:
    """One to three words of one line, or of none, somewhere among words of no line; the answer stands some tokens behind them."""
    taken = {word for line in lines for word in line}
    query = [word for word in rng.choices(alphabet.words, k=rng.randint(1, around)) if word not in taken]
    name = alphabet.none
    if rng.random() > UNSERVED:
        name, *words = rng.choice(lines)
        for word in rng.sample(words, rng.randint(1, 3)):
            query.insert(rng.randint(0, len(query)), word)
    before = [*query, *(alphabet.asks, alphabet.line, alphabet.colon)[: rng.randint(1, 3)]]
    return Branch([*before, name, alphabet.end], len(before), (len(before), len(before) + 1))
