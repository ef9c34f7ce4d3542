"""What is to be reviewed: the queries of synth/verified.jsonl, all of them or a sample, in the order of the file.

Called by gentool.review.serve.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gentool.core.errors import RunError
from gentool.core.family import Family, Query, WeakTool
from gentool.core.jsonl import read_records
from gentool.core.review import query_content
from gentool.core.tool import Tool


@dataclass(frozen=True)
class Item:
    """A query to be reviewed, with its family."""

    query: Query
    family: Family

    @cached_property
    def content(self) -> str:
        """The hash of what a verdict is about."""
        return query_content(self.query)

    @property
    def weak(self) -> WeakTool | None:
        """The weak tool of the query's pair, if it has one."""
        return next((weak for weak in self.family.weak if weak.id == self.query.weak), None)

    @property
    def tools(self) -> dict[str, Tool]:
        """The tools of the query's pair by id, the strong one first."""
        weak = self.weak
        return {self.family.strong.id: self.family.strong, **({weak.id: weak.tool} if weak else {})}


def read_families(run: Path) -> list[Family]:
    """The verified families of a run. Raises RunError where synth is not done or left no query, RecordError where a line is broken."""
    source = run / "synth" / "verified.jsonl"
    if not source.exists() or not (run / "synth" / "build.json").exists():
        raise RunError(f"{run}: synth is not done, so there is nothing to review: run `gentool synth {run}` first")
    families = list(read_records(source, Family))
    if not any(family.queries for family in families):
        raise RunError(f"{source}: holds no query to review; {run / 'synth' / 'rejected.jsonl'} says why each was refused")
    return families


def queue_items(families: Sequence[Family], sample: int | None, seed: int) -> list[Item]:
    """All queries, or `sample` of them: one of each family in turn, so that families count evenly; every reviewer gets the same.

    A smaller sample of the same seed is part of a larger one.
    """
    items = [Item(query, family) for family in families for query in family.queries]
    if sample is None or sample >= len(items):
        return items
    drawn = set(_draw(families, sample, seed))
    return [item for item in items if item.query.id in drawn]


def _draw(families: Sequence[Family], count: int, seed: int) -> list[str]:
    rng = random.Random(f"review/{seed}")
    columns = [rng.sample([query.id for query in family.queries], len(family.queries)) for family in families]
    rng.shuffle(columns)
    longest = max(len(column) for column in columns)
    return [column[turn] for turn in range(longest) for column in columns if turn < len(column)][:count]
