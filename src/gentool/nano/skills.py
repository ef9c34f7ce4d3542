"""The first lessons: copying, binding a word to its line, choosing a line by some of its words. Token ids in, rows out.

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


@dataclass(frozen=True)
class Alphabet:
    """The ids that lessons are made of: words to draw from, and the marks around them."""

    words: Sequence[int]
    line: int
    colon: int
    asks: int
    none: int
    end: int


def draw_skill(skill: Skill, alphabet: Alphabet, rng: random.Random, length: int) -> PackedRow:
    """A row of about `length` tokens."""
    if skill == "copy":
        return _copy(alphabet, rng, length)
    lines = [rng.sample(alphabet.words, rng.randint(5, 7)) for _ in range(rng.randint(2, 6))]
    trunk = [token for name, *words in lines for token in (name, alphabet.colon, *words, alphabet.line)]
    branches = []
    at = len(trunk)
    while at < length:
        branches.append(_bind(alphabet, lines, rng) if skill == "bind" else _choose(alphabet, lines, rng))
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
        branches.append(Branch(part, 1))
        at += len(part)
    return PackedRow(trunk, branches, len(trunk))


def _bind(alphabet: Alphabet, lines: Sequence[Sequence[int]], rng: random.Random) -> Branch:
    name, *words = rng.choice(lines)
    return Branch([rng.choice(words), alphabet.asks, name], 2)


def _choose(alphabet: Alphabet, lines: Sequence[Sequence[int]], rng: random.Random) -> Branch:
    """Three words of one line, or of none."""
    if rng.random() < 0.25:
        name, words = alphabet.none, rng.sample(alphabet.words, 3)
    else:
        name, *line = rng.choice(lines)
        words = rng.sample(line, 3)
    return Branch([*words, alphabet.asks, name, alphabet.end], len(words) + 1)
