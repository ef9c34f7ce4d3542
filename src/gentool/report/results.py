"""Reading the result files of a run.

In: a run folder (recipe.yaml, synth/, pairs/, train/, predict/, score/). Out: a `Run` with what is there and, as
`notices`, what is not. Called by gentool.report.html; nothing here writes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gentool.core.errors import RecordError, RunError
from gentool.core.example import Example, Prediction, Verdict, label_of
from gentool.core.jsonl import describe_validation_error, read_json, read_lines

Model = TypeVar("Model", bound=BaseModel)
STAGES = ("rank", "select", "joint")
"""The stages of training that there are; a run has those that its recipe names, else the first two."""


@dataclass(frozen=True)
class Scored:
    """One model's results in one run: its score file, a verdict per example and the raw answers by example id.

    `name` is how the page calls it, `model` the name of its files where that is another.
    """

    name: str
    score: dict[str, Any]
    verdicts: tuple[Verdict, ...]
    predictions: dict[str, Prediction]
    model: str = ""


@dataclass(frozen=True)
class Run:
    """What a run folder holds. Parts that are missing are empty or None, and `notices` says so in words.

    `training` gives the logged lines by stage of the recipe, `examples` the test examples by id, `recipe_text` the file as it stands.
    """

    name: str
    recipe_text: str | None
    recipe: dict[str, Any]
    synth: dict[str, Any] | None
    pairs: dict[str, Any] | None
    examples: dict[str, Example]
    training: dict[str, list[dict[str, Any]]]
    scored: tuple[Scored, ...]
    notices: tuple[str, ...]


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """The runs in the order given. Where there are several, what a run trained is called by the run, and other models by their own name.

    Runs are called by their recipes' names where these differ, else by their folders'. Models that share a name get their
    run's before it. Raises RunError where a folder is missing or holds no score, RecordError (path and line) where a file is broken.
    """
    names = _distinct([folder.resolve().name for folder in folders])
    runs = [_read_run(folder, name) for folder, name in zip(folders, names, strict=True)]
    return runs if len(runs) == 1 else _named_apart(runs)


def _named_apart(runs: Sequence[Run]) -> list[Run]:
    """Several runs, they and their models under names that tell them apart."""
    given = [str(run.recipe.get("name") or "") for run in runs]
    names = given if all(given) and len(set(given)) == len(given) else [run.name for run in runs]
    labels = [[label_of(name, one.name) for one in run.scored] for run, name in zip(runs, names, strict=True)]
    count = Counter(label for own in labels for label in own)
    return [
        replace(
            run,
            name=name,
            scored=tuple(
                replace(one, name=label if count[label] == 1 else f"{name}/{one.name}", model=one.name)
                for one, label in zip(run.scored, own, strict=True)
            ),
        )
        for run, name, own in zip(runs, names, labels, strict=True)
    ]


def _distinct(names: list[str]) -> list[str]:
    """The names, a repeated one with its number: `a, a` gives `a, a (2)`."""
    return [name if name not in names[:i] else f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]


def _read_run(folder: Path, name: str) -> Run:
    scores = sorted((folder / "score").glob("*.json"))
    if not folder.is_dir():
        raise RunError(f"{folder}: no such run folder")
    if not scores:
        raise RunError(f"{folder}: nothing is scored yet, so there is nothing to report; run: gentool score {folder}")
    notices: list[str] = []
    recipe_text = _recipe_text(folder, notices)
    recipe = _parse_recipe(recipe_text, notices)
    return Run(
        name=name,
        recipe_text=recipe_text,
        recipe=recipe,
        synth=_optional_table(folder / "synth" / "build.json", "the counts of the synthetic data are not shown", notices),
        pairs=_optional_table(folder / "pairs" / "build.json", "data counts, audit and leak checks are not shown", notices),
        examples={
            example.id: example
            for example in _records(folder / "pairs" / "test.jsonl", Example, "the examples behind the numbers are not shown", notices)
        },
        training={stage: _metrics(folder / "train" / stage / "metrics.jsonl", notices) for stage in _stages(recipe)},
        scored=tuple(_read_scored(folder, path, notices) for path in sorted(scores, key=lambda path: _place(path.stem, recipe))),
        notices=tuple(notices),
    )


def _stages(recipe: dict[str, Any]) -> list[str]:
    """The stages that a recipe trains, in their order."""
    train = recipe.get("train")
    named = train.get("stages") if isinstance(train, dict) else None
    return [stage for stage in STAGES if stage in named] if isinstance(named, list) else ["rank", "select"]


def _place(name: str, recipe: dict[str, Any]) -> tuple[int, str]:
    """Where a model stands: in the order of the recipe's engines (`trained`, `hf:folder/name`, `few_shot:base`), others behind them by name."""
    predict = recipe.get("predict")
    engines = predict.get("engines") if isinstance(predict, dict) else None
    places = [i for i, engine in enumerate(engines or []) if _file_name(str(engine)) == name]
    return (places[0] if places else len(engines or []), name)


def _file_name(engine: str) -> str:
    """The name of an engine's files."""
    asked = engine.removeprefix("few_shot:")
    name = asked.rstrip("/").replace(":", "/").rpartition("/")[2]
    return name if asked == engine else f"{name}+few_shot"


def _read_scored(folder: Path, path: Path, notices: list[str]) -> Scored:
    name = path.name.removesuffix(".json")
    score = _table(path)
    if not isinstance(score.get("scenarios"), dict):
        raise RecordError(path, None, f"is not a score file (it has no 'scenarios'); run: gentool score {folder}")
    lacking = f"the examples behind the numbers of {name} are not shown"
    verdicts = _records(folder / "score" / f"{name}.verdicts.jsonl", Verdict, lacking, notices)
    lacking = f"the raw answers of {name} are not shown"
    predictions = _records(folder / "predict" / f"{name}.jsonl", Prediction, lacking, notices)
    return Scored(name, score, tuple(verdicts), {prediction.id: prediction for prediction in predictions})


def _recipe_text(folder: Path, notices: list[str]) -> str | None:
    path = folder / "recipe.yaml"
    if not path.exists():
        notices.append("recipe.yaml is missing: the settings of the run are not shown")
        return None
    return path.read_text(encoding="utf-8", errors="replace")


def _parse_recipe(text: str | None, notices: list[str]) -> dict[str, Any]:
    try:
        values = yaml.safe_load(text or "")
    except yaml.YAMLError as error:
        notices.append(f"recipe.yaml is not valid YAML ({' '.join(str(error).split())}); it is shown as it stands")
        return {}
    return values if isinstance(values, dict) else {}


def _table(path: Path) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict):
        raise RecordError(path, None, f"must hold a JSON object, but holds a {type(value).__name__}")
    return value


def _optional_table(path: Path, lacking: str, notices: list[str]) -> dict[str, Any] | None:
    if path.exists():
        return _table(path)
    notices.append(f"{path.parent.name}/{path.name} is missing: {lacking}")
    return None


def _records(path: Path, model: type[Model], lacking: str, notices: list[str]) -> list[Model]:
    """The records of a file; none, and a notice, where it is missing."""
    if not path.exists():
        notices.append(f"{path.parent.name}/{path.name} is missing: {lacking}")
        return []
    records = []
    for number, value in _whole_lines(path, notices):
        try:
            records.append(model.model_validate(value))
        except ValidationError as error:
            raise RecordError(path, number, describe_validation_error(error)) from None
    return records


def _metrics(path: Path, notices: list[str]) -> list[dict[str, Any]]:
    """The logged lines of a training stage; none where it was not trained here (the page says so beside the curves)."""
    return [value for _, value in _whole_lines(path, notices) if isinstance(value, dict)] if path.exists() else []


def _whole_lines(path: Path, notices: list[str]) -> list[tuple[int, Any]]:
    """Line numbers and values. A last line that a stop tore off is left out with a notice, as the file may still grow."""
    values: list[tuple[int, Any]] = []
    for number, line in read_lines(path):
        try:
            values.append((number, json.loads(line)))
        except json.JSONDecodeError as error:
            if not line.endswith("\n"):
                notices.append(f"{path.parent.name}/{path.name}, line {number}: the last line is not whole and is left out")
                break
            raise RecordError(path, number, f"not valid JSON ({error.msg} at column {error.colno})") from None
    return values
