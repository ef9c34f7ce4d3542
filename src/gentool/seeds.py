"""The seeds of a suite, pooled: the run folders of every seed in; OUT/seeds.json, OUT/seeds.md and a table on the terminal out.

Floor 5; called by gentool.suite. Reads pairs/test.jsonl and score/NAME.verdicts.jsonl; gentool.evaluate.seeds computes what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from gentool.compare import Scored, read_test, read_verdicts
from gentool.core.errors import RunError
from gentool.core.example import is_trained, label_of
from gentool.core.jsonl import write_json, write_text
from gentool.evaluate.compare import Judged, Table
from gentool.evaluate.seeds import SeedResults, pool_seeds
from gentool.report.seeds_markdown import render_markdown
from gentool.report.seeds_terminal import describe_seeds


@dataclass(frozen=True)
class Model:
    """A row of the table: the run that asked an engine, the name of the engine's files, and the label of the two."""

    run: str
    engine: str
    label: str


def compare_seeds(folders: Mapping[int, Path], engines: Mapping[str, Sequence[str]], out: Path) -> None:
    """Pool a suite's seeds, write the table to `out` and print it.

    `folders` has by seed the folder that holds the runs, `engines` by run the names of the files of those that it asked. Raises
    RunError where an engine is scored in one seed and not in another, or its verdicts do not fit the examples.
    """
    table = pool_folders(folders, engines)
    write_json(out / "seeds.json", table)
    write_text(out / "seeds.md", render_markdown(table))
    typer.echo("")
    for line in describe_seeds(table):
        typer.echo(line)
    typer.echo(f"seeds:   {out / 'seeds.json'}, {out / 'seeds.md'}")


def pool_folders(folders: Mapping[int, Path], engines: Mapping[str, Sequence[str]]) -> Table:
    """The table of all seeds, from the files of their runs. An engine that no seed has, as it was not to be had, is in no row."""
    models = list_models({run: [engine for engine in own if _is_scored(run, engine, folders)] for run, own in engines.items()})
    return pool_seeds([_read_seed(seed, folder, models) for seed, folder in folders.items()])


def list_models(engines: Mapping[str, Sequence[str]]) -> list[Model]:
    """What is compared, the reference first: what the first run trained, or its first engine; then what each trained, then the others.

    What a run trained is called by the run, any other engine by its own name; where that is not enough, by both. Raises RunError
    where the first run has none.
    """
    found = [Model(run, engine, label_of(run, engine)) for run, own in engines.items() for engine in own]
    count = Counter(model.label for model in found)
    named = [model if count[model.label] == 1 else Model(model.run, model.engine, f"{model.run}/{model.engine}") for model in found]
    ordered = sorted(named, key=lambda model: not is_trained(model.engine))
    first = next(iter(engines))
    references = [model for model in ordered if model.run == first]
    if not references:
        raise RunError(f"{first}, the run that the others are compared with, has no engine that is scored")
    return [references[0], *(model for model in ordered if model != references[0])]


def _is_scored(run: str, engine: str, folders: Mapping[int, Path]) -> bool:
    """Whether an engine is scored, which is in every seed or in none."""
    files = [folder / run / "score" / f"{engine}.verdicts.jsonl" for folder in folders.values()]
    lacking = [path for path in files if not path.exists()]
    if lacking and len(lacking) < len(files):
        raise RunError(f"{lacking[0]}: no such file, though {engine} is scored in another seed, so the seeds cannot be pooled")
    return not lacking


def _read_seed(seed: int, folder: Path, models: Sequence[Model]) -> SeedResults:
    """The examples and verdicts of one seed, whose runs all answer one test."""
    examples = read_test(folder / models[0].run)
    judged = [Judged(model.label, read_verdicts(Scored(folder / model.run, model.engine, model.label), examples)) for model in models]
    return SeedResults(seed, list(examples.values()), judged)
