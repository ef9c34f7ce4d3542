"""The stage `predict`: examples and engines in; predict/NAME.jsonl out, with each engine's raw texts.

Local engines answer examples in blocks of fixed bounds, so that a run that was stopped batches what is left as it would have
before. Servers are asked for all that is missing at once, and their predictions stand in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from gentool.core.errors import RunError
from gentool.core.example import AnswerFormat, Constraint, Example, Prediction
from gentool.core.jsonl import appended, read_records, resume_records
from gentool.core.progress import progress_bar
from gentool.core.tool import ToolSet
from gentool.engines.engine import Engine, Reply, Request
from gentool.evaluate.predictors import Predictor, PredictSettings, name_of, open_predictor
from gentool.evaluate.served import ask_server, check_held, check_origin, note_origin
from gentool.prompts import TASKS, PromptSettings, Task, render_choices, render_messages, render_schema, render_tools

BLOCK = 96


def make_request(
    example: Example,
    task: Task,
    prompts: PromptSettings,
    constrain: Constraint = "none",
    choices: bool = False,
    shots: Sequence[Example] = (),
) -> Request:
    """One task on one example, as `write_request` has it; `shots` are worked examples that stand before it."""
    return write_request(example.id, task, example.query, example.tools, prompts, constrain, choices, shots)


def write_request(
    identifier: str,
    task: Task,
    query: str,
    tools: ToolSet,
    prompts: PromptSettings,
    constrain: Constraint = "none",
    choices: bool = False,
    shots: Sequence[Example] = (),
) -> Request:
    """One task on a query and its tools, as a chat for language models and as structured inputs for the others.

    With `choices` the engine is asked for the probability of each tool of the set, too. `constrain` names what holds the
    call while it is decoded: its choices, or the schema of the whole answer.
    """
    calls = task == "select"
    return Request(
        identifier,
        task,
        tuple(render_messages(task, query, tools, prompts, shots)),
        {"query": query, "tools": tools},
        schema=render_schema(tools, prompts.parallel) if calls and constrain == "schema" else None,
        tools=render_tools(tools, prompts),
        tool_choice="none" if task == "rank" else "auto",
        choices=render_choices(tools, prompts) if calls and (choices or constrain == "names") else {},
    )


def predict(run: Path, engine: str, settings: PredictSettings, prompts: PromptSettings, seed: int, stages: Sequence[Task] = TASKS) -> Path:
    """Answer every test example of a run that has no answer yet; returns the file of predictions."""
    return predict_with(engine, run, read_examples(run), run, settings, prompts, seed, stages)


def predict_with(
    engine: str,
    run: Path,
    examples: Sequence[Example],
    folder: Path,
    settings: PredictSettings,
    prompts: PromptSettings,
    seed: int,
    stages: Sequence[Task] = TASKS,
) -> Path:
    """Let an engine of a run answer any examples; the predictions are filed in FOLDER/predict, whose path is returned."""
    path = folder / "predict" / f"{name_of(engine, settings.constrain)}.jsonl"
    check_origin(engine, path, settings.openai)

    def open_engine() -> Predictor:
        note_origin(engine, path, settings.openai)
        return open_predictor(engine, run, settings, seed, stages)

    return predict_examples(examples, path, open_engine, settings, prompts)


def read_examples(run: Path) -> list[Example]:
    """The test examples of a run. Raises RunError where they are not built."""
    source = run / "pairs" / "test.jsonl"
    if not (run / "pairs" / "build.json").exists():
        raise RunError(f"{source} is not complete: run `gentool pairs {run}` first")
    return list(read_records(source, Example))


def predict_examples(
    examples: Sequence[Example], path: Path, open_engine: Callable[[], Predictor], settings: PredictSettings, prompts: PromptSettings
) -> Path:
    """Append to `path` the prediction of every example that has none there; the engine is opened only where one is missing."""
    held = {prediction.id for prediction in resume_records(path, Prediction)}
    if all(example.id in held for example in examples):
        return path
    with closing(open_engine()) as predictor, appended(path) as file, progress_bar(f"predict {predictor.name}", len(examples)) as bar:
        if predictor.server is not None:
            bar.advance(len(held))
            for prediction in predict_served(predictor, [example for example in examples if example.id not in held], prompts, settings):
                file.append(prediction)
                bar.advance()
            return path
        for start in range(0, len(examples), BLOCK):
            block = examples[start : start + BLOCK]
            if any(example.id not in held for example in block):
                for prediction in predict_block(predictor, block, prompts, settings):
                    if prediction.id not in held:
                        file.append(prediction)
            bar.advance(len(block))
        for notice in predictor.notices:
            bar.say(f"predict {predictor.name}: {notice}")
    return path


def predict_served(predictor: Predictor, examples: Sequence[Example], prompts: PromptSettings, settings: PredictSettings) -> Iterator[Prediction]:
    """A server's answers to each example, in the order in which they come. Raises TeacherError where some were not answered."""
    constrain = settings.constrain
    check_held(constrain, prompts.answer, settings.openai)

    def make(example: Example, task: Task) -> Request:
        return make_request(example, task, prompts, constrain, shots=predictor.shots)

    for answered in ask_server(predictor.select, examples, make, settings.count_refused):
        yield _as_prediction(answered.selected, answered.ranked, prompts.answer, constrain)


def predict_block(
    predictor: Predictor, examples: Sequence[Example], prompts: PromptSettings, settings: PredictSettings | None = None
) -> list[Prediction]:
    """Both answers to each example, in the examples' order. Raises TeacherError where a server left some without."""
    settings = settings or PredictSettings()
    if predictor.server is not None:
        by_id = {prediction.id: prediction for prediction in predict_served(predictor, examples, prompts, settings)}
        return [by_id[example.id] for example in examples]
    constrain: Constraint = settings.constrain if predictor.reads_prompts else "none"
    choices = settings.score_choices and predictor.scores_choices
    shots = predictor.shots

    def make(task: Task) -> list[Request]:
        return [make_request(example, task, prompts, constrain, choices, shots) for example in examples]

    selected, ranked = answer_both(predictor, make)
    answer: AnswerFormat = prompts.answer if predictor.reads_prompts else "json"
    return [_as_prediction(selected[example.id], ranked[example.id], answer, constrain) for example in examples]


def _as_prediction(selected: Reply, ranked: Reply, answer: AnswerFormat, constrain: Constraint) -> Prediction:
    scores = None if selected.scores is None else dict(selected.scores)
    error = selected.error or (f"ranking: {ranked.error}" if ranked.error else "")
    return Prediction(id=selected.id, select=selected.text, rank=ranked.text, answer=answer, scores=scores, constrained=constrain, error=error)


def answer_both(predictor: Predictor, make: Callable[[Task], Sequence[Request]]) -> tuple[Mapping[str, Reply], Mapping[str, Reply]]:
    """The calls and the rankings by request id, for the requests that `make` writes for a task.

    A joint answer stands for both.
    """
    if predictor.joint:
        joint = {reply.id: reply for reply in predictor.select.reply(make("joint"))}
        return joint, joint
    if predictor.shares_prompts:
        return _answer_together(predictor.select, make)
    selected = {reply.id: reply for reply in predictor.select.reply(make("select"))}
    return selected, {reply.id: reply for reply in predictor.rank.reply(make("rank"))}


def _answer_together(engine: Engine, make: Callable[[Task], Sequence[Request]]) -> tuple[Mapping[str, Reply], Mapping[str, Reply]]:
    """Both by one engine that is asked everything at once."""
    answered: dict[Task, dict[str, Reply]] = {"select": {}, "rank": {}}
    asked: dict[str, tuple[Task, Request]] = {f"{task} {request.id}": (task, request) for task in answered for request in make(task)}
    for reply in engine.reply([replace(request, id=name) for name, (_, request) in asked.items()]):
        task, request = asked[reply.id]
        answered[task][request.id] = replace(reply, id=request.id)
    return answered["select"], answered["rank"]
