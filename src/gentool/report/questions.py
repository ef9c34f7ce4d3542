"""The questions that the report's figures answer, one function each.

In: results (gentool.report.results). Out: figures (gentool.report.figures), or None where there is nothing to draw; the
page then says so. Called by gentool.report.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gentool.core.example import ERROR_CLASSES, SCENARIOS
from gentool.report.figures import Bar, Figure, Line, Point, draw_bars, draw_curves, draw_dots
from gentool.report.payload import outcome_counts
from gentool.report.results import STAGES, Run
from gentool.report.view import ERROR_WORDS, OUTCOMES, PAIR_WORDS, Cell, error_table, scenario_words, score_cell

STAGE_WORDS = {"rank": "Stage rank: rank the tools", "select": "Stage select: select and call", "joint": "Stage joint: both in one answer"}


def selection_figure(runs: Sequence[Run]) -> Figure | None:
    """Selection by scenario and model, with the intervals of the score files."""
    scored = [one for run in runs for one in run.scored]
    cells = [[score_cell("figure", one, scenario, "selection") for one in scored] for scenario in SCENARIOS]
    points = [[_point(cell) for cell in row] for row in cells]
    if not any(point for row in points for point in row):
        return None
    words = [f"{scenario_words(scenario)}: {_listed(row)}." for scenario, row in zip(SCENARIOS, cells, strict=True)]
    return draw_dots(
        "selection",
        "Is the right tool selected, also where query or tool are new?",
        " ".join(["Dots with intervals, in percent of the examples.", *words]),
        [scenario_words(scenario).replace(", ", ",\n") for scenario in SCENARIOS],
        [one.name for one in scored],
        points,
        "selection right, % of the examples (with interval)",
    )


def transition_figure(runs: Sequence[Run]) -> Figure | None:
    """How the pairs went: right or wrong before the tool appears, and after."""
    counts = outcome_counts(runs)
    panels = []
    for sort, title in PAIR_WORDS.items():
        bars = [Bar(name, found) for (name, of), found in counts.items() if of == sort and any(found)]
        if bars:
            panels.append((title, bars))
    if not panels:
        return None
    words = [f"{title}: " + "; ".join(f"{bar.label}: {_outcome_words(bar.counts)}" for bar in bars) + "." for title, bars in panels]
    question = "What happens to an answer when a better tool appears?"
    return draw_bars("transitions", question, " ".join(["Stacked bars, in pairs.", *words]), panels, OUTCOMES)


def error_figure(runs: Sequence[Run]) -> Figure | None:
    """Error classes by model, as shares of all its examples."""
    scored = [one for run in runs for one in run.scored]
    rows = error_table(scored).rows
    totals = [_total(one.score) for one in scored]
    if not any(cell.value for _, row in rows for cell in row):
        return None
    points = [[_share(row[position].value, total) for (_, row), total in zip(rows, totals, strict=True)] for position in range(len(ERROR_CLASSES))]
    words = [f"{name}: {', '.join(f'{ERROR_WORDS[cell.metric].lower()} {cell.text}' for cell in row)}." for name, row in rows]
    return draw_dots(
        "errors",
        "Which mistakes are made?",
        " ".join(["Dots, in percent of each model's examples; here as counts.", *words]),
        [_two_lines(ERROR_WORDS[error]) for error in ERROR_CLASSES],
        [one.name for one in scored],
        points,
        "% of the examples",
    )


def training_figure(runs: Sequence[Run]) -> Figure | None:
    """Loss over steps in each stage; held-out loss dashed where it was logged."""
    panels = []
    for stage in STAGES:
        lines = [line for run in runs for line in _lines(run, stage, len(runs) > 1)]
        if lines:
            panels.append((STAGE_WORDS[stage], lines))
    if not panels:
        return None
    words = [f"{title}: " + ", ".join(_line_words(line) for line in lines) + "." for title, lines in panels]
    return draw_curves("training", "Did every stage of training learn?", " ".join(["Loss over optimiser steps.", *words]), panels)


def _lines(run: Run, stage: str, several: bool) -> list[Line]:
    prefix = f"{run.name}: " if several else ""
    lines = []
    for key, label, dashed in (("loss", "training loss", False), ("eval_loss", "held-out loss", True)):
        logged = [(line["step"], line[key]) for line in run.training.get(stage, ()) if _is_finite(line.get("step")) and _is_finite(line.get(key))]
        if logged:
            steps, values = zip(*logged, strict=True)
            lines.append(Line(prefix + label, steps, values, dashed))
    return lines


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _line_words(line: Line) -> str:
    return f"{line.label} from {line.values[0]:.3f} at step {line.steps[0]:g} to {line.values[-1]:.3f} at step {line.steps[-1]:g}"


def _point(cell: Cell) -> Point | None:
    if cell.value is None:
        return None
    return Point(100 * cell.value, None if cell.low is None else 100 * cell.low, None if cell.high is None else 100 * cell.high)


def _share(count: float | None, total: int | None) -> Point | None:
    return None if count is None or not total else Point(100 * count / total)


def _listed(cells: Sequence[Cell]) -> str:
    return "; ".join(f"{cell.name} {cell.text} {cell.interval}".rstrip() for cell in cells)


def _outcome_words(counts: Sequence[int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in zip(OUTCOMES, counts, strict=True))


def _total(score: Mapping[str, Any]) -> int | None:
    found = score["scenarios"].get("all") or {}
    return found.get("n") or score.get("n")


def _two_lines(text: str) -> str:
    """The words over two lines of about equal length."""
    words = text.split()
    split = min(range(1, len(words)), key=lambda i: abs(len(" ".join(words[:i])) - len(" ".join(words[i:]))))
    return " ".join(words[:split]) + "\n" + " ".join(words[split:])
