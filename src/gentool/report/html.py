"""Writing the report: run folders in, one self-contained HTML file out.

Called by the command line (`gentool report`). The page holds everything that it shows (figures, examples, styles, script),
loads nothing and forbids itself the network; the same result files give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gentool.core.errors import RunError
from gentool.core.example import ERROR_CLASSES, SCENARIOS
from gentool.core.jsonl import write_text
from gentool.report.details import category_tables, reason_table, scores_table
from gentool.report.figures import Figure
from gentool.report.payload import embedded_data, outcome_counts, pair_outcomes
from gentool.report.questions import error_figure, selection_figure, training_figure, transition_figure
from gentool.report.results import Run, Scored, read_runs
from gentool.report.view import (
    ERROR_WORDS,
    KIND_WORDS,
    METRICS,
    OUTCOMES,
    error_table,
    further_table,
    headline_sentences,
    headline_table,
    kind_table,
    overview_table,
    pair_tables,
    plain_table,
    scenario_words,
    score_tables,
)

if TYPE_CHECKING:
    from jinja2 import Environment


STUDENT_KEYS = re.compile(r"(.*\.)?(student|model_name_or_path)|(train|student)\.(.*\.)?(model|name)")
"""Paths of a recipe's settings that may name the student; the first that has a value is shown."""
TUNED = {"trained", "tuned", "finetuned"}
"""Words by which a model's name says that it was tuned (`trained` is the run's own); without them the headline compares the best two."""


def write_report(runs: Sequence[Path], out: Path, title: str = "") -> Path:
    """Write the report of one or more run folders, side by side, and return its path; the title is the runs' names where none is given.

    Raises RunError where a run folder is missing or holds no score or `out` is a folder, RecordError (path and line) where a
    file is broken.
    """
    if not runs:
        raise RunError("no run folder given; name at least one, for example: gentool report runs/demo")
    if out.is_dir():
        raise RunError(f"{out}: is a folder; name the file to write, for example {out / 'report.html'}")
    write_text(out, render_report(read_runs(runs), title))
    return out


def render_report(runs: Sequence[Run], title: str = "") -> str:
    """The page as text."""
    folder = Path(__file__).parent
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    template = _environment(folder).get_template("template.html.j2")
    context = {**_context(runs), **({"title": title} if title else {})}
    return template.render(style=style, script=script, data=embedded_data(runs), **context) + "\n"


def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    environment.tests["record_rows"] = _is_rows
    environment.tests["record_columns"] = _is_columns
    environment.filters["gathered"] = _gathered
    environment.filters["words"] = lambda key: str(key).replace("_", " ")
    environment.filters["number"] = _number
    return environment


def _context(runs: Sequence[Run]) -> dict[str, Any]:
    scored = [one for run in runs for one in run.scored]
    headline = headline_table(scored)
    return {
        "runs": runs,
        "title": ", ".join(dict.fromkeys(str(run.recipe.get("name") or run.name) for run in runs)),
        "statements": [(run.name, describe_run(run)) for run in runs],
        "notices": _notices(runs),
        "headline": headline if len(runs) == 1 else overview_table(scored),
        "headline_sentences": headline_sentences(headline, _tuned(runs[0])),
        "score_tables": score_tables(scored),
        "further": further_table(scored),
        "pair_tables": pair_tables(scored, outcome_counts(runs)),
        "kind_table": kind_table(scored),
        "ranking": plain_table("ranking", "Ranking", "The order of the tools that serve the query.", scored, _blocks(scored, "ranking")),
        "ranking_by_scores": scores_table(scored),
        "category_tables": category_tables(scored),
        "reasons": reason_table(scored),
        "abstention": plain_table("abstention", "Abstention", "Abstaining, taken as a class of its own.", scored, _blocks(scored, "abstention")),
        "errors": error_table(scored),
        "figures": _figures(runs),
        "untrained": [(run.name, [stage for stage, lines in run.training.items() if not lines]) for run in runs if not all(run.training.values())],
        "filters": _filters(scored),
        "words": {"errors": ERROR_WORDS, "metrics": {key: title for key, (title, _) in METRICS.items()}, "outcomes": OUTCOMES},
    }


def _figures(runs: Sequence[Run]) -> list[tuple[Figure | None, str]]:
    """Each figure, or None and what its place says instead."""
    return [
        (selection_figure(runs), "Selection by scenario: the score files hold no number for it."),
        (transition_figure(runs), "Pairs: no pair of examples has two verdicts."),
        (error_figure(runs), "Errors: the score files count none."),
        (training_figure(runs), "Training curves: not trained here (no metrics.jsonl in the folders under train)."),
    ]


def describe_run(run: Run) -> str:
    """What was run, in one paragraph of plain sentences, from what the run folder says."""
    student = next((str(value) for path, _, value in _settings(run.recipe) if STUDENT_KEYS.fullmatch(path) and value), None)
    seeds = [f"{path} = {value}" for path, key, value in _settings(run.recipe) if key.endswith("seed") and value is not None]
    trained = [stage for stage, lines in run.training.items() if lines]
    tools = {tool.id for example in run.examples.values() for tool in example.tools}
    sentences = [
        f"Results of the run folder {run.name}.",
        f"The student model is {student}." if student else "",
        f"It was trained here in {len(trained)} stage{'s' if len(trained) > 1 else ''} ({', then '.join(trained)})."
        if trained
        else "It was not trained here.",
        _catalogue_words(run),
        f"The test has {len(run.examples):,} examples, whose sets hold {len(tools):,} different tools." if run.examples else "",
        f"Scored: {', '.join(one.name for one in run.scored)}.",
        f"Seeds: {', '.join(seeds)}." if seeds else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _catalogue_words(run: Run) -> str:
    for table in (run.synth, run.pairs):
        for _, key, value in _settings(table or {}):
            if key in ("catalogue", "catalogue_tools", "tools") and isinstance(value, int):
                return f"The catalogue{f' ({name})' if (name := run.recipe.get('catalogue')) else ''} has {value:,} tools."
    return ""


def _settings(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """Path, key and value of every setting that is not a table itself."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(key), value


def _tuned(run: Run) -> list[str]:
    """The names of the models that say that they are tuned: a word of the name of their files is one of TUNED."""
    return [one.name for one in run.scored if TUNED.intersection(re.split(r"[^a-z]+", (one.model or one.name).lower()))]


def _notices(runs: Sequence[Run]) -> list[str]:
    """What is missing, what does not belong together, and which pairs could not be judged."""
    notices = []
    for run in runs:
        found = list(run.notices)
        for one in run.scored:
            unknown = sum(verdict.id not in run.examples for verdict in one.verdicts) if run.examples else 0
            single = pair_outcomes(run.examples, one.verdicts)[1]
            if unknown:
                found.append(f"{unknown} verdicts of {one.name} are of examples that are not in pairs/test.jsonl; they are not shown: score again")
            if single:
                found.append(f"{single} pairs of {one.name} have a verdict for one example only; they are in no count of transitions")
        notices += [f"{run.name}: {notice}" if len(runs) > 1 else notice for notice in found]
    return notices


def _blocks(scored: Sequence[Scored], key: str) -> list[Mapping[str, Any]]:
    found = [one.score.get(key) for one in scored]
    return [block if isinstance(block, Mapping) else {} for block in found]


def _filters(scored: Sequence[Scored]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Key, label and choices (value, words) of each selection above the examples; the first choice lets all through."""
    kinds: list[tuple[str, str]] = [*KIND_WORDS.items(), ("zero,one", "Zero and one (pairs)"), ("weak,strong", "Weak and strong (pairs)")]
    measures = [(f"{key}{end}", f"{title}: {words}") for key, (title, _) in METRICS.items() for end, words in _ENDS]
    return [
        ("model", "Model", [("", "All models"), *((one.name, one.name) for one in scored)]),
        ("scenario", "Scenario", [("", "All scenarios"), *((scenario, scenario_words(scenario)) for scenario in SCENARIOS)]),
        ("kind", "Kind", [("", "All kinds"), *kinds]),
        ("error", "Verdict", [("", "All verdicts"), ("right", "Right"), ("wrong", "Any error"), *((key, ERROR_WORDS[key]) for key in ERROR_CLASSES)]),
        ("pair", "Pair went", [("", "Any way"), *((str(i + 1), words.capitalize()) for i, words in enumerate(OUTCOMES))]),
        ("measure", "Judged by", [("", "Any measure"), *measures]),
    ]


_ENDS = (("", "judged"), (":right", "right"), (":wrong", "wrong"))


def _number(value: Any) -> str:
    """A value for reading: whole numbers in groups of three digits, others to four places."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{round(value, 4):,}"
        case _:
            return str(value)


def _is_rows(value: Any) -> bool:
    """True for a list of tables (shown as rows)."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _is_columns(value: Any) -> bool:
    """True for a table of tables of plain values that share their keys (shown as one table)."""
    inner = list(value.values()) if isinstance(value, Mapping) else []
    if len(inner) < 2 or not all(isinstance(row, Mapping) and row for row in inner):
        return False
    return all(row.keys() == inner[0].keys() and not any(isinstance(cell, Mapping | list) for cell in row.values()) for row in inner)


def _gathered(build: Mapping[str, Any]) -> dict[str, Any]:
    """What was counted, for reading: the single values under one title first, the audit last, the leak checks apart."""
    single = {key: value for key, value in build.items() if not isinstance(value, Mapping | list)}
    tables = {key: value for key, value in build.items() if key not in single and key not in ("audit", "leak_checks")}
    return {**({"settings": single} if single else {}), **tables, **({"audit": build["audit"]} if "audit" in build else {})}
