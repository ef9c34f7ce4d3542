"""What a drift costs where a server is asked: before it is sent, and after. Called by gentool.drift.run.

The requests are the real ones; tokens are guessed until some answers have shown how many they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gentool.core.example import Example
from gentool.engines.completion import estimate_prompt
from gentool.engines.estimate import ENOUGH, Line, expect, open_cache, usual_ratio
from gentool.engines.limits import estimate_tokens
from gentool.engines.openai import identify_request
from gentool.evaluate.predict import make_request
from gentool.evaluate.predictors import PredictSettings
from gentool.evaluate.served import CACHE, TABLE, count_paid, model_of
from gentool.prompts import PromptSettings, render_answer


def describe_estimate(examples: Iterable[Example], folder: Path, engine: str, settings: PredictSettings, prompts: PromptSettings) -> Iterator[str]:
    """What would still be sent for the calls of some examples, in lines of text; nothing is."""
    model = model_of(engine)
    if model is None:
        yield f"dry run:   nothing was asked; {engine} works here and costs nothing"
        return
    line, price = Line(), settings.openai.prices.get(model)
    cache = open_cache(folder / "predict" / CACHE)
    try:
        for example in examples:
            body, identity = identify_request(make_request(example, "select", prompts, settings.constrain), model, settings.openai)
            sizes = estimate_prompt(body), estimate_tokens(render_answer("select", example.ranking, example.answer))
            held = cache.get(*identity) if cache else None
            line.learn(*sizes, held.usage) if held else line.expect(*sizes)
    finally:
        if cache:
            cache.close()
    found = expect("calls", engine, price, line.requests, line.answered, *line.scaled(usual_ratio([line])))
    cost = f"no price in {TABLE}.prices" if found.cost is None else f"cost {found.cost:.4f}"
    sent = f"{found.requests:,} requests, about {found.prompt_tokens:,} prompt and {found.completion_tokens:,} completion tokens, {cost}"
    yield f"dry run:   nothing was sent; still to be sent: {sent}"
    basis = f"what {found.answered} answers took" if found.answered >= ENOUGH else "four bytes a token; models that think take more"
    yield f"           counted by {basis}; no discount for prompts that the provider has in its cache"


def describe_paid(folder: Path, engine: str, settings: PredictSettings) -> Iterator[str]:
    """What was paid in a folder so far; nothing where no server was asked."""
    spent = count_paid(folder, engine, settings.openai)
    if spent is not None:
        cost = f"no price in {TABLE}.prices" if spent.cost is None else f"cost {spent.cost:.4f}"
        yield f"paid:      {spent.answers:,} answers, {spent.prompt_tokens:,} prompt and {spent.completion_tokens:,} completion tokens, {cost}"
