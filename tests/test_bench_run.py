"""Other benchmarks in a run: predicted, scored, resumed and refused through the command line."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gentool.core.example import Example, Prediction
from gentool.core.jsonl import read_json, read_records, to_line
from gentool.core.tool import GENERATE_RESPONSE

sys.path.insert(0, str(Path(__file__).parent / "formats"))
from bfcl_files import write_bfcl

Gentool = Callable[..., Any]
Refused = Callable[..., str]


@pytest.fixture
def bfcl(tmp_path: Path) -> str:
    return f"bfcl:{write_bfcl(tmp_path / 'data')}"


def test_a_benchmark_is_laid_out_like_a_run(bfcl: str, tmp_path: Path, gentool: Gentool) -> None:
    run = tmp_path / "run"
    outcome = gentool("predict", run, "--bench", bfcl, "--engine", "random")
    assert outcome.status == 0, outcome.err
    folder = run / "bench" / "bfcl"
    lines = outcome.out.splitlines()
    assert lines[0] == f"bench:   bfcl: 8 examples in 7 categories, 0 refused ({folder / 'pairs' / 'build.json'})"
    assert "         7x type name replaced: 'dict' -> 'object'" in lines
    assert lines[-1] == f"predict: {folder / 'predict' / 'random.jsonl'}"
    examples = list(read_records(folder / "pairs" / "test.jsonl", Example))
    predictions = list(read_records(folder / "predict" / "random.jsonl", Prediction))
    assert [example.id for example in examples] == [prediction.id for prediction in predictions]
    build = read_json(folder / "pairs" / "build.json")
    assert (build["bench"], build["source"], build["counts"]["test"]) == ("bfcl", bfcl, {"examples": 8, "calls": 5, "refused": 0})
    folded = next(oddity for oddity in build["oddities"] if "system message" in oddity["what"])
    assert folded["ids"] == ["bfcl/live_irrelevance_1-1-0"]
    assert not (run / "recipe.yaml").exists(), "no run was started"


def test_scores_are_printed_by_category_with_bfcls_own(bfcl: str, tmp_path: Path, gentool: Gentool) -> None:
    run = tmp_path / "run"
    gentool("predict", run, "--bench", bfcl, "--engine", "random")
    outcome = gentool("score", run)
    assert outcome.status == 0, outcome.err
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["engine", "category", "n", "format", "selection", "call", "BFCL's", "rules"] in rows
    assert [row[1] for row in rows if row[:1] == ["random"]][:9] == [
        "simple_python",
        "simple_java",
        "multiple",
        "parallel_multiple",
        "irrelevance",
        "live_irrelevance",
        "live_relevance",
        "all",
        "mean",
    ]
    path = run / "bench" / "bfcl" / "score" / "random.json"
    assert rows[-1] == ["score:", str(path)]
    score = read_json(path)
    assert score["bfcl"]["n"] == score["n"] == 8
    assert gentool("score", run / "bench" / "bfcl").out == outcome.out


def test_the_student_of_the_run_answers_and_both_are_scored(bfcl: str, run_copy: Path, gentool: Gentool) -> None:
    outcome = gentool("predict", run_copy, "--bench", bfcl, "--engine", "trained", "--engine", "tfidf")
    assert outcome.status == 0, outcome.err
    folder = run_copy / "bench" / "bfcl"
    assert (folder / "recipe.yaml").read_bytes() == (run_copy / "recipe.yaml").read_bytes()
    assert len(list(read_records(folder / "predict" / "trained.jsonl", Prediction))) == 8
    empty = next(one for one in read_records(folder / "predict" / "tfidf.jsonl", Prediction) if one.id == "bfcl/live_irrelevance_0-0-0")
    assert json.loads(empty.select)["name"] == GENERATE_RESPONSE, "there is no tool to choose"
    outcome = gentool("score", run_copy)
    assert "unseen query unseen tool" in outcome.out
    assert "bfcl: scores in percent" in outcome.out
    assert outcome.out.splitlines()[-1].split(": ")[1].count(".json") == 5


def test_a_local_model_answers_where_there_is_no_run(bfcl: str, finished: Path, tmp_path: Path, gentool: Gentool) -> None:
    model = shutil.copytree(finished / "train" / "nano-scratch", tmp_path / "model")
    arguments = ("predict", tmp_path / "run", "--bench", bfcl, "--engine", f"hf:{model}")
    outcome = gentool(*arguments, "--set", "predict.generation.max_new_tokens=4", "--set", "prompts.tools=signature")
    assert outcome.status == 0, outcome.err
    recipe = yaml.safe_load((tmp_path / "run" / "bench" / "bfcl" / "recipe.yaml").read_text(encoding="utf-8"))
    assert (recipe["name"], recipe["prompts"]["tools"], recipe["prompts"]["parallel"]) == ("bfcl", "signature", True)
    assert gentool("score", tmp_path / "run").status == 0
    assert gentool("report", tmp_path / "run" / "bench" / "bfcl").status == 0
    assert (tmp_path / "run" / "bench" / "bfcl" / "report.html").exists()


def test_answers_that_are_there_are_kept_and_the_rest_is_completed(bfcl: str, tmp_path: Path, gentool: Gentool) -> None:
    arguments = ("predict", tmp_path / "run", "--bench", bfcl, "--engine", "random")
    gentool(*arguments)
    path = tmp_path / "run" / "bench" / "bfcl" / "predict" / "random.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert gentool(*arguments).status == 0
    assert path.read_bytes() == whole


def test_gold_scores_everything_by_both(bfcl: str, tmp_path: Path, gentool: Gentool) -> None:
    gentool("predict", tmp_path / "run", "--bench", bfcl, "--engine", "random")
    folder = tmp_path / "run" / "bench" / "bfcl"
    examples = list(read_records(folder / "pairs" / "test.jsonl", Example))
    answers = {example.id: [{"name": call.name, "arguments": call.arguments} for call in example.calls] for example in examples}
    predictions = [Prediction(id=key, select=json.dumps(calls), rank=json.dumps(["x", GENERATE_RESPONSE])) for key, calls in answers.items()]
    (folder / "predict" / "gold.jsonl").write_text("".join(map(to_line, predictions)), encoding="utf-8")
    assert gentool("score", folder).status == 0
    score = read_json(folder / "score" / "gold.json")
    assert {name: found["accuracy"] for name, found in score["bfcl"]["categories"].items()} == dict.fromkeys(score["bfcl"]["categories"], 1.0)
    assert {name: found["call"]["value"] for name, found in score["categories"]["by_category"].items()} == dict.fromkeys(
        score["bfcl"]["categories"], 1.0
    )


def test_refusals(bfcl: str, tmp_path: Path, refused: Refused, finished: Path) -> None:
    run = tmp_path / "run"
    assert "holds no run, so say who answers: --engine" in refused("predict", run, "--bench", bfcl)
    assert "unknown engine 'gpt'" in refused("predict", run, "--bench", bfcl, "--engine", "gpt")
    assert "unknown benchmark 'bfcl'" in refused("predict", run, "--bench", "bfcl", "--engine", "random")
    assert "no such file or folder" in refused("predict", run, "--bench", f"bfcl:{tmp_path / 'gone'}", "--engine", "random")
    assert "holds no run" in refused("predict", run, "--set", "seed=1")
    assert "--recipe goes with --bench" in refused("predict", run, "--recipe", "nano")
    assert not run.exists()
    assert "holds no run; start one" in refused("score", run)
    assert "is fitted on training examples" in refused("predict", run, "--bench", bfcl, "--engine", "tfidf")
    assert "train/rank is not trained yet" in refused("predict", run, "--bench", bfcl, "--engine", "trained")
    assert "different: seed" in refused("predict", finished, "--bench", bfcl, "--set", "seed=1")
    assert "--recipe is for a folder without one" in refused("predict", finished, "--bench", bfcl, "--recipe", "nano")


def test_another_version_or_other_settings_are_refused(bfcl: str, tmp_path: Path, gentool: Gentool, refused: Refused) -> None:
    arguments = ("predict", tmp_path / "run", "--bench", bfcl, "--engine", "random")
    gentool(*arguments)
    assert "was asked with other settings (different: seed, prompts.tools)" in refused(
        *arguments, "--set", "seed=1", "--set", "prompts.tools=signature"
    )
    assert gentool(*arguments, "--set", "predict.engines=[random]").status == 0, "who else is asked changes no answer"
    file = Path(bfcl.partition(":")[2]) / "BFCL_v4_irrelevance.json"
    file.write_text(file.read_text(encoding="utf-8").replace("Da Enzo", "Da Carlo"), encoding="utf-8")
    assert "holds other examples of bfcl" in refused(*arguments)


@pytest.mark.parametrize(("name", "folder"), [("bfcl", "bfcl_v4"), ("acebench", "acebench_en"), ("rotbench", "rotbench")])
def test_the_real_samples_go_through(real_data: Callable[[str], Path], name: str, folder: str, tmp_path: Path, gentool: Gentool) -> None:
    assert gentool("predict", tmp_path / "run", "--bench", f"{name}:{real_data(folder)}", "--engine", "random").status == 0
    assert gentool("score", tmp_path / "run").status == 0
    score = read_json(tmp_path / "run" / "bench" / name / "score" / "random.json")
    assert sum(block["n"] for block in score["categories"]["by_category"].values()) == score["n"]
    assert ("bfcl" in score) == (name == "bfcl")
