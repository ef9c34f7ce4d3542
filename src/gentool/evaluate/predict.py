"""The stage `predict`: pairs/test.jsonl and engines in; predict/NAME.jsonl out, with each engine's raw texts.

Examples are answered in blocks of fixed bounds, so that a run that was stopped batches what is left as it would have before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gentool.core.errors import RecipeError, RunError
from gentool.core.example import AnswerFormat, Example, Prediction
from gentool.core.jsonl import appended, read_records, resume_records
from gentool.core.progress import progress_bar
from gentool.core.recipe import Settings
from gentool.engines.engine import Engine, Request
from gentool.engines.hf import GenerationSettings, HfEngine
from gentool.engines.retrieval import RandomEngine, TfidfEngine
from gentool.prompts import TASKS, PromptSettings, Task, render_messages, render_tools

BLOCK = 96
FIT_EXAMPLES = 2000
TRAINED = "trained"


class PredictSettings(Settings):
    """Who answers the test examples.

    engines: `trained` (this run's student: train/rank ranks, train/select calls; train/joint does both in one answer, and
    train/select alone is asked to rank too, untrained for it), `tfidf`, `random`, `hf:MODEL` (any Hugging Face causal
    language model by name or folder, untuned). generation: how language models answer.
    """

    engines: tuple[str, ...] = (TRAINED, "tfidf", "random")
    generation: GenerationSettings = GenerationSettings()


@dataclass(frozen=True)
class Predictor:
    """Who answers under one name: one engine that selects and one that ranks, often the same.

    `joint`: the engine gives ranking and call in one answer and is asked once for both. `reads_prompts` is False for those
    that read the structured inputs alone, and so answer in JSON whatever is asked for.
    """

    name: str
    select: Engine
    rank: Engine
    joint: bool = False
    reads_prompts: bool = True


def name_of(engine: str) -> str:
    """The name under which an engine's predictions and scores are filed. Raises RecipeError for an unknown engine."""
    kind, _, model = engine.partition(":")
    if engine in (TRAINED, "tfidf", "random"):
        return engine
    if kind == "hf" and model:
        return Path(model.rstrip("/")).name
    raise RecipeError(f"unknown engine '{engine}': use trained, tfidf, random or hf:MODEL")


def check_engines(engines: Sequence[str]) -> None:
    """Raise RecipeError for an unknown engine, or two that would share a name."""
    names = [name_of(engine) for engine in engines]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise RecipeError(f"predict.engines: two engines are both named '{repeated[0]}'")


def open_predictor(engine: str, run: Path, settings: PredictSettings, seed: int, stages: Sequence[Task] = TASKS) -> Predictor:
    """Load what stands behind an engine's name; `stages` are those that the run trains. Raises RunError, ModelError or RecipeError."""
    name = name_of(engine)
    match engine.partition(":"):
        case ["random", _, _]:
            chance = RandomEngine(seed)
            return Predictor(name, chance, chance, reads_prompts=False)
        case ["tfidf", _, _]:
            examples = list(read_records(run / "pairs" / "train.jsonl", Example))
            nearest = TfidfEngine().fit(examples[:FIT_EXAMPLES])
            return Predictor(name, nearest, nearest, reads_prompts=False)
        case ["trained", _, _]:
            return _open_trained(name, run, settings.generation, stages)
        case [_, _, model]:
            engine_of_model = HfEngine(model, settings.generation)
            return Predictor(name, engine_of_model, engine_of_model)
    raise AssertionError(engine)


def _open_trained(name: str, run: Path, settings: GenerationSettings, stages: Sequence[Task]) -> Predictor:
    """The student: the last stage calls and the first one ranks, which may be the same."""
    for stage in stages:
        if not (run / "train" / stage / "done.json").exists():
            raise RunError(f"{run / 'train' / stage} is not trained yet: run `gentool train {run}` first")
    engines = {stage: HfEngine(str(run / "train" / stage), settings) for stage in stages}
    return Predictor(name, engines[stages[-1]], engines[stages[0]], joint=stages[-1] == "joint")


def make_request(example: Example, task: Task, prompts: PromptSettings) -> Request:
    """One task on one example, as a chat for language models and as structured inputs for the others."""
    messages, tools = render_messages(task, example.query, example.tools, prompts), render_tools(example.tools, prompts)
    return Request(example.id, task, tuple(messages), {"query": example.query, "tools": example.tools}, tools=tools)


def predict(run: Path, engine: str, settings: PredictSettings, prompts: PromptSettings, seed: int, stages: Sequence[Task] = TASKS) -> Path:
    """Answer every test example that has no answer yet; returns the file of predictions."""
    source = run / "pairs" / "test.jsonl"
    if not (run / "pairs" / "build.json").exists():
        raise RunError(f"{source} is not complete: run `gentool pairs {run}` first")
    examples = list(read_records(source, Example))
    path = run / "predict" / f"{name_of(engine)}.jsonl"
    held = {prediction.id for prediction in resume_records(path, Prediction)}
    if all(example.id in held for example in examples):
        return path
    predictor = open_predictor(engine, run, settings, seed, stages)
    with appended(path) as file, progress_bar(f"predict {predictor.name}", len(examples)) as bar:
        for start in range(0, len(examples), BLOCK):
            block = examples[start : start + BLOCK]
            if any(example.id not in held for example in block):
                for prediction in predict_block(predictor, block, prompts):
                    if prediction.id not in held:
                        file.append(prediction)
            bar.advance(len(block))
    return path


def predict_block(predictor: Predictor, examples: Sequence[Example], prompts: PromptSettings) -> list[Prediction]:
    """Both answers to each example, in the examples' order."""
    selected, ranked = answer_both(predictor, lambda task: [make_request(example, task, prompts) for example in examples])
    answer: AnswerFormat = prompts.answer if predictor.reads_prompts else "json"
    return [Prediction(id=example.id, select=selected[example.id], rank=ranked[example.id], answer=answer) for example in examples]


def answer_both(predictor: Predictor, make: Callable[[Task], Sequence[Request]]) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of the calls and of the rankings by request id, for the requests that `make` writes for a task.

    A joint answer stands for both.
    """
    selected = {reply.id: reply.text for reply in predictor.select.reply(make("joint" if predictor.joint else "select"))}
    if predictor.joint:
        return selected, selected
    return selected, {reply.id: reply.text for reply in predictor.rank.reply(make("rank"))}
