"""The pooled seeds of a suite arranged for reading: what the terminal and the Markdown file say alike.

In: the table of gentool.evaluate.seeds. Out: sentences, and cells of one line or more. Called by the writers of this folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Table = Mapping[str, Any]
Lines = tuple[str, ...]
"""One cell of a table."""
HEADS: dict[str, Lines] = {
    "seen_query_seen_tool": ("seen query,", "seen tool"),
    "unseen_query_seen_tool": ("unseen query,", "seen tool"),
    "seen_query_unseen_tool": ("seen query,", "unseen tool"),
    "unseen_query_unseen_tool": ("unseen query,", "unseen tool"),
    "call": ("whole call",),
    "zero_to_one": ("pairs,", "zero to one"),
    "weak_to_strong": ("pairs,", "weak to strong"),
    "format": ("format",),
}
"""The columns and their heads."""
HEAD_ROW: tuple[Lines, ...] = (("",), *HEADS.values())


def pool_sentences(table: Table) -> Iterator[str]:
    """What was pooled, and what a cell of the means holds."""
    seeds = ", ".join(map(str, table["seeds"]))
    yield f"{table['records']:,} records of {table['families']:,} families, over {len(table['seeds'])} seeds ({seeds})."
    yield (
        "Tool selection in the four scenarios, the whole call, pairs right before and after the change, and format, in percent: the mean over "
        "the records of all seeds (95% interval), below it the lowest and the highest of the single seeds."
    )
    yield (
        f"Intervals are of the cluster bootstrap ({table['draws']:,} draws of families with their records of all seeds, seed {table['seed']}); "
        "seeds are not drawn."
    )


def difference_sentence(table: Table) -> str:
    """What a cell of the differences holds."""
    return (
        f"Difference from {table['reference']} on the same records of the same seeds, in points; below it its 95% interval, the lowest and "
        "the highest of the single seeds, and whether the interval leaves out 0: ahead, behind or not told apart."
    )


def mean_rows(table: Table) -> list[tuple[Lines, ...]]:
    """How many records each column has, then a row for each model."""
    counts = table["means"][table["reference"]]
    records = [(f"{counts[column]['n']:,}", f"{counts[column]['families']:,}") for column in HEADS]
    return [(("records", "families"), *records), *(((name,), *(_mean(cells[column]) for column in HEADS)) for name, cells in table["means"].items())]


def difference_rows(table: Table) -> list[tuple[Lines, ...]]:
    """A row for each model but the reference."""
    return [((name,), *(_difference(cells[column]) for column in HEADS)) for name, cells in table["differences"].items()]


def _mean(cell: Table) -> Lines:
    """`31.8 (27-37)`, then `30.1 to 33.4`; a dash where nothing was measured."""
    if cell["value"] is None:
        return ("-",)
    interval = "one family" if cell["low"] is None else f"{100 * cell['low']:.0f}-{100 * cell['high']:.0f}"
    return f"{100 * cell['value']:.1f} ({interval})", f"{100 * cell['lowest']:.1f} to {100 * cell['highest']:.1f}"


def _difference(cell: Table) -> Lines:
    """`+4.2`, `+1.3 to +7.0`, `-0.5 to +9.0`, `ahead`; a dash where nothing was measured."""
    if cell["value"] is None:
        return ("-",)
    interval = "one family" if cell["low"] is None else f"{_points(cell['low'])} to {_points(cell['high'])}"
    return _points(cell["value"]), interval, f"{_points(cell['lowest'])} to {_points(cell['highest'])}", cell["result"]


def _points(share: float) -> str:
    """A difference in points to one decimal with its sign, and without one where it is 0."""
    points = round(100 * share, 1)
    return f"{points:+.1f}" if points else "0.0"
