"""Answers as other people's evaluators read them: a run with predictions comes in, files go out. Floor 5; called by gentool.cli."""

from __future__ import annotations

from pathlib import Path

from gentool.bench_run import FOLDER
from gentool.core.errors import GenToolError, RunError
from gentool.core.example import Example, Prediction
from gentool.core.jsonl import read_records
from gentool.evaluate.bfcl_table import is_of_bfcl
from gentool.evaluate.verdict import read_answer
from gentool.formats.bench_bfcl import NAME
from gentool.formats.bfcl_results import write_results

FORMATS = ("bfcl",)


def export(run: Path, form: str, engine: str, out: Path, model: str | None = None) -> list[Path]:
    """Write what an engine answered as files of `form`; returns them. `model` is the name that they carry, the engine's by default.

    `bfcl`: result files for `bfcl evaluate`, of a run that holds the benchmark, or of the benchmark's own folder in it.
    Raises GenToolError for an unknown form, RunError where there are no such predictions or examples.
    """
    if form not in FORMATS:
        raise GenToolError(f"unknown format '{form}'; known are {', '.join(FORMATS)}")
    folder = run / FOLDER / NAME if (run / FOLDER / NAME).is_dir() else run
    test, predicted = folder / "pairs" / "test.jsonl", folder / "predict" / f"{engine}.jsonl"
    examples = {example.id: example for example in read_records(test, Example) if is_of_bfcl(example)} if test.exists() else {}
    if not examples:
        raise RunError(f"{folder}: holds no example of BFCL; run: gentool predict {run} --bench bfcl:FOLDER")
    if not predicted.exists():
        known = ", ".join(sorted(path.stem for path in predicted.parent.glob("*.jsonl"))) or "none"
        raise RunError(f"{predicted}: no such predictions (there are: {known}); run: gentool predict {run} --bench bfcl:FOLDER")
    answers = []
    for prediction in read_records(predicted, Prediction):
        example = examples.get(prediction.id)
        if example is None:
            raise RunError(f"{predicted}: answers {prediction.id}, which is no example of BFCL in {test}")
        answers.append((example, read_answer(example, prediction).calls, prediction.select))
    return write_results(out, model or engine, answers)
