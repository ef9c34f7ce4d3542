"""A whole run: what it leaves in its folder, that it leaves the same again, and what it refuses to begin on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.example import Prediction
from gentool.core.jsonl import read_json, read_records
from gentool.core.recipe import read_recipe
from gentool.core.tool import Tool
from gentool.run import Recipe, load_run, open_run

Contents = Callable[[Path], dict[str, bytes]]
Gentool = Callable[..., Any]
Refused = Callable[..., str]

FILES = {
    "recipe.yaml",
    "tools.jsonl",
    *(f"synth/{name}" for name in ("weak.jsonl", "queries.jsonl", "calls.jsonl", "verified.jsonl", "rejected.jsonl", "build.json")),
    *(f"pairs/{name}" for name in ("train.jsonl", "test.jsonl", "build.json")),
    *(f"train/{stage}/{name}" for stage in ("rank", "select") for name in ("model.safetensors", "tokenizer.json", "metrics.jsonl", "done.json")),
    "train/nano-scratch/model.safetensors",
    *(f"predict/{engine}.jsonl" for engine in ("trained", "tfidf", "random")),
    *(f"score/{engine}{ending}" for engine in ("trained", "tfidf", "random") for ending in (".json", ".verdicts.jsonl")),
    "report.html",
}
"""What the README and ARCHITECTURE.md promise of a run folder."""


def test_a_run_leaves_every_file_that_is_promised_and_nothing_unfinished(finished: Path, contents: Contents) -> None:
    held = contents(finished)
    assert held.keys() >= FILES
    assert not [path for path in held if "checkpoint" in path or ".part" in path]


def test_every_stage_says_what_it_did(finished: Path, gentool: Gentool) -> None:
    outcome = gentool("run", finished / "recipe.yaml", "--out", finished)
    starts = [line.split(":")[0] for line in outcome.out.splitlines() if ":" in line]
    assert starts == ["synth", "pairs", "train", "train", "predict", "score", "report"]
    assert outcome.err == ""


def test_the_parts_of_a_run_fit_together(finished: Path) -> None:
    synth, pairs = read_json(finished / "synth" / "build.json"), read_json(finished / "pairs" / "build.json")
    assert synth["written"]["tools"] == len(list(read_records(finished / "tools.jsonl", Tool))) == 18
    examples = (finished / "pairs" / "test.jsonl").read_text(encoding="utf-8").count("\n")
    assert pairs["counts"]["test"]["examples"] == examples
    for engine in ("trained", "tfidf", "random"):
        assert (finished / "predict" / f"{engine}.jsonl").read_text(encoding="utf-8").count("\n") == examples
        assert read_json(finished / "score" / f"{engine}.json")["n"] == examples


def test_stage_by_stage_and_a_second_time_the_bytes_are_the_same(
    tiny: Path, finished: Path, tmp_path: Path, gentool: Gentool, contents: Contents
) -> None:
    run = tmp_path / "run"
    assert gentool("synth", run, "--recipe", tiny).status == 0
    for stage in ("pairs", "train", "predict", "score", "report"):
        assert gentool(stage, run).status == 0
    assert contents(run) == contents(finished)


def test_another_seed_gives_another_run(tiny: Path, finished: Path, tmp_path: Path, gentool: Gentool) -> None:
    run = tmp_path / "run"
    assert gentool("synth", run, "--recipe", tiny, "--set", "seed=1").status == 0
    assert gentool("pairs", run).status == 0
    for path in ("synth/queries.jsonl", "pairs/train.jsonl", "pairs/test.jsonl"):
        assert (run / path).read_bytes() != (finished / path).read_bytes()


def test_a_finished_run_is_not_done_again(tiny: Path, finished: Path, run_copy: Path, gentool: Gentool, contents: Contents) -> None:
    slow = [path for stage in ("synth", "pairs", "train", "predict") for path in (run_copy / stage).rglob("*") if path.is_file()]
    before = {path: path.stat().st_mtime_ns for path in slow}
    assert gentool("run", tiny, "--out", run_copy).status == 0
    assert {path: path.stat().st_mtime_ns for path in slow} == before
    assert contents(run_copy) == contents(finished)


def test_the_saved_recipe_is_the_resolved_one(tiny: Path, finished: Path) -> None:
    saved = read_recipe(finished / "recipe.yaml", (), Recipe)
    assert saved == read_recipe(tiny, (), Recipe)
    assert saved.train.rank.max_steps == 24


def test_a_run_of_another_recipe_is_refused_with_the_keys_that_differ(tiny: Path, finished: Path, refused: Refused, contents: Contents) -> None:
    before = contents(finished)
    said = refused("run", tiny, "--out", finished, "--set", "pairs.k=4", "--set", "train.rank.max_steps=9")
    assert "(different: pairs.k, train.rank.max_steps)" in said
    assert "--out" in said
    assert contents(finished) == before


def test_how_answers_are_judged_may_change_in_a_run(run_copy: Path, gentool: Gentool, refused: Refused) -> None:
    outcome = gentool("score", run_copy, "--set", "score.defaults=equal")
    assert outcome.status == 0, outcome.err
    assert {read_json(path)["settings"]["defaults"] for path in (run_copy / "score").glob("*.json")} == {"equal"}
    assert load_run(run_copy).recipe.score.defaults == "equal"
    assert "pairs.k" in refused("score", run_copy, "--set", "pairs.k=2")


def test_a_catalogue_that_changed_since_the_run_began_is_refused(tiny: Path, run_copy: Path, refused: Refused, tmp_path: Path) -> None:
    catalogue, recipe = tmp_path / "tools.jsonl", tmp_path / "tiny.yaml"
    shutil.copy(tiny.parent / "tools.jsonl", catalogue)
    recipe.write_text(tiny.read_text(encoding="utf-8").replace(str(tiny.parent / "tools.jsonl"), str(catalogue)), encoding="utf-8")
    shutil.copy(recipe, run_copy / "recipe.yaml")
    held = (run_copy / "tools.jsonl").read_bytes()
    catalogue.write_text(catalogue.read_text(encoding="utf-8").replace("flights", "trains", 1), encoding="utf-8")
    assert "the catalogue has changed since this run began" in refused("run", recipe, "--out", run_copy)
    assert (run_copy / "tools.jsonl").read_bytes() == held


def test_a_folder_of_other_files_is_no_run_folder(tiny: Path, tmp_path: Path, refused: Refused, contents: Contents) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert "is not empty and holds no run" in refused("run", tiny, "--out", tmp_path)
    assert "is a file, not a run folder" in refused("run", tiny, "--out", tmp_path / "thesis.txt")
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


@pytest.mark.parametrize(
    ("stage", "missing", "first"),
    [
        ("pairs", "synth", "synth"),
        ("train", "pairs", "pairs"),
        ("predict", "pairs", "pairs"),
        ("predict", "train", "train"),
        ("score", "predict", "predict"),
    ],
)
def test_a_stage_before_its_input_says_what_to_run_first(run_copy: Path, refused: Refused, stage: str, missing: str, first: str) -> None:
    for path in (missing, stage):
        shutil.rmtree(run_copy / path)
    assert f"run `gentool {first} {run_copy}` first" in refused(stage, run_copy)


def test_a_folder_without_a_run_is_refused(tmp_path: Path, refused: Refused) -> None:
    for stage in ("synth", "pairs", "train", "predict", "score", "report"):
        assert "holds no run; start one with `gentool run RECIPE --out" in refused(stage, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_two_processes_do_not_work_on_one_run(finished: Path, refused: Refused, gentool: Gentool) -> None:
    program = (
        "import sys; from pathlib import Path; from gentool.run import opened\nwith opened(Path(sys.argv[1])): print('held', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", program, finished], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert "another gentool is at work in this run folder" in refused("score", finished)
        other.kill()
    assert gentool("score", finished).status == 0


def test_a_run_that_was_stopped_as_it_began_goes_on(tmp_path: Path) -> None:
    recipe = Recipe(domains=("travel", "weather"))
    whole = open_run(tmp_path / "whole", recipe).path
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / ".recipe.yaml.part").write_text("name: de", encoding="utf-8")
    open_run(torn, recipe)
    (torn / "tools.jsonl").unlink()
    open_run(torn, recipe)
    assert all((torn / name).read_bytes() == (whole / name).read_bytes() for name in ("recipe.yaml", "tools.jsonl"))


ONE_STAGE = ("pairs.test_queries=1", "train.joint.max_steps=2", "train.select.max_steps=2", "predict.engines=[trained]")


@pytest.mark.parametrize("stage", ["select", "joint"])
def test_a_run_of_one_stage_goes_the_whole_way(tiny: Path, tmp_path: Path, gentool: Gentool, stage: str) -> None:
    run = tmp_path / "run"
    settings = [part for setting in (f"train.stages=[{stage}]", *ONE_STAGE) for part in ("--set", setting)]
    outcome = gentool("run", tiny, "--out", run, *settings)
    assert outcome.status == 0, outcome.err
    assert [line.split(":")[1].strip() for line in outcome.out.splitlines() if line.startswith("train:")] == [stage]
    assert {path.name for path in (run / "train").iterdir()} == {"nano-scratch", stage}
    assert list(read_records(run / "predict" / "trained.jsonl", Prediction))
    page = (run / "report.html").read_text(encoding="utf-8")
    assert f"Stage {stage}: " in page
    assert "was not trained here" not in page
    answered = gentool("ask", run, "Search flights from OSL to LIS").out.splitlines()
    assert [line.partition(":")[0] for line in answered] == ["candidates", "ranking", "call"]


def test_a_native_answer_has_no_place_for_a_ranking() -> None:
    with pytest.raises(ValueError, match=r"prompts\.answer: native cannot answer with ranking and call in one"):
        Recipe.model_validate({"prompts": {"answer": "native"}, "train": {"stages": ["joint"]}})


@pytest.mark.parametrize("constrain", ["names", "schema"])
def test_calls_are_held_only_where_they_are_json_and_alone(constrain: str) -> None:
    held = {"predict": {"constrain": constrain}}
    assert Recipe.model_validate(held).predict.constrain == constrain
    with pytest.raises(
        ValueError, match=rf"predict\.constrain: {constrain} holds calls that are asked for as JSON and alone: take prompts\.answer: json"
    ):
        Recipe.model_validate({**held, "prompts": {"answer": "native"}})
    with pytest.raises(ValueError, match=r"train\.stages: \[joint\] asks for them with the ranking"):
        Recipe.model_validate({**held, "train": {"stages": ["joint"]}})
