"""The pooled seeds of a suite as a terminal shows them.

In: the table of gentool.evaluate.seeds. Out: lines of text. Called by gentool.seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from gentool.report.seeds_view import HEAD_ROW, Lines, Table, difference_rows, difference_sentence, mean_rows, pool_sentences


def describe_seeds(table: Table) -> Iterator[str]:
    """Both tables below what they hold; the second is left out where there is one model alone."""
    yield from pool_sentences(table)
    yield from _lay_out(mean_rows(table))
    if table["differences"]:
        yield difference_sentence(table)
        yield from _lay_out(difference_rows(table))


def _lay_out(rows: Sequence[Sequence[Lines]]) -> Iterator[str]:
    """The rows under their heads in columns as wide as their widest line: names on the left, numbers on the right."""
    every = [HEAD_ROW, *rows]
    widths = [max(len(line) for row in every for line in row[place]) for place in range(len(HEAD_ROW))]
    for row in every:
        yield ""
        for lines in zip_longest(*row, fillvalue=""):
            name, *cells = (line.rjust(width) if place else line.ljust(width) for place, (line, width) in enumerate(zip(lines, widths, strict=True)))
            yield "  ".join([name, *cells]).rstrip()
    yield ""
