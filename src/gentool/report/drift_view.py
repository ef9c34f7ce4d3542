"""The results of a drift arranged for reading: what the terminal, the page, the Markdown and the JUnit file say alike.

In: a summary and its records. Out: words and rows. Called by the writers of this folder; nothing is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from gentool.core.drift import DriftRecord, DriftSummary, Rate
from gentool.core.errors import RecordError, RunError
from gentool.core.jsonl import describe_validation_error, read_json, read_records
from gentool.core.tool import GENERATE_RESPONSE

GOOD = ("adopted", "switched", "fixed", "stayed_right")
"""Outcomes that are as they should be."""
SAME = ("stayed_right", "stayed_wrong", "unchanged", "unreadable")
"""Outcomes of which the change is no cause."""
BEHIND = ("not_adopted", "not_switched")
"""Outcomes that leave the new tools unused."""
CHECK_WORDS = {"max_regressions": "regressions", "min_adoption": "adoption", "max_changed": "changed answers"}


def read_drift(folder: Path) -> tuple[DriftSummary, list[DriftRecord]]:
    """The results in a folder. Raises RunError where there are none, RecordError where a file is broken."""
    path = folder / "drift.json"
    if not path.exists():
        raise RunError(f"{folder}: holds no results of gentool drift")
    table = read_json(path)
    if isinstance(table, dict):
        table.pop("passed", None)
    try:
        summary = DriftSummary.model_validate(table)
    except ValidationError as error:
        raise RecordError(path, None, describe_validation_error(error)) from None
    return summary, list(read_records(folder / "outcomes.jsonl", DriftRecord))


def rate_words(rate: Rate) -> str:
    """`5 of 6 (83.3%, 43.6-97.0)`: the share with its 95% interval; a dash where there is nothing."""
    if rate.value is None or rate.low is None or rate.high is None:
        return "-"
    return f"{rate.count} of {rate.of} ({100 * rate.value:.1f}%, {100 * rate.low:.1f}-{100 * rate.high:.1f})"


def short_rate(rate: Rate) -> str:
    """`5 of 6 (83%)`."""
    return "-" if rate.value is None else f"{rate.count} of {rate.of} ({100 * rate.value:.0f}%)"


def counts_words(counts: dict[str, int], most: int = 3) -> str:
    """`book_train 2, no tool 1`: the first few; a dash where there is nothing."""
    shown = [f"{name_words(name)} {count}" for name, count in list(counts.items())[:most]]
    return ", ".join([*shown, *(["..."] if len(counts) > most else [])]) or "-"


def catalogue_sentence(summary: DriftSummary) -> str:
    """What changed, in numbers."""
    change = summary.change
    if change.is_empty:
        return f"{change.tools_before} tools, the same before and after: nothing changes" + (" but their order" if change.reordered else "")
    counts = {
        "added": len(change.added),
        "removed": len(change.removed),
        "renamed": len(change.renamed),
        "changed": len(change.changed),
        "unchanged": len(change.unchanged),
    }
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"{change.tools_before} tools before, {change.tools_after} after: {found}"


def queries_sentence(summary: DriftSummary) -> str:
    """How many queries there were, what is known of them, who wrote them."""
    known = "all with known right answers" if summary.judged == summary.queries else f"{summary.judged} with known right answers"
    return f"{summary.queries} ({known})" + (f", written by the teacher {summary.written_by}" if summary.written_by else "")


def model_sentence(summary: DriftSummary) -> str:
    """Who answered, before which tools."""
    saw = "all tools" if summary.candidates is None else f"the {summary.candidates} tools nearest to each query"
    return f"{summary.model}, shown {saw}"


def headline_sentences(summary: DriftSummary, records: Sequence[DriftRecord]) -> list[str]:
    """The two answers that a reader came for: are the added tools adopted, and what breaks."""
    if not summary.queries:
        return []
    sentences = []
    if summary.adoption.value is not None:
        tools = "the added tool" if len(summary.change.added) == 1 else f"the {len(summary.change.added)} added tools"
        calls = "calls it" if len(summary.change.added) == 1 else "calls them"
        sentences.append(f"The model {calls} on {_interval_words(summary.adoption)} queries for {tools}.")
    lost = [f"{len(own)} to {pull}" for pull, own in regressions_by_pull(summary, records)]
    if summary.regressions.value is not None:
        where = f": {', '.join(lost[:5])}{', ...' if len(lost) > 5 else ''}" if lost else ""
        sentences.append(f"It loses {_interval_words(summary.regressions)} answers that were right{where}.")
    if not summary.judged and summary.changed.value is not None:
        sentences.append(f"Nothing says what is right; {_interval_words(summary.changed)} answers changed.")
    return sentences


def _interval_words(rate: Rate) -> str:
    """`5 of 6 (83.3%, interval 43.6-97.0)`."""
    return rate_words(rate).replace("%, ", "%, interval ")


def result_words(summary: DriftSummary) -> str:
    """`passed`, `FAILED`, or that nothing was judged."""
    if not summary.passed:
        return "FAILED"
    return "passed" if any(check.passed for check in summary.checks) else "no threshold was judged"


def regressions_by_pull(summary: DriftSummary, records: Sequence[DriftRecord]) -> list[tuple[str, list[DriftRecord]]]:
    """The regressions by what took the right answer's place, in words, the most first."""
    found: dict[str, list[DriftRecord]] = {}
    for record in records:
        if record.regression:
            found.setdefault(_pull_words(record, summary), []).append(record)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _pull_words(record: DriftRecord, summary: DriftSummary) -> str:
    if record.outcome == "broken_call":
        return "the same tool, with a call that no longer holds"
    if record.pulled_by is None:
        return "an answer that cannot be read"
    added = record.pulled_by in (tool.name for tool in summary.change.added)
    return name_words(record.pulled_by) + (" (added)" if added else "")


def name_words(name: str | None) -> str:
    """A chosen name in words."""
    return "could not be read" if name is None else "no tool" if name == GENERATE_RESPONSE else name


def plain_line(text: str, most: int) -> str:
    """A text on one line, not too long, without characters that steer a terminal."""
    line = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in " ".join(text.split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"
