"""The curve of a base's training: its log in, a picture out. Called by `python -m gentool.nano` when it saves a base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gentool.core.jsonl import read_json_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "gentool", "font.size": 9}
PANELS = {" choice": "Choices that are right", " answers": "Answers of which every token is right"}
FIRST = 0.05
"""The share of the tokens before which nothing is drawn: there the means are those of few rows."""


def draw_curve(log: Path, out: Path) -> None:
    """Draw what the log says was right, by kind of row, over the tokens; the same log gives the same file.

    Where a training went on from its last state, a step stands in the log again: the later line counts.
    """
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(STYLE):
        from matplotlib import pyplot

        records = sorted({record["step"]: record for _, record in read_json_lines(log)}.values(), key=itemgetter("step"))
        figure, panels = pyplot.subplots(1, len(PANELS), figsize=(9, 3.4), sharey=True)
        for panel, (ending, title) in zip(panels, PANELS.items(), strict=True):
            _draw_panel(panel, records, ending)
            panel.set(title=title, xlabel="million tokens", ylim=(0, 100))
        panels[0].set_ylabel("percent")
        panels[-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
        figure.savefig(out, format="svg", metadata={"Date": None}, bbox_inches="tight")
        pyplot.close(figure)


def _draw_panel(panel: Axes, records: Sequence[Mapping[str, Any]], ending: str) -> None:
    """A line for each kind that the log has a share of."""
    last = records[-1]
    for kind in sorted(key.removesuffix(ending) for key in last if key.endswith(ending)):
        points = [
            (record["tokens"] / 1e6, 100 * record[kind + ending])
            for record in records
            if kind + ending in record and record["tokens"] > FIRST * last["tokens"]
        ]
        panel.plot(*zip(*points, strict=True), label=kind, linewidth=1.2)
    panel.spines[["top", "right"]].set_visible(False)
