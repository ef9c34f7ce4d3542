"""What every engine is: requests in, replies out. Teachers and students share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gentool.core.message import Message


@dataclass(frozen=True)
class Request:
    """One thing asked of an engine.

    Language models read `messages`; engines that follow rules read `task` and its structured `inputs` instead.
    """

    id: str
    task: str
    messages: tuple[Message, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An engine's raw text for the request of that id."""

    id: str
    text: str


class Engine(Protocol):
    """Anything that answers requests. Replies may come in another order than the requests; each is for one id."""

    @property
    def name(self) -> str: ...

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """The replies, as they become ready."""
        ...
