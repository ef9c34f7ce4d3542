"""A small run folder with real records: invented families, answers of two models, scored by the project's own scorer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.canonical import content_hash
from gentool.core.example import SCENARIOS, Example, Kind, Prediction, Scenario
from gentool.core.jsonl import write_json, write_records, write_text
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.evaluate.score import score_file

TOPICS = ("weather", "train", "museum", "recipe", "currency", "parking", "library", "concert")
NASTY = '</script><script>document.title="broken"</script><img src=x onerror=alert(1)> & “Zürich” 東京 \u2028 $x$'
"""Text that must come out of the page as it went in."""
MODELS: dict[str, tuple[float, float]] = {"base": (0.45, 0.25), "tuned": (0.9, 0.7)}
"""By model: how often it is right with tools that it saw, and with tools that it never saw."""
RECIPE = "name: demo\nseed: 7\nmodel_name_or_path: tiny/student\npairs:\n  seed: 11\n  k: 3\npredict:\n  engines: [hf:some/folder/tuned, base]\n"
BUILD: dict[str, Any] = {
    "seed": 11,
    "k": 3,
    "split": {"families": {"train": 4, "unseen": 4}, "groups": 8, "largest_group": 1},
    "counts": {
        "train": {"examples": 320, "abstain": 96, "one": 80, "strong": 80, "weak": 80, "zero": 80},
        "test": {"examples": 64, "abstain": 16, "one": 16, "strong": 16, "weak": 16, "zero": 16},
        "train_targets_by_position": {"1": 107, "2": 106, "3": 107},
    },
    "scenarios": dict.fromkeys(SCENARIOS, 16),
    "audit": {"of the family": 12, "near-duplicate of a tool of the family": 5},
    "leak_checks": [
        {"check": "tools of unseen families in training", "compared": 320, "violations": 0},
        {"check": "near-duplicate queries", "compared": 4096, "violations": 2, "first": "q17 is close to q3"},
    ],
}


def make_tool(name: str, description: str, *parameters: str) -> Tool:
    properties = {parameter: {"type": "string", "description": f"The {parameter}"} for parameter in parameters}
    return Tool(name=name, description=description, parameters={"type": "object", "properties": properties, "required": list(parameters[:1])})


def make_examples(families: int, queries: int) -> Iterator[Example]:
    """Four examples (both pairs) for each query of each family; the scenario goes round with the family."""
    others = [make_tool(f"list_{topic}_{number}", f"Lists every {topic} of region {number}.", "region") for topic in TOPICS for number in range(3)]
    for number in range(families):
        topic = TOPICS[number % len(TOPICS)]
        strong = make_tool(f"find_{topic}_{number}", f"Finds {topic} by city and day. {NASTY if number == 0 else ''}", "city", "day")
        weak = make_tool(f"show_{topic}_{number}", f"Shows something about {topic}.", "city")
        around = [tool for tool in others if topic not in tool.name]
        for query in range(queries):
            start = (number * 5 + query * 3) % (len(around) - 3)
            text = f"Which {topic} is there in city {number} on day {query}?" + (f" {NASTY}" if number == query == 0 else "")
            yield from _pairs(text, SCENARIOS[number % 4], strong, weak, around[start : start + 3], query)


def _pairs(text: str, scenario: Scenario, strong: Tool, weak: Tool, around: list[Tool], query: int) -> Iterator[Example]:
    call, partial = (
        Call(name=strong.name, arguments={"city": f"city {query}", "day": str(query)}),
        Call(name=weak.name, arguments={"city": f"city {query}"}),
    )
    place = query % 3
    without, with_weak = ToolSet.of(around), ToolSet.of(around).replaced((place + 1) % 3, weak)
    sets: dict[Kind, tuple[ToolSet, list[Call]]] = {
        "zero": (without, []),
        "one": (without.replaced(place, strong), [call]),
        "weak": (with_weak, [partial]),
        "strong": (with_weak.replaced(place, strong), [call, partial]),
    }
    for kind, (tools, ranked) in sets.items():
        yield Example(
            id=content_hash(text, kind),
            pair=content_hash(text, "pair", kind in ("zero", "one")),
            kind=kind,
            scenario=scenario,
            family=strong.name,
            query_id=content_hash(text),
            query=text,
            tools=tools,
            ranking=(*(found.name for found in ranked), GENERATE_RESPONSE),
            answer=ranked[0] if ranked else ABSTAIN,
            acceptable=(call,) if call in ranked else (),
            strong=strong.name,
            weak=weak.name,
        )


def predict(example: Example, model: str, skill: tuple[float, float]) -> Prediction:
    """An answer that is right as often as the model's skill says; else one of the known mistakes."""
    draw = int(content_hash(model, example.id), 16)
    right = draw % 1000 < 1000 * skill["unseen_tool" in str(example.scenario)]
    wrong = (
        ABSTAIN
        if draw % 7 < 3 and not example.answer.abstains
        else Call(name=example.tools[draw % len(example.tools)].name, arguments={"city": "nowhere"})
    )
    answer = example.answer if right else wrong
    text = json.dumps({"name": answer.name, "arguments": answer.arguments}, ensure_ascii=False)
    if not right:
        text = {0: "I would rather <b>not</b> say.", 1: text.replace(answer.name, "no_such_tool")}.get(draw % 11, text)
    elif draw % 9 == 0:
        text = f"Here you are:\n```json\n{text}\n```"
    ranking = example.ranking if draw % 5 else (GENERATE_RESPONSE,)
    scores = {name: -float(draw % (3 + place)) for place, name in enumerate((*example.tools.names, GENERATE_RESPONSE))} if model == "tuned" else None
    return Prediction(id=example.id, select=text, rank=json.dumps(list(ranking), ensure_ascii=False), scores=scores)


def write_run(folder: Path, families: int = 8, queries: int = 2, models: Mapping[str, tuple[float, float]] = MODELS) -> Path:
    """A whole run folder, scored."""
    examples = list(make_examples(families, queries))
    write_text(folder / "recipe.yaml", RECIPE)
    write_json(folder / "synth" / "build.json", {"written": {"tools": families + 24, "weak_tools": families}, "rejected": {"query: too long": 2}})
    write_json(folder / "pairs" / "build.json", BUILD)
    write_records(folder / "pairs" / "test.jsonl", examples)
    for number, stage in enumerate(("rank", "select")):
        logged: list[dict[str, float]] = [
            {"step": step, "epoch": step / 100, "loss": 2.5 / (1 + number + step / 30), "learning_rate": 1e-4} for step in range(10, 210, 10)
        ]
        lines = [*logged, {"step": 200, "eval_loss": 0.4}, {"step": 200, "train_runtime": 12.5}]
        write_text(folder / "train" / stage / "metrics.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    for name, skill in models.items():
        write_records(folder / "predict" / f"{name}.jsonl", [predict(example, name, skill) for example in examples])
        score_file(folder, name)
    return folder


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "demo")


@pytest.fixture(scope="session")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that no test changes."""
    return write_run(tmp_path_factory.mktemp("runs") / "demo")


@pytest.fixture
def make_run() -> Callable[..., Path]:
    return write_run


@pytest.fixture(scope="session")
def nasty() -> str:
    """The text of one query and one description that looks like markup."""
    return NASTY
