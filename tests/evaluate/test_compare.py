"""The comparison of models: the worked example of docs/compare.md, and what must hold of any comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.errors import RunError
from gentool.core.example import Example, Prediction, Verdict
from gentool.evaluate.compare import METRICS, Judged, compare, differs
from gentool.evaluate.metrics import match_pairs, summarise, summarise_pairs
from gentool.evaluate.verdict import examine, judge

Make = Callable[..., Example]
Write = Callable[[str, Any], str]
AnswerAll = Callable[[str, list[Example]], list[Prediction]]

STRONG = {"city": "New York", "days": 5}
WEAK = {"place": "New York"}


@pytest.fixture
def worked(make_example: Make, write_answer: Write) -> tuple[list[Example], dict[str, Judged]]:
    """The worked example of docs/compare.md: eight examples of four families, answered by two models."""
    shapes = ["A zero", "A one", "B weak", "B strong", "C zero", "C one", "D zero", "D one"]
    examples = [make_example(kind, family=family, scenario=None) for family, kind in (shape.split() for shape in shapes)]
    none, forecast, weak = write_answer("generate_response", {}), write_answer("forecast", STRONG), write_answer("temperature", WEAK)
    texts = {
        "reference": [none, none, weak, weak, none, "Let me look.", none, write_answer("book_table", {})],
        "model": [none, forecast, weak, forecast, write_answer("book_table", {}), forecast, none, write_answer("forecast", {"city": "Oslo"})],
    }
    return examples, {name: judged(name, examples, some) for name, some in texts.items()}


def judged(name: str, examples: list[Example], texts: list[str]) -> Judged:
    pairs = zip(examples, texts, strict=True)
    return Judged(name, {example.id: judge(example, Prediction(id=example.id, select=text, rank="[]")) for example, text in pairs})


def test_the_worked_example_by_hand(worked: tuple[list[Example], dict[str, Judged]]) -> None:
    examples, models = worked
    table = compare(examples, [models["reference"], models["model"]])
    rows = {row["metric"]: row for row in table["rows"]}
    keys = ("n", "families", "reference_value", "value", "difference", "low", "high", "only_reference", "only_model", "p")
    assert {metric: tuple(row[key] for key in keys) for metric, row in rows.items()} == {
        "selection": (8, 4, 4 / 8, 7 / 8, 3 / 8, 0.0, 0.5, 1, 4, 0.375),
        "selection_lenient": (8, 4, 5 / 8, 7 / 8, 2 / 8, 0.0, 0.5, 1, 3, 0.625),
        "format": (8, 4, 7 / 8, 8 / 8, 1 / 8, 0.0, 0.5, 0, 1, 1.0),
        "parameter_values": (5, 4, 1 / 5, 4 / 5, 3 / 5, 0.0, 1.0, 0, 3, 0.25),
        "call": (8, 4, 4 / 8, 6 / 8, 2 / 8, 0.0, 0.5, 1, 3, 0.625),
        "zero_to_one": (3, 3, 0 / 3, 2 / 3, 2 / 3, 0.0, 1.0, 0, 2, 0.5),
        "weak_to_strong": (1, 1, 0 / 1, 1 / 1, 1 / 1, None, None, 0, 1, 1.0),
    }
    assert [row["metric"] for row in table["rows"]] == list(METRICS)
    assert table["tests"] == 7
    assert all(row["p_holm"] == 1.0 for row in table["rows"])
    errors = {name: {kind: count for kind, count in counts.items() if count} for name, counts in table["errors"].items()}
    assert errors == {
        "reference": {"right": 4, "abstained_when_needed": 1, "weak_instead_of_strong": 1, "other_wrong_tool": 1, "unparsable": 1},
        "model": {"right": 6, "called_when_none": 1, "wrong_arguments": 1},
    }
    went = {before: after for before, after in table["transitions"]["model"].items() if after}
    assert went == {
        "right": {"right": 3, "called_when_none": 1},
        "abstained_when_needed": {"right": 1},
        "weak_instead_of_strong": {"right": 1},
        "other_wrong_tool": {"wrong_arguments": 1},
        "unparsable": {"right": 1},
    }


def test_the_other_order_turns_the_signs(worked: tuple[list[Example], dict[str, Judged]]) -> None:
    examples, models = worked
    one = compare(examples, [models["reference"], models["model"]])["rows"]
    other = compare(examples, [models["model"], models["reference"]])["rows"]
    for row, turned in zip(one, other, strict=True):
        assert (row["metric"], row["n"], row["p"], row["p_holm"]) == (turned["metric"], turned["n"], turned["p"], turned["p_holm"])
        assert row["difference"] == -turned["difference"]
        assert (row["reference_value"], row["only_reference"]) == (turned["value"], turned["only_model"])
        if row["low"] is not None:
            assert (row["low"], row["high"]) == pytest.approx((-turned["high"], -turned["low"]), abs=1e-12)


def test_a_model_does_not_differ_from_itself(examples: list[Example], answer_all: AnswerAll) -> None:
    for engine in ("gold", "first", "broken"):
        own = {one.id: judge(one, answer) for one, answer in zip(examples, answer_all(engine, examples), strict=True)}
        table = compare(examples, [Judged("one", own), Judged("other", own)])
        assert table["rows"]
        for row in table["rows"]:
            assert row["difference"] == 0
            assert (row["p"], row["p_holm"], row["only_reference"], row["only_model"]) == (1, 1, 0, 0)
            assert (row["low"], row["high"]) == ((0, 0) if row["families"] > 1 else (None, None))


def test_values_are_those_of_the_score_files(examples: list[Example], answer_all: AnswerAll) -> None:
    """The shares of a comparison are the ones that scoring writes, over all examples and in each scenario."""
    outcomes = {
        engine: [examine(one, answer) for one, answer in zip(examples, answer_all(engine, examples), strict=True)]
        for engine in ("gold", "first", "abstain")
    }
    models = [Judged(engine, {outcome.example.id: outcome.verdict for outcome in some}) for engine, some in outcomes.items()]
    rows = compare(examples, models)["rows"]
    assert {row["model"] for row in rows} == {"first", "abstain"}
    for row in rows:
        for engine, key in ((models[0].name, "reference_value"), (row["model"], "value")):
            some = [outcome for outcome in outcomes[engine] if row["by"] == "all" or outcome.example.scenario == row["group"]]
            block = {**summarise(some), **summarise_pairs(match_pairs(some)[0])}[row["metric"]]
            assert (row["n"], row[key]) == (block["n"], pytest.approx(block["value"]))
    assert {row["group"] for row in rows if row["by"] == "scenario"} == {example.scenario for example in examples}


def test_categories_are_rows_of_their_own_and_given_examples_are_in_no_pair(make_example: Make, write_answer: Write) -> None:
    kinds = {"a": "simple", "b": "simple", "c": "irrelevance"}
    examples = [
        make_example("one", family=name, scenario=None).model_copy(update={"kind": "given", "category": category}) for name, category in kinds.items()
    ]
    right, wrong = write_answer("forecast", STRONG), write_answer("book_table", {})
    rows = compare(examples, [judged("x", examples, [wrong] * 3), judged("y", examples, [right, wrong, right])])["rows"]
    assert {row["group"] for row in rows} == {"all", "simple", "irrelevance"}
    assert not {"zero_to_one", "weak_to_strong"} & {row["metric"] for row in rows}
    (simple,) = [row for row in rows if row["by"] == "category" and row["group"] == "simple" and row["metric"] == "call"]
    assert (simple["n"], simple["difference"]) == (2, 0.5)


def test_holm_counts_every_row_of_every_model(examples: list[Example], answer_all: AnswerAll) -> None:
    models = [
        Judged(name, {one.id: judge(one, answer) for one, answer in zip(examples, answer_all(name, examples), strict=True)})
        for name in ("gold", "prose", "abstain")
    ]
    table = compare(examples, models)
    per_model = [row for row in table["rows"] if row["model"] == "prose"]
    assert table["tests"] == len(table["rows"]) == 2 * len(per_model)
    least = min(table["rows"], key=lambda row: row["p"])
    assert least["p_holm"] == min(1.0, least["p"] * table["tests"])


def test_a_record_differs_in_its_verdict_or_its_class_of_error(make_example: Make, write_answer: Write) -> None:
    example = make_example("one")
    texts = [write_answer("forecast", STRONG), write_answer("forecast", {"city": "New York", "days": "5"}), write_answer("book_table", {}), "Sorry."]
    right, value, tool, prose = (judge(example, Prediction(id=example.id, select=text, rank="")) for text in texts)
    assert differs([right, right]) == ()
    assert differs([right, value]) == ("call", "parameter_values", "error")
    assert differs([tool, prose]) == ("format", "error")
    assert differs([right, right, prose]) == ("selection", "selection_lenient", "format", "call", "parameter_values", "error")


def test_missing_verdicts_and_those_of_other_targets_are_refused(worked: tuple[list[Example], dict[str, Judged]]) -> None:
    examples, models = worked
    some = Judged("model", {key: verdict for key, verdict in models["model"].verdicts.items() if key != "B-weak"})
    with pytest.raises(RunError, match="model has no verdict on 1 of 8 examples, the first B-weak"):
        compare(examples, [models["reference"], some])
    changed: dict[str, Verdict] = {**models["model"].verdicts, "A-zero": judge_as_call(examples[0])}
    with pytest.raises(RunError, match="example A-zero was judged by different targets in reference and model"):
        compare(examples, [models["reference"], Judged("model", changed)])


def judge_as_call(example: Example) -> Verdict:
    """The verdict where the example's target were a call."""
    tool = example.tools[0].name
    other = example.model_copy(update={"answer": Call(name=tool), "ranking": (tool, *example.ranking)})
    return judge(other, Prediction(id=example.id, select="", rank=""))
