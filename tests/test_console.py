"""The lines that commands print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gentool import console
from gentool.core.jsonl import read_json
from gentool.run import load_run


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_synth_says_what_was_written_kept_and_refused(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = {**read_json(finished / "synth" / "build.json"), "rejected": {"Query: repeated": 3, "WeakTool: schema": 4}}
    console.say_synth(build, load_run(finished))
    line = printed(capsys)
    assert line.startswith("synth:   18 tools, 18 weak tools, ")
    assert f"refused 7 ({finished / 'synth' / 'rejected.jsonl'})" in line


def test_pairs_says_how_many_examples_and_checks_there_are(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = read_json(finished / "pairs" / "build.json")
    console.say_pairs(build, load_run(finished))
    line = printed(capsys)
    assert f"{build['counts']['train']['examples']} training and 128 test examples" in line
    assert f"{len(build['leak_checks'])} leak checks" in line


def test_train_names_rows_that_were_left_out(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rank_done = {"steps": 24, "rows": 90, "rows_too_long": 0, "tokens_seen": 900, "tokens_computed": 500, "way": "tree"}
    done = {"rank": rank_done, "select": {**rank_done, "steps": 8, "rows": 87, "rows_too_long": 3, "way": "plain"}}
    console.say_train(done, load_run(finished))
    rank, select = printed(capsys).splitlines()
    assert rank == f"train:   rank: 24 steps on 90 rows, 1.8x by shared prompts ({finished / 'train' / 'rank'})"
    assert "87 rows, 3 rows longer than max_length left out (" in select


def test_the_table_has_a_row_for_each_engine_and_scenario(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [finished / "score" / f"{engine}.json" for engine in ("trained", "tfidf", "random")]
    console.say_scores(paths)
    lines = printed(capsys).splitlines()
    for engine in ("trained", "tfidf", "random"):
        assert sum(line.startswith(engine) for line in lines) == 6, "five rows of scores and one of pairs"
    score = read_json(finished / "score" / "tfidf.json")["scenarios"]["all"]
    row = next(line for line in lines if line.startswith("tfidf") and " all " in line)
    assert row.split()[2] == str(score["n"]) == "128"
    assert f"{100 * score['selection']['value']:.1f} ({100 * score['selection']['low']:.0f}-{100 * score['selection']['high']:.0f})" in row
    assert lines[-1] == f"score:   {', '.join(str(path) for path in paths)}"


def test_what_was_not_measured_is_a_dash(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score: dict[str, Any] = read_json(finished / "score" / "tfidf.json")
    for block in score["scenarios"].values():
        block["call"] = {"value": None, "low": None, "high": None, "n": 0}
    (tmp_path / "tfidf.json").write_text(json.dumps(score), encoding="utf-8")
    console.say_scores([tmp_path / "tfidf.json"])
    rows = [line for line in printed(capsys).splitlines() if line.startswith("tfidf")]
    assert [line.split()[-1] for line in rows[:5]] == ["-"] * 5
