"""What a model behind a server costs: prices by the model's name in, tokens and money spent out. gentool.engines.openai counts with it.

Prices are plain numbers in whatever currency the recipe means; the budget is in the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from gentool.core.recipe import Settings
from gentool.engines.engine import Usage

MILLION = 1_000_000


class Price(Settings):
    """What a model costs for a million tokens.

    input: tokens of the prompt. cached_input: those of them that the provider had in its prompt cache; none: as `input`.
    output: tokens of the answer.
    """

    input: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    output: float = Field(ge=0)

    @model_validator(mode="after")
    def _check_cached_input(self) -> Self:
        if self.cached_input is not None and self.cached_input > self.input:
            raise ValueError(f"cached_input ({self.cached_input}) is higher than input ({self.input})")
        return self

    def cost(self, usage: Usage) -> float:
        """What that many tokens cost."""
        cached = min(usage.cached_prompt_tokens, usage.prompt_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        whole = (usage.prompt_tokens - cached) * self.input + cached * cached_price + usage.completion_tokens * self.output
        return whole / MILLION


@dataclass(frozen=True)
class Spending:
    """What was asked of a model and paid for it.

    requests: sent, every attempt counted. answers: replies that were paid for. from_cache: replies that were not paid for again.
    The tokens are those of the answers; `estimated` says that the server left some uncounted and we estimated them.
    cost: None where the model's price is not known.
    """

    requests: int = 0
    answers: int = 0
    from_cache: int = 0
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False
    cost: float | None = None

    def add(self, other: Spending) -> Spending:
        """Both together; the cost is known where both are."""
        return Spending(
            requests=self.requests + other.requests,
            answers=self.answers + other.answers,
            from_cache=self.from_cache + other.from_cache,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_prompt_tokens=self.cached_prompt_tokens + other.cached_prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            estimated=self.estimated or other.estimated,
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
        )


def spend(usage: Usage, price: Price | None, answers: int = 1, estimated: bool = False) -> Spending:
    """The spending of answers that took that usage together."""
    return Spending(
        answers=answers,
        prompt_tokens=usage.prompt_tokens,
        cached_prompt_tokens=usage.cached_prompt_tokens,
        completion_tokens=usage.completion_tokens,
        estimated=estimated,
        cost=None if price is None else price.cost(usage),
    )
