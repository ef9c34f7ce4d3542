"""What `gentool probe` prints: a table of selection by question and variant. Called by gentool.cli."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import typer

from gentool.probe.measure import GROUPS
from gentool.probe.pipeline import Probed

LEAST = 110
"""Columns that the table has at least."""
WORDS = {"call": "called right", "abstain": "abstained right"}


def say_probe(found: Probed) -> None:
    """The share of right selections under each variant, a column for each engine and group of examples."""
    from rich.console import Console
    from rich.table import Table

    width = max(shutil.get_terminal_size().columns if sys.stdout.isatty() else LEAST, LEAST)
    console = Console(width=width, highlight=False)
    names = [result["name"] for result in found.results]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("question", "variant"):
        table.add_column(column, no_wrap=True)
    for name in names:
        for group in GROUPS:
            table.add_column(f"{name}: {WORDS[group]}", justify="right", min_width=14)
    for question in found.results[0]["questions"]:
        for row in _rows(found, question):
            table.add_row(*row)
        table.add_row()
    console.print("\nTool selection in percent (95% interval)", table, sep="\n")
    for question, one in found.results[0]["questions"].items():
        for note in dict.fromkeys(note for result in found.results for note in (*one["notes"], *result["questions"][question]["notes"])):
            console.print(f"{question}: {note}", markup=False, soft_wrap=True)
    typer.echo(f"probe:   {', '.join(str(path) for path in found.paths)}")
    typer.echo(f"page:    {found.page}")


def _rows(found: Probed, question: str) -> list[tuple[str, ...]]:
    variants = [*found.results[0]["questions"][question]["variants"], "all of these"]
    rows = []
    for place, variant in enumerate(variants):
        cells = [_cell(result["questions"][question]["groups"].get(group), variant) for result in found.results for group in GROUPS]
        rows.append((question if place == 0 else "", variant, *cells))
    return rows if len(variants) > 1 else [(question, "nothing could be asked")]


def _cell(group: dict[str, Any] | None, variant: str) -> str:
    """`81.2 (77-85)`, or a dash where there is no such example."""
    if group is None:
        return "-"
    shares = {row["variant"]: row["selection"] for row in group["rows"]} | {"all of these": group["always"]}
    share = shares[variant]
    return f"{100 * share['value']:.1f} ({100 * share['low']:.0f}-{100 * share['high']:.0f})"
