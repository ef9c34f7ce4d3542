"""The pooled seeds of a suite as Markdown, for a paper or a pull request.

In: the table of gentool.evaluate.seeds. Out: the text. Called by gentool.seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gentool.report.seeds_view import HEAD_ROW, Lines, Table, difference_rows, difference_sentence, mean_rows, pool_sentences


def render_markdown(table: Table) -> str:
    """Both tables below what they hold; the second is left out where there is one model alone."""
    lines = [f"{sentence}  " for sentence in pool_sentences(table)]
    lines += ["", *_lay_out(mean_rows(table))]
    if table["differences"]:
        lines += ["", difference_sentence(table), "", *_lay_out(difference_rows(table))]
    return "\n".join(lines) + "\n"


def _lay_out(rows: Sequence[Sequence[Lines]]) -> Iterator[str]:
    yield f"| {' | '.join(' '.join(cell) for cell in HEAD_ROW)} |"
    yield f"|---|{'---:|' * (len(HEAD_ROW) - 1)}"
    for row in rows:
        yield f"| {' | '.join('<br>'.join(cell) for cell in row)} |"
