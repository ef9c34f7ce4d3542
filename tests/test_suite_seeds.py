"""A suite of several seeds: its folders, its pooled table, that it goes on where it was, and what it refuses."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gentool.core.jsonl import read_json
from gentool.core.recipe import dump_recipe, parse_recipe, read_recipe
from gentool.run import Recipe, locked
from gentool.suite import Suite, list_folders, read_suite

Contents = Callable[[Path], dict[str, bytes]]
Gentool = Callable[..., Any]
Refused = Callable[..., str]
StoppedAt = Callable[..., subprocess.CompletedProcess[str]]

FOLDERS = ("seed-3/full", "seed-3/plain_sft", "seed-1/full", "seed-1/plain_sft")


@pytest.fixture(scope="module")
def suite(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of two runs and two seeds, as small as it goes."""
    values = yaml.safe_load(tiny.read_text(encoding="utf-8"))
    values["name"] = "seeds"
    values["pairs"] |= {"test_queries": 1, "share": "none"}
    values["train"] |= {"stages": ["select"], "select": {"learning_rate": 1e-3, "max_steps": 2, "save_steps": 1, "logging_steps": 1}}
    values["predict"] = {"engines": ["trained", "tfidf", "random"], "generation": {"max_new_tokens": 2}}
    runs = {"full": None, "plain_sft": {"name": "plain SFT", "pairs": {"changes": []}}}
    path = tmp_path_factory.mktemp("suite") / "suite.yaml"
    path.write_text(yaml.safe_dump({**values, "seeds": [3, 1], "runs": runs}, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(suite: Path, gentool: Gentool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The folder of the suite, finished without a break, and what the command said."""
    out = tmp_path_factory.mktemp("done") / "small"
    outcome = gentool("run", suite, "--out", out)
    assert outcome.status == 0, outcome.err
    return out, outcome


def test_every_seed_holds_ordinary_runs_with_it(done: tuple[Path, Any], gentool: Gentool) -> None:
    out, _ = done
    assert {path.name for path in out.iterdir()} == {"suite.yaml", "seeds.json", "seeds.md", "seed-3", "seed-1"}
    assert {path.name for path in (out / "seed-1").iterdir()} == {"full", "plain_sft", "report.html"}
    for name in FOLDERS:
        recipe = read_recipe(out / name / "recipe.yaml", (), Recipe)
        assert f"seed-{recipe.seed}" == name.partition("/")[0]
        assert recipe.name == f"{'full' if name.endswith('full') else 'plain SFT'}, seed {recipe.seed}"
    assert gentool("score", out / "seed-1" / "full").status == 0


def test_data_base_and_test_are_one_within_a_seed_and_others_in_another(done: tuple[Path, Any], contents: Contents) -> None:
    out, _ = done
    for shared in ("synth", "train/nano-scratch"):
        for seed in ("seed-3", "seed-1"):
            assert contents(out / seed / "full" / shared) == contents(out / seed / "plain_sft" / shared) != {}
    tests = {name: (out / name / "pairs" / "test.jsonl").read_bytes() for name in FOLDERS}
    assert tests["seed-3/full"] == tests["seed-3/plain_sft"] != tests["seed-1/full"] == tests["seed-1/plain_sft"]


def test_the_seeds_are_pooled(done: tuple[Path, Any]) -> None:
    out, outcome = done
    table = read_json(out / "seeds.json")
    assert (table["seeds"], table["models"], table["reference"]) == ([3, 1], ["full", "plain_sft", "tfidf", "random"], "full")
    assert table["records"] == sum(read_json(out / seed / "full" / "score" / "tfidf.json")["n"] for seed in ("seed-3", "seed-1"))
    found = table["means"]["tfidf"]["call"]
    for seed in (3, 1):
        score = read_json(out / f"seed-{seed}" / "full" / "score" / "tfidf.json")
        assert found["by_seed"][str(seed)] == pytest.approx(score["scenarios"]["all"]["call"]["value"])
    assert f"seeds:   {out / 'seeds.json'}, {out / 'seeds.md'}\n" in outcome.out
    assert "over 2 seeds (3, 1)" in outcome.out


def test_every_seed_has_a_page_of_its_runs_side_by_side(done: tuple[Path, Any]) -> None:
    out, outcome = done
    for seed in (3, 1):
        page = (out / f"seed-{seed}" / "report.html").read_text(encoding="utf-8")
        assert f"<h1>seeds, seed {seed}</h1>" in page
        rows = dict.fromkeys(re.findall(r'data-table="overview" data-name="([^"]*)"', page))
        assert list(rows) == [f"full, seed {seed}", f"plain SFT, seed {seed}", "tfidf", "random"]
    assert outcome.out.endswith("".join(f"report: {out / f'seed-{seed}' / 'report.html'}\n" for seed in (3, 1)))


def test_a_suite_that_is_stopped_anywhere_ends_with_the_same_files(
    done: tuple[Path, Any], suite: Path, tmp_path: Path, stopped_at: StoppedAt, gentool: Gentool, contents: Contents
) -> None:
    out = tmp_path / "small"
    for moment in ("seed-1/full/pairs/.build.json.part", "seed-1/plain_sft/train/select/checkpoints/checkpoint-1/trainer_state.json"):
        assert stopped_at(moment, signal.SIGKILL, "run", suite, "--out", out).returncode == -signal.SIGKILL
    assert stopped_at(".seeds.md.part", signal.SIGKILL, "run", suite, "--out", out).returncode == -signal.SIGKILL
    assert not list(out.rglob("report.html"))
    assert gentool("run", suite, "--out", out).status == 0
    assert contents(out) == contents(done[0])


def test_other_seeds_in_the_folder_are_refused(done: tuple[Path, Any], suite: Path, refused: Refused, contents: Contents) -> None:
    out, _ = done
    before = contents(out)
    assert "holds another suite (different: seeds)" in refused("run", suite, "--out", out, "--set", "seeds=[3,2]")
    assert "holds another suite (different: seeds, seed)" in refused("run", suite, "--out", out, "--set", "seeds=null")
    assert contents(out) == before


def test_a_suite_at_work_is_not_entered_and_nor_is_a_run_of_it(done: tuple[Path, Any], suite: Path, refused: Refused) -> None:
    out, _ = done
    for held in (out, out / "seed-1" / "full"):
        with locked(held):
            assert f"{held}: another gentool is at work" in refused("run", suite, "--out", out)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ("[]", ": seeds: name at least one, or leave it out"),
        ("[0, 1, 0]", ": seeds: 0 stands in it twice"),
        ("2", ": seeds: "),
        ("[a]", ": seeds.0: "),
    ],
)
def test_wrong_seeds_are_refused(refused: Refused, suite: Path, tmp_path: Path, seeds: str, said: str) -> None:
    assert refused("run", suite, "--out", tmp_path / "out", "--set", f"seeds={seeds}").startswith(f"{suite}{said}")
    assert not (tmp_path / "out").exists()


def test_one_seed_beside_several_is_refused(refused: Refused, suite: Path, tmp_path: Path) -> None:
    for place in ("seed", "runs.full.seed"):
        assert "`seed` stands beside `seeds`" in refused("run", suite, "--out", tmp_path / "out", "--set", f"{place}=0")
    assert not (tmp_path / "out").exists()


def test_seeds_are_set_where_a_shipped_suite_names_none(tmp_path: Path) -> None:
    suite, recipes = read_suite("ablations", ["seeds=[0,1]"])
    assert suite.seeds == (0, 1)
    folders = list_folders(suite, recipes, tmp_path)
    assert {folder.name: {recipe.seed for recipe in own.values()} for folder, own in folders.items()} == {"seed-0": {0}, "seed-1": {1}}
    assert parse_recipe(dump_recipe(suite), "saved", (), Suite) == suite
    alone, recipes = read_suite("ablations", ["seed=5"])
    assert list_folders(alone, recipes, tmp_path) == {tmp_path: recipes}
    assert {recipe.seed for recipe in recipes.values()} == {5}
    assert "seeds" not in yaml.safe_load(dump_recipe(alone))
