"""Answers in the form of another evaluator."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.example import Example, Prediction
from gentool.core.jsonl import read_json, read_records
from gentool.evaluate.bfcl import check_bfcl
from gentool.formats.bfcl_results import read_results

sys.path.insert(0, str(Path(__file__).parent / "formats"))
from bfcl_files import write_bfcl

Gentool = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, gentool: Gentool) -> Path:
    """A run with chance's answers to BFCL, one of which cannot be read."""
    gentool("predict", tmp_path / "run", "--bench", f"bfcl:{write_bfcl(tmp_path / 'data')}", "--engine", "random")
    path = tmp_path / "run" / "bench" / "bfcl" / "predict" / "random.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[0]["select"] = "no idea"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return tmp_path / "run"


def test_what_is_exported_reads_back_and_counts_as_our_table_does(run: Path, tmp_path: Path, gentool: Gentool) -> None:
    outcome = gentool("export", run, "--format", "bfcl", "--engine", "random", "--out", tmp_path / "out", "--model", "gpt-4o-FC")
    assert outcome.status == 0, outcome.err
    first = tmp_path / "out" / "result" / "gpt-4o-FC" / "non_live" / "BFCL_v4_simple_python_result.json"
    assert outcome.out.splitlines()[0] == f"export:  {first}"
    assert json.loads(first.read_text(encoding="utf-8")) == {"id": "simple_python_0", "result": "no idea"}
    gentool("score", run)
    table = read_json(run / "bench" / "bfcl" / "score" / "random.json")["bfcl"]["categories"]
    results = read_results(tmp_path / "out")
    correct = dict.fromkeys(table, 0)
    for example in read_records(run / "bench" / "bfcl" / "pairs" / "test.jsonl", Example):
        source, category = example.source or {}, str(example.category)
        functions = [{**function, "name": function["name"].replace(".", "_")} for function in source["function"]]
        truth = [{name.replace(".", "_"): values for name, values in call.items()} for call in source["ground_truth"] or []]
        correct[category] += not check_bfcl(results[source["id"]], functions, truth, category)
    assert correct == {category: found["correct"] for category, found in table.items()}


def test_the_folder_of_the_benchmark_can_be_named_itself(run: Path, tmp_path: Path, gentool: Gentool) -> None:
    assert gentool("export", run / "bench" / "bfcl", "--format", "bfcl", "--engine", "random", "--out", tmp_path).status == 0
    assert (tmp_path / "result" / "random" / "live" / "BFCL_v4_live_relevance_result.json").exists()


def test_refusals(run: Path, finished: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    options = ("--out", tmp_path / "out", "--engine")
    assert refused("export", run, "--format", "csv", *options, "random") == "unknown format 'csv'; known are bfcl"
    assert "no such predictions (there are: random)" in refused("export", run, "--format", "bfcl", *options, "trained")
    assert "holds no example of BFCL; run: gentool predict" in refused("export", finished, "--format", "bfcl", *options, "trained")
    assert not (tmp_path / "out").exists()
    path = run / "bench" / "bfcl" / "predict" / "random.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(Prediction(id="else", select="", rank="").model_dump(mode="json")) + "\n")
    assert "answers else, which is no example of BFCL" in refused("export", run, "--format", "bfcl", *options, "random")
