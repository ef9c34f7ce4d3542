"""What `gentool drift` prints: the change of the catalogue before anything is asked, then outcomes, regressions, tools and thresholds.

In: the change, the summary and its records. Out: lines of text. Called by gentool.drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gentool.core.drift import OUTCOME_WORDS, CatalogueChange, DriftRecord, DriftSummary
from gentool.report.drift_view import (
    CHECK_WORDS,
    catalogue_sentence,
    counts_words,
    model_sentence,
    name_words,
    plain_line,
    queries_sentence,
    rate_words,
    regressions_by_pull,
    result_words,
    short_rate,
)

MOST_LINES = 20
"""Tools of one kind, or queries, that are printed; the page has all."""
LONGEST_QUERY, LONGEST_REASON = 90, 400


def describe_catalogues(change: CatalogueChange) -> Iterator[str]:
    """What changed, tool by tool."""
    yield f"catalogue: {catalogue_sentence(DriftSummary(model='', before='', after='', change=change))}"
    near = [f"  (most like {tool.nearest}, {tool.similarity:.2f})" if tool.nearest else "" for tool in change.added]
    lines = [f"  + {tool.name}{words}" for tool, words in zip(change.added, near, strict=True)]
    yield from _first(lines)
    yield from _first([f"  - {name}" for name in change.removed])
    yield from _first([f"  > {pair.before} is now {pair.after}" for pair in change.renamed])
    yield from _first([f"  ~ {tool.name}: {'; '.join(tool.differences)}" for tool in change.changed])
    if change.repeated:
        yield from _first([f"  ! {name} stands for several tools; the one nearest to the query is shown" for name in change.repeated])


def describe_drift(summary: DriftSummary, records: Sequence[DriftRecord]) -> Iterator[str]:
    """The results as lines of text."""
    if summary.queries:
        yield f"queries:   {queries_sentence(summary)}"
        yield f"model:     {model_sentence(summary)}"
        yield from (f"note:      {note}" for note in summary.notes)
        yield ""
        yield "outcomes"
        width = max(len(outcome) for outcome in summary.outcomes)
        yield from (f"  {count:>5}  {outcome:<{width}}  {OUTCOME_WORDS[outcome]}" for outcome, count in summary.outcomes.items())
        yield ""
        yield from _describe_figures(summary)
        yield from _describe_regressions(summary, records)
        yield from _describe_tools(summary)
        yield ""
    for check in summary.checks:
        verdict = {True: "passed", False: "FAILED", None: "-"}[check.passed]
        yield (
            f"{verdict:<10} {CHECK_WORDS[check.name]}: {check.found}; {check.limit} allowed"
            if check.name != "min_adoption"
            else (f"{verdict:<10} {CHECK_WORDS[check.name]}: {check.found}; {check.limit} wanted")
        )
    yield f"{'result:':<10} {result_words(summary)}"


def _describe_figures(summary: DriftSummary) -> Iterator[str]:
    """The shares in whole; those that nothing was measured for are left out."""
    figures = {
        "right before": summary.right_before,
        "right after": summary.right_after,
        "adoption": summary.adoption,
        "switching": summary.switching,
        "regressions": summary.regressions,
        "changed": summary.changed,
    }
    yield "shares (with 95% intervals)"
    yield from (f"  {name:<13} {rate_words(rate)}" for name, rate in figures.items() if rate.value is not None)


def _describe_regressions(summary: DriftSummary, records: Sequence[DriftRecord]) -> Iterator[str]:
    """Each regression below what took the right answer's place."""
    found = regressions_by_pull(summary, records)
    if not found:
        return
    yield ""
    yield f"regressions: {sum(len(own) for _, own in found)}"
    left = MOST_LINES
    for pull, own in found:
        yield f"  {len(own)} to {pull}"
        for record in own[: max(left, 0)]:
            yield f"      {plain_line(record.query, LONGEST_QUERY)}"
            yield f"          {plain_line(record.reason, LONGEST_REASON)}"
        left -= len(own)
    if left < 0:
        yield f"  ({-left} more on the page)"


def _describe_tools(summary: DriftSummary) -> Iterator[str]:
    """The added tools, then those of before that lost answers."""
    if summary.added:
        rows = [
            (tool.name, short_rate(tool.adoption), counts_words(tool.instead), short_rate(tool.attracted), short_rate(tool.faulty))
            for tool in summary.added
        ]
        yield ""
        yield from _table(("added tool", "adopted", "chosen instead", "called wrongly", "faulty calls"), rows)
    lost = [tool for tool in summary.existing if tool.regressions.count]
    if lost:
        rows = [
            (name_words(tool.name), tool.state, short_rate(tool.right_before), short_rate(tool.right_after), counts_words(tool.pulled_by))
            for tool in lost
        ]
        yield ""
        yield from _table(("tool that lost answers", "state", "right before", "right after", "pulled by"), rows)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    shown = rows[:MOST_LINES]
    widths = [max(len(row[place]) for row in (heads, *shown)) for place in range(len(heads))]
    for row in (heads, *shown):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(rows) > MOST_LINES:
        yield f"({len(rows) - MOST_LINES} more on the page)"


def _first(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"{lines[0][:4]}({len(lines) - MOST_LINES} more on the page)"
