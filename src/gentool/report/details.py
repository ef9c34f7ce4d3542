"""The report's tables of what lies behind the metrics: reasons by rule, categories of a benchmark, rankings by scores.

In: `Scored` results (gentool.report.results). Out: tables (gentool.report.view) with the numbers of the score files, or None where
these have none, as files of earlier versions. Called by gentool.report.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gentool.core.example import REASON_CODES
from gentool.report.results import Scored
from gentool.report.view import METRICS, Cell, Table, examples_link, plain_table

REASON_WORDS = {
    "unparsable": "Could not be read",
    "called_when_none": "Called where none serves",
    "abstained_when_needed": "Abstained where needed",
    "wrong_count": "Number of calls",
    "wrong_func_name": "Name of the tool",
    "missing_required": "Required argument lacks",
    "unexpected_param": "Argument too many",
    "type_error:simple": "Type of a value",
    "type_error:nested": "Type inside a value",
    "value_error:enum": "Value not among the choices",
    "value_error:spelling": "Value but for spelling",
    "value_error:nested": "Value inside a list or object",
    "value_error:simple": "Value",
    "missing_optional": "Optional argument lacks",
}
MEAN = "Mean of the categories"


def reason_table(scored: Sequence[Scored]) -> Table | None:
    """How many answers break each rule first; rules that none breaks are left out."""
    counts = [_mapping(one.score.get("reasons")) for one in scored]
    known = [code for code in REASON_CODES if any(found.get(code) for found in counts)]
    if not known:
        return None
    rows = tuple((one.name, tuple(_reason_cell(one, code, found.get(code)) for code in known)) for one, found in zip(scored, counts, strict=True))
    meaning = "Each wrong answer once, by the first rule that it breaks."
    return Table("reasons", "What is wrong first", meaning, tuple(REASON_WORDS[code] for code in known), rows)


def _reason_cell(scored: Scored, code: str, count: int | None) -> Cell:
    return Cell("reasons", scored.name, code, code, count, href=examples_link(model=scored.name, q=code), kind="count")


def scores_table(scored: Sequence[Scored]) -> Table | None:
    """Rankings by the scores of all tools, and how often they begin as those that were written; None where no engine gave scores."""
    blocks = [_mapping(one.score.get("ranking_by_scores")) for one in scored]
    meaning = "The tools in the order of the probability that the model gives each as the one to call; agreement with what it wrote."
    return plain_table("ranking_by_scores", "Ranking by scores", meaning, scored, blocks)


def category_tables(scored: Sequence[Scored]) -> list[Table]:
    """Selection and the whole call by category of a benchmark, with the mean in which each category counts alike."""
    found = [_mapping(one.score.get("categories")) for one in scored]
    names = list(dict.fromkeys(name for block in found for name in _mapping(block.get("by_category"))))
    tables = []
    for metric in ("selection", "call") if names else ():
        rows = tuple((one.name, _category_cells(one, block, names, metric)) for one, block in zip(scored, found, strict=True))
        title, meaning = METRICS[metric]
        tables.append(Table(f"categories_{metric}", f"By category: {title.lower()}", meaning, (*names, MEAN), rows))
    return tables


def _category_cells(scored: Scored, block: Mapping[str, Any], names: Sequence[str], metric: str) -> tuple[Cell, ...]:
    by_category = _mapping(block.get("by_category"))
    shares = [(name, _mapping(_mapping(by_category.get(name)).get(metric))) for name in names]
    cells = (Cell("categories", scored.name, name, metric, one.get("value"), one.get("low"), one.get("high"), one.get("n")) for name, one in shares)
    return (*cells, Cell("categories", scored.name, MEAN, metric, _mapping(block.get("macro_mean")).get(metric)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
