"""What the commands print: one line a stage, and the score table. Floor 5; called by gentool.cli."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from gentool.bench_run import Predicted
from gentool.core.example import SCENARIOS, is_trained, label_of
from gentool.core.jsonl import read_json
from gentool.engines.estimate import Estimate
from gentool.engines.prices import Spending
from gentool.run import Run

WIDE, NARROW = 130, 90
"""Columns of a terminal: from the first on the table shows intervals; the second is the table's least width."""
METRICS = ("format", "selection", "selection_lenient", "parameter_names", "parameter_values", "call")
CATEGORY_METRICS = ("format", "selection", "call")
MOST_ODDITIES = 8
"""How many kinds of oddity, and how many refusals, are printed; pairs/build.json holds them all."""
PAIRS = ("zero_to_one", "weak_to_strong")


def say_synth(build: dict[str, Any], run: Run) -> None:
    """What synthesis wrote and what verification kept."""
    written, verified = build["written"], build["verified"]
    refused = sum(build["rejected"].values())
    typer.echo(
        f"synth:   {written['tools']} tools, {written['weak_tools']} weak tools, {written['queries']} queries, {written['calls']} calls; "
        f"kept {verified['families']} families with {verified['queries']} queries, refused {refused} ({run.path / 'synth' / 'rejected.jsonl'})"
    )
    if build.get("judge"):
        judge = build["judge"]
        typer.echo(f"judge:   agrees with {judge['queries_agreed']} of {judge['queries']} queries ({run.path / 'synth' / 'votes.jsonl'})")
    if build.get("spending"):
        _say_spending(build["spending"])


def _say_spending(spending: dict[str, Any]) -> None:
    """What the teachers cost, and each record that was accepted."""
    for name, model in spending["models"].items():
        typer.echo(f"teacher: {_describe_spending(name, model, 'synth.openai')}")
    if spending["cost_per_accepted"] is not None:
        typer.echo(f"         {spending['cost_per_accepted']:.6f} for each of {spending['accepted']} accepted queries")


def _describe_spending(name: str, spent: dict[str, Any], table: str) -> str:
    """A model's answers, tokens and cost."""
    cost = f"no price in {table}.prices" if spent["cost"] is None else f"cost {spent['cost']:.4f}"
    about = "about " if spent["estimated"] else ""
    prompt = f"{about}{spent['prompt_tokens']:,} prompt tokens ({spent['cached_prompt_tokens']:,} from the provider's cache)"
    return f"{name}: {spent['answers']} answers, {prompt}, {about}{spent['completion_tokens']:,} completion tokens, {cost}"


def say_estimate(found: Estimate, run: Run) -> None:
    """What a synthesis would still take, on which assumptions."""
    if not found.lines:
        typer.echo(f"dry run: the teacher {run.recipe.synth.teacher} works offline and costs nothing")
        return
    typer.echo(f"dry run: nothing was sent ({run.path})")
    _say_lines(found)


def say_prediction_estimates(found: Mapping[str, Estimate | None], run: Run) -> None:
    """What each engine's predictions would still take, on which assumptions."""
    typer.echo(f"dry run: nothing was sent ({run.path})")
    for engine, estimate in found.items():
        if estimate is None:
            typer.echo(f"{engine}: works here and costs nothing")
        else:
            typer.echo(f"{engine}:")
            _say_lines(estimate)


def _say_lines(found: Estimate) -> None:
    """The table of an estimate, what it rests on, and whether the budget is enough."""
    heads = ("task", "model", "requests", "answered", "prompt tokens", "completion tokens", "cost")
    rows = [
        (
            line.task,
            line.model,
            f"{line.requests:,}",
            f"{line.answered:,}",
            f"{line.prompt_tokens:,}",
            f"{line.completion_tokens:,}",
            _cost(line.cost),
        )
        for line in found.lines
    ]
    prompt, completion = (sum(getattr(line, name) for line in found.lines) for name in ("prompt_tokens", "completion_tokens"))
    answered = sum(line.answered for line in found.lines)
    rows.append(("all", "", f"{found.requests:,}", f"{answered:,}", f"{prompt:,}", f"{completion:,}", _cost(found.cost)))
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    for row in (heads, *rows):
        shown = (cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths, strict=True)))
        typer.echo("  " + "  ".join(shown))
    for assumption in found.assumptions:
        typer.echo(f"  - {assumption}")
    _say_budget(found)


def _say_budget(found: Estimate) -> None:
    if found.paid:
        typer.echo(f"paid so far: {found.paid:.4f}")
    if found.budget is not None and found.cost is not None:
        whole = found.cost + (found.paid or 0.0)
        verdict = "is enough" if whole <= found.budget else "is not enough: the run will stop there, and go on when it is raised"
        typer.echo(f"budget: {found.budget:.2f} for about {whole:.4f} in all {verdict}")


def _cost(cost: float | None) -> str:
    return "?" if cost is None else f"{cost:.4f}"


def say_pairs(build: dict[str, Any], run: Run) -> None:
    """How many examples there are, and that no check found a leak."""
    counts = build["counts"]
    compared = sum(check["compared"] for check in build["leak_checks"])
    typer.echo(
        f"pairs:   {counts['train']['examples']} training and {counts['test']['examples']} test examples; "
        f"{len(build['leak_checks'])} leak checks over {compared} comparisons passed ({run.path / 'pairs' / 'build.json'})"
    )


def say_train(done: dict[str, Any], run: Run) -> None:
    """What each stage trained on, and how many times fewer tokens were computed than the rows hold."""
    for stage, summary in done.items():
        too_long = f", {summary['rows_too_long']} rows longer than max_length left out" if summary["rows_too_long"] else ""
        shared = f", {summary['tokens_seen'] / summary['tokens_computed']:.1f}x by shared prompts" if summary["way"] != "plain" else ""
        typer.echo(f"train:   {stage}: {summary['steps']} steps on {summary['rows']} rows{too_long}{shared} ({run.path / 'train' / stage})")


def say_predictions(paths: Sequence[Path], paid: Mapping[str, Spending]) -> None:
    """Where each engine's answers are, and what was paid for them."""
    typer.echo(f"predict: {', '.join(str(path) for path in paths)}")
    for engine, spending in paid.items():
        typer.echo(f"server:  {_describe_spending(engine, asdict(spending), 'predict.openai')}")


def say_bench(predicted: Predicted) -> None:
    """What was read of a benchmark, what was odd in it (most frequent first), and where each engine's answers are."""
    build = predicted.build
    test, oddities, refused = build["counts"]["test"], build["oddities"], build["refused"]
    typer.echo(
        f"bench:   {build['bench']}: {test['examples']} examples in {len(build['categories'])} categories, {len(refused)} refused "
        f"({predicted.folder / 'pairs' / 'build.json'})"
    )
    for oddity in oddities[:MOST_ODDITIES]:
        typer.echo(f"         {oddity['records']}x {oddity['what']}")
    if len(oddities) > MOST_ODDITIES:
        typer.echo(f"         {len(oddities) - MOST_ODDITIES} more kinds of oddity")
    for refusal in refused[:MOST_ODDITIES]:
        typer.echo(f"         refused {refusal['where']}: {refusal['reason']}")
    if len(refused) > MOST_ODDITIES:
        typer.echo(f"         {len(refused) - MOST_ODDITIES} more refused")
    say_predictions(predicted.paths, predicted.paid)


def say_scores(paths: Sequence[Path]) -> None:
    """The scores of a run by scenario, and of every benchmark by category."""
    scores = [read_json(path) for path in paths]
    runs = [score for score in scores if not score.get("categories")]
    benches = [(path, score) for path, score in zip(paths, scores, strict=True) if score.get("categories")]
    if runs:
        _say_scenarios(runs)
    for folder in dict.fromkeys(path.parent.parent for path, _ in benches):
        _say_categories(folder.name, [score for path, score in benches if path.parent.parent == folder])
    typer.echo(f"score:   {', '.join(str(path) for path in paths)}")


def _say_categories(name: str, scores: Sequence[dict[str, Any]]) -> None:
    """A benchmark's table: a row for each engine and category, in percent; BFCL's beside what its own rules count."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    bfcl = any("bfcl" in score for score in scores)
    for column in ("engine", "category", "n", *CATEGORY_METRICS, *(["BFCL's rules"] if bfcl else [])):
        table.add_column(column.replace("_", " "), justify="left" if column in ("engine", "category") else "right", no_wrap=True)
    for score in scores:
        counted = score.get("bfcl", {"categories": {}, "means": {}})
        for category, block in {**score["categories"]["by_category"], "all": score["scenarios"]["all"]}.items():
            theirs = counted["categories"].get(category, {}).get("accuracy")
            cells = [_percent(block[metric], True) for metric in CATEGORY_METRICS]
            table.add_row(score["name"], category, str(block["n"]), *cells, *([_plain_percent(theirs)] if bfcl else []))
        cells = [_plain_percent(score["categories"]["macro_mean"][metric]) for metric in CATEGORY_METRICS]
        table.add_row(score["name"], "mean of categories", "", *cells, *([""] if bfcl else []))
        for mean, value in counted["means"].items():
            table.add_row(score["name"], f"BFCL's {mean.replace('_', '-')}", "", *[""] * len(CATEGORY_METRICS), _plain_percent(value))
        table.add_section()
    console = Console(width=WIDE, highlight=False)
    console.print(f"\n{name}: scores in percent (95% interval)", table, "", sep="\n")


def _plain_percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _say_scenarios(scores: Sequence[dict[str, Any]]) -> None:
    """The score table: a row for each engine and scenario, in percent; with 95% intervals where there is room for them."""
    from rich.console import Console
    from rich.table import Table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE
    wide = width >= WIDE
    table, pairs = (Table(box=None, header_style="bold", pad_edge=False) for _ in range(2))
    for column in ("engine", "scenario", "n", "format", "selection", "lenient", "names", "values", "whole call"):
        table.add_column(column, justify="left" if column in ("engine", "scenario") else "right", no_wrap=True)
    for column in ("engine", "zero to one", "weak to strong"):
        pairs.add_column(column, no_wrap=True)
    for score in scores:
        for scenario in (*SCENARIOS, "all"):
            block = score["scenarios"][scenario]
            table.add_row(score["name"], scenario.replace("_", " "), str(block["n"]), *(_percent(block[metric], wide) for metric in METRICS))
        pairs.add_row(score["name"], *(f"{_percent(score['pairs'][key], True)} of {score['pairs'][key]['n']}" for key in PAIRS))
        table.add_section()
    console = Console(width=max(width, NARROW), highlight=False)
    intervals = "(95% interval)" if wide else "(a terminal of 130 columns, score/ and the report show intervals)"
    for title, shown in ((f"Scores in percent {intervals}", table), ("Pairs right before and after the change", pairs)):
        console.print(f"\n{title}", shown, sep="\n")
    console.print()


def say_comparison(runs: Sequence[Path]) -> None:
    """A row for what each of several runs trained, and for each other model: selection by scenario, the whole call, and pairs."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    scenarios = (scenario.replace("_query_", " query\n").replace("_", " ") for scenario in SCENARIOS)
    for column in ("", *scenarios, "whole call", "zero to one", "weak to strong"):
        table.add_column(column, no_wrap=True)
    scored = [(run, path) for run in runs for path in sorted((run / "score").glob("*.json"))]
    for run, path in sorted(scored, key=lambda found: not is_trained(found[1].stem)):
        score = read_json(path)
        cells = [score["scenarios"][scenario]["selection"] for scenario in SCENARIOS]
        cells += [score["scenarios"]["all"]["call"], *(score["pairs"][key] for key in PAIRS)]
        table.add_row(label_of(run.name, path.stem), *(_percent(cell, True) for cell in cells))
    console = Console(width=max(shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE, WIDE), highlight=False)
    console.print("\nTool selection by scenario, the whole call, and pairs right before and after, in percent (95% interval)", table, "", sep="\n")


def _percent(cell: dict[str, Any], interval: bool) -> str:
    """`81.2 (77-85)`, or a dash where nothing was measured."""
    if cell["value"] is None:
        return "-"
    value = f"{100 * cell['value']:.1f}"
    return f"{value} ({100 * cell['low']:.0f}-{100 * cell['high']:.0f})" if interval else value
