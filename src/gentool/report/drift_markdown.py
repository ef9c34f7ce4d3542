"""The results of a drift as Markdown, fit for a comment on a pull request.

In: a summary and its records. Out: the text, shorter than GitHub's limit of a comment. Texts of records stand in code spans, so
that nothing in them is a link, a mention or markup. Called by gentool.drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gentool.core.drift import OUTCOME_WORDS, DriftRecord, DriftSummary
from gentool.report.drift_view import (
    BEHIND,
    CHECK_WORDS,
    catalogue_sentence,
    counts_words,
    headline_sentences,
    model_sentence,
    plain_line,
    queries_sentence,
    rate_words,
    regressions_by_pull,
    result_words,
    short_rate,
)

MOST_ROWS = 25
LONGEST = 160


def render_markdown(summary: DriftSummary, records: Sequence[DriftRecord]) -> str:
    """The whole text."""
    return "\n".join(_lines(summary, records)) + "\n"


def _lines(summary: DriftSummary, records: Sequence[DriftRecord]) -> Iterator[str]:
    yield f"## Catalogue change: {result_words(summary)}"
    yield ""
    yield f"- Catalogue: {catalogue_sentence(summary)}"
    if summary.queries:
        yield f"- Queries: {queries_sentence(summary)}"
        yield f"- Model: {_code(summary.model)}{model_sentence(summary).removeprefix(summary.model)}"
    yield from (f"- **{_plain(sentence)}**" for sentence in headline_sentences(summary, records))
    for check in summary.checks:
        sign = {True: "passed", False: "**failed**", None: "not judged"}[check.passed]
        yield f"- {CHECK_WORDS[check.name].capitalize()}, {check.limit}: {sign} ({check.found})"
    yield from (f"- Note: {_plain(note)}" for note in summary.notes)
    if summary.queries:
        yield from _table(("Outcome", "Queries", ""), [(_code(name), str(count), OUTCOME_WORDS[name]) for name, count in summary.outcomes.items()])
        yield from _table(("Share", "with its 95% interval"), [(name, words) for name, words in _figures(summary) if words != "-"])
    yield from _regressions(summary, records)
    yield from _tools(summary)
    yield from _behind(records)
    yield from _changes(summary)


def _figures(summary: DriftSummary) -> list[tuple[str, str]]:
    return [
        ("right before", rate_words(summary.right_before)),
        ("right after", rate_words(summary.right_after)),
        ("adoption of added tools", rate_words(summary.adoption)),
        ("switching to better tools", rate_words(summary.switching)),
        ("regressions", rate_words(summary.regressions)),
    ]


def _regressions(summary: DriftSummary, records: Sequence[DriftRecord]) -> Iterator[str]:
    found = [record for _, own in regressions_by_pull(summary, records) for record in own]
    if not found:
        return
    yield ""
    yield f"### Regressions ({len(found)})"
    rows = [(_code(record.query), _code(record.before.chosen), _code(record.after.chosen), _plain(record.outcome)) for record in found]
    yield from _table(("Query", "Before", "After", "Outcome"), rows)


def _tools(summary: DriftSummary) -> Iterator[str]:
    if not summary.added or not summary.queries:
        return
    yield ""
    yield "### Added tools"
    rows = [
        (_code(tool.name), short_rate(tool.adoption), _code(counts_words(tool.instead)), short_rate(tool.attracted), short_rate(tool.faulty))
        for tool in summary.added
    ]
    yield from _table(("Tool", "Adopted", "Chosen instead", "Called wrongly", "Faulty calls"), rows)


def _behind(records: Sequence[DriftRecord]) -> Iterator[str]:
    found = [record for record in records if record.outcome in BEHIND]
    if not found:
        return
    rows = [(_code(record.query), _code(record.after.chosen), _code((record.after.expected or ("",))[0])) for record in found]
    yield from _folded(f"Not taken up ({len(found)})", list(_table(("Query", "Chosen", "Best"), rows)))


def _changes(summary: DriftSummary) -> Iterator[str]:
    change = summary.change
    lines = [
        *(f"- added {_code(tool.name)}" + (f" (most like {_code(tool.nearest)})" if tool.nearest else "") for tool in change.added),
        *(f"- removed {_code(name)}" for name in change.removed),
        *(f"- renamed {_code(pair.before)} to {_code(pair.after)}" for pair in change.renamed),
        *(f"- changed {_code(tool.name)}: {_code('; '.join(tool.differences))}" for tool in change.changed),
    ]
    if lines:
        rest = len(lines) - 2 * MOST_ROWS
        yield from _folded("The catalogue's change", ["", *lines[: 2 * MOST_ROWS], *([f"- {rest} more"] if rest > 0 else [])])


def _folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{title}</summary>"
    yield from lines
    yield ""
    yield "</details>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        yield ""
        yield f"and {len(rows) - MOST_ROWS} more."


def _code(text: str | None) -> str:
    """A text as a code span that may stand in a table: on one line, not too long, its own backticks and bars kept from ending anything."""
    if text is None:
        return "(unreadable)"
    line = plain_line(text, LONGEST)
    if line in ("", "-"):
        return line or "(empty)"
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    padded = f" {line} " if line.startswith("`") or line.endswith("`") else line
    return f"{fence}{padded}{fence}".replace("|", "\\|")


def _plain(text: str) -> str:
    """Words of ours that may hold a name: underscores and angle brackets are shown as they are."""
    return re.sub(r"([\\`*_<>|@#\[\]])", r"\\\1", text)
