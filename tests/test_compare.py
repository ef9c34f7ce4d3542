"""`gentool compare`: how models are named, which examples they share, and what is printed and written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.compare import compare_runs, error_rows, find_scored, label, show_difference, show_p
from gentool.core.errors import RunError
from gentool.core.example import Example, Verdict
from gentool.core.jsonl import read_json, read_records, write_records

Gentool = Callable[..., Any]
Refused = Callable[..., str]


def test_engines_of_one_run_are_compared(finished: Path, gentool: Gentool, tmp_path: Path) -> None:
    out, markdown, differences = tmp_path / "new" / "compare.json", tmp_path / "compare.md", tmp_path / "differences.jsonl"
    outcome = gentool(
        "compare",
        f"{finished}:tfidf",
        f"{finished}:trained",
        f"{finished}:random",
        "--out",
        out,
        "--markdown",
        markdown,
        "--differences",
        differences,
    )
    assert (outcome.status, outcome.err) == (0, "")
    table = read_json(out)
    assert (table["reference"], table["models"], table["n"]) == ("tfidf", ["tfidf", "trained", "random"], 128)
    scores = {name: read_json(finished / "score" / f"{name}.json") for name in table["models"]}
    for row in table["rows"]:
        for name, key in (("tfidf", "reference_value"), (row["model"], "value")):
            if row["metric"] in ("zero_to_one", "weak_to_strong"):
                block = scores[name]["pairs"] if row["by"] == "all" else scores[name]["pairs_by_scenario"][row["group"]]
            else:
                block = scores[name]["scenarios"][row["group"]]
            assert (row["n"], row[key]) == (block[row["metric"]]["n"], pytest.approx(block[row["metric"]]["value"]))
    for name in table["models"]:
        assert {key: count for key, count in table["errors"][name].items() if key != "right"} == scores[name]["errors"]
    assert f"Holm: adjusted for {table['tests']} tests" in outcome.out
    assert "trained against tfidf" in outcome.out and "random against tfidf" in outcome.out
    for row in table["rows"]:
        assert show_difference(row) in outcome.out
    assert outcome.out.splitlines()[-3:-1] == [f"numbers: {out}", f"markdown: {markdown}"]
    check_differences(differences, finished, table["models"])
    check_markdown(markdown.read_text(encoding="utf-8"), table)


def check_differences(path: Path, run: Path, names: list[str]) -> None:
    """Every example whose verdicts are not alike is there once, with what each model answered."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    examples = {example.id: example for example in read_records(run / "pairs" / "test.jsonl", Example)}
    verdicts = {name: {one.id: one for one in read_records(run / "score" / f"{name}.verdicts.jsonl", Verdict)} for name in names}
    errors = [identifier for identifier in examples if len({verdicts[name][identifier].error for name in names}) > 1]
    assert [record["id"] for record in records if "error" in record["differ_in"]] == errors
    assert errors
    for record in records:
        example = examples[record["id"]]
        assert (record["query"], tuple(record["tools"]), record["target"]["name"]) == (example.query, example.tools.names, example.answer.name)
        assert list(record["answers"]) == names
        for name, answer in record["answers"].items():
            verdict = verdicts[name][record["id"]]
            assert (answer["reason"], answer["error"], answer["right"]) == (verdict.reason, verdict.error, verdict.call)
    raw = {line["id"]: line["select"] for line in map(json.loads, (run / "predict" / "random.jsonl").read_text().splitlines())}
    assert all(record["answers"]["random"]["answer"] == raw[record["id"]] for record in records)


def check_markdown(text: str, table: dict[str, Any]) -> None:
    lines = text.splitlines()
    assert lines.count("| metric | over | n | families | reference | model | difference | only reference | only model | p | p (Holm) |") == 2
    rows = [line for line in lines if line.startswith(("| selection |", "| call |", "| format |"))]
    assert len(rows) == sum(row["metric"] in ("selection", "call", "format") for row in table["rows"])
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1


def test_the_engine_may_be_left_out_where_it_is_plain(finished: Path, tmp_path: Path) -> None:
    assert find_scored(str(finished)).engine == "trained"
    alone = tmp_path / "run"
    shutil.copytree(finished, alone, ignore=shutil.ignore_patterns("trained*", "random*"))
    assert find_scored(str(alone)).engine == "tfidf"
    assert find_scored(f"{alone}:tfidf").engine == "tfidf"


def test_what_was_trained_is_found_where_its_answers_were_held(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "held"))
    (copy / "score" / "trained.verdicts.jsonl").rename(copy / "score" / "trained+schema.verdicts.jsonl")
    assert find_scored(str(copy)).engine == find_scored(f"{copy}:trained").engine == "trained+schema"
    shutil.copy(copy / "score" / "trained+schema.verdicts.jsonl", copy / "score" / "trained+names.verdicts.jsonl")
    with pytest.raises(RunError, match=r"say which, as .*held:trained\+names"):
        find_scored(str(copy))


def test_an_engine_may_be_named_as_for_predict_and_a_folder_may_hold_colons(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "run:1"))
    for suffix in (".json", ".verdicts.jsonl"):
        (copy / "score" / f"trained{suffix}").rename(copy / "score" / f"Qwen3-0.6B{suffix}")
    assert find_scored(f"{copy}:hf:Qwen/Qwen3-0.6B").engine == "Qwen3-0.6B"
    assert find_scored(f"{copy}:tfidf").run == copy


def test_runs_of_the_same_examples_are_compared_by_their_names(finished: Path, tmp_path: Path, gentool: Gentool) -> None:
    other = Path(shutil.copytree(finished, tmp_path / "other"))
    found = compare_runs([str(finished), str(other), f"{other}:tfidf"])
    assert found.table["models"] == ["run:trained", "other:trained", "other:tfidf"]
    assert [one.label for one in label([find_scored(str(finished)), find_scored(str(other))])] == ["run", "other"]
    same = [row for row in found.table["rows"] if row["model"] == "other:trained"]
    assert same and all(row["difference"] == 0 and row["p"] == 1 for row in same)
    twice = gentool("compare", finished, finished)
    assert twice.status == 0 and "trained (2) against trained (1)" in twice.out


def test_other_examples_are_refused_and_counted_unless_the_common_ones_are_asked_for(run_copy: Path, finished: Path, refused: Refused) -> None:
    examples = list(read_records(run_copy / "pairs" / "test.jsonl", Example))
    write_records(run_copy / "pairs" / "test.jsonl", examples[8:])
    for name in ("trained", "tfidf"):
        path = run_copy / "score" / f"{name}.verdicts.jsonl"
        write_records(path, list(read_records(path, Verdict))[8:])
    message = refused("compare", finished, f"{run_copy}:tfidf")
    assert "run:trained has 8 of 128, run:tfidf has 0 of 120" in message.replace(f"{finished}:", "run:").replace(f"{run_copy}:", "run:")
    assert "--common compares the 120 that all have" in message
    found = compare_runs([str(finished), f"{run_copy}:tfidf"], common=True)
    assert (found.table["n"], sorted(found.left_out.values())) == (120, [0, 8])


def test_what_does_not_belong_together_is_refused(run_copy: Path, finished: Path, refused: Refused) -> None:
    examples = list(read_records(run_copy / "pairs" / "test.jsonl", Example))
    verdicts = run_copy / "score" / "trained.verdicts.jsonl"
    held = list(read_records(verdicts, Verdict))
    write_records(verdicts, held[1:])
    assert "does not fit the 128 examples" in refused("compare", run_copy, finished)
    write_records(run_copy / "pairs" / "test.jsonl", [examples[0].model_copy(update={"query": "Another."}), *examples[1:]])
    write_records(verdicts, held)
    assert f"example {examples[0].id} is another one in {finished}" in refused("compare", run_copy, finished)
    write_records(run_copy / "pairs" / "test.jsonl", [one.model_copy(update={"id": f"{one.id}x"}) for one in examples])
    write_records(verdicts, [one.model_copy(update={"id": f"{one.id}x"}) for one in held])
    assert "no test example in common" in refused("compare", run_copy, finished)


def test_verdicts_older_than_what_they_judge_are_refused(run_copy: Path, refused: Refused) -> None:
    verdicts = run_copy / "score" / "tfidf.verdicts.jsonl"
    written = (run_copy / "predict" / "tfidf.jsonl").stat().st_mtime
    os.utime(verdicts, (written - 5, written - 5))
    message = refused("compare", run_copy, f"{run_copy}:tfidf")
    assert "tfidf.verdicts.jsonl is older than" in message and message.endswith(f"run: gentool score {run_copy}")


def test_what_cannot_be_found_is_said_with_what_there_is(finished: Path, run_copy: Path, refused: Refused, tmp_path: Path) -> None:
    assert "two models or more" in refused("compare", finished)
    assert "no such run folder" in refused("compare", finished, tmp_path / "nosuch")
    assert "the engine 'tfdif' is not scored (scored are: random, tfidf, trained)" in refused("compare", finished, f"{finished}:tfdif")
    (run_copy / "score" / "trained.verdicts.jsonl").unlink()
    assert "several engines are scored (random, tfidf); say which" in refused("compare", finished, run_copy)
    shutil.rmtree(run_copy / "score")
    assert "nothing is scored yet" in refused("compare", finished, run_copy)


def test_numbers_are_shown_in_points() -> None:
    row = {"difference": 0.0423, "low": 0.013, "high": 0.07}
    assert show_difference(row) == "+4.2 (1.3 to 7.0)*"
    assert show_difference({**row, "low": -0.0001}) == "+4.2 (0.0 to 7.0)"
    assert show_difference({**row, "low": None, "high": None}) == "+4.2 (one family)"
    assert (show_p(0.00009), show_p(0.0213), show_p(1.0)) == ("<0.0001", "0.0213", "1.0000")


def test_errors_are_counted_with_what_went_to_them_and_back(finished: Path) -> None:
    found = compare_runs([f"{finished}:tfidf", f"{finished}:random"])
    rows = {row[0]: row[1:] for row in error_rows(found.table, "random")}
    went = found.table["transitions"]["random"]
    assert rows["right"][3:] == ("", "")
    for kind, (reference, model, both, lost, gained) in ((key.replace(" ", "_"), value) for key, value in rows.items() if key != "right"):
        assert (int(reference), int(model)) == (found.table["errors"]["tfidf"][kind], found.table["errors"]["random"][kind])
        assert int(both) == went[kind].get(kind, 0)
        assert (int(lost), int(gained)) == (went["right"].get(kind, 0), went[kind].get("right", 0))
