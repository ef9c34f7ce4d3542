"""Test examples with another tool set, or the same in another order: the questions `candidates`, `position` and `similarity`.

In: test examples with the tools that may stand beside them. Out: altered examples whose right answer is what it was.
Called by gentool.probe.pipeline.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gentool.core.canonical import content_hash
from gentool.core.example import Example
from gentool.core.tool import Record, Tool, ToolSet
from gentool.prompts import Wording

Question = Literal["candidates", "position", "similarity", "names", "paraphrase"]
"""What is changed."""
QUESTIONS: tuple[Question, ...] = get_args(Question)
SIZES = (5, 10, 20, 35, 50)
"""Numbers of candidates."""
DISTANCES = ("random", "middle", "nearest")
"""Which distractors: drawn from all, those around the middle of the order by similarity, the most similar ones."""


class Altered(Record):
    """A test example as one variant of a question shows it; `base` is the id of the test example.

    `wording` is that of the instruction, None the run's own.
    """

    question: Question
    variant: str
    base: str
    wording: Wording | None = None
    example: Example


@dataclass(frozen=True)
class Base:
    """A test example, and all tools that may stand beside it: none serves its query; nearest first, names all different."""

    example: Example
    others: tuple[Tool, ...]

    @property
    def own(self) -> tuple[Tool, ...]:
        """The tools of the example's own family in its set: every variant shows them."""
        return tuple(tool for tool in self.example.tools if tool.name in (self.example.strong, self.example.weak))


def alter(base: Base, question: Question, variant: str, wording: Wording | None = None, **changes: Any) -> Altered:
    """An altered example under an id of its own, checked as every example is."""
    example = Example(**{**dict(base.example), **changes})
    shown = [example.query, [tool.id for tool in example.tools]]
    identifier = content_hash("probe", question, variant, base.example.id, shown)
    return Altered(question=question, variant=variant, base=base.example.id, wording=wording, example=example.model_copy(update={"id": identifier}))


def vary_candidates(bases: Sequence[Base], seed: int, sizes: Sequence[int] = SIZES) -> Iterator[Altered]:
    """Each example before more and more candidates: the smaller set is part of the larger, and the order is drawn for each.

    The further tools are drawn at random from all that may stand there, so that they are no likelier to be similar in a small
    set. Sizes that not every example can reach are left out: see `reachable`.
    """
    within = reachable(bases, sizes)
    for base in bases:
        rng = random.Random(f"probe/candidates/{seed}/{base.example.id}")
        drawn = rng.sample(base.others, len(base.others))
        for size in within:
            tools = [*base.own, *drawn[: size - len(base.own)]]
            yield alter(base, "candidates", str(size), tools=ToolSet.of(rng.sample(tools, size)))


def reachable(bases: Iterable[Base], sizes: Sequence[int] = SIZES) -> list[int]:
    """The sizes that every example's set can have."""
    most = min((len(base.own) + len(base.others) for base in bases), default=0)
    return [size for size in sizes if size <= most]


def vary_position(bases: Iterable[Base]) -> Iterator[Altered]:
    """Each example whose answer is a call with its target in each slot; the other tools keep their order."""
    for base in bases:
        tools = base.example.tools
        target = tools.by_name(base.example.answer.name)
        if target is None:
            continue
        rest = [tool for tool in tools if tool is not target]
        for slot in range(len(tools)):
            yield alter(base, "position", str(slot + 1), tools=ToolSet.of([*rest[:slot], target, *rest[slot:]]))


def vary_similarity(bases: Iterable[Base], seed: int) -> Iterator[Altered]:
    """Each example beside random, middling and most similar distractors, in the slots where its own stood.

    Examples beside which too few tools may stand to tell these apart are left out: see `has_distances`.
    """
    for base in filter(has_distances, bases):
        rng = random.Random(f"probe/similarity/{seed}/{base.example.id}")
        slots = [place for place, tool in enumerate(base.example.tools) if tool not in base.own]
        count, start = len(slots), (len(base.others) - len(slots)) // 2
        chosen = {"random": rng.sample(base.others, count), "middle": base.others[start : start + count], "nearest": base.others[:count]}
        for distance in DISTANCES:
            tools = list(base.example.tools)
            for slot, tool in zip(slots, rng.sample(chosen[distance], count), strict=True):
                tools[slot] = tool
            yield alter(base, "similarity", distance, tools=ToolSet.of(tools))


def has_distances(base: Base) -> bool:
    """Whether so many tools may stand beside an example that the most similar ones are none of the middling ones."""
    return len(base.others) >= 3 * (len(base.example.tools) - len(base.own))
