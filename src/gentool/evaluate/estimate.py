"""The dry run of prediction: what a server would still be asked for, in requests, tokens and money. Nothing is sent, no key is needed.

The requests are the real ones. Answers are taken to be as long as the right ones until some have shown how long they are.
Called by `gentool predict RUN --dry-run`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from gentool.core.example import Example, Prediction
from gentool.core.jsonl import resume_records
from gentool.engines.completion import estimate_prompt
from gentool.engines.estimate import ENOUGH, Estimate, Expected, Line, expect, open_cache, usual_ratio
from gentool.engines.limits import estimate_tokens
from gentool.engines.openai import identify_request
from gentool.engines.prices import Price
from gentool.evaluate.predict import make_request, read_examples
from gentool.evaluate.predictors import FEW_SHOT, PredictSettings, name_of
from gentool.evaluate.served import CACHE, TABLE, check_held, model_of
from gentool.evaluate.shots import choose_shots
from gentool.prompts import TASKS, PromptSettings, Task, render_answer

NAMES: dict[Task, str] = {"select": "calls", "rank": "rankings"}


def estimate_predictions(run: Path, engine: str, settings: PredictSettings, prompts: PromptSettings, seed: int) -> Estimate | None:
    """What an engine would still be asked for the test examples of a run; None where it is no server and costs nothing.

    Raises RunError where there are no examples yet, RecipeError where the server could not be asked so.
    """
    model, openai = model_of(engine), settings.openai
    if model is None:
        return None
    check_held(settings.constrain, prompts.answer, openai)
    examples = read_examples(run)
    shots = choose_shots(run, settings.shots, seed) if engine.startswith(FEW_SHOT) else ()
    held = {prediction.id for prediction in resume_records(run / "predict" / f"{name_of(engine, settings.constrain)}.jsonl", Prediction)}
    cache, price = open_cache(run / "predict" / CACHE), openai.prices.get(model)
    lines: dict[Task, Line] = {task: Line() for task in TASKS}
    try:
        for example, task in product(examples, TASKS):
            body, identity = identify_request(make_request(example, task, prompts, settings.constrain, shots=shots), model, openai)
            sizes = estimate_prompt(body), estimate_tokens(_guess_answer(example, task))
            reply = cache.get(*identity) if cache else None
            if reply is not None:
                lines[task].learn(*sizes, reply.usage)
            elif example.id not in held:
                lines[task].expect(*sizes)
        paid = price.cost(cache.paid(model).usage) if cache and price else None
    finally:
        if cache:
            cache.close()
    return Estimate(tuple(_describe(lines, engine, price)), tuple(_assume(lines, price)), openai.budget, paid)


def _guess_answer(example: Example, task: Task) -> str:
    """The right answer, as a call and as a ranking are written."""
    if task == "rank":
        return render_answer(task, example.ranking, example.answer)
    return "\n".join(json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False) for call in example.calls)


def _describe(lines: Mapping[Task, Line], engine: str, price: Price | None) -> Iterator[Expected]:
    usual = usual_ratio(lines.values())
    for task, line in lines.items():
        yield expect(NAMES[task], engine, price, line.requests, line.answered, *line.scaled(usual))


def _assume(lines: Mapping[Task, Line], price: Price | None) -> Iterator[str]:
    """What the numbers rest on, in words."""
    answered = sum(line.answered for line in lines.values())
    if answered:
        yield f"tokens: by what {answered} answers in {CACHE} took; of tasks with fewer than {ENOUGH} answers four bytes a token"
    else:
        yield "tokens: four bytes a token of the rendered messages and tools; answers as long as the right ones, until some are there"
    yield "no discount for prompts that the provider has in its cache; reasoning tokens of models that think are not foreseen"
    if price is None:
        yield f"no cost: add the model to {TABLE}.prices"
