"""What the commands print: one line a stage, and the score table. Floor 4; called by gentool.cli."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from gentool.core.example import SCENARIOS
from gentool.core.jsonl import read_json
from gentool.run import Run


def say_synth(build: dict[str, Any], run: Run) -> None:
    """What synthesis wrote and what verification kept."""
    written, verified = build["written"], build["verified"]
    refused = sum(build["rejected"].values())
    typer.echo(
        f"synth:   {written['tools']} tools, {written['weak_tools']} weak tools, {written['queries']} queries, {written['calls']} calls; "
        f"kept {verified['families']} families with {verified['queries']} queries, refused {refused} ({run.path / 'synth' / 'rejected.jsonl'})"
    )


def say_pairs(build: dict[str, Any], run: Run) -> None:
    """How many examples there are, and that no check found a leak."""
    counts = build["counts"]
    compared = sum(check["compared"] for check in build["leak_checks"])
    typer.echo(
        f"pairs:   {counts['train']['examples']} training and {counts['test']['examples']} test examples; "
        f"{len(build['leak_checks'])} leak checks over {compared} comparisons passed ({run.path / 'pairs' / 'build.json'})"
    )


def say_train(done: dict[str, Any], run: Run) -> None:
    """What each stage trained on."""
    for stage, summary in done.items():
        too_long = f", {summary['rows_too_long']} rows longer than max_length left out" if summary["rows_too_long"] else ""
        typer.echo(f"train:   {stage}: {summary['steps']} steps on {summary['rows']} rows{too_long} ({run.path / 'train' / stage})")


def say_predictions(paths: Sequence[Path]) -> None:
    """Where each engine's answers are."""
    typer.echo(f"predict: {', '.join(str(path) for path in paths)}")


def say_scores(paths: Sequence[Path]) -> None:
    """The score table: a row for each engine and scenario, percentages with 95% intervals."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("engine", "scenario"):
        table.add_column(column, no_wrap=True)
    for column in ("n", "format", "selection", "lenient", "parameter names", "values", "whole call"):
        table.add_column(column, justify="right", no_wrap=True)
    pairs = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("engine", "zero to one", "weak to strong"):
        pairs.add_column(column, no_wrap=True)
    for path in paths:
        score = read_json(path)
        for scenario in (*SCENARIOS, "all"):
            block = score["scenarios"][scenario]
            cells = [_percent(block[metric]) for metric in ("format", "selection", "selection_lenient")]
            cells += [_percent(block[metric]) for metric in ("parameter_names", "parameter_values", "call")]
            table.add_row(score["name"], scenario.replace("_", " "), str(block["n"]), *cells)
        pairs.add_row(score["name"], *(f"{_percent(score['pairs'][key])} of {score['pairs'][key]['n']}" for key in ("zero_to_one", "weak_to_strong")))
        table.add_section()
    console = Console(width=150, highlight=False)
    for title, shown in (("Scores in percent (95% interval)", table), ("Pairs right before and after the change", pairs)):
        console.print(f"\n{title}", shown, sep="\n")
    console.print()
    typer.echo(f"score:   {', '.join(str(path) for path in paths)}")


def _percent(cell: dict[str, Any]) -> str:
    """`81.2 (77-85)`, or a dash where nothing was measured."""
    if cell["value"] is None:
        return "-"
    return f"{100 * cell['value']:.1f} ({100 * cell['low']:.0f}-{100 * cell['high']:.0f})"
