"""The seeds of a suite read from their folders: which models are compared, and what must be there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gentool.core.errors import RunError
from gentool.core.jsonl import read_json
from gentool.seeds import compare_seeds, list_models, pool_folders

ENGINES = {"full": ["trained", "tfidf", "random"], "same": ["trained"]}


@pytest.fixture
def folders(finished: Path, tmp_path: Path) -> dict[int, Path]:
    """Two seeds of two runs, all of them with the results of the tiny run."""
    found = {seed: tmp_path / f"seed-{seed}" for seed in (0, 1)}
    for folder in found.values():
        for run in ENGINES:
            for stage in ("pairs", "score"):
                shutil.copytree(finished / stage, folder / run / stage)
    return found


def test_the_table_is_that_of_the_score_files(folders: dict[int, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare_seeds(folders, ENGINES, tmp_path)
    table = read_json(tmp_path / "seeds.json")
    assert table["models"] == ["full", "same", "tfidf", "random"]
    assert (table["seeds"], table["records"]) == ([0, 1], 256)
    for engine in ("tfidf", "random"):
        score = read_json(folders[0] / "full" / "score" / f"{engine}.json")
        cells = table["means"][engine]
        assert cells["call"]["value"] == pytest.approx(score["scenarios"]["all"]["call"]["value"])
        assert cells["zero_to_one"]["value"] == pytest.approx(score["pairs"]["zero_to_one"]["value"])
        assert cells["call"]["by_seed"]["0"] == cells["call"]["by_seed"]["1"]
    assert {(cell["value"], cell["result"]) for cell in table["differences"]["same"].values()} == {(0, "not told apart")}
    said = capsys.readouterr().out
    assert "tfidf" in said and "256 records" in said
    assert "| tfidf | " in (tmp_path / "seeds.md").read_text(encoding="utf-8")


def test_an_engine_that_one_seed_lacks_is_refused_and_one_that_all_lack_is_left_out(folders: dict[int, Path]) -> None:
    asked = {**ENGINES, "full": [*ENGINES["full"], "embedding"]}
    assert pool_folders(folders, asked) == pool_folders(folders, ENGINES)
    (folders[1] / "full" / "score" / "tfidf.verdicts.jsonl").unlink()
    with pytest.raises(RunError, match=r"seed-1/full/score/tfidf\.verdicts\.jsonl: no such file, though tfidf is scored in another seed"):
        pool_folders(folders, ENGINES)


def test_a_record_that_one_seed_lacks_is_refused(folders: dict[int, Path]) -> None:
    path = folders[1] / "same" / "score" / "trained.verdicts.jsonl"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")
    with pytest.raises(RunError, match=r"seed-1/same/score/trained\.verdicts\.jsonl does not fit the 128 examples .* \(1 missing"):
        pool_folders(folders, ENGINES)


def test_models_are_named_by_run_or_engine_and_by_both_where_that_is_not_enough() -> None:
    assert [model.label for model in list_models({"full": ["random", "trained"], "joint": ["trained"]})] == ["full", "joint", "random"]
    assert [model.label for model in list_models({"a": ["tfidf"], "b": ["trained", "tfidf"]})] == ["a/tfidf", "b", "b/tfidf"]
    assert [model.label for model in list_models({"tfidf": ["trained", "tfidf"]})] == ["tfidf/trained", "tfidf/tfidf"]
    held = list_models({"full": ["tfidf", "trained+names"], "joint": ["trained+names"]})
    assert [model.label for model in held] == ["full+names", "joint+names", "tfidf"]


def test_the_first_run_has_to_have_an_engine() -> None:
    with pytest.raises(RunError, match="full, the run that the others are compared with, has no engine that is scored"):
        list_models({"full": [], "joint": ["trained"]})
