"""The figures of the report as inline SVG, one per question.

In: plain numbers, made by gentool.report.view. Out: SVG text without a document head, whose colours are CSS variables of
the page (so that it follows light and dark mode), whose text stays text and whose bytes depend on the numbers alone.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

WIDTH = 7.4
"""Inches; the page scales the drawing to its column."""
SERIES = 7
"""How many colours the page defines as --series-0 and on; markers tell further series apart."""
MARKERS = "osD^vPX*"
TEXT, RULE = "#a10000", "#a20000"
"""Stand-ins that the drawing is made with and that `_themed` replaces by the page's colours."""
SETTINGS: Any = {
    "svg.hashsalt": "gentool",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9.5,
    "text.color": TEXT,
    "axes.edgecolor": RULE,
    "axes.labelcolor": TEXT,
    "axes.axisbelow": True,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": TEXT,
    "ytick.labelcolor": TEXT,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "ytick.left": False,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Point:
    """A share in percent with the ends of its interval (None where it has none)."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bar:
    """One stacked bar: `counts` in the order of the outcomes."""

    label: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """A curve over steps; `dashed` marks the loss on held-out examples."""

    label: str
    steps: tuple[float, ...]
    values: tuple[float, ...]
    dashed: bool = False


@dataclass(frozen=True)
class Figure:
    """A drawing with the question that it answers and what it shows in words."""

    key: str
    question: str
    alternative: str
    svg: str


def draw_dots(
    key: str, question: str, alternative: str, rows: Sequence[str], names: Sequence[str], points: Sequence[Sequence[Point | None]], axis: str
) -> Figure:
    """Rows of dots with their intervals: `points[row][series]` in percent, None where there is no number."""
    spacing = 0.17 if any(point and point.low is not None for row in points for point in row) else 0.12
    height = len(rows) * max(0.42, spacing * len(names) + 0.16) + 0.65
    with _Drawing(height, names) as drawing:
        axes = drawing.canvas.add_axes(drawing.box(left=1.75, bottom=0.5))
        step = 0.72 / max(len(names), 1)
        for series, name in enumerate(names):
            found = [(row, point) for row in range(len(rows)) if (point := points[row][series]) is not None]
            heights = [row + (series - (len(names) - 1) / 2) * step for row, _ in found]
            _draw_series(axes, series, name, heights, [point for _, point in found])
        _dress_rows(axes, rows, [point for row in points for point in row if point])
        axes.set_xlabel(axis)
        drawing.add_legend(axes)
    return drawing.figure(key, question, alternative)


def _draw_series(axes: Axes, series: int, name: str, heights: list[float], found: list[Point]) -> None:
    colour = f"#a3000{series % SERIES}"
    marker = MARKERS[series % len(MARKERS)]
    axes.errorbar(
        [point.value for point in found],
        heights,
        xerr=_spread(found),
        fmt=marker,
        color=colour,
        markersize=5.5,
        elinewidth=1.4,
        capsize=2.5,
        label=name,
    )


def _dress_rows(axes: Axes, rows: Sequence[str], found: list[Point]) -> None:
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    top = max([5.0, *(point.high or point.value for point in found)])
    axes.set_xlim(-1, 101 if top > 60 else top * 1.08)
    axes.grid(axis="x")
    for boundary in range(1, len(rows)):
        axes.axhline(boundary - 0.5, color=RULE, linewidth=0.6)


def draw_bars(key: str, question: str, alternative: str, panels: Sequence[tuple[str, Sequence[Bar]]], outcomes: Sequence[str]) -> Figure:
    """Stacked bars of 100 %, a panel per title: `outcomes` names the parts, each takes the colour --outcome-0 and on."""
    heights = [0.45 + 0.5 * len(bars) for _, bars in panels]
    with _Drawing(sum(heights) + 0.3, outcomes) as drawing:
        left, bottom, width, height = drawing.box(left=0.15, bottom=0.3)
        for (title, bars), start, share in zip(panels, _starts(heights), heights, strict=True):
            unit = height / sum(heights)
            axes = drawing.canvas.add_axes((left, bottom + height - (start + share) * unit, width, (share - 0.36) * unit))
            _draw_stack(axes, bars, outcomes)
            axes.set_title(title, loc="left", fontweight="bold", fontsize=9.5, pad=3)
            axes.tick_params(labelbottom=start + share == sum(heights), length=0)
        axes.set_xticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)])
        drawing.add_legend(axes)
    return drawing.figure(key, question, alternative)


def _starts(heights: Sequence[float]) -> list[float]:
    return [sum(heights[:i]) for i in range(len(heights))]


def _draw_stack(axes: Axes, bars: Sequence[Bar], outcomes: Sequence[str]) -> None:
    axes.set_xlim(0, 100)
    axes.set_ylim(len(bars) - 0.5, -0.62)
    axes.set_yticks([])
    axes.set_xticks(range(0, 101, 20))
    for row, bar in enumerate(bars):
        total = sum(bar.counts)
        axes.text(0, row - 0.22, bar.label, va="bottom", ha="left")
        edge = 0.0
        for outcome, count in enumerate(bar.counts):
            share = 100 * count / total if total else 0.0
            axes.barh(row + 0.12, share, height=0.5, left=edge, label=outcomes[outcome] if row == 0 else None, color=f"#a4000{outcome}", linewidth=0)
            if share >= 4:
                axes.text(edge + share / 2, row + 0.12, str(count), va="center_baseline", ha="center", color=f"#a5000{outcome}", fontweight="bold")
            edge += share


def draw_curves(key: str, question: str, alternative: str, panels: Sequence[tuple[str, Sequence[Line]]]) -> Figure:
    """Curves over training steps, a panel per title side by side."""
    names = list(dict.fromkeys(line.label for _, lines in panels for line in lines))
    lines_above = 1 if len(panels) < 3 else 2
    with _Drawing(2.55 + 0.15 * lines_above, names if len(names) > 1 else ()) as drawing:
        _, bottom, _, height = drawing.box(left=0.55, bottom=0.55)
        for position, (title, lines) in enumerate(panels):
            place = WIDTH / max(2, len(panels))
            axes = drawing.canvas.add_axes(
                ((0.55 + position * place) / WIDTH, bottom, (place - 0.8) / WIDTH, height - (0.13 + 0.15 * lines_above) / drawing.height)
            )
            for line in lines:
                colour = f"#a3000{names.index(line.label) % SERIES}"
                marker = MARKERS[names.index(line.label) % len(MARKERS)] if len(line.steps) < 12 else ""
                style = "--" if line.dashed else "-"
                axes.plot(line.steps, line.values, style, color=colour, marker=marker, markersize=3.5, linewidth=1.6, label=line.label)
            axes.set_title(title if len(panels) < 3 else title.replace(": ", ":\n"), loc="left", fontweight="bold", fontsize=9.5)
            axes.set_xlabel("optimiser step")
            axes.set_ylabel("loss")
            axes.set_ylim(bottom=0)
            axes.margins(x=0.02)
            axes.grid(axis="y")
        drawing.add_legend(*drawing.canvas.axes)
    return drawing.figure(key, question, alternative)


PanelOfPoints = tuple[str, Sequence[Sequence[Point | None]]]
"""A title, and the points by row (or place) and series."""


def draw_lines(
    key: str, question: str, alternative: str, places: Sequence[float], names: Sequence[str], panels: Sequence[PanelOfPoints], axis: str
) -> Figure:
    """Shares in percent with their intervals over numbers, a panel per title side by side: `points[place][series]`."""
    with _Drawing(2.9, names) as drawing:
        _, bottom, _, height = drawing.box(left=0.6, bottom=0.55)
        reach = max(places) - min(places)
        for position, (title, points) in enumerate(panels):
            width = 6.4 if len(panels) == 1 else 2.9
            axes = drawing.canvas.add_axes(((0.6 + position * 3.7) / WIDTH, bottom, width / WIDTH, height - 0.28 / drawing.height))
            for series, name in enumerate(names):
                found = [(place, point) for place, row in zip(places, points, strict=True) if (point := row[series]) is not None]
                aside = (series - (len(names) - 1) / 2) * 0.012 * reach
                _draw_line(axes, series, name, [place + aside for place, _ in found], [point for _, point in found])
            axes.set_title(title, loc="left", fontweight="bold", fontsize=9.5)
            axes.set_xticks(list(places), [f"{place:g}" for place in places])
            axes.set_yticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)])
            axes.set_ylim(-2, 102)
            axes.set_xlabel(axis)
            axes.grid(axis="y")
        drawing.add_legend(drawing.canvas.axes[0])
    return drawing.figure(key, question, alternative)


def _draw_line(axes: Axes, series: int, name: str, places: list[float], found: list[Point]) -> None:
    colour, marker = f"#a3000{series % SERIES}", MARKERS[series % len(MARKERS)]
    values = [point.value for point in found]
    axes.errorbar(
        places, values, yerr=_spread(found), fmt=f"{marker}-", color=colour, markersize=5, linewidth=1.6, elinewidth=1.2, capsize=2.5, label=name
    )


def draw_rows(
    key: str, question: str, alternative: str, rows: Sequence[str], names: Sequence[str], panels: Sequence[PanelOfPoints], axis: str
) -> Figure:
    """Rows of dots with their intervals, a panel per title side by side, one name of a row for both: `points[row][series]`."""
    height = len(rows) * max(0.36, 0.17 * len(names) + 0.14) + 0.95
    with _Drawing(height, names) as drawing:
        _, bottom, _, share = drawing.box(left=1.75, bottom=0.5)
        step = 0.7 / max(len(names), 1)
        width = (WIDTH - 1.95 - 0.3 * (len(panels) - 1)) / len(panels)
        for position, (title, points) in enumerate(panels):
            axes = drawing.canvas.add_axes(((1.75 + position * (width + 0.3)) / WIDTH, bottom, width / WIDTH, share - 0.28 / drawing.height))
            for series, name in enumerate(names):
                found = [(row, point) for row in range(len(rows)) if (point := points[row][series]) is not None]
                _draw_series(axes, series, name, [row + (series - (len(names) - 1) / 2) * step for row, _ in found], [point for _, point in found])
            _dress_rows(axes, rows, [Point(100.0)])
            axes.set_title(title, loc="left", fontweight="bold", fontsize=9.5)
            axes.tick_params(labelleft=position == 0)
            axes.set_xlabel(axis)
        drawing.add_legend(drawing.canvas.axes[0])
    return drawing.figure(key, question, alternative)


def _spread(found: Sequence[Point]) -> list[list[float]]:
    """How far the bounds of intervals are from the values, below and above."""
    return [
        [point.value - point.low if point.low is not None else 0 for point in found],
        [point.high - point.value if point.high is not None else 0 for point in found],
    ]


class _Drawing:
    """A canvas of fixed width with a legend above the plot, drawn under the settings of this file."""

    def __init__(self, plot_height: float, names: Sequence[str]) -> None:
        longest = max((len(name) for name in names), default=0)
        lines = -(-len(names) // max(1, int(108 / (longest + 7))))
        self._columns = -(-len(names) // lines) if lines else 1
        self._legend = 0.22 * lines + 0.08 if names else 0.0
        self.height = plot_height + self._legend

    def __enter__(self) -> _Drawing:
        import matplotlib
        from matplotlib.figure import Figure as Canvas

        self._settings = matplotlib.rc_context(SETTINGS)
        self._settings.__enter__()
        self.canvas: Canvas = Canvas(figsize=(WIDTH, self.height))
        return self

    def __exit__(self, kind: Any, *rest: Any) -> None:
        try:
            if kind is None:
                self._text = _save(self.canvas)
        finally:
            self._settings.__exit__(kind, *rest)

    def box(self, left: float, bottom: float) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of the plot below the legend as shares of the canvas; margins in inches."""
        height = (self.height - bottom - self._legend - 0.08) / self.height
        return left / WIDTH, bottom / self.height, (WIDTH - left - 0.3) / WIDTH, height

    def add_legend(self, *plots: Axes) -> None:
        """One legend for the whole canvas, from the labels of its plots, each once."""
        if self._legend:
            found = {label: handle for axes in plots for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
            self.canvas.legend(
                found.values(),
                found.keys(),
                loc="upper left",
                bbox_to_anchor=(0, 1),
                ncols=self._columns,
                borderaxespad=0,
                handletextpad=0.5,
                columnspacing=1.4,
            )

    def figure(self, key: str, question: str, alternative: str) -> Figure:
        return Figure(key, question, alternative, _embedded(self._text, key, question, alternative))


def _save(canvas: Canvas) -> str:
    text = StringIO()
    with warnings.catch_warnings():
        # The page's fonts draw the text, so it does not matter that matplotlib's own font lacks a letter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        canvas.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return text.getvalue()


def _embedded(svg: str, key: str, question: str, alternative: str) -> str:
    """The <svg> element alone: named for readers of the screen, ids made unique on the page, colours from its variables."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<style.*?</style>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    used = set(re.findall(r"#([mp][0-9a-f]{10})\b", body))
    body = re.sub(r' id="([^"]*)"', lambda found: f' id="{key}-{found[1]}"' if found[1] in used else "", body)
    body = re.sub(r"#([mp][0-9a-f]{10})\b", rf"#{key}-\1", body)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
    assert size is not None, "matplotlib writes a viewBox"
    head = (
        f'<svg class="drawing" viewBox="0 0 {size[1]} {size[2]}" role="img" aria-labelledby="{key}-title {key}-words" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{key}-title">{escape(question)}</title><desc id="{key}-words">{escape(alternative)}</desc>'
    )
    return head + _themed(body[body.index(">") + 1 :]).rstrip()


def _themed(svg: str) -> str:
    """Put the page's colours for the stand-ins."""
    svg = svg.replace(TEXT, "currentColor").replace(RULE, "var(--rule)")
    for stand_in, variable in (("a3", "series"), ("a4", "outcome"), ("a5", "outcome-ink")):
        svg = re.sub(rf"#{stand_in}000(\d)", rf"var(--{variable}-\1)", svg)
    return svg
