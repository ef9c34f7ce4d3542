"""The score file: its keys, its bytes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gentool.core.call import Call
from gentool.core.errors import RecordError, RunError
from gentool.core.example import ERROR_CLASSES, REASON_CODES, SCENARIOS, AnswerFormat, Example, Prediction, Verdict
from gentool.core.jsonl import read_json, read_records, write_records
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.score import score, score_file
from gentool.evaluate.verdict import ScoreSettings

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
    assert set(result["reasons"]) == set(REASON_CODES)
    assert {"normalised", "coerced", "levenshtein"} <= set(result["scenarios"]["all"]["parameter_values"])
    assert (result["settings"], result["constrained"]) == ({"defaults": "strict"}, "none")
    assert result["ranking_by_scores"] is None and result["categories"] is None


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


def test_what_held_the_answers_and_how_they_were_judged_is_said(make_example: Callable[..., Example]) -> None:
    example = make_example("one", Call(name="forecast", arguments={"city": "Oslo"}))
    text = '{"name": "forecast", "arguments": {"city": "Oslo", "days": 3}}'
    predictions = [Prediction(id=example.id, select=text, rank="", constrained="names")]
    strict, equal = (score("held", [example], predictions, ScoreSettings(defaults=defaults)) for defaults in ("strict", "equal"))
    assert strict["constrained"] == equal["constrained"] == "names"
    assert (strict["settings"], equal["settings"]) == ({"defaults": "strict"}, {"defaults": "equal"})
    for result, right in ((strict, 0.0), (equal, 1.0)):
        table = result["scenarios"]["all"]
        assert [table[metric]["value"] for metric in ("call", "parameter_names", "parameter_values")] == [right] * 3
        assert table["parameter_values"]["normalised"]["value"] == 1.0
        assert (table["parameter_names"]["given_names"], table["parameter_names"]["matched_names"]) == (2 - right, 1)
        assert result["reasons"]["unexpected_param"] == 1 - right


# Engines that must score as they should, on examples as the stages before make them

SORRY = "I am sorry, but I cannot help with that."


def write_call(call: Call, answer: AnswerFormat) -> str:
    text = json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)
    return f"<tool_call>\n{text}\n</tool_call>" if answer == "native" else text


def write_gold(example: Example, answer: AnswerFormat) -> str:
    return SORRY if answer == "native" and example.answer.abstains else write_call(example.answer, answer)


def write_first(example: Example, answer: AnswerFormat) -> str:
    return write_call(Call(name=example.tools[0].name), answer)


def write_abstention(_: Example, answer: AnswerFormat) -> str:
    return SORRY if answer == "native" else write_call(Call(name=GENERATE_RESPONSE), answer)


def score_engine(
    examples: list[Example], answer: AnswerFormat, write: Callable[[Example, AnswerFormat], str], ranking: Callable[[Example], str]
) -> dict:
    predictions = [Prediction(id=example.id, select=write(example, answer), rank=ranking(example), answer=answer) for example in examples]
    result = score("engine", examples, predictions)
    assert sum(result["errors"].values()) == sum(result["reasons"].values()) == len(examples) - right_of(result, "call")
    return result


def right_of(result: dict, metric: str) -> int:
    table = result["scenarios"]["all"][metric]
    return round(table["value"] * table["n"])


def pairs_of(result: dict) -> list[float]:
    tables = [result["pairs"], *result["pairs_by_scenario"].values()]
    return [transition["value"] for table in tables for transition in table.values() if transition["n"]]


@pytest.fixture(scope="session")
def abstaining(real_examples: list[Example]) -> int:
    """How many examples are right to abstain on; by hand the examples must hold enough of each kind for the tests to tell anything."""
    kinds = [example.kind for example in real_examples]
    assert all(kinds.count(kind) >= 30 for kind in ("zero", "one", "weak", "strong"))
    return sum(example.answer == Call(name=GENERATE_RESPONSE) for example in real_examples)


@pytest.mark.parametrize("answer", ["json", "native"])
def test_right_answers_get_all_credit(real_examples: list[Example], answer: AnswerFormat) -> None:
    result = score_engine(real_examples, answer, write_gold, lambda example: json.dumps(example.ranking))
    assert all(right_of(result, metric) == len(real_examples) for metric in ("format", "format_without_repairs", "selection", "call"))
    assert pairs_of(result) and set(pairs_of(result)) == {1.0}
    assert result["ranking"]["exact"]["value"] == result["ranking"]["mrr"] == result["ranking"]["kendall_tau"] == 1.0
    assert [result["abstention"][key] for key in ("precision", "recall", "f1")] == [1.0, 1.0, 1.0]


def test_prose_gets_no_credit_where_json_is_asked_for(real_examples: list[Example], abstaining: int) -> None:
    result = score_engine(real_examples, "json", lambda *_: SORRY, lambda _: SORRY)
    check_no_credit(result, real_examples, abstaining)


BREAKINGS: dict[str, Callable[[str], str]] = {
    "no end": lambda text: text.replace("\n</tool_call>", "")[:-1],
    "half": lambda text: text[: len(text) // 2],
    "no colon": lambda text: text.replace('"arguments":', '"arguments"'),
    "no quotes": lambda text: text.replace('"', ""),
    "no opening": lambda text: text.replace("{", "", 1),
}


@pytest.mark.parametrize("breaking", BREAKINGS)
@pytest.mark.parametrize("answer", ["json", "native"])
def test_broken_json_gets_no_credit(real_examples: list[Example], abstaining: int, answer: AnswerFormat, breaking: str) -> None:
    """Natively too: right abstentions are written as broken calls of the default tool here."""
    result = score_engine(real_examples, answer, lambda example, _: BREAKINGS[breaking](write_call(example.answer, answer)), lambda _: '["')
    check_no_credit(result, real_examples, abstaining)


def check_no_credit(result: dict, examples: list[Example], abstaining: int) -> None:
    table, n = result["scenarios"]["all"], len(examples)
    metrics = ("format", "format_without_repairs", "selection", "selection_lenient", "call", "parameter_names", "parameter_values")
    assert all(right_of(result, metric) == 0 for metric in metrics)
    assert [table["parameter_values"][rule]["value"] for rule in ("normalised", "coerced")] == [0.0, 0.0]
    assert table["parameter_values"]["levenshtein"] == 0.0
    assert [table["parameter_names"][key] for key in ("precision", "recall", "f1", "given_names")] == [None, 0.0, 0.0, 0]
    assert [result["abstention"][key] for key in ("precision", "recall", "f1", "abstained")] == [None, 0.0, 0.0, 0]
    assert result["abstention"]["expected"] == abstaining
    assert set(pairs_of(result)) == {0.0}
    assert all(result["pairs"][name]["transitions"]["wrong_wrong"] == result["pairs"][name]["n"] > 0 for name in result["pairs"])
    assert result["errors"]["unparsable"] == result["reasons"]["unparsable"] == n
    assert (result["ranking"]["exact"]["value"], result["ranking"]["mrr"], result["ranking"]["kendall_tau"]) == (0.0, 0.0, 0.0)
    assert result["ranking"]["unreadable"] == n


@pytest.mark.parametrize(("answer", "ranks"), [("json", True), ("native", True), ("native", False)])
def test_abstaining_always_gets_credit_for_right_abstentions_alone(
    real_examples: list[Example], abstaining: int, answer: AnswerFormat, ranks: bool
) -> None:
    """Natively prose is abstention, so an engine that always answers prose is this one, without rankings that could be read."""
    result = score_engine(real_examples, answer, write_abstention, lambda _: '["generate_response"]' if ranks else SORRY)
    table, n = result["scenarios"]["all"], len(real_examples)
    assert all(right_of(result, metric) == abstaining for metric in ("selection", "selection_lenient", "call"))
    assert all(right_of(result, metric) == n for metric in ("format", "format_without_repairs"))
    assert all(right_of(result, metric) == 0 for metric in ("parameter_names", "parameter_values"))
    assert table["parameter_names"]["n"] == n - abstaining
    assert [table["parameter_values"][rule]["value"] for rule in ("normalised", "coerced")] == [0.0, 0.0]
    assert table["parameter_values"]["levenshtein"] == 0.0
    assert [table["parameter_names"][key] for key in ("precision", "recall", "f1")] == [None, 0.0, 0.0]
    precision, recall, f1 = (result["abstention"][key] for key in ("precision", "recall", "f1"))
    assert (precision, recall, f1) == (abstaining / n, 1.0, pytest.approx(2 * abstaining / (n + abstaining)))
    assert result["abstention"]["abstained_when_needed"] == n - abstaining
    assert result["errors"]["abstained_when_needed"] == result["reasons"]["abstained_when_needed"] == n - abstaining
    assert set(pairs_of(result)) == {0.0}
    zero_to_one = result["pairs"]["zero_to_one"]
    assert zero_to_one["transitions"]["right_wrong"] == zero_to_one["n"]
    # The target ranking of a right abstention is its name alone. Of r tools and the default tool, r pairs are turned round, the others tied.
    longer = [len(example.ranking) - 1 for example in real_examples if len(example.ranking) > 1]
    tau = sum(-r / (r * (r + 1) / 2) for r in longer) / len(longer)
    found = (result["ranking"]["exact"]["value"], result["ranking"]["mrr"], result["ranking"]["kendall_tau"])
    assert found == (pytest.approx((abstaining / n, abstaining / n, tau)) if ranks else (0.0, 0.0, 0.0))


@pytest.mark.parametrize("answer", ["json", "native"])
def test_calling_the_first_tool_always_gets_no_paired_credit(real_examples: list[Example], abstaining: int, answer: AnswerFormat) -> None:
    result = score_engine(real_examples, answer, write_first, lambda example: json.dumps([example.tools[0].name, GENERATE_RESPONSE]))
    table, n = result["scenarios"]["all"], len(real_examples)
    first = [(example, example.tools[0].name) for example in real_examples]
    hits = [example for example, name in first if name == example.answer.name]
    assert 0 < len(hits) < n / 2, "the target stands first in some examples only"
    assert all(example.answer.arguments for example in hits), "no target of these has no arguments, so no call without any is right"
    assert right_of(result, "selection") == len(hits)
    assert right_of(result, "selection_lenient") == sum(name in [e.answer.name, *(call.name for call in e.acceptable)] for e, name in first)
    assert right_of(result, "format") == n
    assert all(right_of(result, metric) == 0 for metric in ("call", "parameter_names", "parameter_values"))
    assert table["parameter_values"]["coerced"]["value"] == table["parameter_values"]["levenshtein"] == 0.0
    assert [result["abstention"][key] for key in ("precision", "recall", "f1")] == [None, 0.0, 0.0]
    weak = sum(e.kind == "strong" and name == e.weak != e.answer.name for e, name in first)
    assert result["errors"]["called_when_none"] == result["reasons"]["called_when_none"] == abstaining
    assert result["errors"]["weak_instead_of_strong"] == weak > 0
    assert result["errors"]["wrong_arguments"] == len(hits)
    assert result["errors"]["other_wrong_tool"] == n - abstaining - weak - len(hits)
    assert result["ranking"]["exact"]["value"] == sum(e.ranking == (name, GENERATE_RESPONSE) for e, name in first) / n
    assert result["ranking"]["mrr"] == pytest.approx((len(hits) + abstaining / 2) / n)
    assert set(pairs_of(result)) == {0.0}
