"""The first lessons: copying, binding a word to its line, choosing a line by some of its words among others, or by their relatives.

Token ids in, rows out. Called by gentool.nano.rows. A decoder from scratch learns to choose only after these, each with a loss on many tokens of
every row.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from gentool.nano.step import Branch, PackedRow

Skill = Literal["copy", "bind", "choose", "relate"]
SKILLS: tuple[Skill, ...] = get_args(Skill)
FIRST_SKILLS = SKILLS[:3]
"""Episodes begin when these are learnt. The last takes relations of words."""
LONGEST_COPY = 32
FEW_AROUND, MOST_AROUND = 2, 12
MOST_BETWEEN = 24
"""Words that stand between the lines and what is asked, where prompts say what to do."""
UNSERVED = 0.25
"""The share of choices that fall on no line."""
NAME_LENGTHS, NAME_WEIGHTS = (1, 2, 3, 4), (2, 4, 3, 1)
ALIKE = 0.25
"""The share of names that begin like another of their set."""
JOINED = 0.5
"""The share of copied segments whose words are joined as in names, so that the token before does not say what follows."""


@dataclass(frozen=True)
class Related:
    """Words that have relatives, and these."""

    words: Sequence[int]
    relatives: Mapping[int, Sequence[int]]


@dataclass(frozen=True)
class Alphabet:
    """The ids that lessons are made of: words to draw from, the marks around them, and which words are related, by one relation or another."""

    words: Sequence[int]
    line: int
    colon: int
    joint: int
    asks: int
    none: int
    end: int
    relations: tuple[Related, ...] = ()


@dataclass(frozen=True)
class Line:
    """A name of some joined words, and what is said of it."""

    name: tuple[int, ...]
    words: tuple[int, ...]


def draw_skill(skill: Skill, alphabet: Alphabet, rng: random.Random, length: int, first: bool) -> PackedRow:
    """A row of about `length` tokens; first lessons have fewer lines, and fewer words around those that matter."""
    if skill == "copy":
        return _copy(alphabet, rng, length)
    related = rng.choice(alphabet.relations) if skill == "relate" else Related(alphabet.words, {})
    lines = _draw_lines(alphabet, related.words, rng, rng.randint(2, 4 if first else 6), 7 if first else 12)
    trunk = [alphabet.line, *(token for line in lines for token in (*line.name, alphabet.colon, *line.words, alphabet.line))]
    trunk += [*rng.choices(alphabet.words, k=rng.randint(0, MOST_BETWEEN)), alphabet.line]
    reaches = [_reach(line, related.relatives) for line in lines]
    around = FEW_AROUND if first else MOST_AROUND
    branches = []
    at = len(trunk)
    while at < length:
        branches.append(_bind(alphabet, lines, rng) if skill == "bind" else _choose(alphabet, related.relatives, lines, reaches, rng, around))
        at += len(branches[-1].ids)
    return PackedRow(trunk, branches, len(trunk))


def _draw_lines(alphabet: Alphabet, said: Sequence[int], rng: random.Random, number: int, longest: int) -> list[Line]:
    """Lines of different names, some of which begin alike, with words of `said`, none of which stands in two lines."""
    lines: list[Line] = []
    left = rng.sample(said, number * longest)
    while len(lines) < number:
        words = rng.sample(alphabet.words, rng.choices(NAME_LENGTHS, NAME_WEIGHTS)[0])
        if lines and len(words) > 1 and rng.random() < ALIKE:
            words[0] = rng.choice(lines).name[0]
        name = tuple(_join(words, alphabet.joint))
        if all(name != line.name for line in lines):
            words = [left.pop() for _ in range(rng.randint(4, longest))]
            lines.append(Line(name, tuple(words)))
    return lines


def _join(words: Sequence[int], joint: int) -> list[int]:
    """The words with a joint between each two."""
    return [token for word in words for token in (word, joint)][:-1]


def _copy(alphabet: Alphabet, rng: random.Random, length: int) -> PackedRow:
    """Segments, something between, and the segments again, which is learnt from the second token on."""
    segment = rng.choices(alphabet.words, k=rng.randint(8, LONGEST_COPY))
    between = rng.choices(alphabet.words, k=rng.randint(1, LONGEST_COPY))
    if rng.random() < JOINED:
        segment, between = (_join(part[: len(part) // 2 + 1], alphabet.joint) for part in (segment, between))
    trunk = [*segment, *between]
    branches = []
    at = len(trunk)
    while at < length:
        start = rng.randrange(len(segment) // 2)
        part = segment[start - (segment[start] == alphabet.joint) :]
        next_word = 2 if part[1] == alphabet.joint else 1
        branches.append(Branch(part, 1, (next_word, next_word + 1)))
        at += len(part)
    return PackedRow(trunk, branches, len(trunk))


def _bind(alphabet: Alphabet, lines: Sequence[Line], rng: random.Random) -> Branch:
    line = rng.choice(lines)
    return Branch([rng.choice(line.words), alphabet.asks, *line.name, alphabet.end], 2, (2, 2 + len(line.name)))


def _choose(
    alphabet: Alphabet, relatives: Mapping[int, Sequence[int]], lines: Sequence[Line], reaches: Sequence[set[int]], rng: random.Random, around: int
) -> Branch:
    """One to three words of one line, or relatives of such, somewhere among words of no line, or none; the answer stands some tokens behind them."""
    query = [word for word in rng.choices(alphabet.words, k=rng.randint(1, around)) if not any(word in reach for reach in reaches)]
    name: tuple[int, ...] = (alphabet.none,)
    if rng.random() > UNSERVED:
        chosen = rng.randrange(len(lines))
        name = lines[chosen].name
        elsewhere = set().union(*(reach for number, reach in enumerate(reaches) if number != chosen))
        for word in rng.sample(lines[chosen].words, rng.randint(1, 3)):
            own = [relative for relative in relatives.get(word, ()) if relative not in elsewhere]
            query.insert(rng.randint(0, len(query)), rng.choice(own or [word]))
    before = [*query, *(alphabet.asks, alphabet.line, alphabet.colon)[: rng.randint(1, 3)]]
    return Branch([*before, *name, alphabet.end], len(before), (len(before), len(before) + len(name)))


def _reach(line: Line, relatives: Mapping[int, Sequence[int]]) -> set[int]:
    """The tokens of a line, and the relatives of its words."""
    return {*line.name, *line.words, *(relative for word in line.words for relative in relatives.get(word, ()))}
