"""Ask a run's student: a query in, its ranking and its call out. Floor 5; called by gentool.cli."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from gentool.core.errors import GenToolError
from gentool.core.example import TRAINED
from gentool.core.jsonl import read_records
from gentool.core.tool import Tool, ToolSet
from gentool.engines.engine import Request
from gentool.evaluate.candidates import choose_nearest
from gentool.evaluate.predict import answer_both, write_request
from gentool.evaluate.predictors import PredictSettings, open_predictor
from gentool.formats.catalogue import read_catalogue
from gentool.prompts import Task, read_call, read_ranking
from gentool.run import Run


@dataclass(frozen=True)
class Answer:
    """What the student was shown and what it answered; `ranking` and `call` in words where they could not be read."""

    candidates: tuple[str, ...]
    ranking: str
    call: str


def ask(run: Run, query: str, catalogue: Path | None) -> Answer:
    """Show the student the k tools of a catalogue (or of the run) that are nearest to the query, and read its answers."""
    if not query.strip():
        raise GenToolError("the query is empty: write what a user would say")
    tools = read_catalogue(catalogue) if catalogue else list(read_records(run.path / "tools.jsonl", Tool))
    nearest = choose_candidates(query, tools, run.recipe.pairs.k)
    predictor = open_predictor(TRAINED, run.path, for_one_query(run.recipe.predict), run.recipe.seed, run.recipe.train.stages)
    prompts = run.recipe.prompts

    def make(task: Task) -> list[Request]:
        return [write_request("ask", task, query, nearest, prompts, run.recipe.predict.constrain)]

    selected, ranked = (replies["ask"].text for replies in answer_both(predictor, make))
    ranking, call = read_ranking(ranked), read_call(selected, prompts.answer, nearest)
    return Answer(
        nearest.names,
        json.dumps(list(ranking.names), ensure_ascii=False) if ranking.names is not None else _unread(ranking.fault, ranked),
        json.dumps({"name": call.call.name, "arguments": call.call.arguments}, ensure_ascii=False)
        if call.call is not None
        else _unread(call.fault, selected),
    )


def for_one_query(settings: PredictSettings) -> PredictSettings:
    """The settings without what pays for many prompts alone: trying whether they can share what they have in common."""
    return settings.model_copy(update={"generation": settings.generation.model_copy(update={"sharing": "off"})})


def _unread(fault: str, text: str) -> str:
    return f"could not be read ({fault}): {json.dumps(text, ensure_ascii=False)}"


def choose_candidates(query: str, tools: list[Tool], k: int) -> ToolSet:
    """The k tools nearest to the query by TF-IDF, of each name the nearest one; all where there are no more."""
    return choose_nearest([query], [tools], k)[0][0]
