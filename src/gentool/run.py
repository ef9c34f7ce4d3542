"""A run: a recipe and a folder in which every stage finds its input and leaves its output. Floor 5; called by gentool.cli.

catalogue -> synth -> pairs -> train -> predict -> score -> report
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import field_validator, model_validator

from gentool.core.errors import CatalogueError, RecipeError, RunError
from gentool.core.family import Fit
from gentool.core.jsonl import read_json, read_records, to_line, write_text
from gentool.core.recipe import Settings, differing_keys, dump_recipe, read_recipe
from gentool.core.tool import Tool
from gentool.engines.estimate import Estimate
from gentool.engines.hf import check_model
from gentool.engines.prices import Spending
from gentool.evaluate.estimate import estimate_predictions
from gentool.evaluate.predict import predict
from gentool.evaluate.predictors import FEW_SHOT, PredictSettings, check_engines, name_of
from gentool.evaluate.score import score_file
from gentool.evaluate.served import count_paid
from gentool.evaluate.verdict import ScoreSettings
from gentool.formats.catalogue import read_catalogue
from gentool.pairs.build import PairsSettings, build_pairs
from gentool.pairs.reviewed import has_new_verdicts
from gentool.prompts import PromptSettings, check_shots, check_task
from gentool.report.html import write_report
from gentool.review.serve import ReviewSettings, serve_review
from gentool.starter import read_starter_tools
from gentool.synth.estimate import estimate
from gentool.synth.judge import Vote, settle
from gentool.synth.pipeline import SynthSettings, synthesise
from gentool.synth.verify import check_alternatives, check_calls, check_grounded
from gentool.train.epochs import TrainingExamples
from gentool.train.processes import is_main, processes
from gentool.train.two_stage import SCRATCH, TrainSettings, prepare_base, train_two_stages

STARTER = "starter"
DEFAULT_RECIPE = "demo"
CHANGEABLE = (
    "score.",
    *(
        f"synth.openai.{name}"
        for name in ("api_key_env", "budget", "prices", "concurrency", "requests_per_minute", "tokens_per_minute", "timeout", "max_retries")
    ),
    "predict.openai.",
    "predict.count_refused",
)
"""Settings that may change in a run: how a teacher is asked and not what it answers, how servers are asked for predictions (which is
noted beside these), and how answers are judged."""


class Recipe(Settings):
    """All settings of a run.

    name: how the report calls it. catalogue: `starter`, or a tools.jsonl as `gentool import` writes it.
    domains: of the catalogue only the tools of these domains; null takes all.
    seed: from it everything that is drawn is drawn. The other tables belong to the stages of their names.
    """

    name: str = "gentool run"
    catalogue: str = STARTER
    domains: tuple[str, ...] | None = None
    seed: int = 0
    prompts: PromptSettings = PromptSettings()
    synth: SynthSettings = SynthSettings()
    pairs: PairsSettings = PairsSettings()
    train: TrainSettings = TrainSettings()
    predict: PredictSettings = PredictSettings()
    score: ScoreSettings = ScoreSettings()

    @model_validator(mode="after")
    def _check_teacher(self) -> Self:
        if self.synth.teacher == STARTER and self.catalogue != STARTER:
            message = f"synth.teacher: starter knows the starter catalogue alone; for {self.catalogue} take rules or openai:MODEL"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _check_answer(self) -> Self:
        try:
            for stage in self.train.stages:
                check_task(stage, self.prompts)
            if any(engine.startswith(FEW_SHOT) for engine in self.predict.engines):
                check_shots(self.prompts)
        except RecipeError as error:
            raise ValueError(str(error)) from None
        return self

    @model_validator(mode="after")
    def _check_constraint(self) -> Self:
        held = f"predict.constrain: {self.predict.constrain} holds calls that are asked for as JSON and alone"
        if self.predict.constrain != "none" and self.prompts.answer == "native":
            raise ValueError(f"{held}: take prompts.answer: json, or predict.constrain: none")
        if self.predict.constrain != "none" and "joint" in self.train.stages:
            raise ValueError(f"{held}, and train.stages: [joint] asks for them with the ranking: take [rank, select], or predict.constrain: none")
        return self

    @field_validator("predict")
    @classmethod
    def _check_engines(cls, settings: PredictSettings) -> PredictSettings:
        try:
            check_engines(settings.engines)
        except RecipeError as error:
            raise ValueError(str(error)) from None
        return settings


@dataclass(frozen=True)
class Run:
    """A run folder and the recipe that it was made by."""

    path: Path
    recipe: Recipe


def find_recipe(name: str) -> Path:
    """A recipe's path: the file itself, or a recipe that is shipped, by its name. Raises RecipeError with the shipped names."""
    path = Path(name)
    if path.exists() or path.suffix in (".yaml", ".yml"):
        return path
    folder = _shipped_recipes()
    shipped = folder / f"{name}.yaml"
    if not shipped.is_file():
        names = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
        raise RecipeError(f"{name}: neither a recipe file nor a shipped recipe ({names})")
    return shipped


def _shipped_recipes() -> Path:
    """The recipes beside the installed package, or at the root of the checkout that it is installed from."""
    packaged = Path(__file__).parent / "recipes"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "recipes"


def open_run(path: Path, recipe: Recipe) -> Run:
    """Start a run in a folder, or go on with the one that is there. Raises RunError where the folder holds another recipe or catalogue."""
    saved = path / "recipe.yaml"
    tools = read_tools(recipe)
    if saved.exists():
        _check_same(path, recipe)
    elif path.is_dir() and any(not file.name.startswith(".") for file in path.iterdir()):
        raise RunError(f"{path}: is not empty and holds no run; choose another folder with --out")
    if not saved.exists():  # written first: a folder that a stop left with it alone is gone on with
        write_text(saved, dump_recipe(recipe))
    _write_catalogue(path / "tools.jsonl", "".join(to_line(tool) for tool in tools))
    return Run(path, recipe)


@contextmanager
def opened(path: Path, recipe: str | None = None, overrides: Sequence[str] | None = None, together: bool = False) -> Iterator[Run]:
    """The run of a folder, locked against a second process; started from a recipe where one is given and the folder holds none.

    Overrides without a recipe change that of the folder, where they may. `together` lets in the processes of one torchrun.
    Raises RunError where the folder holds no run, or one of another recipe.
    """
    if processes() > 1 and not together:
        raise RunError("torchrun starts several processes, which work together in `gentool train` alone: run this command without it")
    if recipe is None and not overrides:
        run = load_run(path)
        with locked(path):
            yield run
        return
    held = recipe is None and (path / "recipe.yaml").exists()
    settings = read_recipe(path / "recipe.yaml" if held else find_recipe(recipe or DEFAULT_RECIPE), overrides or (), Recipe)
    check_size(read_tools(settings), settings)
    if settings.train.model != SCRATCH:
        check_model(settings.train.model)
    with locked(path):
        yield open_run(path, settings)


def _check_same(path: Path, recipe: Recipe) -> None:
    """Refuse another recipe; what may change in a run, as the budget may, is taken over."""
    held = read_recipe(path / "recipe.yaml", (), Recipe)
    different = differing_keys(held.model_dump(mode="json"), recipe.model_dump(mode="json"))
    keys = [key for key in different if not key.startswith(CHANGEABLE)]
    if keys:
        raise RunError(f"{path} holds a run of another recipe (different: {', '.join(keys)}): choose another folder with --out")
    if different:
        write_text(path / "recipe.yaml", dump_recipe(recipe))


def change_run(path: Path, overrides: Sequence[str]) -> Run:
    """The run of a folder with settings changed that may change; the others are refused with RunError. Hold its lock."""
    run = load_run(path)
    if overrides:
        _check_same(path, read_recipe(path / "recipe.yaml", overrides, Recipe))
        run = load_run(path)
    return run


def _write_catalogue(path: Path, text: str) -> None:
    if not path.exists():
        write_text(path, text)
    elif path.read_text(encoding="utf-8") != text:
        raise RunError(f"{path}: the catalogue has changed since this run began: choose another folder with --out")


def load_run(path: Path) -> Run:
    """The run that a folder holds. Raises RunError where it holds none."""
    if not (path / "recipe.yaml").exists():
        raise RunError(f"{path}: holds no run; start one with `gentool run RECIPE --out {path}`")
    return Run(path, read_recipe(path / "recipe.yaml", (), Recipe))


def read_tools(recipe: Recipe) -> list[Tool]:
    """The tools that a recipe names. Raises RecordError, CatalogueError, or RecipeError for a domain that the catalogue lacks."""
    tools = read_starter_tools() if recipe.catalogue == STARTER else read_catalogue(Path(recipe.catalogue))
    if recipe.domains is None:
        return tools
    known = sorted({tool.domain for tool in tools if tool.domain})
    unknown = [domain for domain in recipe.domains if domain not in known]
    if unknown:
        raise RecipeError(f"domains: {recipe.catalogue} has no domain '{unknown[0]}' (it has: {', '.join(known) or 'none'})")
    return [tool for tool in tools if tool.domain in recipe.domains]


def check_size(tools: Sequence[Tool], recipe: Recipe) -> None:
    """Refuse a catalogue that cannot fill the tool sets before anything is paid for."""
    names = len({tool.name for tool in tools})
    if names <= recipe.pairs.k:
        raise CatalogueError(
            f"{recipe.catalogue}: {names} tools are too few for sets of k = {recipe.pairs.k} (one target and {recipe.pairs.k} others): "
            "lower pairs.k or add tools"
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a run folder against a second process; the lock goes with the process, however it ends."""
    if path.exists() and not path.is_dir():
        raise RunError(f"{path}: is a file, not a run folder; choose another name")
    if not is_main():  # the main process of torchrun holds the lock for all
        yield
        return
    path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(f"{path}: another gentool is at work in this run folder; wait for it or stop it") from None
    else:
        yield
    finally:
        os.close(descriptor)


def run_synth(run: Run) -> dict[str, Any]:
    """The stage synth, unless it is done."""
    done = _done(run.path / "synth" / "build.json")
    return done if done is not None else synthesise(run.path, run.recipe.synth, run.recipe.seed)


def estimate_synth(run: Run) -> Estimate:
    """What the stage synth would still take; nothing is sent."""
    return estimate(run.path, run.recipe.synth, run.recipe.seed)


def run_pairs(run: Run) -> dict[str, Any]:
    """The stage pairs, unless it is done. Raises RunError where reviewers changed their verdicts after later stages began."""
    path = run.path / "pairs" / "build.json"
    done = _done(path)
    if done is not None:
        if not has_new_verdicts(run.path, done):
            return done
        later = [name for name in ("train", "predict", "score") if (run.path / name).exists()]
        if later:
            raise RunError(
                f"{run.path}: the verdicts of the review have changed since pairs was built, and {', '.join(later)} stand on the old ones: "
                f"remove those folders and pairs, then run the same command again"
            )
        path.unlink()
    return build_pairs(run.path, run.recipe.pairs, run.recipe.seed)


def run_review(run: Run, settings: ReviewSettings, say: Callable[[str], None]) -> None:
    """Serve the review page of a run until Ctrl-C."""
    checks = {"call_schema": check_calls, "grounded": check_grounded, "alternatives": check_alternatives}
    serve_review(run.path, settings, run.recipe.seed, run.recipe.synth.verify.near_duplicate, checks, _read_judged(run.path), say)


def _read_judged(path: Path) -> dict[str, dict[str, Fit]]:
    """By query and tool id the fit that a judge read; empty where none was asked."""
    votes: dict[str, list[Vote]] = {}
    source = path / "synth" / "votes.jsonl"
    for vote in read_records(source, Vote) if source.exists() else ():
        votes.setdefault(vote.query, []).append(vote)
    return {query: settle(given) for query, given in votes.items()}


def run_base(run: Run) -> str:
    """The model that the first stage starts from, built and pretrained where it is to be and not done yet."""
    examples = TrainingExamples.of_file(run.path / "pairs" / "train.jsonl")
    return prepare_base(run.recipe.train, examples, run.recipe.prompts, run.path / "train", run.recipe.seed)


def run_train(run: Run) -> dict[str, Any]:
    """The stage train; each of the recipe's stages is skipped where it is done."""
    return train_two_stages(run.path, run.recipe.train, run.recipe.prompts, run.recipe.seed)


def run_predict(run: Run, engines: Sequence[str] = ()) -> list[Path]:
    """The stage predict, for the recipe's engines or for those named."""
    recipe = run.recipe
    check_engines(engines)
    stages = recipe.train.stages
    return [predict(run.path, engine, recipe.predict, recipe.prompts, recipe.seed, stages) for engine in engines or recipe.predict.engines]


def estimate_predict(run: Run, engines: Sequence[str] = ()) -> dict[str, Estimate | None]:
    """By engine what its predictions would still take; None for those that cost nothing. Nothing is sent."""
    recipe = run.recipe
    check_engines(engines)
    chosen = engines or recipe.predict.engines
    return {engine: estimate_predictions(run.path, engine, recipe.predict, recipe.prompts, recipe.seed) for engine in chosen}


def count_paid_predictions(run: Run, engines: Sequence[str] = ()) -> dict[str, Spending]:
    """By engine what its predictions have cost so far, for those that were paid for."""
    found = {engine: count_paid(run.path, engine, run.recipe.predict.openai) for engine in engines or run.recipe.predict.engines}
    return {engine: spending for engine, spending in found.items() if spending}


def run_score(run: Run) -> list[Path]:
    """The stage score, for every engine that has predicted: the recipe's first, in its order."""
    found = sorted(path.stem for path in (run.path / "predict").glob("*.jsonl"))
    if not found:
        raise RunError(f"{run.path / 'predict'}: no predictions to score: run `gentool predict {run.path}` first")
    first = [name_of(engine) for engine in run.recipe.predict.engines]
    ordered = [name for name in first if name in found] + [name for name in found if name not in first]
    return [score_file(run.path, name, run.recipe.score) for name in ordered]


def run_report(run: Run) -> Path:
    """The stage report."""
    return write_report([run.path], run.path / "report.html")


def _done(path: Path) -> dict[str, Any] | None:
    return dict(read_json(path)) if path.exists() else None
