"""The score file: its keys, its bytes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gentool.core.errors import RecordError, RunError
from gentool.core.example import ERROR_CLASSES, SCENARIOS, Example, Prediction, Verdict
from gentool.core.jsonl import read_json, read_records, write_records
from gentool.evaluate.score import score, score_file

AnswerAll = Callable[[str, list[Example]], list[Prediction]]


@pytest.fixture
def run(tmp_path: Path, examples: list[Example], answer_all: AnswerAll) -> Path:
    """A run folder with predictions of two engines."""
    write_records(tmp_path / "pairs" / "test.jsonl", examples)
    for engine in ("gold", "first"):
        write_records(tmp_path / "predict" / f"{engine}.jsonl", answer_all(engine, examples)[::-1])
    return tmp_path


def test_score_file_and_verdicts(run: Path, examples: list[Example], answer_all: AnswerAll) -> None:
    path = score_file(run, "first")
    assert path == run / "score" / "first.json"
    assert read_json(path) == score("first", examples, answer_all("first", examples))
    verdicts = list(read_records(run / "score" / "first.verdicts.jsonl", Verdict))
    assert [verdict.id for verdict in verdicts] == [example.id for example in examples]
    assert sum(verdict.error == "weak_instead_of_strong" for verdict in verdicts) == 4


def test_a_second_score_writes_the_same_bytes(run: Path) -> None:
    first = score_file(run, "gold").read_bytes(), (run / "score" / "gold.verdicts.jsonl").read_bytes()
    assert (score_file(run, "gold").read_bytes(), (run / "score" / "gold.verdicts.jsonl").read_bytes()) == first


def test_keys_that_other_commands_read(run: Path) -> None:
    result = read_json(score_file(run, "gold"))
    assert {"name", "n", "scenarios", "pairs", "pairs_by_scenario", "pairs_incomplete", "ranking", "abstention", "errors"} <= set(result)
    assert set(result["scenarios"]) == {*SCENARIOS, "all"}
    for table in result["scenarios"].values():
        for metric in ("format", "selection", "selection_lenient", "call"):
            assert {"value", "low", "high"} <= set(table[metric])
        assert {"value", "low", "high", "n", "precision", "recall", "f1", "given_right_tool"} <= set(table["parameter_names"])
        assert {"value", "low", "high", "n", "normalised", "given_right_tool"} <= set(table["parameter_values"])
        assert {"value", "low", "high", "n"} <= set(table["parameter_names"]["given_right_tool"]) & set(table["parameter_values"]["given_right_tool"])
    for transition in ("zero_to_one", "weak_to_strong"):
        assert {"n", "value", "low", "high", "transitions"} <= set(result["pairs"][transition])
        assert set(result["pairs"][transition]["transitions"]) == {"right_right", "right_wrong", "wrong_right", "wrong_wrong"}
    assert {"n", "exact", "mrr", "kendall_tau"} <= set(result["ranking"])
    assert {"precision", "recall", "f1"} <= set(result["abstention"])
    assert set(result["errors"]) == set(ERROR_CLASSES)


def test_no_examples_give_nulls_and_valid_json() -> None:
    result = json.loads(json.dumps(score("none", [], []), allow_nan=False))
    everything = result["scenarios"]["all"]
    assert everything["n"] == 0
    assert (everything["call"]["value"], everything["call"]["low"], everything["call"]["high"]) == (None, None, None)
    assert everything["parameter_values"]["normalised"]["value"] is None
    assert (result["ranking"]["mrr"], result["ranking"]["kendall_tau"], result["abstention"]["f1"]) == (None, None, None)
    assert (result["pairs"]["zero_to_one"]["value"], result["pairs"]["zero_to_one"]["n"]) == (None, 0)


def test_a_scenario_without_examples_is_null(make_example: Callable[..., Example], answer_all: AnswerAll) -> None:
    some = [make_example("zero"), make_example("one", scenario=None)]
    result = score("gold", some, answer_all("gold", some))
    assert result["scenarios"]["unseen_query_unseen_tool"]["call"]["value"] is None
    assert [result["scenarios"][name]["n"] for name in ("seen_query_seen_tool", "all")] == [1, 2]
    assert result["without_scenario"] == 1


def test_missing_predictions_are_refused(run: Path, examples: list[Example], answer_all: AnswerAll) -> None:
    write_records(run / "predict" / "gold.jsonl", answer_all("gold", examples)[2:])
    with pytest.raises(RunError) as caught:
        score_file(run, "gold")
    message = str(caught.value)
    assert "2 of 16" in message and examples[0].id in message and f"gentool predict {run}" in message and "\n" not in message
    assert not (run / "score").exists()


def test_extra_and_repeated_predictions_are_refused(examples: list[Example], answer_all: AnswerAll) -> None:
    predictions = answer_all("gold", examples)
    with pytest.raises(RunError, match=r"1 of 17 .*stranger.*gentool predict"):
        score("gold", examples, [*predictions, Prediction(id="stranger", select="", rank="")])
    with pytest.raises(RunError, match=rf"2 of 18 .*{examples[3].id}.*gentool predict"):
        score("gold", examples, [*predictions, predictions[3], predictions[3]])
    with pytest.raises(RunError, match="repeat an id"):
        score("gold", [*examples, examples[0]], predictions)


def test_missing_files_say_which_command_makes_them(run: Path) -> None:
    with pytest.raises(RunError, match=r"nobody\.jsonl.*gentool predict"):
        score_file(run, "nobody")
    (run / "pairs" / "test.jsonl").unlink()
    with pytest.raises(RunError, match=r"test\.jsonl.*gentool pairs"):
        score_file(run, "gold")


def test_a_torn_last_line_is_a_missing_prediction_and_a_broken_line_an_error(run: Path) -> None:
    path = run / "predict" / "gold.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]) + lines[-1][:-5])
    with pytest.raises(RunError, match="1 of 16"):
        score_file(run, "gold")
    path.write_text("".join([*lines[:3], "{broken\n", *lines[4:]]))
    with pytest.raises(RecordError, match="line 4"):
        score_file(run, "gold")
