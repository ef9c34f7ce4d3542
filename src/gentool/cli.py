"""The command line: one function a command, each reads the recipe, calls one step and says where the output is. Floor 5.

Faults that the user can mend end with one line and exit status 2; `gentool lint` exits with 1 where it finds errors,
`gentool drift` where a threshold is broken.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gentool.core.errors import GenToolError
from gentool.drift.command import drift_command

app = typer.Typer(
    name="gentool",
    help="Makes language models generalise over tools: catalogue -> synth -> pairs -> train -> predict -> score -> report.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

starter_app = typer.Typer(help="The starter set: tools, queries and calls written by hand.", rich_markup_mode=None)
app.add_typer(starter_app, name="starter")

STOPPED = 130
"""The exit status after Ctrl-C; some versions of typer return it in place of the exception."""

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")]
RecipeOption = Annotated[str | None, typer.Option("--recipe", help="Start the run from this recipe where the folder holds none yet.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting, for example pairs.k=5.")]


def main() -> None:
    """Run the command line; errors that users cause become one line and exit status 2, Ctrl-C becomes one line and 130."""
    from gentool.faults import describe_fault, repeat_interrupt

    sys.unraisablehook = repeat_interrupt
    try:
        status = app(args=sys.argv[1:] or ["--help"], standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        status = STOPPED
    except Exception as error:
        fault = describe_fault(error)
        if fault is None:
            raise
        print(f"gentool: {fault}", file=sys.stderr)
        raise SystemExit(2) from None
    if status == STOPPED:
        print("gentool: stopped; the same command goes on from here", file=sys.stderr)
    if status:
        raise SystemExit(status)


@app.command("run")
def run_command(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of a shipped recipe.")] = "demo",
    out: Annotated[Path | None, typer.Option("--out", help="The run folder, else runs/RECIPE; a run that was stopped goes on there.")] = None,
    overrides: Overrides = None,
) -> None:
    """Run every stage of a recipe, from the catalogue to the report; where it names several runs, of each."""
    from gentool import console, suite
    from gentool import run as steps

    out = out or Path("runs") / Path(recipe).stem
    if suite.is_suite(recipe):
        suite.run_suite(recipe, out, overrides or ())
        return
    with steps.opened(out, recipe, overrides) as run:
        console.say_synth(steps.run_synth(run), run)
        console.say_pairs(steps.run_pairs(run), run)
        console.say_train(steps.run_train(run), run)
        console.say_predictions(steps.run_predict(run), steps.count_paid_predictions(run))
        console.say_scores(steps.run_score(run))
        typer.echo(f"report: {steps.run_report(run)}")


@app.command("synth")
def synth_command(
    run_folder: RunFolder,
    recipe: RecipeOption = None,
    overrides: Overrides = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take in requests, tokens and money; send nothing.")] = False,
) -> None:
    """Write weak tools, queries and calls, and verify them."""
    from gentool import console
    from gentool import run as steps

    with steps.opened(run_folder, recipe, overrides) as run:
        if dry_run:
            console.say_estimate(steps.estimate_synth(run), run)
        else:
            console.say_synth(steps.run_synth(run), run)


@app.command("audit")
def audit_command(
    run_folder: RunFolder,
    sample: Annotated[int, typer.Option("--sample", metavar="N", min=0, help="Show N accepted and N rejected records.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Another seed shows other records.")] = 0,
) -> None:
    """Print what synth kept and why it refused the rest."""
    from gentool import run as steps
    from gentool.audit import audit, describe_audit

    with steps.opened(run_folder) as run:
        for line in describe_audit(audit(run.path, sample, seed)):
            typer.echo(line)


@app.command("pairs")
def pairs_command(run_folder: RunFolder) -> None:
    """Build training and test examples, split without leaks."""
    from gentool import console
    from gentool import run as steps

    with steps.opened(run_folder) as run:
        console.say_pairs(steps.run_pairs(run), run)


@app.command("train")
def train_command(run_folder: RunFolder) -> None:
    """Fine-tune the student in the recipe's stages: rank, then select. Also under torchrun, one process for each GPU."""
    from gentool import console
    from gentool import run as steps
    from gentool.train.processes import is_main

    with steps.opened(run_folder, together=True) as run:
        done = steps.run_train(run)
        if is_main():
            console.say_train(done, run)


@app.command("predict")
def predict_command(
    run_folder: RunFolder,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="As in predict.engines, for example openai:MODEL; the recipe's where not given.")
    ] = None,
    bench: Annotated[str | None, typer.Option("--bench", metavar="NAME:PATH", help="Answer this benchmark instead, in RUN/bench/NAME.")] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="With --bench, where the folder holds no run: how engines are asked.")] = None,
    overrides: Overrides = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what servers would be asked, in tokens and money; send nothing.")] = False,
) -> None:
    """Let engines answer the test examples, or those of another benchmark."""
    from gentool import console
    from gentool import run as steps
    from gentool.bench_run import predict_bench

    if bench is not None:
        if dry_run:
            raise GenToolError("--dry-run does not go with --bench")
        console.say_bench(predict_bench(run_folder, bench, engine or (), recipe, overrides))
        return
    if recipe:
        raise GenToolError("--recipe goes with --bench, in a folder that holds no run")
    steps.load_run(run_folder)
    with steps.opened(run_folder, None, overrides) as run:
        if dry_run:
            console.say_prediction_estimates(steps.estimate_predict(run, engine or ()), run)
        else:
            console.say_predictions(steps.run_predict(run, engine or ()), steps.count_paid_predictions(run, engine or ()))


@app.command("score")
def score_command(run_folder: RunFolder, overrides: Overrides = None) -> None:
    """Score all predictions of a run, those on other benchmarks (RUN/bench) too."""
    from gentool import console
    from gentool.bench_run import score_all

    console.say_scores(score_all(run_folder, overrides or ()))


@app.command("export")
def export_command(
    run_folder: RunFolder,
    form: Annotated[str, typer.Option("--format", help="bfcl: result files that BFCL's own evaluator reads.")],
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="Whose answers: a file of predict/ without its ending.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder that the files are written into.")],
    model: Annotated[str | None, typer.Option("--model", help="The name that the files carry; the engine's where not given.")] = None,
) -> None:
    """Write answers in the form of another evaluator."""
    from gentool.export import export

    for path in export(run_folder, form, engine, out, model):
        typer.echo(f"export:  {path}")


@app.command("compare")
def compare_command(
    models: Annotated[list[str], typer.Argument(metavar="RUN[:ENGINE]...", help="Scored models; the first is the reference of the others.")],
    common: Annotated[bool, typer.Option("--common", help="Compare the examples that all have, where they differ.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write all numbers as JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write the tables as Markdown.")] = None,
    differences: Annotated[Path | None, typer.Option("--differences", help="Write the records on which the models differ (JSON Lines).")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the bootstrap.")] = 0,
) -> None:
    """Compare models example by example: paired differences with intervals, tests and what went wrong where."""
    from gentool.compare import compare_runs, say_comparison, write_outputs

    found = compare_runs(models, common, seed)
    say_comparison(found)
    for line in write_outputs(found, out, markdown, differences):
        typer.echo(line)


@app.command("probe")
def probe_command(
    run_folder: RunFolder,
    engine: Annotated[list[str] | None, typer.Option("--engine", help="As for predict; trained and tfidf where not given.")] = None,
    what: Annotated[str, typer.Option("--what", help="Of candidates,position,similarity,names,paraphrase; all where not given.")] = "",
    sample: Annotated[int, typer.Option("--sample", metavar="N", min=1, help="N examples that call and N that abstain.")] = 40,
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed draws other examples; the run's where not given.")] = None,
) -> None:
    """Ask models the same with what should not matter changed: the tools beside, their order and names, the words."""
    from gentool import run as steps
    from gentool.core.recipe import check_recipe
    from gentool.probe.console import say_probe
    from gentool.probe.pipeline import ProbeSettings, probe

    given = {"engines": engine, "questions": [part.strip() for part in what.split(",")] if what else None}
    settings = check_recipe({"sample": sample, "seed": seed, **{key: value for key, value in given.items() if value}}, "gentool probe", ProbeSettings)
    with steps.opened(run_folder) as run:
        say_probe(probe(run, settings))


@app.command("report")
def report_command(run_folder: RunFolder) -> None:
    """Write a run's results as one HTML page."""
    from gentool import run as steps

    with steps.opened(run_folder) as run:
        typer.echo(f"report: {steps.run_report(run)}")


@app.command("review")
def review_command(
    run_folder: RunFolder,
    sample: Annotated[int | None, typer.Option("--sample", metavar="N", min=1, help="Review N queries, drawn evenly from all families.")] = None,
    reviewer: Annotated[str, typer.Option("--reviewer", metavar="NAME", help="Whose verdicts these are; each person takes a name.")] = "reviewer",
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 0,
) -> None:
    """Review the queries of synth on a page in the browser: accept, reject, edit."""
    from gentool import run as steps
    from gentool.core.recipe import check_recipe
    from gentool.review.serve import ReviewSettings

    settings = check_recipe({"sample": sample, "reviewer": reviewer, "port": port}, "gentool review", ReviewSettings)
    steps.run_review(steps.load_run(run_folder), settings, typer.echo)


@app.command("import")
def import_command(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="openai, mcp, openapi, python, ultratool or gentool.")],
    out: Annotated[Path, typer.Option("--out", help="Where the catalogue is written (JSON Lines).")],
    sources: Annotated[list[str] | None, typer.Argument(metavar="FILE", help="The file to read; for python, functions as module:function.")] = None,
    command: Annotated[str | None, typer.Option("--command", help="mcp: start this server and ask it for its tools.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="mcp: ask the server at this address.")] = None,
    env: Annotated[list[str] | None, typer.Option("--env", metavar="NAME[=VALUE]", help="A variable of the server's environment.")] = None,
    header: Annotated[list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="A header; ${VARIABLE} is replaced.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds that a server may take in all.")] = 60.0,
    calls: Annotated[Path | None, typer.Option("--calls", help="Where the source's own calls are written, if it has any.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")] = False,
) -> None:
    """Turn other people's tool definitions into a catalogue."""
    from gentool.core.jsonl import write_records
    from gentool.formats.catalogue import import_tools
    from gentool.formats.mcp_server import read_server

    for path in (out, calls):
        if path is not None and path.exists() and not force:
            raise GenToolError(f"{path} exists already: choose another name, or replace it with --force")
    result = import_tools(form, *sources or (), server=read_server(command, url, env or (), header or (), timeout))
    for line in result.summary():
        typer.echo(line)
    if not result.tools:
        raise GenToolError("no tool could be kept, so nothing was written; the lines above say why")
    write_records(out, result.tools)
    typer.echo(f"catalogue: {out}")
    if calls is not None:
        write_records(calls, result.calls)
        typer.echo(f"calls: {calls}")


@app.command("lint")
def lint_command(catalogue: Annotated[Path, typer.Argument(metavar="CATALOGUE", help="A catalogue (tools.jsonl).")]) -> None:
    """Report what is wrong with the tools of a catalogue.

    The exit status is 1 where there are errors, else 0.
    """
    from gentool.formats.catalogue import import_tools
    from gentool.formats.lint import lint

    result = import_tools("gentool", catalogue)
    findings = lint(result.tools)
    for refusal in result.refused:
        typer.echo(f"error refused {refusal.where}: {refusal.reason}")
    for finding in findings:
        typer.echo(str(finding))
    errors = len(result.refused) + sum(finding.level == "error" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    typer.echo(f"{result.read} tools: {errors} errors, {warnings} warnings")
    if errors:
        raise SystemExit(1)


@app.command("ask")
def ask_command(
    run_folder: RunFolder,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What a user would say.")],
    tools: Annotated[Path | None, typer.Option("--tools", help="Choose from this catalogue instead of the run's.")] = None,
) -> None:
    """Ask the trained student for its ranking and its call."""
    from gentool import run as steps
    from gentool.ask import ask

    with steps.opened(run_folder) as run:
        answer = ask(run, query, tools)
    typer.echo(f"candidates: {', '.join(answer.candidates)}")
    typer.echo(f"ranking:    {answer.ranking}")
    typer.echo(f"call:       {answer.call}")


app.command("drift")(drift_command)


@starter_app.command("stats")
def starter_stats_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Count the starter set: its data card's figures, from the data (takes about a minute)."""
    import json

    from gentool.stats import collect_stats, describe_stats

    stats = collect_stats()
    typer.echo(json.dumps(stats, indent=2) if as_json else "\n".join(describe_stats(stats)))


if __name__ == "__main__":
    main()
