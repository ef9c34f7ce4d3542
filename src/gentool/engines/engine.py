"""What every engine is: requests in, replies out. Teachers and students share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from gentool.core.message import Message

Fault = Literal["answer", "request", "server"]
"""Whose an error is: the answer's (the model refused, its words were held back or cut off; asked again it would be the same), the
request's (the server will not take it), or the server's (nothing came; another time it may)."""


@dataclass(frozen=True)
class Request:
    """One thing asked of an engine.

    Language models read `messages`; engines that follow rules read `task` and its structured `inputs` instead. `schema` is the
    JSON Schema of the text that is asked for, None where any text will do. `sample` tells equal requests apart whose
    answers are to be drawn independently. `tools` are definitions for the model's own tool format, in OpenAI's form; empty where
    the tools stand in the messages, or there are none. `tool_choice` is `none` where words are asked for and no call; servers
    read it. `choices` gives by name the text that an answer begins with where it chooses that name; engines that can give
    each one's log-probability.
    """

    id: str
    task: str
    messages: tuple[Message, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    sample: int = 0
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Literal["auto", "none"] = "auto"
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """What one reply took, in tokens as the server counts them; `cached_prompt_tokens` are among `prompt_tokens`."""

    prompt_tokens: int
    completion_tokens: int
    cached_prompt_tokens: int = 0


@dataclass(frozen=True)
class Reply:
    """An engine's raw text for the request of that id.

    `usage` is None where nothing was counted. `error` says why there is no text (then empty), in words for the user, and `fault`
    whose error it is. `scores` gives the log-probability of each of the request's choices, None where there were none or the engine cannot tell.
    """

    id: str
    text: str
    usage: Usage | None = None
    error: str | None = None
    fault: Fault | None = None
    scores: Mapping[str, float] | None = None


class Engine(Protocol):
    """Anything that answers requests. Replies may come in another order than the requests; each is for one id."""

    @property
    def name(self) -> str: ...

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """The replies, as they become ready."""
        ...
