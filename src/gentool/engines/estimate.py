"""What a dry run says: what is still to be asked of a server, in requests, tokens and money, scaled by the answers that are there.

gentool.synth.estimate and gentool.evaluate.estimate count with it; gentool.console shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gentool.engines.cache import CachedReply, ReplyCache
from gentool.engines.engine import Request, Usage
from gentool.engines.openai import OpenAISettings, identify_request
from gentool.engines.prices import Price

ENOUGH = 5
"""Answers of a task from which on its sizes are taken from them."""
NOTHING = Usage(0, 0)


@dataclass
class Line:
    """One task of a model: what is still to be sent, with our guess of its tokens, and what was answered, with our guess and the count."""

    requests: float = 0
    prompt: float = 0
    completion: float = 0
    answered: int = 0
    guessed: Usage = NOTHING
    counted: Usage = NOTHING

    def expect(self, prompt: float, completion: float, times: float = 1.0) -> None:
        self.requests += times
        self.prompt += times * prompt
        self.completion += times * completion

    def learn(self, prompt: int, completion: int, usage: Usage) -> None:
        self.answered += 1
        self.guessed = Usage(self.guessed.prompt_tokens + prompt, self.guessed.completion_tokens + completion)
        self.counted = Usage(self.counted.prompt_tokens + usage.prompt_tokens, self.counted.completion_tokens + usage.completion_tokens)

    def scaled(self, usual: float) -> tuple[float, float]:
        """The tokens of prompts and answers that are still to come, by what the task's own answers took or, where they are few, by `usual`."""
        prompt = self.prompt * ratio(self.counted.prompt_tokens, self.guessed.prompt_tokens, self.answered, usual)
        return prompt, self.completion * ratio(self.counted.completion_tokens, self.guessed.completion_tokens, self.answered, usual)


def usual_ratio(lines: Iterable[Line]) -> float:
    """By how much the prompts of all tasks together differ from our guess of them."""
    every = list(lines)
    counted = sum(line.counted.prompt_tokens for line in every)
    guessed = sum(line.guessed.prompt_tokens for line in every)
    return ratio(counted, guessed, sum(line.answered for line in every), 1.0)


def ratio(counted: float, guessed: float, answers: int, usual: float) -> float:
    """By how much the answers that are there differ from our guess of them; `usual` where they are too few."""
    return counted / guessed if answers >= ENOUGH and guessed else usual


@dataclass(frozen=True)
class Expected:
    """One line of the estimate: requests still to be sent for a task, answers that are there, tokens, and the cost where the price is known."""

    task: str
    model: str
    requests: int
    answered: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


def expect(task: str, model: str, price: Price | None, requests: float, answered: int, prompt: float, completion: float) -> Expected:
    """A line of the estimate, rounded and with its cost."""
    usage = Usage(round(prompt), round(completion))
    cost = price.cost(usage) if price else None
    return Expected(task, model, round(requests), answered, usage.prompt_tokens, usage.completion_tokens, cost)


@dataclass(frozen=True)
class Estimate:
    """What a run would still take, and what that rests on. `budget` is the recipe's; `paid` was paid already."""

    lines: tuple[Expected, ...]
    assumptions: tuple[str, ...]
    budget: float | None = None
    paid: float | None = None

    @property
    def requests(self) -> int:
        return sum(line.requests for line in self.lines)

    @property
    def tokens(self) -> int:
        return sum(line.prompt_tokens + line.completion_tokens for line in self.lines)

    @property
    def cost(self) -> float | None:
        costs = [line.cost for line in self.lines]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


def open_cache(path: Path) -> ReplyCache | None:
    """The cache of a file, None where there is no file: a dry run makes none."""
    return ReplyCache(path) if path.exists() else None


def find_reply(cache: ReplyCache | None, request: Request, model: str, settings: OpenAISettings) -> CachedReply | None:
    """The reply that was paid for, None where there is none."""
    return cache.get(*identify_request(request, model, settings)[1]) if cache else None
