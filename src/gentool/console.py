"""What the commands print: one line a stage, and the score table. Floor 4; called by gentool.cli."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from gentool.core.example import SCENARIOS
from gentool.core.jsonl import read_json
from gentool.run import Run

WIDE, NARROW = 130, 90
"""Columns of a terminal: from the first on the table shows intervals; the second is the table's least width."""
METRICS = ("format", "selection", "selection_lenient", "parameter_names", "parameter_values", "call")
PAIRS = ("zero_to_one", "weak_to_strong")


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
    """The score table: a row for each engine and scenario, in percent; with 95% intervals where there is room for them."""
    from rich.console import Console
    from rich.table import Table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE
    wide = width >= WIDE
    table, pairs = (Table(box=None, header_style="bold", pad_edge=False) for _ in range(2))
    for column in ("engine", "scenario", "n", "format", "selection", "lenient", "names", "values", "whole call"):
        table.add_column(column, justify="left" if column in ("engine", "scenario") else "right", no_wrap=True)
    for column in ("engine", "zero to one", "weak to strong"):
        pairs.add_column(column, no_wrap=True)
    for path in paths:
        score = read_json(path)
        for scenario in (*SCENARIOS, "all"):
            block = score["scenarios"][scenario]
            table.add_row(score["name"], scenario.replace("_", " "), str(block["n"]), *(_percent(block[metric], wide) for metric in METRICS))
        pairs.add_row(score["name"], *(f"{_percent(score['pairs'][key], True)} of {score['pairs'][key]['n']}" for key in PAIRS))
        table.add_section()
    console = Console(width=max(width, NARROW), highlight=False)
    intervals = "(95% interval)" if wide else "(a terminal of 130 columns, score/ and the report show intervals)"
    for title, shown in ((f"Scores in percent {intervals}", table), ("Pairs right before and after the change", pairs)):
        console.print(f"\n{title}", shown, sep="\n")
    console.print()
    typer.echo(f"score:   {', '.join(str(path) for path in paths)}")


def _percent(cell: dict[str, Any], interval: bool) -> str:
    """`81.2 (77-85)`, or a dash where nothing was measured."""
    if cell["value"] is None:
        return "-"
    value = f"{100 * cell['value']:.1f}"
    return f"{value} ({100 * cell['low']:.0f}-{100 * cell['high']:.0f})" if interval else value
