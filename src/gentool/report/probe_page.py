"""The page of a probe: results by engine in, one self-contained HTML file out.

Called by gentool.probe.pipeline. The results are those of probe/NAME.json; nothing is computed anew. The page holds what it
shows, loads nothing, and the same results give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gentool.core.jsonl import write_text
from gentool.report.figures import Figure, Point, draw_lines, draw_rows

Result = Mapping[str, Any]
GROUPS = {"call": "A tool has to be called", "abstain": "No tool serves the query"}
QUESTIONS: dict[str, tuple[str, str, str]] = {
    "candidates": (
        "Does the choice hold among more candidates?",
        "The same queries before more and more tools. A smaller set is part of the larger one, the further tools are drawn at random from all that "
        "may stand there, and the order is drawn for each set.",
        "candidates",
    ),
    "position": (
        "Does it matter where the right tool stands?",
        "The same set with the right tool in each slot in turn; the other tools keep their order.",
        "slot of the right tool",
    ),
    "similarity": (
        "How near may the other tools be?",
        "The same queries beside tools that are drawn at random, that are middling in similarity to the right tool, and that are the most similar "
        "ones in the catalogue. None of them serves the query.",
        "",
    ),
    "names": (
        "Does the choice go by names or by what they stand for?",
        "The same sets with the names of tools and parameters misspelt (slight), turned round or made random (medium), and swapped with each other "
        "(heavy). Descriptions stay, and the right tool is the one of the same description. After RoTBench.",
        "",
    ),
    "paraphrase": (
        "Does it matter how it is said?",
        "The same queries in other manners, and under other wordings of the instruction.",
        "",
    ),
}
"""By question: its words, what is changed, and for numbers what they count."""


@dataclass(frozen=True)
class Cell:
    """A share as the table shows it, with its interval, and the difference from the first variant with its own."""

    engine: str
    group: str
    variant: str
    value: float | None
    text: str
    interval: str = ""
    difference: str = ""


@dataclass(frozen=True)
class Section:
    """One question: its figure (None where nothing could be asked) and its table, rows by variant."""

    key: str
    title: str
    meaning: str
    figure: Figure | None
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    notes: tuple[str, ...]


def write_probe_page(title: str, results: Sequence[Result], out: Path) -> Path:
    """Write the page of one or more engines' results and return its path."""
    write_text(out, render_probe_page(title, results))
    return out


def render_probe_page(title: str, results: Sequence[Result]) -> str:
    """The page as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    sections = [make_section(key, results) for key in QUESTIONS if any(key in result["questions"] for result in results)]
    style = (folder / "page.css").read_text(encoding="utf-8")
    names = [result["name"] for result in results]
    sample, seed = results[0]["sample"], results[0]["seed"]
    return environment.get_template("probe.html.j2").render(style=style, title=title, sections=sections, names=names, sample=sample, seed=seed) + "\n"


def make_section(key: str, results: Sequence[Result]) -> Section:
    """A question of all engines: the figure, the table and the notes."""
    asked = {result["name"]: result["questions"][key] for result in results if key in result["questions"]}
    variants = list(dict.fromkeys(variant for one in asked.values() for variant in one["variants"]))
    groups = [group for group in GROUPS if any(group in one["groups"] for one in asked.values())]
    rows = {(name, group): _by_variant(one["groups"].get(group)) for name, one in asked.items() for group in GROUPS}
    columns = tuple((group, name) for group in groups for name in asked)
    title, meaning, axis = QUESTIONS[key]
    cells = [(variant, tuple(_cell(name, group, variant, rows[name, group], variants[0]) for group, name in columns)) for variant in variants]
    if variants:
        cells.append(("right under all of these", tuple(_always(name, group, asked[name]["groups"].get(group)) for group, name in columns)))
    notes = tuple(dict.fromkeys(note for one in asked.values() for note in one["notes"]))
    figure = draw_section(key, title, axis, list(asked), groups, variants, rows) if variants else None
    return Section(key, title, meaning, figure, tuple((GROUPS[group], name) for group, name in columns), tuple(cells), notes)


def _by_variant(group: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    return {row["variant"]: row for row in group["rows"]} if group else {}


def draw_section(
    key: str,
    title: str,
    axis: str,
    names: Sequence[str],
    groups: Sequence[str],
    variants: Sequence[str],
    rows: Mapping[tuple[str, str], Mapping[str, Mapping[str, Any]]],
) -> Figure:
    """The figure of a question: lines over numbers, else rows of dots; a panel for each group of examples."""
    panels = [(GROUPS[group], [[_point(rows[name, group].get(variant)) for name in names] for variant in variants]) for group in groups]
    words = [
        f"{GROUPS[group]}: {name}: "
        + ", ".join(f"{variant} {_percent(rows[name, group][variant]['selection']['value'])}" for variant in variants)
        + "."
        for group in groups
        for name in names
        if rows[name, group]
    ]
    alternative = " ".join(["Selection right, in percent of the examples, with intervals.", *words])
    if axis:
        return draw_lines(key, title, alternative, [float(variant) for variant in variants], names, panels, axis)
    return draw_rows(key, title, alternative, variants, names, panels, "selection right, %")


def _point(row: Mapping[str, Any] | None) -> Point | None:
    if row is None or row["selection"]["value"] is None:
        return None
    share = row["selection"]
    return Point(100 * share["value"], 100 * share["low"], 100 * share["high"])


def _cell(name: str, group: str, variant: str, rows: Mapping[str, Mapping[str, Any]], first: str) -> Cell | None:
    row = rows.get(variant)
    if row is None:
        return None
    share, difference = row["selection"], row["difference"]
    changed = "" if variant == first else f"{100 * difference['value']:+.1f}"
    if changed and difference["low"] is not None:
        changed += f" ({100 * difference['low']:+.0f} to {100 * difference['high']:+.0f})"
    return Cell(name, group, variant, share["value"], _percent(share["value"]), _interval(share), changed)


def _always(name: str, group: str, found: Mapping[str, Any] | None) -> Cell | None:
    if found is None:
        return None
    share = found["always"]
    return Cell(name, group, "always", share["value"], _percent(share["value"]), _interval(share))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _interval(share: Mapping[str, Any]) -> str:
    if share["low"] is None:
        return ""
    return f"{100 * share['low']:.0f}–{100 * share['high']:.0f}, n {share['n']:,}"
