"""What a reader of another benchmark gives: its examples with their own gold, and what was odd in them or had to be left out.

Made by the readers `gentool.formats.bench_NAME`, one a benchmark; used by gentool.formats.benches.
"""

from __future__ import annotations

from dataclasses import dataclass

from gentool.core.example import Example


@dataclass(frozen=True)
class Oddity:
    """Something about one record that had to be mapped or cannot be right; the record stays, `id` names it."""

    id: str
    what: str


@dataclass(frozen=True)
class Refusal:
    """A record that cannot be an example: `where` is its file with its line or id."""

    where: str
    reason: str


@dataclass(frozen=True)
class Bench:
    """A benchmark read: nothing of it is dropped in silence."""

    name: str
    examples: tuple[Example, ...]
    oddities: tuple[Oddity, ...] = ()
    refused: tuple[Refusal, ...] = ()
