"""Asking a server for predictions: examples in, both replies to each out, as they come; what was not answered ends with one error.

Called by gentool.evaluate.predict. All requests are handed to the engine at once, made as they are needed, so that its own
limits alone decide how many are under way. Replies that were paid for lie in RUN/predict/replies.sqlite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gentool.core.errors import RecipeError, RunError, TeacherError
from gentool.core.example import AnswerFormat, Constraint, Example
from gentool.core.jsonl import read_json, write_json
from gentool.core.recipe import differing_keys
from gentool.engines.engine import Engine, Reply, Request
from gentool.engines.estimate import open_cache
from gentool.engines.openai import OPENAI_URL, OpenAISettings
from gentool.engines.prices import Spending, spend
from gentool.prompts import TASKS, Task

OPENAI = "openai:"
CACHE = "replies.sqlite"
TABLE = "predict.openai"
MakeRequest = Callable[[Example, Task], Request]


def model_of(engine: str) -> str | None:
    """The model's name in `openai:MODEL`, also behind `few_shot:`; None for the other engines."""
    asked = engine.removeprefix("few_shot:")
    return asked.removeprefix(OPENAI) if asked.startswith(OPENAI) else None


def check_held(constrain: Constraint, answer: AnswerFormat, settings: OpenAISettings) -> None:
    """Raise RecipeError for a constraint that a server cannot be asked for, so that no free answer passes for a held one."""
    if constrain == "names":
        raise RecipeError("predict.constrain: names cannot hold the answers of a server; take schema, or none")
    if constrain == "schema" and answer == "native":
        raise RecipeError("predict.constrain: schema holds answers in JSON; with prompts.answer: native a server's calls are its own, take none")
    if constrain == "schema" and not settings.json_schema:
        raise RecipeError(f"predict.constrain: schema needs {TABLE}.json_schema: true, so that the schema is sent")


def check_origin(engine: str, path: Path, settings: OpenAISettings) -> None:
    """Raise RunError where a file holds the predictions of another engine or server, which would pass for this one's."""
    _refuse(path, [key for key in _differing(engine, path, settings) if key in ("engine", "base_url")])


def note_origin(engine: str, path: Path, settings: OpenAISettings) -> None:
    """Note beside a file of predictions what decides a server's answers, in NAME.server.json.

    Raises RunError where the file was begun otherwise than it would be gone on with.
    """
    _refuse(path, _differing(engine, path, settings))
    origin = _describe_origin(engine, settings)
    if origin is not None:
        write_json(_note_of(path), origin)


def _note_of(path: Path) -> Path:
    return path.with_suffix(".server.json")


def _differing(engine: str, path: Path, settings: OpenAISettings) -> list[str]:
    """In what the origin of a file of predictions differs from an engine's; in nothing where the file is not begun."""
    if not path.exists() or path.stat().st_size == 0:
        return []
    held = read_json(_note_of(path)) if _note_of(path).exists() else {}
    return differing_keys(held, _describe_origin(engine, settings) or {})


def _refuse(path: Path, different: Sequence[str]) -> None:
    if different:
        said = f"holds predictions that were made otherwise (different: {', '.join(different)})"
        raise RunError(f"{path}: {said}: move that file away to ask anew, or go on as it was begun")


def _describe_origin(engine: str, settings: OpenAISettings) -> dict[str, Any] | None:
    """What decides the answers of a server; None for the other engines."""
    if model_of(engine) is None:
        return None
    chosen = {name: getattr(settings, name) for name in ("temperature", "max_tokens", "json_schema")}
    return {"engine": engine, "base_url": settings.base_url or OPENAI_URL, **chosen}


def count_paid(run: Path, engine: str, settings: OpenAISettings) -> Spending | None:
    """All that was paid in a run folder for an engine's predictions; None where it costs nothing or was not asked."""
    model, cache = model_of(engine), open_cache(run / "predict" / CACHE)
    if cache is None:
        return None
    try:
        paid = cache.paid(model) if model else None
    finally:
        cache.close()
    return spend(paid.usage, settings.prices.get(model or ""), paid.answers, paid.estimated) if paid and paid.answers else None


class Questions(Sequence[Request]):
    """The requests of both tasks for some examples, each made when it is taken; an id is the task, a slash and the example's id.

    An example's two stand together: they share most of their prompt, which servers keep for a while.
    """

    def __init__(self, examples: Sequence[Example], make: MakeRequest) -> None:
        self._examples = examples
        self._make = make

    def __len__(self) -> int:
        return len(TASKS) * len(self._examples)

    def __getitem__(self, index: Any) -> Any:
        example, task = self._examples[index // len(TASKS)], TASKS[index % len(TASKS)]
        return replace(self._make(example, task), id=f"{task}/{example.id}")


@dataclass(frozen=True)
class Answered:
    """The replies to one example: its call and its ranking."""

    selected: Reply
    ranked: Reply


def ask_server(engine: Engine, examples: Sequence[Example], make: MakeRequest, count_refused: bool) -> Iterator[Answered]:
    """The replies to every example that got both, as they come; an error of the model's own answer is a reply.

    With `count_refused` a request that the server will not take is one, too. Raises TeacherError at the end where an example
    was left without an answer, and at once where no request can be answered.
    """
    waiting: dict[str, dict[str, Reply]] = {}
    lost: dict[str, Reply] = {}
    for reply in engine.reply(Questions(examples, make)):
        task, _, identifier = reply.id.partition("/")
        if reply.fault == "server" or (reply.fault == "request" and not count_refused):
            lost[identifier] = reply
        replies = waiting.setdefault(identifier, {})
        replies[task] = replace(reply, id=identifier)
        if len(replies) == len(TASKS):
            del waiting[identifier]
            if identifier not in lost:
                yield Answered(replies["select"], replies["rank"])
    if lost:
        raise TeacherError(_describe_lost(engine.name, len(examples), list(lost.values())))


def _describe_lost(name: str, asked: int, lost: Sequence[Reply]) -> str:
    refused = [reply for reply in lost if reply.fault == "request"]
    said = f"{name}: {len(lost)} of {asked} test examples were not answered and have no prediction; the last: {lost[-1].error}"
    again = "run the same command again: what was answered is kept"
    if not refused:
        return f"{said}: {again}"
    ways = f"change {TABLE} or the tools, or let them count as wrong answers with --set predict.count_refused=true"
    return f"{said}: the server does not take the requests of {len(refused)}, now or later ({refused[-1].error}): {ways}; for the rest {again}"
