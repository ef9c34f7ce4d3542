"""Other benchmarks in a run: their examples are put into RUN/bench/NAME, a folder laid out like a run, and answered and scored there.

Called by gentool.cli (`predict --bench`, `score`). The student `trained` and what baselines are fitted on are those of RUN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gentool.core.errors import RunError
from gentool.core.jsonl import to_line, write_json, write_text
from gentool.core.recipe import differing_keys, dump_recipe, parse_recipe, read_recipe
from gentool.engines.prices import Spending
from gentool.evaluate.predict import predict_with
from gentool.evaluate.predictors import check_engines
from gentool.formats.bench import Bench
from gentool.formats.benches import name_of_bench, read_bench
from gentool.run import CHANGEABLE, Recipe, Run, change_run, count_paid_predictions, find_recipe, load_run, locked, opened, run_score

FOLDER = "bench"
MAY_DIFFER = ("name", "predict.engines", "score", *CHANGEABLE)
"""Settings that do not decide what an engine answers to a benchmark's example."""


@dataclass(frozen=True)
class Predicted:
    """What was read of a benchmark (the content of pairs/build.json), where the engines' answers are, and what was paid for them."""

    folder: Path
    build: dict[str, Any]
    paths: tuple[Path, ...]
    paid: Mapping[str, Spending]


def predict_bench(run: Path, spec: str, engines: Sequence[str], recipe: str | None = None, overrides: Sequence[str] | None = None) -> Predicted:
    """Let engines answer the benchmark `NAME:PATH`, with the recipe of the run, or one for prediction alone where there is none.

    Raises CatalogueError for a benchmark that cannot be read, RunError where the folder holds another version of it or was
    asked with other settings.
    """
    check_engines(engines)
    folder, bench = run / FOLDER / name_of_bench(spec), read_bench(spec)
    settings = _find_settings(run, folder, bench, recipe, overrides or ())
    chosen = engines or (settings.predict.engines if _holds_run(run) else ())
    if not chosen:
        raise RunError(f"{run}: holds no run, so say who answers: --engine hf:MODEL, or another engine")
    with locked(run):
        build = _write_bench(folder, bench, spec, settings)
        asked = (settings.predict, settings.prompts, settings.seed, settings.train.stages)
        paths = [predict_with(engine, run, bench.examples, folder, *asked) for engine in chosen]
        return Predicted(folder, build, tuple(paths), count_paid_predictions(Run(run, settings), chosen))


def _holds_run(path: Path) -> bool:
    return (path / "recipe.yaml").exists()


def _find_settings(run: Path, folder: Path, bench: Bench, recipe: str | None, overrides: Sequence[str]) -> Recipe:
    """The run's recipe; where there is no run, that of the benchmark's folder, the one named, or defaults, with the overrides."""
    if _holds_run(run):
        if recipe:
            raise RunError(f"{run} holds a run, whose recipe says how it is asked: --recipe is for a folder without one")
        with opened(run, None, overrides) as held:
            return held.recipe
    if recipe:
        return read_recipe(find_recipe(recipe), overrides, Recipe)
    if _holds_run(folder):
        return read_recipe(folder / "recipe.yaml", overrides, Recipe)
    parallel = "true" if any(example.further for example in bench.examples) else "false"
    return parse_recipe(f"name: {bench.name}\nprompts: {{parallel: {parallel}}}\n", "gentool predict --bench", overrides, Recipe)


def _write_bench(folder: Path, bench: Bench, spec: str, settings: Recipe) -> dict[str, Any]:
    """Lay the benchmark out like a run. Raises RunError where the folder holds other examples or was asked with other settings."""
    test, saved = folder / "pairs" / "test.jsonl", folder / "recipe.yaml"
    text = "".join(to_line(example) for example in bench.examples)
    if test.exists() and test.read_text(encoding="utf-8") != text:
        raise RunError(f"{folder}: holds other examples of {bench.name} than {spec} gives now; remove that folder, or take another run folder")
    if saved.exists():
        held = read_recipe(saved, (), Recipe).model_dump(mode="json")
        keys = [key for key in differing_keys(held, settings.model_dump(mode="json")) if not key.startswith(MAY_DIFFER)]
        if keys:
            raise RunError(f"{folder}: was asked with other settings (different: {', '.join(keys)}); remove that folder, or take another run folder")
    build = describe_bench(bench, spec)
    write_text(saved, dump_recipe(settings))
    write_text(test, text)
    write_json(folder / "pairs" / "build.json", build)
    return build


def describe_bench(bench: Bench, spec: str) -> dict[str, Any]:
    """The content of pairs/build.json: counts, every oddity with the records that it is of, every refusal with its reason."""
    oddities: dict[str, list[str]] = {}
    for oddity in bench.oddities:
        oddities.setdefault(oddity.what, []).append(oddity.id)
    categories = Counter(str(example.category) for example in bench.examples)
    test = {"examples": len(bench.examples), "calls": sum(not example.answer.abstains for example in bench.examples)}
    return {
        "bench": bench.name,
        "source": spec,
        "counts": {"train": {"examples": 0}, "test": {**test, "refused": len(bench.refused)}},
        "categories": dict(categories),
        "oddities": [{"what": what, "records": len(ids), "ids": ids} for what, ids in sorted(oddities.items(), key=lambda item: -len(item[1]))],
        "refused": [{"where": refusal.where, "reason": refusal.reason} for refusal in bench.refused],
        "leak_checks": [],
    }


def score_all(path: Path, overrides: Sequence[str] = ()) -> list[Path]:
    """Score what a run's engines answered, to its own test examples and to every benchmark in it; returns the score files.

    Raises RunError where there are no predictions.
    """
    folders = [folder for folder in (path, *sorted((path / FOLDER).glob("*"))) if _holds_run(folder)]
    if not folders:
        load_run(path)
    with locked(path):
        runs = [change_run(folder, overrides) for folder in folders]
        predicted = [run for run in runs if any((run.path / "predict").glob("*.jsonl"))]
        return [score for run in predicted or runs[:1] for score in run_score(run)]
