"""The command `gentool drift`: options in; settings, one call and the exit status out. Registered by gentool.cli, so it imports late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def drift_command(
    before: Annotated[Path, typer.Option("--before", metavar="OLD.jsonl", help="The catalogue as it is.")],
    after: Annotated[Path, typer.Option("--after", metavar="NEW.jsonl", help="The catalogue as it will be.")],
    model: Annotated[str, typer.Option("--model", metavar="ENGINE", help="Who answers: hf:MODEL, openai:MODEL, or with --run trained, tfidf.")],
    queries: Annotated[Path | None, typer.Option("--queries", metavar="Q.jsonl", help="What users say; written by a teacher without it.")] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go; a stopped drift goes on there.")] = Path("runs/drift"),
    run_folder: Annotated[Path | None, typer.Option("--run", metavar="RUN", help="The run folder of a trained or fitted engine.")] = None,
    candidates: Annotated[int | None, typer.Option("--candidates", metavar="N", help="Show the model the N nearest tools.")] = None,
    teacher: Annotated[str | None, typer.Option("--teacher", help="Who writes queries: rules, or openai:MODEL.")] = None,
    max_regressions: Annotated[str | None, typer.Option("--max-regressions", metavar="N|P%", help="Fail above this; 0 by default.")] = None,
    min_adoption: Annotated[str | None, typer.Option("--min-adoption", metavar="P%", help="Fail where added tools are called less.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML for CI.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write a summary for a pull request.")] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", metavar="FILE", help="Settings of the drift as YAML.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting, for example seed=1.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a server would be asked, in tokens and money; send nothing.")] = False,
) -> None:
    """Say what a change of the catalogue does to a model's answers.

    The exit status is 1 where a threshold is broken, else 0.
    """
    from gentool.drift.run import estimate_drift, run_drift
    from gentool.drift.settings import DriftInputs, read_drift_settings

    flags = {"candidates": candidates, "synth.teacher": teacher, "max_regressions": max_regressions, "min_adoption": min_adoption}
    given = [f"{key}={value}" for key, value in flags.items() if value is not None]
    settings = read_drift_settings(recipe, [*given, *(overrides or ())], run_folder)
    inputs = DriftInputs(before, after, model, out, queries, run_folder, junit, markdown)
    if dry_run:
        estimate_drift(inputs, settings, typer.echo)
    elif not run_drift(inputs, settings, typer.echo).passed:
        raise SystemExit(1)
