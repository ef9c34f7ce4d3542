"""What a change of the catalogue does to a model's answers: two catalogues, queries and an engine in; figures, a page and files for CI out.

Floor 4; called by gentool.cli. In the output folder: drift.yaml (settings), queries.jsonl, predict_before.jsonl,
predict_after.jsonl, outcomes.jsonl, drift.json and drift.html. A second start goes on where the first was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator

from gentool.core.canonical import content_hash
from gentool.core.drift import CatalogueChange, DriftQuery, DriftRecord, DriftSummary
from gentool.core.errors import RecipeError, RunError
from gentool.core.example import Example, Prediction
from gentool.core.jsonl import resume_records, write_json, write_records, write_text
from gentool.core.recipe import Settings, differing_keys, dump_recipe, parse_recipe, read_recipe
from gentool.core.tool import Tool, ToolSet
from gentool.drift_synth import DriftSynthSettings, write_queries
from gentool.engines.unasked import UnaskedEngine
from gentool.evaluate.candidates import TFIDF, choose_nearest, show_all
from gentool.evaluate.catalogue_change import compare_catalogues, order_alike
from gentool.evaluate.drift import examine_query, make_example
from gentool.evaluate.drift_queries import complete_query, read_queries
from gentool.evaluate.drift_summary import check_thresholds, parse_limit, summarise_drift
from gentool.evaluate.predict import predict_examples
from gentool.evaluate.predictors import Predictor, PredictSettings, name_of, open_predictor
from gentool.formats.catalogue import read_catalogue
from gentool.prompts import TASKS, PromptSettings, Task
from gentool.report.drift_markdown import render_markdown
from gentool.report.drift_page import write_page
from gentool.report.drift_terminal import describe_catalogues, describe_drift
from gentool.report.junit import render_junit
from gentool.run import load_run, locked

MOST_SHOWN = 64
"""Tools up to which a model is shown all of a catalogue."""
NEAREST = 20
"""Tools that it is shown of a larger one."""
WITHOUT_RUN = ("hf", "openai")
"""Engines that need no run folder."""
REACHING = ("api_key_env", "budget", "prices", "concurrency", "requests_per_minute", "tokens_per_minute", "timeout", "max_retries")
CHANGEABLE = (
    *("max_regressions", "min_adoption", "max_changed", "predict.generation.batch_tokens"),
    *(f"{table}.openai.{name}" for table in ("predict", "synth") for name in REACHING),
)
"""Settings that may change in a folder: what passes, and how a server is reached."""
SERVER = {"temperature": 0.0, "max_tokens": 1024}


class DriftSettings(Settings):
    """How two catalogues are compared, and what passes.

    candidates: the model is shown the so many tools that are nearest to the query; null: all where there are at most 64, else
    20. retrieval: what is near, `tfidf` or a sentence-transformers model. prompts, predict: as in a run; with a run folder its own
    are the defaults. synth: who writes queries where none are given. max_regressions, max_changed: a count, or a percentage as
    `5%`, of the answers that were right before, and of all; null: any. min_adoption: a percentage of the queries for added
    tools. seed: from it everything that is drawn is drawn.
    """

    candidates: int | None = Field(default=None, ge=1)
    retrieval: str = TFIDF
    prompts: PromptSettings = PromptSettings()
    predict: PredictSettings = Field(default_factory=lambda: PredictSettings(score_choices=False))
    synth: DriftSynthSettings = DriftSynthSettings()
    max_regressions: int | str | None = 0
    min_adoption: str | None = None
    max_changed: int | str | None = None
    seed: int = 0

    @field_validator("predict", mode="before")
    @classmethod
    def _fill_predict(cls, value: Any) -> Any:
        """One setting that is given leaves the others as they are here: no choices scored, a server asked without chance."""
        if not isinstance(value, Mapping):
            return value
        server = value.get("openai")
        return {"score_choices": False, **value, **({"openai": {**SERVER, **server}} if isinstance(server, Mapping) else {})}

    @field_validator("max_regressions", "min_adoption", "max_changed")
    @classmethod
    def _check_limit(cls, value: int | str | None) -> int | str | None:
        if value is not None:
            parse_limit(value)
        return value

    @field_validator("min_adoption")
    @classmethod
    def _check_share(cls, value: str | None) -> str | None:
        if value is not None and not value.strip().endswith("%"):
            raise ValueError(f"write a percentage, as 80%, not {value!r}")
        return value


@dataclass(frozen=True)
class DriftInputs:
    """What is compared and where the results go: catalogues, queries (none: they are written), engine, run folder where it needs one."""

    before: Path
    after: Path
    model: str
    out: Path
    queries: Path | None = None
    run: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None


def read_drift_settings(recipe: Path | None, overrides: Sequence[str], run: Path | None) -> DriftSettings:
    """The settings: a recipe's where one is given, over those of the run folder, with overrides. Raises RecipeError."""
    text = dump_recipe(read_recipe(recipe, (), DriftSettings)) if recipe else ""
    if run is not None and (run / "recipe.yaml").exists():
        made_by = load_run(run).recipe
        given = yaml.safe_load(recipe.read_text(encoding="utf-8")) if recipe else {}
        own = {"prompts": made_by.prompts.model_dump(mode="json"), "predict": {"generation": made_by.predict.generation.model_dump(mode="json")}}
        text = yaml.safe_dump(own | (given or {}))
    return parse_recipe(text, str(recipe or "gentool drift"), overrides, DriftSettings)


def run_drift(inputs: DriftInputs, settings: DriftSettings, say: Callable[[str], None]) -> DriftSummary:
    """Compare a model's answers before two catalogues; everything is said and written. Raises GenToolError for what the user can mend."""
    _check_engine(inputs, settings)
    before, after = read_catalogue(inputs.before), read_catalogue(inputs.after)
    change = compare_catalogues(before, after)
    for line in describe_catalogues(change):
        say(line)
    given = read_queries(inputs.queries, before, after) if inputs.queries else None
    with locked(inputs.out):
        _open_folder(inputs, settings, before, after)
        summary = DriftSummary(model=inputs.model, before=str(inputs.before), after=str(inputs.after), change=change)
        records: list[DriftRecord] = []
        if not change.is_empty:
            queries, teacher = (given, None) if given is not None else _find_queries(inputs, settings, before, after, change)
            sets, candidates = _show_tools(queries, before, order_alike(before, after, change), settings)
            summary = summary.model_copy(update={"written_by": teacher, "candidates": candidates, "notes": tuple(_notes(queries, change, teacher))})
            records = _compare([complete_query(query, change) for query in queries], change, sets, candidates, inputs, settings)
        summary = summarise_drift(summary, records)
        checks = check_thresholds(summary, settings.max_regressions, settings.min_adoption, settings.max_changed)
        summary = summary.model_copy(update={"checks": checks})
        _write(summary, records, inputs)
    for line in describe_drift(summary, records):
        say(line)
    for name, path in (("page", inputs.out / "drift.html"), ("junit", inputs.junit), ("markdown", inputs.markdown)):
        if path is not None:
            say(f"{name + ':':<10} {path}")
    return summary


def _check_engine(inputs: DriftInputs, settings: DriftSettings) -> None:
    """Raise RecipeError for an unknown engine, or one that is fitted or trained in a run where none is named."""
    name_of(inputs.model, settings.predict.constrain)
    if inputs.run is None and _needs_run(inputs.model):
        raise RecipeError(f"the engine '{inputs.model}' is made from a run's training examples: name the run folder with --run RUN")


def _needs_run(engine: str) -> bool:
    return engine.partition(":")[0] not in WITHOUT_RUN and engine != "random"


def _open_folder(inputs: DriftInputs, settings: DriftSettings, before: Sequence[Tool], after: Sequence[Tool]) -> None:
    """Keep what the folder's results are made by. Raises RunError where it holds something else."""
    path = inputs.out / "drift.yaml"
    hashes = [content_hash([tool.id for tool in tools]) for tools in (before, after)]
    own = {"model": inputs.model, "run": str(inputs.run) if inputs.run else None, "before": hashes[0], "after": hashes[1]}
    text = yaml.safe_dump(own, sort_keys=False) + dump_recipe(settings)
    if path.exists():
        different = differing_keys(yaml.safe_load(path.read_text(encoding="utf-8")), yaml.safe_load(text))
        keys = [key for key in different if not key.startswith(CHANGEABLE)]
        if keys:
            raise RunError(f"{inputs.out} holds a drift that was made otherwise (different: {', '.join(keys)}): choose another folder with --out")
    elif any(not file.name.startswith(".") for file in inputs.out.iterdir()):
        raise RunError(f"{inputs.out}: is not empty and holds no drift; choose another folder with --out")
    write_text(path, text)


def _find_queries(
    inputs: DriftInputs, settings: DriftSettings, before: Sequence[Tool], after: Sequence[Tool], change: CatalogueChange
) -> tuple[list[DriftQuery], str]:
    """The queries that were written for this folder, now or at an earlier start."""
    path = inputs.out / "queries.jsonl"
    if not path.exists():
        written = write_queries(inputs.out / "synth", before, after, change, settings.synth, settings.seed)
        if not written:
            reasons = inputs.out / "synth" / "synth" / "rejected.jsonl"
            raise RunError(f"the teacher {settings.synth.teacher} could write no query ({reasons} says why): give some with --queries")
        write_records(path, written)
    return read_queries(path, before, after), settings.synth.teacher


def _show_tools(
    queries: Sequence[DriftQuery], before: Sequence[Tool], after: Sequence[Tool], settings: DriftSettings
) -> tuple[list[tuple[ToolSet, ToolSet]], int | None]:
    """What the model is shown for each query, before and after, and the number of candidates where it is not all."""
    texts = [query.query for query in queries]
    most = max(len({tool.name for tool in tools}) for tools in (before, after))
    candidates = settings.candidates or (None if most <= MOST_SHOWN else NEAREST)
    if candidates is None or candidates >= most:
        shown, candidates = show_all(texts, [before, after], settings.retrieval), None
    else:
        shown = choose_nearest(texts, [before, after], candidates, settings.retrieval)
    return list(zip(*shown, strict=True)), candidates


def _notes(queries: Sequence[DriftQuery], change: CatalogueChange, teacher: str | None) -> list[str]:
    """What a reader must know to judge the figures."""
    asked = {query.after for query in queries}
    silent = [tool.name for tool in change.added if tool.name not in asked]
    notes = []
    if silent:
        notes.append(f"no query is for {len(silent)} of {len(change.added)} added tools: {', '.join(silent[:5])}{', ...' if len(silent) > 5 else ''}")
    if teacher:
        notes.append(f"the queries were written by the teacher {teacher}: what is right is the tool that each was written for; review queries.jsonl")
    if change.reordered:
        notes.append("the tools that stayed stand in another order in the second file; the model was shown them in the order of the first")
    return notes


def _compare(
    queries: Sequence[DriftQuery],
    change: CatalogueChange,
    sets: Sequence[tuple[ToolSet, ToolSet]],
    candidates: int | None,
    inputs: DriftInputs,
    settings: DriftSettings,
) -> list[DriftRecord]:
    """Ask on both sides and judge. A query that is shown the same tools on both is asked once."""
    before = [make_example(query, "before", shown[0]) for query, shown in zip(queries, sets, strict=True)]
    after = [make_example(query, "after", shown[1]) for query, shown in zip(queries, sets, strict=True)]
    open_once = cache(lambda: _open_engine(inputs, settings))
    answers = _ask(before, inputs.out / "predict_before.jsonl", open_once, settings)
    answers |= _ask([example for example in after if example.id not in answers], inputs.out / "predict_after.jsonl", open_once, settings)
    return [
        examine_query(query, change, shown, (answers[one.id], answers[other.id]), candidates is not None)
        for query, shown, one, other in zip(queries, sets, before, after, strict=True)
    ]


def _ask(examples: Sequence[Example], path: Path, open_engine: Callable[[], Predictor], settings: DriftSettings) -> dict[str, Prediction]:
    """The predictions by example. What an earlier start got no answer to is asked again."""
    held = resume_records(path, Prediction)
    if any(prediction.error for prediction in held):
        write_records(path, (prediction for prediction in held if not prediction.error))
    if examples:
        predict_examples(examples, path, open_engine, settings.predict, settings.prompts)
    return {prediction.id: prediction for prediction in resume_records(path, Prediction)}


def _open_engine(inputs: DriftInputs, settings: DriftSettings) -> Predictor:
    """Who answers; rankings are not wanted, so nobody is asked for them."""
    stages: Sequence[Task] = TASKS
    folder = inputs.out
    if inputs.run is not None and (_needs_run(inputs.model)):
        folder, stages = inputs.run, load_run(inputs.run).recipe.train.stages
    predictor = open_predictor(inputs.model, folder, settings.predict, settings.seed, stages)
    return predictor if predictor.joint else replace(predictor, rank=UnaskedEngine())


def _write(summary: DriftSummary, records: Sequence[DriftRecord], inputs: DriftInputs) -> None:
    """The results as files; the page and the files for CI are made from them alone."""
    write_records(inputs.out / "outcomes.jsonl", records)
    write_json(inputs.out / "drift.json", summary.model_dump(mode="json") | {"passed": summary.passed})
    write_page(inputs.out, inputs.out / "drift.html")
    if inputs.junit:
        write_text(inputs.junit, render_junit(summary, records))
    if inputs.markdown:
        write_text(inputs.markdown, render_markdown(summary, records))
