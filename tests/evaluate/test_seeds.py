"""Pooling the seeds of a suite: the worked example of docs/metrics.md, and what must hold of any pooled table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gentool.core.errors import RunError
from gentool.core.example import SCENARIOS, Example, Prediction
from gentool.evaluate.compare import Judged, compare
from gentool.evaluate.paired import bootstrap_intervals
from gentool.evaluate.seeds import COLUMNS, SeedResults, judge_difference, pool_seeds
from gentool.evaluate.verdict import judge

Make = Callable[..., Example]
Write = Callable[[str, Any], str]
AnswerAll = Callable[[str, list[Example]], list[Prediction]]


def judged(name: str, examples: Sequence[Example], answers: Sequence[Prediction]) -> Judged:
    return Judged(name, {example.id: judge(example, answer) for example, answer in zip(examples, answers, strict=True)})


@pytest.fixture
def worked(make_example: Make, write_answer: Write) -> list[SeedResults]:
    """The worked example of docs/metrics.md: two seeds of two families, each a pair, answered by two models."""
    examples = [make_example(kind, family=family) for family in "AB" for kind in ("zero", "one")]
    none, forecast = write_answer("generate_response", {}), write_answer("forecast", {"city": "New York", "days": 5})
    texts = {
        0: {"reference": [none, forecast, none, none], "model": [none, forecast, none, forecast]},
        1: {"reference": [none, none, none, none], "model": [none, none, none, none]},
    }
    return [
        SeedResults(seed, examples, [judged(name, examples, answers(examples, some)) for name, some in own.items()]) for seed, own in texts.items()
    ]


def answers(examples: Sequence[Example], texts: Sequence[str]) -> list[Prediction]:
    return [Prediction(id=example.id, select=text, rank="[]") for example, text in zip(examples, texts, strict=True)]


def test_the_worked_example_by_hand(worked: list[SeedResults]) -> None:
    table = pool_seeds(worked)
    keys = ("value", "low", "high", "lowest", "highest")
    found = {
        name: {column: tuple(table["means"][name][column][key] for key in keys) for column in ("call", "zero_to_one")} for name in table["means"]
    }
    assert found == {
        "reference": {"call": (5 / 8, 4 / 8, 6 / 8, 2 / 4, 3 / 4), "zero_to_one": (1 / 4, 0, 1 / 2, 0, 1 / 2)},
        "model": {"call": (6 / 8, 6 / 8, 6 / 8, 2 / 4, 4 / 4), "zero_to_one": (2 / 4, 1 / 2, 1 / 2, 0, 1)},
    }
    assert list(table["differences"]) == ["model"]
    differences = table["differences"]["model"]
    assert {column: tuple(differences[column][key] for key in keys) for column in ("call", "zero_to_one")} == {
        "call": (1 / 8, 0, 1 / 4, 0, 1 / 4),
        "zero_to_one": (1 / 4, 0, 1 / 2, 0, 1 / 2),
    }
    assert differences["call"]["by_seed"] == {"0": 1 / 4, "1": 0}
    assert {cell["result"] for cell in differences.values()} == {"not told apart"}
    assert (table["records"], table["families"], table["seeds"]) == (8, 2, [0, 1])
    assert [(table["means"]["model"][column]["n"], differences[column]["families"]) for column in ("call", "zero_to_one")] == [(8, 2), (4, 2)]


def test_what_has_no_record_is_empty(worked: list[SeedResults]) -> None:
    cell = pool_seeds(worked)["differences"]["model"]["weak_to_strong"]
    assert cell == {"value": None, "low": None, "high": None, "n": 0, "families": 0, "lowest": None, "highest": None, "by_seed": {}} | {
        "result": "not told apart"
    }


def test_a_family_is_one_cluster_over_all_seeds(make_example: Make, write_answer: Write) -> None:
    """The bounds are those of the bootstrap with the records of all seeds side by side, not of each seed's families for themselves."""
    forecast, wrong = write_answer("forecast", {"city": "New York", "days": 5}), write_answer("book_table", {})
    examples = [make_example("one", family=family) for family in "ABCDE"]
    rights = {0: "11010", 1: "10010", 2: "11000"}
    results = []
    for seed, right in rights.items():
        texts = [forecast if letter == "1" else wrong for letter in right]
        results.append(SeedResults(seed, examples, [judged("one", examples, answers(examples, texts))]))
    cell = pool_seeds(results, seed=4, draws=500)["means"]["one"]["call"]
    values = np.array([[float(letter)] for right in rights.values() for letter in right])
    assert [(cell["low"], cell["high"])] == bootstrap_intervals(list("ABCDE") * 3, values, 4, 500)
    assert (cell["value"], cell["lowest"], cell["highest"]) == (7 / 15, 2 / 5, 3 / 5)


def of_engines(examples: list[Example], answer_all: AnswerAll, names: dict[str, str], seeds: Sequence[int]) -> list[SeedResults]:
    """Seeds in which models answer as the engines do that they are given."""
    return [SeedResults(seed, examples, [judged(name, examples, answer_all(engine, examples)) for name, engine in names.items()]) for seed in seeds]


def test_a_planted_difference_is_told_in_both_directions(examples: list[Example], answer_all: AnswerAll) -> None:
    for names, result in (({"bad": "prose", "good": "gold"}, "ahead"), ({"good": "gold", "bad": "prose"}, "behind")):
        table = pool_seeds(of_engines(examples, answer_all, names, (0, 1, 2)))
        (differences,) = table["differences"].values()
        told = {column: differences[column]["result"] for column in ("call", "zero_to_one", "weak_to_strong", "format")}
        assert set(told.values()) == {result}
        assert abs(differences["call"]["value"]) == 1


def test_runs_that_answer_alike_are_not_told_apart(examples: list[Example], answer_all: AnswerAll) -> None:
    table = pool_seeds(of_engines(examples, answer_all, {"one": "first", "other": "first"}, (3, 4)))
    for column in COLUMNS:
        cell = table["differences"]["other"][column]
        assert (cell["value"], cell["lowest"], cell["highest"], cell["result"]) == (0, 0, 0, "not told apart")
        assert (cell["low"], cell["high"]) == ((None, None) if column in SCENARIOS else (0, 0)), "each scenario has one family here"


def test_one_seed_has_the_numbers_of_a_comparison(examples: list[Example], answer_all: AnswerAll) -> None:
    names = {"first": "first", "gold": "gold"}
    (found,) = of_engines(examples, answer_all, names, (0,))
    table = pool_seeds([found])
    rows = {(row["group"], row["metric"]): row for row in compare(examples, found.models)["rows"]}
    for column in COLUMNS:
        row = rows[(column, "selection") if column in SCENARIOS else ("all", column)]
        cell = table["differences"]["gold"][column]
        assert (cell["value"], cell["low"], cell["high"], cell["n"]) == (row["difference"], row["low"], row["high"], row["n"])
        assert table["means"]["gold"][column]["value"] == row["value"]


def test_a_record_or_a_model_that_a_seed_lacks_is_refused(worked: list[SeedResults]) -> None:
    first, second = worked
    reference, model = second.models
    torn = Judged("model", {key: verdict for key, verdict in model.verdicts.items() if key != "B-one"})
    with pytest.raises(RunError, match="model, seed 1: no verdict on 1 of 4 examples, the first B-one"):
        pool_seeds([first, SeedResults(1, second.examples, [reference, torn])])
    with pytest.raises(RunError, match="seed 1 has other models than seed 0"):
        pool_seeds([first, SeedResults(1, second.examples, [reference])])


@pytest.mark.parametrize(
    ("low", "high", "result"),
    [(0.01, 0.2, "ahead"), (-0.2, -0.01, "behind"), (-0.1, 0.1, "not told apart"), (0, 0.1, "not told apart"), (None, None, "not told apart")],
)
def test_the_result_is_that_of_the_interval(low: float | None, high: float | None, result: str) -> None:
    assert judge_difference(low, high) == result


def simulate(rng: np.random.Generator, spread: float) -> tuple[float | None, float | None]:
    """The interval of a difference that is 0.1 on average, of three seeds and 80 families of five records; `spread` is the seeds' own."""
    skill, families, differences = rng.normal(0.5, 0.15, size=80), [], []
    for step in 0.1 + rng.normal(0, spread, size=3):
        first = np.clip(skill + rng.normal(0, 0.1, size=80), 0, 1)[:, None]
        second = np.clip(first + step + rng.normal(0, 0.1, size=(80, 1)), 0, 1)
        differences.append((rng.random((80, 5)) < second).astype(np.float64) - (rng.random((80, 5)) < first))
        families += [str(family) for family in range(80) for _ in range(5)]
    (bounds,) = bootstrap_intervals(families, np.concatenate([one.ravel() for one in differences])[:, None], 0, 500)
    return bounds


@pytest.mark.parametrize(("spread", "least", "most"), [(0.0, 0.88, 1.0), (0.02, 0.82, 0.98), (0.05, 0.65, 0.88), (0.1, 0.4, 0.7)])
def test_coverage_where_seeds_differ_as_a_whole(spread: float, least: float, most: float) -> None:
    """How often the interval holds the truth; it is of families, so it falls with what a seed does to all of them. `pytest -s` prints it."""
    held = 0
    for run in range(200):
        low, high = simulate(np.random.default_rng(run), spread)
        assert low is not None and high is not None
        held += low <= 0.1 <= high
    print(f"standard deviation of the seeds {spread}: {held / 200:.3f}")
    assert least <= held / 200 <= most
