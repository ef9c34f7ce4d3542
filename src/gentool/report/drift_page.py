"""The page of a drift: a folder of its results in, one self-contained HTML file out, in the style of the report.

All of it shows without JavaScript; with it, the list of queries can be filtered. Called by gentool.drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gentool.core.drift import OUTCOME_WORDS, DriftRecord, DriftSummary, Outcome
from gentool.core.jsonl import write_text
from gentool.core.tool import GENERATE_RESPONSE
from gentool.report.drift_view import (
    CHECK_WORDS,
    GOOD,
    SAME,
    catalogue_sentence,
    counts_words,
    headline_sentences,
    model_sentence,
    name_words,
    queries_sentence,
    read_drift,
    result_words,
    short_rate,
)

if TYPE_CHECKING:
    from jinja2 import Environment

CHANGED = "moved"
"""The filter's name for all outcomes that the change may have caused."""


def write_page(folder: Path, out: Path) -> Path:
    """Write the page of a folder's results and return its path."""
    write_text(out, render_page(*read_drift(folder)))
    return out


def render_page(summary: DriftSummary, records: Sequence[DriftRecord]) -> str:
    """The page as text."""
    folder = Path(__file__).parent
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("page.css", "drift.js"))
    template = _environment(folder).get_template("drift.html.j2")
    return template.render(style=style, script=script, summary=summary, records=_ordered(records), **_context(summary, records)) + "\n"


def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters["words"] = lambda key: str(key).replace("_", " ")
    environment.filters["short_rate"] = short_rate
    environment.filters["counts"] = counts_words
    environment.filters["percent"] = lambda value: f"{100 * value:.1f}"
    environment.filters["choice"] = name_words
    environment.filters["tone"] = tone
    environment.filters["places"] = _places
    return environment


def _context(summary: DriftSummary, records: Sequence[DriftRecord]) -> dict[str, object]:
    change = summary.change
    return {
        "title": f"What the new catalogue does to {summary.model}",
        "sentences": [f"Catalogue: {catalogue_sentence(summary)}."]
        + ([f"Queries: {queries_sentence(summary)}.", f"Model: {model_sentence(summary)}."] if summary.queries else []),
        "headline": headline_sentences(summary, records),
        "result": result_words(summary),
        "check_words": CHECK_WORDS,
        "changes": [
            *(("added", tool.name, [f"most like {tool.nearest} ({tool.similarity:.2f})"] if tool.nearest else []) for tool in change.added),
            *(("removed", name, []) for name in change.removed),
            *(("renamed", pair.after, [f"was {pair.before}"]) for pair in change.renamed),
            *(("changed", tool.name, list(tool.differences)) for tool in change.changed),
        ],
        "figures": [
            ("Right before", "of the queries with a known answer", summary.right_before),
            ("Right after", "of the queries with a known answer", summary.right_after),
            ("Adoption", "of the queries whose best tool is an added one: it is called", summary.adoption),
            ("Switching", "of the queries that get a better tool than before: it is called", summary.switching),
            ("Regressions", "of the answers that were right before: lost", summary.regressions),
            ("Changed", "of the answers that could be read: another tool than before", summary.changed),
        ],
        "groups": [
            ("Tools that lost answers", [tool for tool in summary.existing if tool.regressions.count]),
            ("Tools that lost none", [tool for tool in summary.existing if not tool.regressions.count]),
        ],
        "outcome_words": OUTCOME_WORDS,
        "moved": CHANGED,
        "same": SAME,
        "tools": sorted({name for record in records for name in _names(record) if name != GENERATE_RESPONSE}),
    }


def _ordered(records: Sequence[DriftRecord]) -> list[DriftRecord]:
    """Regressions first, then what else moved, then the rest; each in the order of the queries."""
    return sorted(records, key=lambda record: (not record.regression, record.outcome in SAME, record.outcome in GOOD))


def tone(outcome: Outcome, regression: bool = False) -> str:
    """The class of an outcome's badge."""
    if regression or outcome in ("pulled_away", "broken_call"):
        return "wrong"
    return "right" if outcome in GOOD else "neutral"


def _names(record: DriftRecord) -> set[str]:
    """Every tool that a record is about."""
    found = {*(record.before.expected or ()), *(record.after.expected or ()), record.before.chosen, record.after.chosen}
    return {name for name in found if name is not None}


def _places(record: DriftRecord) -> str:
    """The names of a record as the filter reads them, one a line."""
    return "\n".join(sorted(_names(record)))
