"""The tables of the report: what the score files say, arranged for reading, with nothing computed anew.

In: `Scored` results (gentool.report.results). Out: tables of cells whose numbers are those of score/NAME.json, each with a
link to the examples behind it. Called by gentool.report.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from gentool.core.example import ERROR_CLASSES, SCENARIOS, Kind, is_trained
from gentool.report.results import Scored

UNSEEN_TOOL = ("seen_query_unseen_tool", "unseen_query_unseen_tool")
"""The scenarios whose right tool never occurs in training."""
SCENARIO_COLUMNS = (*SCENARIOS, "all")
PAIR_KINDS = {"zero_to_one": ("zero", "one"), "weak_to_strong": ("weak", "strong")}
"""The kinds of the two examples of a pair: before, after."""
PAIR_WORDS = {"zero_to_one": "Zero-to-one: a suitable tool appears", "weak_to_strong": "Weak-to-strong: a stronger tool appears"}
OUTCOMES = ("right before, right after", "right before, wrong after", "wrong before, right after", "wrong before, wrong after")
"""How a pair can go: the selection before the tool appears and after it (strict)."""
KIND_WORDS: dict[Kind, str] = {
    "zero": "Zero: no tool serves the query",
    "one": "One: a suitable tool has appeared",
    "weak": "Weak: only a weak tool is there",
    "strong": "Strong: the strong tool has appeared",
    "unserved": "Unserved: no tool of the catalogue serves the query",
    "given": "Given: made elsewhere, in no pair",
}
METRICS: dict[str, tuple[str, str]] = {
    "selection": ("Tool selection", "The answer chooses the target: the tool that is right, or no tool where none serves the query."),
    "selection_lenient": ("Tool selection, any acceptable tool", "As above, and every tool of full fit counts as right."),
    "format": ("Format", "The answer can be read as one call. What cannot be read is never counted as an abstention."),
    "parameter_names": ("Parameter names", "The names of the arguments are exactly the right ones, where a tool is to be called."),
    "parameter_values": ("Parameter values", "The values of the arguments are right too, compared strictly with their types."),
    "parameter_values_normalised": ("Parameter values, normalised", "As above, after spelling, case and spaces are evened out."),
    "parameter_values_coerced": ("Parameter values, coerced", "Strictly compared after values were brought into the types that the schema asks for."),
    "call": ("Whole call", "Tool and arguments are right, or the answer rightly abstains."),
}
"""Label and meaning of each metric, in the order of the page; the selection comes first, as the method is about it."""
ERROR_WORDS = {
    "called_when_none": "Called a tool where none serves the query",
    "abstained_when_needed": "Abstained where a tool is needed",
    "weak_instead_of_strong": "Chose the weak tool, not the strong one",
    "other_wrong_tool": "Chose another wrong tool",
    "unknown_tool": "Named a tool that is not in the set",
    "unparsable": "Could not be read",
    "wrong_number_of_calls": "More or fewer calls than asked for",
    "wrong_arguments": "Right tool, wrong arguments",
}
DECIMALS = {"mrr", "kendall_tau", "reciprocal_rank"}
"""Measures that are no shares: shown with three decimals, not in percent."""
SHARES = {"value", "precision", "recall", "f1", "exact"}
"""Measures that are shares even where a file writes them as the integers 0 or 1; other integers are counts."""


@dataclass(frozen=True)
class Cell:
    """One number: `value`, `low` and `high` as in the score file (None where there is none), `n` the examples behind it.

    `href` leads to those examples. `kind` says how `text` shows the value: percent, decimal or count.
    """

    table: str
    name: str
    column: str
    metric: str
    value: float | int | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    href: str | None = None
    kind: str = "percent"

    @property
    def text(self) -> str:
        if self.value is None:
            return "–"
        return self._shown(self.value) + (" %" if self.kind == "percent" else "")

    @property
    def interval(self) -> str:
        """`[low, high]` in the unit of the value; empty where there is none."""
        return "" if self.low is None or self.high is None else f"[{self._shown(self.low)}, {self._shown(self.high)}]"

    @property
    def share(self) -> float | None:
        """The value in percent for the bar below the number; None where it is no share."""
        return round(100 * self.value, 2) if self.kind == "percent" and self.value is not None else None

    def _shown(self, value: float) -> str:
        match self.kind:
            case "percent":
                return f"{100 * value:.1f}"
            case "decimal":
                return f"{value:.3f}"
            case _:
                return f"{value:,}"


@dataclass(frozen=True)
class Table:
    """A table with a row of cells per model."""

    key: str
    title: str
    meaning: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def scenario_words(scenario: str) -> str:
    """`seen_query_unseen_tool` as "Seen query, unseen tool"."""
    return scenario.replace("_query_", " query, ").replace("_", " ").capitalize()


def examples_link(**filters: str) -> str:
    """The address within the page that shows the examples which the filters let through; empty filters are left out."""
    chosen = {key: value for key, value in filters.items() if value and value != "all"}
    return "#" + "&".join(["examples", *([urlencode(chosen, quote_via=quote)] if chosen else [])])


def score_tables(scored: Sequence[Scored]) -> list[Table]:
    """A table per metric: model by scenario."""
    columns = tuple(scenario_words(scenario) for scenario in SCENARIO_COLUMNS)
    tables = []
    for metric, (title, meaning) in METRICS.items():
        rows = tuple((one.name, tuple(score_cell("scores", one, scenario, metric) for scenario in SCENARIO_COLUMNS)) for one in scored)
        if any(cell.value is not None for _, row in rows for cell in row):
            tables.append(Table(metric, title, meaning, columns, rows))
    return tables


def score_cell(table: str, scored: Scored, scenario: str, metric: str) -> Cell:
    """The cell of a model, a scenario and a metric; its value is None where the score file has none."""
    block = _mapping(scored.score["scenarios"].get(scenario))
    found = _mapping(block.get(metric))
    if metric.startswith("parameter_values_") and not found:
        found = _mapping(_mapping(block.get("parameter_values")).get(metric.removeprefix("parameter_values_")))
    n = found.get("n", block.get("n")) if not metric.startswith("parameter_") else found.get("n", _mapping(block.get("parameter_values")).get("n"))
    href = examples_link(model=scored.name, scenario=scenario, measure=metric)
    return Cell(table, scored.name, scenario, metric, found.get("value"), found.get("low"), found.get("high"), n, href)


def pair_cell(table: str, scored: Scored, pair: str, scenario: str = "all") -> Cell:
    """The share of a model's pairs of one sort that are right before and after.

    The scenario of a pair is that of its example after the change, so the link of one scenario shows those alone.
    """
    kinds = PAIR_KINDS[pair]
    if scenario == "all":
        blocks, column, href = scored.score.get("pairs"), pair, examples_link(model=scored.name, kind=",".join(kinds))
    else:
        blocks, column = _mapping(scored.score.get("pairs_by_scenario")).get(scenario), f"{pair}:{scenario}"
        href = examples_link(model=scored.name, kind=kinds[1], scenario=scenario)
    found = _mapping(_mapping(blocks).get(pair))
    return Cell(table, scored.name, column, "pairs", found.get("value"), found.get("low"), found.get("high"), found.get("n"), href)


def pair_tables(scored: Sequence[Scored], counts: Mapping[tuple[str, str], Sequence[int]]) -> list[Table]:
    """Two tables per sort of pair: adoption by scenario, and how the pairs went.

    `counts` gives the number of pairs by outcome for a model's name and a sort; it lacks models without verdicts.
    """
    scenarios = (*SCENARIOS, "all")
    columns, ways = tuple(map(scenario_words, scenarios)), tuple(words.capitalize() for words in OUTCOMES)
    tables = []
    for pair, title in PAIR_WORDS.items():
        adopted = tuple((one.name, tuple(pair_cell("pairs", one, pair, scenario) for scenario in scenarios)) for one in scored)
        went = tuple((one.name, tuple(_outcome_cells(one, pair, counts.get((one.name, pair))))) for one in scored)
        meaning = "Share of pairs whose selection is right before and after the change."
        tables.append(Table(pair, title, meaning, columns, adopted))
        tables.append(Table(f"{pair}_outcomes", f"{title.partition(':')[0]}: how the pairs went", "In pairs, over all scenarios.", ways, went))
    return [table for table in tables if any(cell.value is not None for _, row in table.rows for cell in row)]


def _outcome_cells(scored: Scored, pair: str, counts: Sequence[int] | None) -> Iterable[Cell]:
    for position, words in enumerate(OUTCOMES):
        href = examples_link(model=scored.name, kind=",".join(PAIR_KINDS[pair]), pair=str(position + 1))
        yield Cell("outcomes", scored.name, pair, words, counts[position] if counts else None, href=href, kind="count")


def kind_table(scored: Sequence[Scored]) -> Table | None:
    """Selection by kind of example, which tells adopting a tool from always calling one; None where no file has it."""
    known = [kind for kind in KIND_WORDS if any(_kind_cell(one, kind).value is not None for one in scored)]
    if not known:
        return None
    rows = tuple((one.name, tuple(_kind_cell(one, kind) for kind in known)) for one in scored)
    meaning = "A model that always calls a tool is right on no “zero” example; one that always abstains is right on no “one” example."
    return Table("kinds", "Tool selection by kind of example", meaning, tuple(KIND_WORDS[kind] for kind in known), rows)


def _kind_cell(scored: Scored, kind: str) -> Cell:
    found = _mapping(_mapping(_mapping(scored.score.get("kinds")).get(kind)).get("selection"))
    href = examples_link(model=scored.name, kind=kind)
    return Cell("kinds", scored.name, kind, "selection", found.get("value"), found.get("low"), found.get("high"), found.get("n"), href)


def headline_table(scored: Sequence[Scored]) -> Table:
    """Selection where the tool was never seen, and pair adoption, by model."""
    columns = (*(f"Selection: {scenario_words(scenario).lower()}" for scenario in UNSEEN_TOOL), "Pairs: zero-to-one", "Pairs: weak-to-strong")
    rows = tuple(
        (
            one.name,
            (
                *(score_cell("headline", one, scenario, "selection") for scenario in UNSEEN_TOOL),
                *(pair_cell("headline", one, pair) for pair in PAIR_KINDS),
            ),
        )
        for one in scored
    )
    return Table("headline", "Adopting a tool that was never seen", "", columns, rows)


def overview_table(scored: Sequence[Scored]) -> Table:
    """What several runs are compared by, a row a model, what they trained first: selection in every scenario, the whole call, and pairs."""
    columns = (*(scenario_words(scenario) for scenario in SCENARIOS), "Whole call", "Pairs: zero-to-one", "Pairs: weak-to-strong")
    rows = tuple((one.name, tuple(_overview_cells(one))) for one in sorted(scored, key=lambda one: not is_trained(one.model)))
    return Table("overview", "Side by side", "", columns, rows)


def _overview_cells(scored: Scored) -> Iterable[Cell]:
    yield from (score_cell("overview", scored, scenario, "selection") for scenario in SCENARIOS)
    yield score_cell("overview", scored, "all", "call")
    yield from (pair_cell("overview", scored, pair) for pair in PAIR_KINDS)


def headline_sentences(table: Table, tuned: Sequence[str]) -> list[str]:
    """What the headline's columns say in words: each tuned model beside the best of the others.

    Where no model is known to be tuned, the best two are compared. Columns without a number give no sentence.
    """
    sentences = []
    for position, column in enumerate(table.columns):
        cells = sorted((row[position] for _, row in table.rows if row[position].value is not None), key=lambda cell: -(cell.value or 0))
        ours = [cell for cell in cells if cell.name in tuned]
        others = [cell for cell in cells if cell.name not in tuned]
        second = others[:1] if ours else cells[1:2]
        sentences += [_compared(column, first, second[0] if second else None, bool(ours)) for first in ours or cells[:1]]
    return sentences


def _compared(column: str, first: Cell, second: Cell | None, tuned: bool) -> str:
    text = f"{column}: {first.name} {_with_interval(first)}"
    if second is None:
        return text + "; no other model to compare with."
    difference = 100 * ((first.value or 0) - (second.value or 0))
    text += f"; the {'best of the others' if tuned else 'next'} is {second.name} {_with_interval(second)}. Difference {difference:+.1f} points"
    overlap = _overlap(first, second)
    return text + ("." if overlap is None else f"; the intervals {'overlap' if overlap else 'do not overlap'}.")


def _with_interval(cell: Cell) -> str:
    return " ".join(part for part in (cell.text, cell.interval, f"(n {cell.n:,})" if cell.n is not None else "") if part)


def _overlap(first: Cell, second: Cell) -> bool | None:
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return None
    return first.low <= second.high and second.low <= first.high


def plain_table(key: str, title: str, meaning: str, scored: Sequence[Scored], blocks: Sequence[Mapping[str, Any]]) -> Table | None:
    """A table of whatever numbers a block of the score files holds (ranking, abstention); None where they hold none."""
    columns = list(dict.fromkeys(column for block in blocks for column, value in block.items() if _is_number(value)))
    if not columns:
        return None
    rows = tuple(
        (one.name, tuple(_plain_cell(key, one, column, block.get(column)) for column in columns)) for one, block in zip(scored, blocks, strict=True)
    )
    return Table(key, title, meaning, tuple(_column_words(column) for column in columns), rows)


def further_table(scored: Sequence[Scored]) -> Table | None:
    """What the score files say over all scenarios beyond the metrics' values and intervals: precision, recall and the like."""
    blocks = [dict(_further(_mapping(one.score["scenarios"].get("all")))) for one in scored]
    return plain_table("further", "Further measures, all scenarios", "", scored, blocks)


def _further(block: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in block.items():
        if key in METRICS:
            shown = {"value", "low", "high", "n", "effective_n", "normalised", "coerced"}
            yield from ((f"{key}.{extra}", found) for extra, found in _mapping(value).items() if extra not in shown)
        elif isinstance(value, Mapping) and "value" in value:
            yield key, value


def error_table(scored: Sequence[Scored]) -> Table:
    """Counts of the error classes by model; the score file's numbers, with a link to the examples of each."""
    counts = [_mapping(one.score.get("errors")) for one in scored]
    rows = tuple(
        (one.name, tuple(_error_cell(one, key, errors.get(key)) for key in ERROR_CLASSES)) for one, errors in zip(scored, counts, strict=True)
    )
    return Table("errors", "Errors by class", "", tuple(ERROR_WORDS[key] for key in ERROR_CLASSES), rows)


def _error_cell(scored: Scored, error: str, count: int | None) -> Cell:
    return Cell("errors", scored.name, error, error, count, href=examples_link(model=scored.name, error=error), kind="count")


def _plain_cell(table: str, scored: Scored, column: str, found: Any) -> Cell:
    block = _mapping(found) if isinstance(found, Mapping) else {"value": found}
    value = block.get("value")
    last = column.rpartition(".")[2]
    kind = "decimal" if last in DECIMALS else "count" if isinstance(value, int) and last not in SHARES else "percent"
    return Cell(table, scored.name, column, column, value, block.get("low"), block.get("high"), block.get("n"), kind=kind)


def _is_number(value: Any) -> bool:
    """True for a number, an absent number and a block with a value."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool)) or (isinstance(value, Mapping) and "value" in value)


def _column_words(column: str) -> str:
    known = {
        "n": "Examples",
        "kendall_tau_n": "Examples with a Kendall's tau",
        "mrr": "Mean reciprocal rank",
        "kendall_tau": "Kendall's tau",
        "exact": "Exactly right",
        "same_selection": "Chosen as by scores",
        "same_first": "Ranked first as by scores",
        "levenshtein": "Likeness (Levenshtein)",
        "f1": "F1",
    }
    metric, _, rest = column.rpartition(".")
    words = known.get(rest, rest.replace("_", " ").capitalize())
    return f"{METRICS[metric][0]}: {words.lower() if words != 'F1' else words}" if metric else words


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
