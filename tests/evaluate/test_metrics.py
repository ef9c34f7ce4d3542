"""What engines whose behaviour is known score in every metric, and each aggregate by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.core.example import ERROR_CLASSES, SCENARIOS, Example, Prediction
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.metrics import match_pairs, precision_recall_f1, summarise, summarise_abstention, summarise_names, summarise_pairs
from gentool.evaluate.score import score
from gentool.evaluate.verdict import Outcome, examine

AnswerAll = Callable[[str, list[Example]], list[Prediction]]
WriteAnswer = Callable[[str, Any], str]

# Of each four examples (zero, one, weak, strong) of a family, the shares that each engine gets right.
EXPECTED: dict[str, dict[str, float]] = {
    "gold": {"format": 1, "selection": 1, "selection_lenient": 1, "call": 1, "parameter_names": 1, "parameter_values": 1, "exact": 1},
    "prose": {"format": 0, "selection": 0, "selection_lenient": 0, "call": 0, "parameter_names": 0, "parameter_values": 0, "exact": 0},
    "broken": {"format": 0, "selection": 0, "selection_lenient": 0, "call": 0, "parameter_names": 0, "parameter_values": 0, "exact": 0},
    # The first tool: wrong in zero and one, right with wrong arguments in weak, acceptable in strong; its ranking is never right.
    "first": {"format": 1, "selection": 0.25, "selection_lenient": 0.5, "call": 0, "parameter_names": 0, "parameter_values": 0, "exact": 0},
    "abstain": {"format": 1, "selection": 0.25, "selection_lenient": 0.25, "call": 0.25, "parameter_names": 0, "parameter_values": 0, "exact": 0.25},
}
ERRORS: dict[str, dict[str, int]] = {
    "gold": {},
    "prose": {"unparsable": 4},
    "broken": {"unparsable": 4},
    "first": {"called_when_none": 1, "other_wrong_tool": 1, "wrong_arguments": 1, "weak_instead_of_strong": 1},
    "abstain": {"abstained_when_needed": 3},
}


@pytest.mark.parametrize("engine", EXPECTED)
def test_known_engines_in_every_scenario(engine: str, examples: list[Example], answer_all: AnswerAll) -> None:
    result = score(engine, examples, answer_all(engine, examples))
    expected = EXPECTED[engine]
    assert list(result["scenarios"]) == [*SCENARIOS, "all"]
    for name, table in result["scenarios"].items():
        families = 4 if name == "all" else 1
        assert table["n"] == 4 * families
        for metric in ("format", "selection", "selection_lenient", "call", "parameter_names", "parameter_values"):
            assert table[metric]["value"] == expected[metric], metric
            assert table[metric]["low"] <= table[metric]["value"] <= table[metric]["high"]
        assert table["ranking"]["exact"]["value"] == expected["exact"]
        assert table["parameter_names"]["n"] == table["parameter_values"]["n"] == 3 * families
        assert table["errors"] == {error: families * ERRORS[engine].get(error, 0) for error in ERROR_CLASSES}


@pytest.mark.parametrize("engine", EXPECTED)
def test_only_gold_gets_credit_for_pairs(engine: str, examples: list[Example], answer_all: AnswerAll) -> None:
    result = score(engine, examples, answer_all(engine, examples))
    for table in (result["pairs"], result["pairs_by_scenario"]["unseen_query_seen_tool"]):
        for transition in table.values():
            assert transition["value"] == (1.0 if engine == "gold" else 0.0)
            assert sum(transition["transitions"].values()) == transition["n"]
    assert result["pairs"]["zero_to_one"]["n"] == 4 and result["pairs_incomplete"] == 0


@pytest.mark.parametrize(
    ("engine", "zero_to_one", "weak_to_strong"),
    [
        ("gold", "right_right", "right_right"),
        ("prose", "wrong_wrong", "wrong_wrong"),
        ("first", "wrong_wrong", "right_wrong"),
        ("abstain", "right_wrong", "wrong_wrong"),
    ],
)
def test_transitions(engine: str, zero_to_one: str, weak_to_strong: str, examples: list[Example], answer_all: AnswerAll) -> None:
    pairs = score(engine, examples, answer_all(engine, examples))["pairs"]
    assert pairs["zero_to_one"]["transitions"][zero_to_one] == 4
    assert pairs["weak_to_strong"]["transitions"][weak_to_strong] == 4


@pytest.mark.parametrize(
    ("engine", "precision", "recall", "f1"),
    [("gold", 1, 1, 1), ("prose", None, 0, 0), ("broken", None, 0, 0), ("first", None, 0, 0), ("abstain", 0.25, 1, 0.4)],
)
def test_abstention(engine: str, precision: float | None, recall: float, f1: float, examples: list[Example], answer_all: AnswerAll) -> None:
    table = score(engine, examples, answer_all(engine, examples))["abstention"]
    assert (table["precision"], table["recall"], table["f1"]) == (precision, recall, f1)
    assert table["expected"] == 4 == table["abstained_correctly"] + table["not_abstained"]
    assert table["abstained"] == table["abstained_correctly"] + table["abstained_when_needed"]


@pytest.mark.parametrize(
    ("engine", "mrr", "tau"),
    # First: zero ranks 3rd, one 2nd, weak 1st, strong 2nd. Taus: one 1, weak 1, strong (two of three pairs in order) 1/3.
    [("gold", 1, 1), ("prose", 0, 0), ("first", (1 / 3 + 1 / 2 + 1 + 1 / 2) / 4, (1 + 1 + 1 / 3) / 3), ("abstain", 0.25, (-1 - 1 - 2 / 3) / 3)],
)
def test_rankings(engine: str, mrr: float, tau: float, examples: list[Example], answer_all: AnswerAll) -> None:
    table = score(engine, examples, answer_all(engine, examples))["ranking"]
    assert (table["mrr"], table["kendall_tau"]) == (pytest.approx(mrr), pytest.approx(tau))
    assert (table["n"], table["kendall_tau_n"]) == (16, 12)
    assert table["unreadable"] == (16 if engine == "prose" else 0)


@pytest.mark.parametrize(
    ("engine", "precision", "recall", "f1"),
    [("gold", 1, 1, 1), ("prose", None, 0, 0), ("broken", None, 0, 0), ("first", None, 0, 0), ("abstain", None, 0, 0)],
)
def test_parameter_precision_and_recall(
    engine: str, precision: float | None, recall: float, f1: float, examples: list[Example], answer_all: AnswerAll
) -> None:
    names = score(engine, examples, answer_all(engine, examples))["scenarios"]["all"]["parameter_names"]
    assert (names["precision"], names["recall"], names["f1"]) == (precision, recall, f1)
    assert names["wanted_names"] == 4 * (2 + 1 + 2)


def outcome_of(example: Example, text: str) -> Outcome:
    return examine(example, Prediction(id=example.id, select=text, rank=""))


def test_parameter_names_by_hand(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    outcomes = [
        outcome_of(make_example("one"), write_answer("forecast", {"city": "x", "units": "y"})),  # 1 of 2 given, of 2 wanted
        outcome_of(make_example("strong"), write_answer("temperature", {"city": "x"})),  # wrong tool, alike in name: 0 of 1, of 2
        outcome_of(make_example("zero"), write_answer("book_table", {"city": "x"})),  # called when none: 0 of 1, of 0
        outcome_of(make_example("zero"), write_answer(GENERATE_RESPONSE, {"response": "x"})),  # words are no arguments
        outcome_of(make_example("weak"), "Sorry."),  # unreadable: 0 of 0, of 1
    ]
    names = summarise_names(outcomes)
    assert (names["matched_names"], names["given_names"], names["wanted_names"]) == (1, 4, 5)
    assert (names["precision"], names["recall"], names["f1"]) == (1 / 4, 1 / 5, 2 / 9)
    assert (names["n"], names["value"], names["given_right_tool"]["n"]) == (3, 0.0, 1)


def test_values_given_the_right_tool(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    outcomes = [
        outcome_of(make_example("one"), write_answer("forecast", {"city": "New York", "days": 5})),
        outcome_of(make_example("strong"), write_answer("forecast", {"city": "new york", "days": "5"})),
        outcome_of(make_example("weak"), write_answer("play_song", {})),
    ]
    values = summarise(outcomes)["parameter_values"]
    assert (values["value"], values["normalised"]["value"]) == (1 / 3, 2 / 3)
    assert (values["given_right_tool"]["value"], values["given_right_tool"]["normalised"]["value"], values["given_right_tool"]["n"]) == (0.5, 1.0, 2)


def test_a_repaired_answer_has_its_format_but_not_without_repairs(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    table = summarise([outcome_of(make_example("zero"), f"Well: {write_answer(GENERATE_RESPONSE, {})}")])
    assert (table["format"]["value"], table["format_without_repairs"]["value"], table["call"]["value"]) == (1.0, 0.0, 1.0)


def test_garbage_is_never_abstention(make_example: Callable[..., Example]) -> None:
    table = summarise_abstention([outcome_of(make_example("zero"), "generate_response")])
    assert (table["abstained"], table["recall"], table["not_abstained"]) == (0, 0.0, 1)


def test_pairs_that_lack_a_half_are_counted(examples: list[Example], answer_all: AnswerAll) -> None:
    some = [example for example in examples if example.id not in ("family0-one", "family1-weak")]
    result = score("gold", some, answer_all("gold", some))
    assert result["pairs_incomplete"] == 2
    assert (result["pairs"]["zero_to_one"]["n"], result["pairs"]["weak_to_strong"]["n"]) == (3, 3)
    assert result["pairs_by_scenario"][SCENARIOS[0]]["zero_to_one"]["n"] == 0


def test_two_firsts_are_no_pair(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    outcome = outcome_of(make_example("zero"), write_answer(GENERATE_RESPONSE, {}))
    assert match_pairs([outcome, outcome]) == ([], 1)


def test_a_pair_belongs_to_the_scenario_after_the_change(make_example: Callable[..., Example], answer_all: AnswerAll) -> None:
    some = [make_example("zero", scenario="seen_query_seen_tool"), make_example("one", scenario="seen_query_unseen_tool")]
    by_scenario = score("gold", some, answer_all("gold", some))["pairs_by_scenario"]
    assert {scenario: table["zero_to_one"]["n"] for scenario, table in by_scenario.items() if table["zero_to_one"]["n"]} == {
        "seen_query_unseen_tool": 1
    }


def test_pairs_do_not_depend_on_the_order(examples: list[Example], answer_all: AnswerAll) -> None:
    def tables(some: list[Example]) -> dict[str, Any]:
        outcomes = [outcome_of(example, answer_all("first", [example])[0].select) for example in some]
        return summarise_pairs(match_pairs(outcomes)[0])

    assert tables(examples) == tables(examples[::-1])


def test_kinds(examples: list[Example], answer_all: AnswerAll) -> None:
    kinds = score("first", examples, answer_all("first", examples))["kinds"]
    assert {kind: (table["n"], table["selection"]["value"], table["call"]["value"]) for kind, table in kinds.items()} == {
        "zero": (4, 0.0, 0.0),
        "one": (4, 0.0, 0.0),
        "weak": (4, 1.0, 0.0),
        "strong": (4, 0.0, 0.0),
    }


def test_undefined_ratios_are_null() -> None:
    assert precision_recall_f1(0, 0, 0) == {"precision": None, "recall": None, "f1": None}
    assert precision_recall_f1(0, 3, 0) == {"precision": 0.0, "recall": None, "f1": 0.0}


@given(engines=st.lists(st.sampled_from(["gold", "prose", "first", "broken", "abstain"]), min_size=16, max_size=16))
def test_every_example_is_right_or_has_one_error(engines: list[str], examples: list[Example], answer_all: AnswerAll) -> None:
    predictions = [answer_all(engine, [example])[0] for engine, example in zip(engines, examples, strict=True)]
    table = score("mixed", examples, predictions)["scenarios"]["all"]
    assert sum(table["errors"].values()) + round(table["call"]["value"] * 16) == 16
    assert table["call"]["value"] <= table["selection"]["value"] <= table["selection_lenient"]["value"] <= table["format"]["value"]


def test_several_known_likenesses_are_averaged_by_hand(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    outcomes = [
        outcome_of(make_example("one"), write_answer("forecast", {"city": "New York", "days": 5})),  # 1
        outcome_of(make_example("strong"), write_answer("forecast", {"city": "New Yorck", "days": "5"})),  # (8/9 + 1) / 2
        outcome_of(make_example("weak"), write_answer("play_song", {"place": "New York"})),  # another tool: 0
        outcome_of(make_example("zero"), write_answer("play_song", {})),  # not counted
    ]
    values = summarise(outcomes)["parameter_values"]
    assert values["levenshtein"] == pytest.approx((1 + 17 / 18 + 0) / 3)
    assert values["given_right_tool"]["levenshtein"] == pytest.approx((1 + 17 / 18) / 2)
    assert (values["value"], values["coerced"]["value"], values["n"]) == (1 / 3, 1 / 3, 3)


def test_rankings_by_scores_by_hand(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    call = write_answer("forecast", {})
    given = [
        # kind, scores of the two tools and of the default tool, the call and the ranking that were written
        ("strong", {"temperature": -2.0, "forecast": -1.0, GENERATE_RESPONSE: -3.0}, call, '["forecast", "generate_response"]'),
        ("strong", {"temperature": -1.0, "forecast": -2.0, GENERATE_RESPONSE: -3.0}, call, "None."),
        ("zero", {"book_table": -1.0, "play_song": -2.0, GENERATE_RESPONSE: -0.5}, call, '["generate_response"]'),
        ("one", None, call, '["forecast", "generate_response"]'),
    ]
    examples = [make_example(kind, family=str(number)) for number, (kind, *_) in enumerate(given)]
    predictions = [
        Prediction(id=example.id, select=select, rank=rank, scores=scores) for example, (_, scores, select, rank) in zip(examples, given, strict=True)
    ]
    result = score("scored", examples, predictions)
    table = result["ranking_by_scores"]
    assert (table["n"], table["selection"]["value"], table["exact"]["value"]) == (3, 2 / 3, 2 / 3)
    assert table["mrr"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert (table["kendall_tau"], table["kendall_tau_n"]) == (pytest.approx((1 + 1 / 3) / 2), 2)
    assert table["same_selection"]["value"] == 1 / 3, "the first; the second wrote forecast, the third was to abstain"
    assert table["same_first"]["value"] == 2 / 3, "the first and the third; the second could not be read"
    assert result["ranking"]["n"] == 4
    assert result["scenarios"]["unseen_query_unseen_tool"]["ranking_by_scores"] is None


def test_categories_by_hand(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    right = write_answer("forecast", {"city": "New York", "days": 5})
    given = [("simple", right), ("simple", right), ("simple", write_answer("forecast", {})), ("multiple", "Sorry."), (None, right)]
    examples = [make_example("one", family=str(number)).model_copy(update={"category": category}) for number, (category, _) in enumerate(given)]
    predictions = [Prediction(id=example.id, select=text, rank="") for example, (_, text) in zip(examples, given, strict=True)]
    found = score("given", examples, predictions)["categories"]
    assert {name: (table["n"], table["selection"]["value"], table["call"]["value"]) for name, table in found["by_category"].items()} == {
        "simple": (3, 1.0, 2 / 3),
        "multiple": (1, 0.0, 0.0),
    }
    assert found["by_category"]["multiple"]["format"]["value"] == 0.0
    assert found["macro_mean"] == {"selection": 1 / 2, "call": 1 / 3, "format": 1 / 2}


def test_no_order_is_judged_where_none_is_right(make_example: Callable[..., Example]) -> None:
    example = make_example("one").model_copy(update={"gold": "any_tool"})
    table = summarise([outcome_of(example, "Sorry.")])
    assert (table["ranking"]["n"], table["ranking"]["mrr"], table["parameter_values"]["n"]) == (0, None, 0)
    assert table["parameter_names"]["wanted_names"] == 0 and table["selection"]["n"] == 1


def test_the_worked_example_of_the_docs(make_example: Callable[..., Example], write_answer: WriteAnswer) -> None:
    """Every number of the worked example in docs/metrics.md."""
    new_york = {"place": "New York"}
    rows = [
        ("zero", "A", write_answer(GENERATE_RESPONSE, {}), '["generate_response"]'),
        ("one", "A", write_answer("forecast", {"city": "New York", "days": "5"}), '["forecast", "book_table", "generate_response"]'),
        ("weak", "B", write_answer("temperature", new_york), '["temperature", "generate_response"]'),
        ("strong", "B", write_answer("temperature", new_york), '["temperature", "forecast", "generate_response"]'),
        ("zero", "C", "No tool fits.", "None."),
        ("one", "C", write_answer("forecast", {"city": "New York", "days": 5}), '["forecast", "generate_response"]'),
    ]
    examples = [make_example(kind, family=family) for kind, family, _, _ in rows]
    predictions = [Prediction(id=example.id, select=select, rank=rank) for example, (_, _, select, rank) in zip(examples, rows, strict=True)]
    result = score("worked", examples, predictions)
    table = result["scenarios"]["all"]
    values = {
        metric: table[metric]["value"] for metric in ("format", "selection", "selection_lenient", "parameter_names", "parameter_values", "call")
    }
    assert values == {
        "format": 5 / 6,
        "selection": 4 / 6,
        "selection_lenient": 5 / 6,
        "parameter_names": 3 / 4,
        "parameter_values": 2 / 4,
        "call": 3 / 6,
    }
    assert table["parameter_values"]["normalised"]["value"] == 3 / 4
    assert table["parameter_values"]["coerced"]["value"] == 3 / 4
    assert table["parameter_values"]["levenshtein"] == 3 / 4
    assert table["parameter_names"]["given_right_tool"]["value"] == 3 / 3
    assert table["parameter_values"]["given_right_tool"]["value"] == 2 / 3
    assert [table["parameter_names"][key] for key in ("precision", "recall", "f1")] == [5 / 6, 5 / 7, 10 / 13]
    assert [result["abstention"][key] for key in ("precision", "recall", "f1")] == [1.0, 0.5, 2 / 3]
    assert {error: count for error, count in result["errors"].items() if count} == {
        "wrong_arguments": 1,
        "weak_instead_of_strong": 1,
        "unparsable": 1,
    }
    assert {code: count for code, count in result["reasons"].items() if count} == {
        "type_error:simple": 1,
        "wrong_func_name": 1,
        "unparsable": 1,
    }
    assert (result["ranking"]["exact"]["value"], result["ranking"]["mrr"], result["ranking"]["kendall_tau"]) == (3 / 6, 0.75, pytest.approx(5 / 6))
    assert (result["pairs"]["zero_to_one"]["value"], result["pairs"]["weak_to_strong"]["value"]) == (1 / 2, 0.0)
    assert (table["selection"]["low"], table["selection"]["high"]) == pytest.approx((0.3000, 0.9032), abs=5e-5)
