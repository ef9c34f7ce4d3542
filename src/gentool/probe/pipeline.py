"""`gentool probe`: a run folder and engines in; probe/QUESTION.jsonl, probe/predict/, probe/NAME.json and probe.html out.

Called by gentool.cli. A run that was stopped goes on: answers that are there are not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from gentool.core.errors import RunError
from gentool.core.example import TRAINED, Example, Prediction
from gentool.core.jsonl import read_records, write_json, write_records
from gentool.core.recipe import Settings
from gentool.evaluate.predict import predict_examples
from gentool.evaluate.predictors import Predictor, PredictSettings, ask_calls_alone, check_engines, name_of, open_predictor
from gentool.evaluate.verdict import judge
from gentool.pairs.build import prepare_families
from gentool.probe.altered import QUESTIONS, SIZES, Altered, Base, Question, has_distances, reachable, vary_candidates, vary_position, vary_similarity
from gentool.probe.measure import measure
from gentool.probe.names import vary_names
from gentool.probe.phrases import vary_phrases
from gentool.probe.sample import choose_examples, find_bases
from gentool.prompts import PromptSettings
from gentool.report.probe_page import write_probe_page
from gentool.run import Run


class ProbeSettings(Settings):
    """What is asked of whom.

    engines: as for `gentool predict`. questions: what is changed. sample: so many test examples whose answer is a call, and as many
    whose answer is to abstain. seed: draws examples, tools, orders and names; null is the run's.
    """

    engines: tuple[str, ...] = (TRAINED, "tfidf")
    questions: tuple[Question, ...] = QUESTIONS
    sample: int = Field(default=40, ge=1)
    seed: int | None = None

    @field_validator("questions")
    @classmethod
    def _refuse_none(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        if not questions:
            raise ValueError(f"name one question at least: {', '.join(QUESTIONS)}")
        return tuple(question for question in QUESTIONS if question in questions)


@dataclass(frozen=True)
class Probed:
    """What a probe left: its results by engine, as probe/NAME.json holds them, and the page that shows them."""

    results: tuple[dict[str, Any], ...]
    paths: tuple[Path, ...]
    page: Path


@dataclass(frozen=True)
class Asked:
    """The altered examples of one question, and what had to be left out."""

    altered: tuple[Altered, ...]
    notes: tuple[str, ...]


def probe(run: Run, settings: ProbeSettings) -> Probed:
    """Alter test examples, let the engines answer, and write what came of it. Raises RunError where the run is not that far."""
    check_engines(settings.engines)
    seed = run.recipe.seed if settings.seed is None else settings.seed
    asked = build_questions(run, settings, seed)
    folder = run.path / "probe"
    for question, one in asked.items():
        write_records(folder / f"{question}.jsonl", one.altered)
    results, paths = [], []
    for engine in settings.engines:
        result = probe_engine(run, engine, asked, seed) | {"sample": settings.sample, "seed": seed}
        paths.append(folder / f"{result['name']}.json")
        write_json(paths[-1], result)
        results.append(result)
    return Probed(tuple(results), tuple(paths), write_probe_page(run.recipe.name, results, run.path / "probe.html"))


def build_questions(run: Run, settings: ProbeSettings, seed: int) -> dict[Question, Asked]:
    """The altered examples of each question; the same for the same run, settings and seed."""
    source = run.path / "pairs" / "test.jsonl"
    if not (run.path / "pairs" / "build.json").exists():
        raise RunError(f"{source} is not complete: run `gentool pairs {run.path}` first")
    prepared = prepare_families(run.path, run.recipe.pairs, run.recipe.seed)
    examples = choose_examples(list(read_records(source, Example)), settings.sample, seed)
    if not examples:
        raise RunError(f"{source} holds no example of a family, so there is nothing to probe")
    bases = find_bases(examples, prepared.families, prepared.distractors)
    names = {tool.name for family in prepared.families for tool in family.tools}
    return {question: _ask(question, bases, run, seed, names) for question in settings.questions}


def _ask(question: Question, bases: Sequence[Base], run: Run, seed: int, names: set[str]) -> Asked:
    notes: list[str] = []
    match question:
        case "candidates":
            altered = list(vary_candidates(bases, seed))
            beyond = [str(size) for size in SIZES if size not in reachable(bases)]
            notes += [f"not every example can stand before {', '.join(beyond)} candidates: the catalogue has too few tools"] if beyond else []
        case "position":
            altered = list(vary_position(bases))
        case "similarity":
            altered = list(vary_similarity(bases, seed))
            few = sum(not has_distances(base) for base in bases)
            notes += [f"{few} examples are left out: too few tools may stand beside them to tell near from middling"] if few else []
        case "names":
            altered = list(vary_names(bases, seed, names))
        case "paraphrase":
            prompts = run.recipe.prompts
            altered = list(vary_phrases(bases, prompts))
            notes += ["natively a call is asked for by the query alone, so there is no other wording of it"] if prompts.answer == "native" else []
    return Asked(tuple(altered), tuple(notes))


def probe_engine(run: Run, engine: str, asked: dict[Question, Asked], seed: int) -> dict[str, Any]:
    """One engine's answers to every question, measured."""
    settings = run.recipe.predict.model_copy(update={"score_choices": False})
    name = name_of(engine, settings.constrain)

    @cache
    def loaded() -> Predictor:
        return ask_calls_alone(open_predictor(engine, run.path, settings, run.recipe.seed, run.recipe.train.stages))

    def opened() -> Predictor:
        """A local model is loaded once for all questions; a server's connections end with each."""
        predictor = loaded()
        if predictor.server is not None:
            loaded.cache_clear()
        return predictor

    questions: dict[str, Any] = {}
    for question, one in asked.items():
        predictions = _answer(run.path / "probe" / "predict" / name, question, one.altered, opened, settings, run.recipe.prompts)
        verdicts = {altered.example.id: judge(altered.example, predictions[altered.example.id]) for altered in one.altered}
        failed = [error for altered in one.altered if (error := predictions[altered.example.id].error)]
        notes = [*one.notes, *([f"{len(failed)} answers are missing and count as wrong, the first: {failed[0]}"] if failed else [])]
        questions[question] = {**measure(one.altered, verdicts, seed), "notes": notes}
    return {"name": name, "questions": questions}


def _answer(
    folder: Path,
    question: Question,
    altered: Sequence[Altered],
    opened: Callable[[], Predictor],
    settings: PredictSettings,
    prompts: PromptSettings,
) -> dict[str, Prediction]:
    """The predictions of one question by example; each wording of the instruction has a file of its own."""
    predictions: dict[str, Prediction] = {}
    for wording in dict.fromkeys(one.wording for one in altered):
        examples = [one.example for one in altered if one.wording == wording]
        path = folder / (f"{question}+{wording}.jsonl" if wording else f"{question}.jsonl")
        predict_examples(examples, path, opened, settings, prompts.model_copy(update={"wording": wording}) if wording else prompts)
        predictions |= {prediction.id: prediction for prediction in read_records(path, Prediction)}
    return predictions
