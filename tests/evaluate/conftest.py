"""Small test sets whose right scores are plain to see."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import SCENARIOS, Example, Prediction, Scenario
from gentool.core.jsonl import read_records, write_records
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.pairs.build import PairsSettings, build_pairs
from gentool.starter import read_starter_tools
from gentool.synth.pipeline import SynthSettings, synthesise

FORECAST = Tool(
    name="forecast",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "default": 3},
            "options": {"type": "object", "properties": {"units": {"type": "string", "default": "metric"}, "hours": {"type": "array"}}},
        },
        "required": ["city"],
    },
)
TEMPERATURE = Tool(name="temperature", parameters={"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]})
BOOK, PLAY = Tool(name="book_table"), Tool(name="play_song")
STRONG_CALL = Call(name="forecast", arguments={"city": "New York", "days": 5})
WEAK_CALL = Call(name="temperature", arguments={"place": "New York"})


def answer_text(name: str, arguments: Any) -> str:
    return json.dumps({"name": name, "arguments": arguments})


def build_example(kind: str, answer: Call | None = None, family: str = "f", scenario: Scenario | None = "seen_query_seen_tool") -> Example:
    """An example of a kind; `answer` replaces its target."""
    sets = {"zero": (BOOK, PLAY), "one": (BOOK, FORECAST), "weak": (TEMPERATURE, PLAY), "strong": (TEMPERATURE, FORECAST)}
    rankings = {"zero": (), "one": ("forecast",), "weak": ("temperature",), "strong": ("forecast", "temperature")}
    calls = {"zero": ABSTAIN, "one": STRONG_CALL, "weak": WEAK_CALL, "strong": STRONG_CALL}
    acceptable = {"zero": (), "one": (STRONG_CALL,), "weak": (WEAK_CALL,), "strong": (STRONG_CALL, WEAK_CALL)}
    pair = "appears" if kind in ("zero", "one") else "improves"
    return Example(
        id=f"{family}-{kind}",
        pair=f"{family}-{pair}",
        kind=kind,
        scenario=scenario,
        family=family,
        query_id=f"{family}-q",
        query="Five days of weather in New York?",
        tools=ToolSet.of(sets[kind]),
        ranking=(*rankings[kind], GENERATE_RESPONSE),
        answer=answer or calls[kind],
        acceptable=acceptable[kind],
        strong="forecast",
        weak="temperature",
    )


def build_test_set() -> list[Example]:
    """Four families, one in each scenario, each with the four kinds."""
    return [
        build_example(kind, family=f"family{number}", scenario=scenario)
        for number, scenario in enumerate(SCENARIOS)
        for kind in ("zero", "one", "weak", "strong")
    ]


def _gold(example: Example) -> tuple[str, str]:
    return answer_text(example.answer.name, example.answer.arguments), json.dumps(example.ranking)


ENGINES: dict[str, Callable[[Example], tuple[str, str]]] = {
    "gold": _gold,
    "prose": lambda _: ("I am afraid that no tool helps here.", "None of them is good."),
    "first": lambda example: (answer_text(example.tools[0].name, {}), json.dumps([*example.tools.names, GENERATE_RESPONSE])),
    "broken": lambda example: (_gold(example)[0][:-2], _gold(example)[1][:-1]),
    "abstain": lambda _: (answer_text(GENERATE_RESPONSE, {"response": "No."}), json.dumps([GENERATE_RESPONSE])),
}
"""Engines by name: each gives the texts of the call and the ranking."""


@pytest.fixture(scope="session")
def make_example() -> Callable[..., Example]:
    return build_example


@pytest.fixture(scope="session")
def write_answer() -> Callable[[str, Any], str]:
    return answer_text


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    return build_test_set()


@pytest.fixture(scope="session")
def answer_all() -> Callable[[str, list[Example]], list[Prediction]]:
    """The predictions of an engine of `ENGINES` for some examples."""

    def answer(engine: str, some: list[Example]) -> list[Prediction]:
        texts = [ENGINES[engine](example) for example in some]
        return [Prediction(id=example.id, select=select, rank=rank) for example, (select, rank) in zip(some, texts, strict=True)]

    return answer


@pytest.fixture(scope="session")
def real_examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """The test examples of three domains of the starter set, as the stages before make them."""
    folder = tmp_path_factory.mktemp("starter")
    tools = read_starter_tools()
    domains = sorted({tool.domain for tool in tools if tool.domain})[:3]
    write_records(folder / "tools.jsonl", [tool for tool in tools if tool.domain in domains])
    synthesise(folder, SynthSettings(teacher="starter"), seed=1)
    build_pairs(folder, PairsSettings(k=4, test_queries=20), seed=1)
    return list(read_records(folder / "pairs" / "test.jsonl", Example))
