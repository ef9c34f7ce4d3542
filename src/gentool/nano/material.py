"""What the corpus is made of: items, each a thing that people ask for, with the tools that offer it and requests for it.

Sources (the lexicon, WordNet, the rules teacher) make items; gentool.nano.episodes puts them into tool sets.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gentool.core.tool import Tool


@dataclass(frozen=True)
class Request:
    """A query, and the arguments of the calls that answer it; `weak` is None where the weak tool cannot serve it."""

    text: str
    strong: dict[str, Any]
    weak: dict[str, Any] | None = None


@dataclass(frozen=True)
class Item:
    """A strong tool, a weaker one for the same need where there is one, and requests for it."""

    strong: Tool
    weak: Tool | None
    requests: tuple[Request, ...]


class Source(Protocol):
    """Where items come from. `topics` gives by topic the keys of its items: those of one topic are near each other.

    Two items of one source with different keys never serve each other's requests.
    """

    @property
    def topics(self) -> Mapping[str, Sequence[str]]: ...

    def item(self, key: str, rng: random.Random, requests: int) -> Item:
        """The item of a key with so many requests (fewer where there are no more); everything else is drawn anew each time."""
        ...
