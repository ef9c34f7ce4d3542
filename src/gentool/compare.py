"""Compare scored models: run folders in; a table on the terminal, and where asked JSON, Markdown and the records that differ out.

Floor 5; called by gentool.cli. Reads pairs/test.jsonl, score/NAME.verdicts.jsonl and, for the records, predict/NAME.jsonl.
gentool.evaluate.compare computes what is shown.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gentool.core.errors import GenToolError, RecipeError, RunError
from gentool.core.example import ERROR_CLASSES, TRAINED, Example, Prediction, Verdict, is_trained
from gentool.core.jsonl import read_records, write_json, write_text
from gentool.evaluate.compare import RIGHT, Judged, Table, compare, differs
from gentool.evaluate.predictors import name_of

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 150
"""Columns of the table where the output is no terminal, and the least that it takes on one."""


@dataclass(frozen=True)
class Scored:
    """One model of a comparison: its run folder, the name that its files have, and its label in the comparison."""

    run: Path
    engine: str
    label: str


@dataclass(frozen=True)
class Comparison:
    """What was compared, and the examples that were left out, by label of the model that has them and not all others."""

    scored: tuple[Scored, ...]
    examples: tuple[Example, ...]
    models: tuple[Judged, ...]
    left_out: dict[str, int]
    table: Table


def compare_runs(named: Sequence[str], common: bool = False, seed: int = 0) -> Comparison:
    """Compare models named `RUN` or `RUN:ENGINE`, the first with each other one.

    Raises RunError where a run or engine is not scored, its verdicts do not fit its examples, or the examples of the models
    are not the same; with `common` those that all share are compared.
    """
    if len(named) < 2:
        raise GenToolError("compare takes two models or more, as RUN or RUN:ENGINE; the first is the reference")
    scored = label([find_scored(name) for name in named])
    tests = {one.run: read_test(one.run) for one in scored}
    examples, left_out = share_examples(scored, [tests[one.run] for one in scored], common)
    models = [Judged(one.label, read_verdicts(one, tests[one.run])) for one in scored]
    return Comparison(scored, tuple(examples), tuple(models), left_out, compare(examples, models, seed))


def find_scored(named: str) -> Scored:
    """The run folder and engine that a name means. Without an engine: what the run trained, or the only one that is scored.

    What was trained is found as `trained` where its answers were held, too.
    """
    run, engine = _part(named)
    if not run.is_dir():
        raise RunError(f"{named}: no such run folder; name a model as RUN or RUN:ENGINE")
    found = sorted(path.name.removesuffix(".verdicts.jsonl") for path in (run / "score").glob("*.verdicts.jsonl"))
    if not found:
        raise RunError(f"{run}: nothing is scored yet, so there is nothing to compare; run: gentool score {run}")
    if not engine or (engine == TRAINED and any(map(is_trained, found))):
        engine = _find_default(run, found)
    elif engine not in found:
        engine = _filed(engine, run, found)
    return Scored(run, engine, "")


def _find_default(run: Path, found: Sequence[str]) -> str:
    """`trained`, or what was trained and held, or the only engine. Raises RunError where that leaves several."""
    best = [name for name in found if name == TRAINED] or [name for name in found if is_trained(name)] or list(found)
    if len(best) > 1:
        raise RunError(f"{run}: several engines are scored ({', '.join(found)}); say which, as {run}:{best[0]}")
    return best[0]


def _part(named: str) -> tuple[Path, str]:
    """The run folder and the engine, split at the first colon that ends the name of a folder."""
    places = [place for place, letter in enumerate(named) if letter == ":" and Path(named[:place]).is_dir()]
    if Path(named).is_dir() or not places:
        return Path(named), ""
    return Path(named[: places[0]]), named[places[0] + 1 :]


def _filed(engine: str, run: Path, found: Sequence[str]) -> str:
    """The name that an engine's files have, where it was named as for `gentool predict`."""
    try:
        name = name_of(engine)
    except RecipeError:
        name = engine
    if name not in found:
        raise RunError(f"{run}: the engine '{engine}' is not scored (scored are: {', '.join(found)})")
    return name


def label(scored: Sequence[Scored]) -> tuple[Scored, ...]:
    """The models with labels that tell them apart: the engine within one run, the run's name, or both."""
    runs = {one.run.resolve() for one in scored}
    short = {run: run.name if sum(other.name == run.name for other in runs) == 1 else str(run) for run in runs}
    if len(runs) == 1:
        names = [one.engine for one in scored]
    elif len({one.engine for one in scored}) == 1 and len(runs) == len(scored):
        names = [short[one.run.resolve()] for one in scored]
    else:
        names = [f"{short[one.run.resolve()]}:{one.engine}" for one in scored]
    numbered = [name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})" for place, name in enumerate(names)]
    return tuple(Scored(one.run, one.engine, name) for one, name in zip(scored, numbered, strict=True))


def read_test(run: Path) -> dict[str, Example]:
    """A run's test examples by id."""
    path = run / "pairs" / "test.jsonl"
    if not path.exists():
        raise RunError(f"{path}: no such file, so its models cannot be compared; run: gentool pairs {run}")
    return {example.id: example for example in read_records(path, Example)}


def share_examples(scored: Sequence[Scored], tests: Sequence[dict[str, Example]], common: bool) -> tuple[list[Example], dict[str, int]]:
    """The examples that all have, in the order of the reference, and how many of each are left out.

    Raises RunError where an example is not the same in two runs, or some are left out and `common` is False.
    """
    shared = [example for identifier, example in tests[0].items() if all(identifier in test for test in tests)]
    for example in shared:
        for one, test in zip(scored, tests, strict=True):
            if test[example.id] != example:
                raise RunError(
                    f"example {example.id} is another one in {one.run} than in {scored[0].run}: the runs were not built from the same data"
                )
    left_out = {one.label: len(test) - len(shared) for one, test in zip(scored, tests, strict=True)}
    if not shared:
        raise RunError(f"{' and '.join(str(one.run) for one in scored)} have no test example in common, so they cannot be compared")
    if any(left_out.values()) and not common:
        counts = ", ".join(f"{name} has {count} of {len(test)}" for (name, count), test in zip(left_out.items(), tests, strict=True))
        raise RunError(
            f"the models were tested on different examples ({counts} that not all have); --common compares the {len(shared)} that all have"
        )
    return shared, left_out


def read_verdicts(one: Scored, examples: Mapping[str, Example]) -> dict[str, Verdict]:
    """A model's verdicts by example. Raises RunError where they are not of these examples, or older than what they judge."""
    path, again = one.run / "score" / f"{one.engine}.verdicts.jsonl", f"run: gentool score {one.run}"
    for source in (one.run / "pairs" / "test.jsonl", one.run / "predict" / f"{one.engine}.jsonl"):
        if source.exists() and source.stat().st_mtime_ns > path.stat().st_mtime_ns:
            raise RunError(f"{path} is older than {source}; {again}")
    verdicts = list(read_records(path, Verdict))
    by_id = {verdict.id: verdict for verdict in verdicts}
    if len(by_id) != len(verdicts) or by_id.keys() != examples.keys():
        missing, unknown = len(examples.keys() - by_id.keys()), len(by_id.keys() - examples.keys())
        repeated = len(verdicts) - len(by_id)
        counts = f"{missing} missing, {unknown} of other examples, {repeated} repeated"
        raise RunError(f"{path} does not fit the {len(examples)} examples of {one.run / 'pairs' / 'test.jsonl'} ({counts}); {again}")
    return by_id


# What is written


def write_differences(found: Comparison, path: Path) -> int:
    """Write the records on which two of the models differ, one JSON object a line; returns how many."""
    answers = {one.label: _read_answers(one) for one in found.scored}
    lines = []
    for example in found.examples:
        verdicts = {model.name: model.verdicts[example.id] for model in found.models}
        fields = differs(list(verdicts.values()))
        if fields:
            lines.append(json.dumps(_describe(example, fields, verdicts, answers), ensure_ascii=False) + "\n")
    write_text(path, "".join(lines))
    return len(lines)


def _read_answers(one: Scored) -> dict[str, str]:
    path = one.run / "predict" / f"{one.engine}.jsonl"
    if not path.exists():
        raise RunError(f"{path}: no such file, so the answers that differ cannot be written; run: gentool predict {one.run}")
    return {prediction.id: prediction.select for prediction in read_records(path, Prediction)}


def _describe(example: Example, fields: Sequence[str], verdicts: Mapping[str, Verdict], answers: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    target = [{"name": call.name, "arguments": call.arguments} for call in example.calls]
    return {
        "id": example.id,
        "kind": example.kind,
        "scenario": example.scenario,
        "category": example.category,
        "family": example.family,
        "query": example.query,
        "tools": list(example.tools.names),
        "target": target[0] if len(target) == 1 else target,
        "differ_in": list(fields),
        "answers": {
            name: {"right": verdict.call, "error": verdict.error, "reason": verdict.reason, "answer": answers[name].get(example.id, "")}
            for name, verdict in verdicts.items()
        },
    }


def write_outputs(found: Comparison, out: Path | None, markdown: Path | None, differences: Path | None) -> Iterator[str]:
    """Write the files that were asked for; a line for each."""
    if out is not None:
        write_json(out, {**found.table, "left_out": found.left_out})
        yield f"numbers: {out}"
    if markdown is not None:
        write_text(markdown, render_markdown(found))
        yield f"markdown: {markdown}"
    if differences is not None:
        yield f"records that differ: {write_differences(found, differences)} of {len(found.examples)} ({differences})"


# Showing the table


def describe_comparison(found: Comparison) -> Iterator[str]:
    """What was compared, in sentences."""
    table = found.table
    yield f"{table['n']} examples of {table['families']} families; reference: {table['reference']}"
    if any(found.left_out.values()):
        yield "left out, as not all have them: " + ", ".join(f"{count} of {name}" for name, count in found.left_out.items())
    yield (
        f"Differences in points with 95% intervals of the cluster bootstrap ({table['draws']:,} draws of families, seed {table['seed']}); "
        "* where the interval leaves out 0."
    )
    yield (
        "p: McNemar's test, which takes examples as independent and so finds too much where families are large; "
        f"Holm: adjusted for {table['tests']} tests."
    )


HEADS = ("metric", "over", "n", "families", "reference", "model", "difference", "only reference", "only model", "p", "p (Holm)")


def row_cells(row: Table) -> tuple[str, ...]:
    """A row of the table as it is shown, in the order of HEADS."""
    over = row["group"].replace("_", " ") if row["by"] != "category" else row["group"]
    shares = (f"{100 * row['reference_value']:.1f}", f"{100 * row['value']:.1f}")
    counts = (str(row["only_reference"]), str(row["only_model"]))
    return (row["metric"], over, str(row["n"]), str(row["families"]), *shares, show_difference(row), *counts, show_p(row["p"]), show_p(row["p_holm"]))


def show_difference(row: Table) -> str:
    """`+4.2 (1.3 to 7.0)*` in points; without an interval where there is one family."""
    value = f"{_points(row['difference']):+.1f}"
    if row["low"] is None:
        return f"{value} (one family)"
    mark = "*" if row["low"] > 0 or row["high"] < 0 else ""
    return f"{value} ({_points(row['low']):.1f} to {_points(row['high']):.1f}){mark}"


def _points(share: float) -> float:
    """A difference in points to one decimal, without the sign of a zero."""
    return round(100 * share, 1) + 0.0


def show_p(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


ERROR_HEADS = ("whole call", "reference", "model", "in both", "from right to this", "from this to right")


def error_rows(table: Table, name: str) -> list[tuple[str, ...]]:
    """By class, in the order of ERROR_HEADS: how often the reference and a model have it, and what went from right to it and back."""
    went, reference = table["transitions"][name], table["reference"]
    rows = []
    for kind in (RIGHT, *ERROR_CLASSES):
        counts = (table["errors"][reference][kind], table["errors"][name][kind], went[kind].get(kind, 0))
        moved = ("", "") if kind == RIGHT else (str(went[RIGHT].get(kind, 0)), str(went[kind].get(RIGHT, 0)))
        if any(counts):
            rows.append((kind.replace("_", " "), *map(str, counts), *moved))
    return rows


def say_comparison(found: Comparison) -> None:
    """Print the comparison: for each model a table of its differences from the reference, and one of the errors."""
    from rich.console import Console

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    console = Console(width=max(width, WIDTH), highlight=False)
    for line in describe_comparison(found):
        console.print(line, markup=False, soft_wrap=True)
    for name in found.table["models"][1:]:
        console.print(f"\n{name} against {found.table['reference']}", style="bold", markup=False)
        rows = [row for row in found.table["rows"] if row["model"] == name]
        sections = [row["group"] != rows[place + 1]["group"] if place + 1 < len(rows) else False for place, row in enumerate(rows)]
        _print_table(console, HEADS, [row_cells(row) for row in rows], sections, left=2)
        console.print()
        errors = error_rows(found.table, name)
        _print_table(console, ERROR_HEADS, errors, [False] * len(errors), left=1)


def _print_table(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]], sections: Sequence[bool], left: int) -> None:
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        widest = max(len(cells[place]) for cells in rows)
        grid.add_column(head, justify="left" if place < left else "right", min_width=widest)
    for cells, section in zip(rows, sections, strict=True):
        grid.add_row(*(Text(cell) for cell in cells))
        if section:
            grid.add_row()
    console.print(grid)


def render_markdown(found: Comparison) -> str:
    """The same tables as Markdown, for a paper or a pull request."""
    lines = [f"{line}  " for line in describe_comparison(found)]
    for name in found.table["models"][1:]:
        lines += ["", f"### {name} against {found.table['reference']}", ""]
        lines += _markdown_table(HEADS, [row_cells(row) for row in found.table["rows"] if row["model"] == name], left=2)
        lines += ["", *_markdown_table(ERROR_HEADS, error_rows(found.table, name), left=1)]
    return "\n".join(lines) + "\n"


def _markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> list[str]:
    rule = ["---" if place < left else "---:" for place in range(len(heads))]
    return [f"| {' | '.join(_escape(cell) for cell in cells)} |" for cells in (heads, rule, *rows)]


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("*", "\\*")
