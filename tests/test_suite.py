"""Suites: several runs of one recipe that share data, base and test; that they go on where they were, and what they refuse."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gentool.core.errors import RecipeError
from gentool.core.example import Example
from gentool.core.jsonl import read_json, read_records
from gentool.suite import is_suite, merge, read_suite

Contents = Callable[[Path], dict[str, bytes]]
Gentool = Callable[..., Any]
Refused = Callable[..., str]
StoppedAt = Callable[..., subprocess.CompletedProcess[str]]

RUNS: dict[str, Any] = {
    "full": None,
    "plain_sft": {"name": "plain SFT", "pairs": {"changes": []}, "train": {"stages": ["select"], "select": {"num_train_epochs": 0.3}}},
    "no_zero_to_one": {"pairs": {"changes": ["weak_to_strong"]}},
}


@pytest.fixture(scope="module")
def suite(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of seconds, made of the tiny recipe."""
    values = yaml.safe_load(tiny.read_text(encoding="utf-8"))
    stage = {"learning_rate": 1e-3, "num_train_epochs": 0.1, "per_device_train_batch_size": 2, "logging_steps": 2, "save_steps": 4}
    values["name"] = "small suite"
    values["pairs"] |= {"test_queries": 2, "share": "none"}
    values["train"] |= {"pretrain": stage, "rank": stage, "select": {**stage, "num_train_epochs": 0.2}}
    values["predict"] |= {"engines": ["trained", "base", "embedding", "tfidf", "random"], "embedding_model": "/no/such/model"}
    path = tmp_path_factory.mktemp("suite") / "suite.yaml"
    path.write_text(yaml.safe_dump({**values, "pretrain_on": "plain_sft", "runs": RUNS}, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(suite: Path, gentool: Gentool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The folder of the suite, finished without a break, and what the command said."""
    out = tmp_path_factory.mktemp("done") / "small"
    outcome = gentool("run", suite, "--out", out)
    assert outcome.status == 0, outcome.err
    return out, outcome


def test_every_run_is_an_ordinary_run(done: tuple[Path, Any], gentool: Gentool) -> None:
    out, _ = done
    assert {path.name for path in out.iterdir()} == {"suite.yaml", "report.html", *RUNS}
    for name in RUNS:
        assert gentool("pairs", out / name).status == 0
        assert gentool("score", out / name).status == 0
        assert (out / name / "score" / "trained.json").exists()
    assert yaml.safe_load((out / "plain_sft" / "recipe.yaml").read_text(encoding="utf-8"))["name"] == "plain SFT"
    assert yaml.safe_load((out / "no_zero_to_one" / "recipe.yaml").read_text(encoding="utf-8"))["name"] == "no zero to one"


def test_data_base_and_test_are_one(done: tuple[Path, Any], contents: Contents) -> None:
    out, _ = done
    for shared in ("synth", "train/nano-scratch", "train/pretrain"):
        first, *others = (contents(out / name / shared) for name in RUNS)
        assert first
        assert all(other == first for other in others)
    assert len({(out / name / "pairs" / "test.jsonl").read_bytes() for name in RUNS}) == 1
    assert len({(out / name / "pairs" / "train.jsonl").read_bytes() for name in RUNS}) == 3
    assert read_json(out / "full" / "train" / "rank" / "done.json")["base"] == "pretrain"


def test_the_base_is_trained_on_the_examples_that_are_named(done: tuple[Path, Any]) -> None:
    """Of plain fine-tuning, which asks for no ranking: the tokenizer has not seen the words."""
    out, _ = done
    trained = read_records(out / "plain_sft" / "pairs" / "train.jsonl", Example)
    assert not any(example.answer.abstains for example in trained)
    tokenizer = (out / "full" / "train" / "nano-scratch" / "tokenizer.json").read_text(encoding="utf-8")
    assert '"Call"' in tokenizer
    assert '"Rank"' not in tokenizer


def test_examples_and_steps_are_equal(done: tuple[Path, Any]) -> None:
    out, _ = done
    stages = {
        name: [read_json(path) for path in sorted((out / name / "train").glob("*/done.json")) if path.parent.name != "pretrain"] for name in RUNS
    }
    assert [len(found) for found in stages.values()] == [2, 1, 2]
    assert len({stage["rows"] for found in stages.values() for stage in found}) == 1
    steps = [sum(stage["steps"] for stage in found) for found in stages.values()]
    assert max(steps) - min(steps) <= 1, "broken epochs may end with a step of fewer rows"


def test_the_first_run_is_asked_by_every_engine_and_what_is_not_to_be_had_is_said(done: tuple[Path, Any]) -> None:
    out, outcome = done
    assert {path.stem for path in (out / "full" / "predict").iterdir()} == {"trained", "base", "tfidf", "random"}
    assert all({path.stem for path in (out / name / "predict").iterdir()} == {"trained"} for name in list(RUNS)[1:])
    assert "predict: embedding is left out: cannot load the embedding model /no/such/model" in outcome.out


def test_the_report_shows_all_side_by_side(done: tuple[Path, Any]) -> None:
    out, outcome = done
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<h1>small suite</h1>" in page
    rows = dict.fromkeys(re.findall(r'data-table="overview" data-name="([^"]*)"', page))
    assert list(rows) == ["full", "plain SFT", "no zero to one", "base", "tfidf", "random"]
    for name, run in (("full", "full"), ("plain SFT", "plain_sft")):
        score = read_json(out / run / "score" / "trained.json")
        for column, cell in {"all": score["scenarios"]["all"]["call"], "zero_to_one": score["pairs"]["zero_to_one"]}.items():
            assert f'data-table="overview" data-name="{name}" data-scenario="{column}"' in page
            assert re.search(f'data-table="overview" data-name="{name}" data-scenario="{column}"[^>]* data-value="{cell["value"]}" data-low="', page)
    assert outcome.out.rstrip().endswith(f"report: {out / 'report.html'}")


def test_a_suite_that_is_done_is_not_done_again(done: tuple[Path, Any], suite: Path, gentool: Gentool, contents: Contents) -> None:
    out, _ = done
    before = contents(out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    assert gentool("run", suite, "--out", out).status == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")} == times
    assert contents(out) == before


def test_a_suite_that_is_stopped_anywhere_ends_with_the_same_files(
    done: tuple[Path, Any], suite: Path, tmp_path: Path, stopped_at: StoppedAt, gentool: Gentool, contents: Contents
) -> None:
    out = tmp_path / "small"
    for moment in ("synth/.build.json.part", "train/.pretrain.part"):
        assert stopped_at(moment, signal.SIGKILL, "run", suite, "--out", out).returncode == -signal.SIGKILL
    stopped = stopped_at("plain_sft/train/select/checkpoints/checkpoint-8/trainer_state.json", signal.SIGINT, "run", suite, "--out", out)
    assert (stopped.returncode, stopped.stderr) == (130, "gentool: stopped; the same command goes on from here\n")
    assert not (out / "report.html").exists()
    assert gentool("run", suite, "--out", out).status == 0
    assert contents(out) == contents(done[0])


def refuse(refused: Refused, suite: Path, tmp_path: Path, **changes: Any) -> str:
    """What a changed suite is refused with; nothing is begun."""
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(suite.read_text(encoding="utf-8")), **changes}, sort_keys=False), encoding="utf-8")
    said = refused("run", path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert said.startswith(f"{path}")
    return said.removeprefix(str(path))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sede": 1}, ": unknown key 'sede'; did you mean 'seed'?"),
        ({"runs": {"a": {"pairs": {"chnages": []}}}}, ", runs.a: unknown key 'pairs.chnages'; did you mean 'changes'?"),
        ({"runs": {"a": {}, "b": {"pairs": {"changes": ["one"]}}}}, ", runs.b: pairs.changes.0: "),
        ({"runs": {"a": {}, "b": {"seed": 2}}}, ", runs.b: seed is the same in all runs of a suite; set it beside `runs`"),
        ({"runs": {"a": {}, "b": {"train": {"nano": {"hidden_size": 16}}}}}, ", runs.b: train.nano.hidden_size is the same in all runs"),
        ({"runs": {"a": {}, "b": {"synth": {"queries_per_pair": 2}}}}, ", runs.b: synth.queries_per_pair is the same in all runs"),
        ({"runs": {"../a": {}}}, ": runs: '../a' cannot name a folder"),
        ({"runs": {}}, ": runs: "),
        ({"runs": {"a": 3}}, ": runs.a: "),
        ({"pretrain_on": "ful"}, ": pretrain_on: 'ful' is none of the runs (full, plain_sft, no_zero_to_one)"),
        ({"runs": {"a": {}, "b": {"train": {"stages": ["rank"]}}}, "pretrain_on": None}, ", runs.b: train.stages: [rank] is no way to train"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(refused: Refused, suite: Path, tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    assert refuse(refused, suite, tmp_path, **({"pretrain_on": None} | changes if "runs" in changes else changes)).startswith(said)


def test_runs_whose_tests_differ_are_refused_before_training(refused: Refused, suite: Path, tmp_path: Path) -> None:
    said = refused("run", suite, "--out", tmp_path / "out", "--set", "runs.plain_sft.pairs.k=2")
    assert said.startswith(f"{tmp_path / 'out' / 'plain_sft'}: its test differs from that of {tmp_path / 'out' / 'full'}")
    assert not any((tmp_path / "out").glob("*/train"))


def test_another_suite_and_other_files_are_refused(done: tuple[Path, Any], suite: Path, finished: Path, refused: Refused, contents: Contents) -> None:
    out, _ = done
    before = contents(out)
    said = refused("run", suite, "--out", out, "--set", "pairs.test_queries=3", "--set", "runs.full.train.masking.probability=0.5")
    assert "holds another suite (different: pairs.test_queries, runs.full)" in said
    assert contents(out) == before
    assert "is not empty and holds no suite" in refused("run", suite, "--out", finished)


def test_torchrun_does_not_start_a_suite(suite: Path, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "a suite is not run by torchrun" in refused("run", suite, "--out", tmp_path / "out")


def test_a_recipe_with_runs_is_a_suite(tmp_path: Path, suite: Path, tiny: Path) -> None:
    assert is_suite(str(suite))
    assert not is_suite(str(tiny))
    assert is_suite("ablations")
    for text in ("- runs\n", "runs", "a: [", "\x00"):
        (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
        assert not is_suite(str(tmp_path / "odd.yaml"))
    assert not is_suite(str(tmp_path / "none.yaml"))
    with pytest.raises(RecipeError, match="neither a recipe file nor a shipped recipe"):
        is_suite("ablation")


def test_a_setting_is_changed_in_all_runs_or_in_one(suite: Path) -> None:
    _, recipes = read_suite(str(suite), ["pairs.neighbours=4", "runs.full.pairs.queries_per_set=2"])
    assert {recipe.pairs.neighbours for recipe in recipes.values()} == {4}
    assert [recipe.pairs.queries_per_set for recipe in recipes.values()] == [2, None, None]


def test_tables_are_merged_and_values_replaced() -> None:
    table = {"a": {"b": 1, "c": {"d": 2}}, "e": [1], "f": None}
    assert merge(table, {"a": {"c": {"g": 3}}, "e": [], "f": {"h": 4}}) == {"a": {"b": 1, "c": {"d": 2, "g": 3}}, "e": [], "f": {"h": 4}}
    assert table == {"a": {"b": 1, "c": {"d": 2}}, "e": [1], "f": None}


def test_without_out_a_run_stands_in_a_folder_of_its_recipe_s_name(
    tiny: Path, suite: Path, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for recipe in (tiny, suite):
        (tmp_path / "runs" / recipe.stem).write_text("in the way", encoding="utf-8")
        assert refused("run", recipe).startswith(f"runs/{recipe.stem}: is a file, not a run folder")
