"""A suite: several runs of one recipe, which differ in what is compared and share all the rest. Floor 5; called by gentool.cli.

A recipe with the table `runs` in; OUT/NAME/ out, an ordinary run folder for each run, and OUT/report.html with all side by side.
Data are synthesised once, the small student is built and pretrained once, and every run answers the same test. Where the recipe
names several seeds, all of this is done for each in OUT/seed-S/, and gentool.seeds pools them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import typer
import yaml
from pydantic import Field, SerializerFunctionWrapHandler, ValidationInfo, field_validator, model_serializer, model_validator

from gentool import console
from gentool import run as steps
from gentool.core.errors import ModelError, RecipeError, RunError
from gentool.core.example import TRAINED
from gentool.core.jsonl import write_text
from gentool.core.recipe import check_recipe, differing_keys, dump_recipe, read_recipe
from gentool.engines.hf import check_model
from gentool.evaluate.predictors import EMBEDDING, name_of
from gentool.report.html import write_report
from gentool.run import Recipe, Run, find_recipe, locked, open_run
from gentool.seeds import compare_seeds
from gentool.train.processes import processes
from gentool.train.two_stage import SCRATCH

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
SHARED = ("catalogue", "domains", "seed", "prompts", "synth", "train.model", "train.nano", "train.pretrain")
"""What no run may change: the data and the student that all start from."""
BASE_FOLDERS = ("nano-scratch", "pretrain")
SAVED = "suite.yaml"


class Suite(Recipe):
    """A recipe with several runs.

    runs: by the name of its folder what a run changes of the settings beside this table. The first is asked by all of
    `predict.engines`, the others by `trained` alone, unless they name engines themselves. A run's `name` is its folder's where it
    gives none. pretrain_on: the run whose training examples the small student is pretrained on; null is the first.
    seeds: in place of `seed`, the seeds that every run is made with; null is the one.
    """

    runs: dict[str, dict[str, Any] | None] = Field(min_length=1)
    pretrain_on: str | None = None
    seeds: tuple[int, ...] | None = None

    @field_validator("runs")
    @classmethod
    def _check_names(cls, runs: dict[str, dict[str, Any] | None]) -> dict[str, dict[str, Any] | None]:
        wrong = [name for name in runs if not RUN_NAME.fullmatch(name)]
        if wrong:
            raise ValueError(f"'{wrong[0]}' cannot name a folder; take letters, digits, _ and -, and set the run's `name` for more")
        return runs

    @field_validator("pretrain_on")
    @classmethod
    def _check_source(cls, name: str | None, info: ValidationInfo) -> str | None:
        runs = info.data.get("runs", {})
        if name is not None and runs and name not in runs:
            raise ValueError(f"'{name}' is none of the runs ({', '.join(runs)})")
        return name

    @field_validator("seeds")
    @classmethod
    def _check_seeds(cls, seeds: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if seeds is None:
            return None
        if not seeds:
            raise ValueError("name at least one, or leave it out")
        repeated = [seed for place, seed in enumerate(seeds) if seed in seeds[:place]]
        if repeated:
            raise ValueError(f"{repeated[0]} stands in it twice")
        return seeds

    @model_validator(mode="after")
    def _check_seed(self) -> Self:
        if self.seeds is not None and "seed" in self.model_fields_set:
            raise ValueError("`seed` stands beside `seeds`: leave out one of them")
        own = [name for name, changes in self.runs.items() if self.seeds is not None and "seed" in (changes or {})]
        if own:
            raise ValueError(f"runs.{own[0]}: `seed` stands beside `seeds`, which are those of all runs")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_seed(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Of `seed` and `seeds` that which is in use: what is written can be read again."""
        unused = "seeds" if self.seeds is None else "seed"
        return {key: value for key, value in dump(self).items() if key != unused}


def is_suite(recipe: str) -> bool:
    """Whether a recipe, by its path or shipped name, has a table of runs. What cannot be read is left to those who read it."""
    try:
        values = yaml.safe_load(find_recipe(recipe).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(values, dict) and "runs" in values


def read_suite(recipe: str, overrides: Sequence[str] = ()) -> tuple[Suite, dict[str, Recipe]]:
    """A suite and the recipe of each of its runs, without the seed where there are several. Raises RecipeError with the path of the wrong key."""
    path = find_recipe(recipe)
    suite = read_recipe(path, overrides, Suite)
    shared = {"seed": suite.seed, **suite.model_dump(mode="json", exclude={"runs", "pretrain_on", "seeds"})}
    recipes: dict[str, Recipe] = {}
    for name, changes in suite.runs.items():
        own = merge({"name": name.replace("_", " "), **({"predict": {"engines": [TRAINED]}} if recipes else {})}, changes or {})
        recipes[name] = check_recipe(merge(shared, own), f"{path}, runs.{name}", Recipe)
        changed = differing_keys(shared, recipes[name].model_dump(mode="json"))
        wrong = [key for key in changed if key.startswith(SHARED)]
        if wrong:
            raise RecipeError(f"{path}, runs.{name}: {wrong[0]} is the same in all runs of a suite; set it beside `runs`")
    return suite, recipes


def merge(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A table of settings with some changed; tables in it are merged in the same way."""
    merged = dict(table)
    for key, value in changes.items():
        held = merged.get(key)
        merged[key] = merge(held, value) if isinstance(held, Mapping) and isinstance(value, Mapping) else value
    return merged


def run_suite(recipe: str, out: Path, overrides: Sequence[str] = ()) -> list[Path]:
    """Run every stage of every run that is not done yet; returns the report of all runs, or of those of each seed."""
    if processes() > 1:
        raise RunError("a suite is not run by torchrun: start it without, or train its runs one by one with `gentool train`")
    suite, recipes = read_suite(recipe, overrides)
    for settings in recipes.values():
        steps.check_size(steps.read_tools(settings), settings)
    if suite.train.model != SCRATCH:
        check_model(suite.train.model)
    with locked(out):
        _save(suite, out)
        folders = list_folders(suite, recipes, out)
        for folder, own in folders.items():
            _synthesise(folder, own)
            _build(folder, own)
        for folder, own in folders.items():
            _prepare_base(folder, own, suite.pretrain_on or next(iter(own)))
            for name in own:
                _train_and_answer(folder, name, own)
        _compare(suite, recipes, list(folders), out)
        reports = [_report(suite, folder, own) for folder, own in folders.items()]
    for report in reports:
        typer.echo(f"report: {report}")
    return reports


def list_folders(suite: Suite, recipes: Mapping[str, Recipe], out: Path) -> dict[Path, dict[str, Recipe]]:
    """The folders that hold the runs, and the recipes of those: `out`, or one for each of several seeds, which the runs' names say."""
    if suite.seeds is None:
        return {out: dict(recipes)}
    return {
        out / f"seed-{seed}": {
            name: recipe.model_copy(update={"seed": seed, "name": f"{recipe.name}, seed {seed}"}) for name, recipe in recipes.items()
        }
        for seed in suite.seeds
    }


def _compare(suite: Suite, recipes: Mapping[str, Recipe], folders: Sequence[Path], out: Path) -> None:
    """Say how the runs compare; of several seeds all together."""
    if suite.seeds is None:
        console.say_comparison([out / name for name in recipes])
        return
    engines = {name: [name_of(engine, recipe.predict.constrain) for engine in recipe.predict.engines] for name, recipe in recipes.items()}
    compare_seeds(dict(zip(suite.seeds, folders, strict=True)), engines, out)


def _report(suite: Suite, folder: Path, recipes: Mapping[str, Recipe]) -> Path:
    """The page of the runs that answered one test, side by side."""
    seed = next(iter(recipes.values())).seed
    title = suite.name if suite.seeds is None else f"{suite.name}, seed {seed}"
    return write_report([folder / name for name in recipes], folder / "report.html", title)


def _save(suite: Suite, out: Path) -> None:
    """Keep the suite that a folder was made by; another one is refused."""
    saved = out / SAVED
    if not saved.exists():
        if any(not file.name.startswith(".") for file in out.iterdir()):
            raise RunError(f"{out}: is not empty and holds no suite; choose another folder with --out")
        write_text(saved, dump_recipe(suite))
        return
    held = read_recipe(saved, (), Suite).model_dump(mode="json")
    keys = [key for key in differing_keys(held, suite.model_dump(mode="json")) if not key.startswith(steps.CHANGEABLE)]
    if keys:
        raise RunError(f"{out} holds another suite (different: {', '.join(keys)}): choose another folder with --out")
    write_text(saved, dump_recipe(suite))


@contextmanager
def _at_work(out: Path, name: str, recipes: Mapping[str, Recipe]) -> Iterator[Run]:
    """One of the runs, locked while it is worked on."""
    with locked(out / name):
        yield open_run(out / name, recipes[name])


def _synthesise(out: Path, recipes: Mapping[str, Recipe]) -> None:
    """The stage synth of the first run, copied into the others."""
    first = next(iter(recipes))
    for name in recipes:
        with _at_work(out, name, recipes) as run:
            if name != first:
                _copy(out / first / "synth", run.path / "synth")
            build = steps.run_synth(run)
            if name == first:
                console.say_synth(build, run)


def _build(out: Path, recipes: Mapping[str, Recipe]) -> None:
    """The stage pairs of all runs. Raises RunError where their tests differ, as then nothing could be compared."""
    tests: dict[str, bytes] = {}
    for name in recipes:
        with _at_work(out, name, recipes) as run:
            console.say_pairs(steps.run_pairs(run), run)
            tests[name] = (run.path / "pairs" / "test.jsonl").read_bytes()
    first, *others = tests
    different = [name for name in others if tests[name] != tests[first]]
    if different:
        raise RunError(
            f"{out / different[0]}: its test differs from that of {out / first}, so the runs cannot be compared: "
            "the runs of a suite may change pairs.changes and no other setting of pairs that the test depends on"
        )


def _prepare_base(out: Path, recipes: Mapping[str, Recipe], source: str) -> None:
    """The small student that all runs start from, built and pretrained in one and copied into the others."""
    if recipes[source].train.model != SCRATCH:
        return
    with _at_work(out, source, recipes) as run:
        base = steps.run_base(run)
    typer.echo(f"base:    {base}, for all runs")
    for name in recipes:
        with _at_work(out, name, recipes) as run:
            for folder in BASE_FOLDERS:
                if name != source and (out / source / "train" / folder).exists():
                    _copy(out / source / "train" / folder, run.path / "train" / folder)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder whole, unless it is there."""
    if target.exists():
        return
    unfinished = target.with_name(f".{target.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished)
    unfinished.rename(target)


def _train_and_answer(out: Path, name: str, recipes: Mapping[str, Recipe]) -> None:
    """The stages train, predict and score of one run. An embedding model that is not to be had is said and left out."""
    with _at_work(out, name, recipes) as run:
        console.say_train(steps.run_train(run), run)
        answers: list[Path] = []
        for engine in run.recipe.predict.engines:
            try:
                answers += steps.run_predict(run, [engine])
            except ModelError as error:
                if engine != EMBEDDING:
                    raise
                typer.echo(f"predict: {engine} is left out: {error}")
        console.say_predictions(answers, steps.count_paid_predictions(run))
        steps.run_score(run)
