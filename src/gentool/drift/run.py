"""What a change of the catalogue does to a model's answers: two catalogues, queries and an engine in; figures, a page and files for CI out.

Called by gentool.cli. In the output folder: drift.yaml (settings), queries.jsonl, predict_before.jsonl,
predict_after.jsonl, outcomes.jsonl, drift.json and drift.html. A second start goes on where the first was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import yaml

from gentool.core.canonical import content_hash
from gentool.core.drift import CatalogueChange, DriftQuery, DriftRecord, DriftSummary
from gentool.core.errors import RecipeError, RunError
from gentool.core.example import Example, Prediction
from gentool.core.jsonl import resume_records, write_json, write_records, write_text
from gentool.core.recipe import differing_keys, dump_recipe
from gentool.core.tool import Tool, ToolSet
from gentool.drift.cost import describe_estimate, describe_paid
from gentool.drift.settings import CHANGEABLE, DriftInputs, DriftSettings, check_engine, needs_run
from gentool.drift.synthesise import write_queries
from gentool.evaluate.candidates import choose_nearest, show_all
from gentool.evaluate.catalogue_change import compare_catalogues, order_alike
from gentool.evaluate.drift import examine_query, make_example
from gentool.evaluate.drift_queries import complete_query, read_queries
from gentool.evaluate.drift_summary import check_thresholds, summarise_drift
from gentool.evaluate.predict import predict_examples
from gentool.evaluate.predictors import Predictor, ask_calls_alone, open_predictor
from gentool.formats.catalogue import read_catalogue
from gentool.prompts import TASKS
from gentool.report.drift_markdown import render_markdown
from gentool.report.drift_page import write_page
from gentool.report.drift_terminal import describe_catalogues, describe_drift
from gentool.report.junit import render_junit
from gentool.run import load_run, locked
from gentool.synth.teacher import OPENAI

MOST_SHOWN = 64
"""Tools up to which a model is shown all of a catalogue."""
NEAREST = 20
"""Tools that it is shown of a larger one."""


@dataclass(frozen=True)
class Plan:
    """All that a model is asked: the completed queries, the tools shown for each on both sides, and the examples of both sides.

    `candidates` is the number of tools shown where it is not all, `teacher` who wrote the queries where they were not given.
    """

    change: CatalogueChange
    queries: tuple[DriftQuery, ...] = ()
    sets: tuple[tuple[ToolSet, ToolSet], ...] = ()
    before: tuple[Example, ...] = ()
    after: tuple[Example, ...] = ()
    candidates: int | None = None
    teacher: str | None = None

    @property
    def asked(self) -> dict[str, Example]:
        """Every example that is asked, once: a query that is shown the same tools on both sides has one."""
        return {example.id: example for example in (*self.before, *self.after)}


def run_drift(inputs: DriftInputs, settings: DriftSettings, say: Callable[[str], None]) -> DriftSummary:
    """Compare a model's answers before two catalogues; everything is said and written. Raises GenToolError for what the user can mend."""
    with _planned(inputs, settings, say) as plan:
        summary = DriftSummary(model=inputs.model, before=str(inputs.before), after=str(inputs.after), change=plan.change)
        summary = summary.model_copy(update={"written_by": plan.teacher, "candidates": plan.candidates, "notes": tuple(_notes(plan))})
        records = _compare(plan, inputs, settings)
        summary = summarise_drift(summary, records)
        checks = check_thresholds(summary, settings.max_regressions, settings.min_adoption, settings.max_changed)
        summary = summary.model_copy(update={"checks": checks})
        _write(summary, records, inputs)
    for line in (*describe_drift(summary, records), *describe_paid(inputs.out, inputs.model, settings.predict)):
        say(line)
    for name, path in (("page", inputs.out / "drift.html"), ("junit", inputs.junit), ("markdown", inputs.markdown)):
        if path is not None:
            say(f"{name + ':':<10} {path}")
    return summary


def estimate_drift(inputs: DriftInputs, settings: DriftSettings, say: Callable[[str], None]) -> None:
    """Say what a drift would still send. Queries that are written offline are written; a paid teacher's cannot be known."""
    if inputs.queries is None and settings.synth.teacher.startswith(OPENAI) and not (inputs.out / "queries.jsonl").exists():
        raise RecipeError(f"the queries are not written yet, and {settings.synth.teacher} is paid for them: give some with --queries to estimate")
    with _planned(inputs, settings, say) as plan:
        say(f"queries:   {len(plan.queries)}")
        for line in describe_estimate(plan.asked.values(), inputs.out, inputs.model, settings.predict, settings.prompts):
            say(line)


@contextmanager
def _planned(inputs: DriftInputs, settings: DriftSettings, say: Callable[[str], None]) -> Iterator[Plan]:
    """Read what is compared, say what changed, and hold the folder while it is worked in."""
    check_engine(inputs, settings)
    before, after = read_catalogue(inputs.before), read_catalogue(inputs.after)
    change = compare_catalogues(before, after)
    for line in describe_catalogues(change):
        say(line)
    given = read_queries(inputs.queries, before, after) if inputs.queries else None
    with locked(inputs.out):
        _open_folder(inputs, settings, before, after)
        if change.is_empty:
            yield Plan(change)
            return
        queries, teacher = (given, None) if given is not None else _find_queries(inputs, settings, before, after, change)
        yield _plan(queries, teacher, before, order_alike(before, after, change), change, settings)


def _plan(
    queries: Sequence[DriftQuery],
    teacher: str | None,
    before: Sequence[Tool],
    after: Sequence[Tool],
    change: CatalogueChange,
    settings: DriftSettings,
) -> Plan:
    completed = tuple(complete_query(query, change) for query in queries)
    sets, candidates = _show_tools(completed, before, after, settings)
    sides = [
        tuple(make_example(query, side, shown[number]) for query, shown in zip(completed, sets, strict=True))
        for number, side in enumerate(("before", "after"))
    ]
    return Plan(change, completed, tuple(sets), sides[0], sides[1], candidates, teacher)


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


def _notes(plan: Plan) -> list[str]:
    """What a reader must know to judge the figures."""
    change, asked = plan.change, {query.after for query in plan.queries}
    silent = [tool.name for tool in change.added if tool.name not in asked] if plan.queries else []
    notes = []
    if silent:
        notes.append(f"no query is for {len(silent)} of {len(change.added)} added tools: {', '.join(silent[:5])}{', ...' if len(silent) > 5 else ''}")
    if plan.teacher:
        notes.append(f"the queries were written by the teacher {plan.teacher}: right is the tool that each was written for; review queries.jsonl")
    if change.reordered and plan.queries:
        notes.append("the tools that stayed stand in another order in the second file; the model was shown them in the order of the first")
    return notes


def _compare(plan: Plan, inputs: DriftInputs, settings: DriftSettings) -> list[DriftRecord]:
    """Ask on both sides and judge."""
    opener = Opener(inputs, settings)
    answers: dict[str, Prediction] = {}
    for name, examples in (("before", plan.before), ("after", plan.after)):
        path, waiting = inputs.out / f"predict_{name}.jsonl", [example for example in examples if example.id not in answers]
        if waiting:
            predict_examples(waiting, path, opener.open, settings.predict, settings.prompts)
            answers |= {prediction.id: prediction for prediction in resume_records(path, Prediction)}
    return [
        examine_query(query, plan.change, shown, (answers[before.id], answers[after.id]), plan.candidates is not None)
        for query, shown, before, after in zip(plan.queries, plan.sets, plan.before, plan.after, strict=True)
    ]


class Opener:
    """Opens the engine where it is first needed; a local model is loaded once for both sides. Nobody is asked for rankings."""

    def __init__(self, inputs: DriftInputs, settings: DriftSettings) -> None:
        self._inputs = inputs
        self._settings = settings
        self._held: Predictor | None = None

    def open(self) -> Predictor:
        if self._held is None or self._held.server is not None:
            self._held = self._open()
        return self._held

    def _open(self) -> Predictor:
        inputs, settings = self._inputs, self._settings
        folder, stages = inputs.out, TASKS
        if inputs.run is not None and needs_run(inputs.model):
            folder, stages = inputs.run, load_run(inputs.run).recipe.train.stages
        return ask_calls_alone(open_predictor(inputs.model, folder, settings.predict, settings.seed, stages))


def _write(summary: DriftSummary, records: Sequence[DriftRecord], inputs: DriftInputs) -> None:
    """The results as files; the page and the files for CI are made from them alone."""
    write_records(inputs.out / "outcomes.jsonl", records)
    write_json(inputs.out / "drift.json", summary.model_dump(mode="json") | {"passed": summary.passed})
    write_page(inputs.out, inputs.out / "drift.html")
    if inputs.junit:
        write_text(inputs.junit, render_junit(summary, records))
    if inputs.markdown:
        write_text(inputs.markdown, render_markdown(summary, records))
