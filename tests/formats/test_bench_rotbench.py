"""RoTBench's chats become examples: each level with its own gold, several answers where several are right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.formats.bench import Bench
from gentool.formats.bench_rotbench import read_rotbench


def tool(name: str, *parameters: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {one: {"type": "string"} for one in parameters}, "required": list(parameters[:1])}
    return {"name": name, "description": f"It is {name}.", "parameters": schema}


def chat(tools: list[dict[str, Any]], *answers: str, earlier: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    prompt = f"Use tools. Specifically, you have access of the following tools:\n{json.dumps(tools)}\n\nLet's Begin!"
    turns = [("system", prompt), ("user", "What is the price?\nBegin!\n"), *earlier]
    conversations = [{"from": role, "value": value} for role, value in turns]
    return {"id": "Turn 1", "scenario": "IR", "conversations": [*conversations, {"from": "assistant", "value": list(answers)}]}


def answer(name: str, **arguments: str) -> str:
    return f"Thought:\nAction: {name}\nAction Input: {json.dumps(arguments)}"


CLEAN = chat(
    [tool("price", "of", "date"), tool("cost", "item")], answer("price", of="tea", date="None"), answer("cost", item="tea"), answer("price", of="Tea")
)
HEAVY = chat([tool("cost", "of", "date"), tool("price", "item")], answer("cost", of="tea"))
THIRD = chat([tool("price", "of")], answer("price", of="tea"), earlier=(("assistant", "Action: price"), ("function", "42")))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    folders = {"First_Turn/heavy.json": [HEAVY, HEAVY], "First_Turn/clean.json": [CLEAN], "Third_Turn/clean.json": [THIRD]}
    for name, records in folders.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(records), encoding="utf-8")
    return read_rotbench(tmp_path)


def test_levels_are_categories_and_ids_are_unique(bench: Bench) -> None:
    assert [(example.id, example.category) for example in bench.examples] == [
        ("rotbench/clean_0", "clean"),
        ("rotbench/heavy_0", "heavy"),
        ("rotbench/heavy_1", "heavy"),
        ("rotbench/third_clean_0", "third_clean"),
    ]


def test_answers_of_several_tools_are_acceptable_and_those_of_one_are_alternatives(bench: Bench) -> None:
    example = bench.examples[0]
    assert example.query == "What is the price?"
    assert example.answer == Call(name="price", arguments={"of": "tea", "date": "None"})
    assert example.alternatives == {"of": ("Tea",)}
    assert example.acceptable == (example.answer, Call(name="cost", arguments={"item": "tea"}))
    assert {oddity.what.split(":")[0] for oddity in bench.oddities if oddity.id == example.id} == {
        "right answers of one tool differ in several arguments",
        "gold gives 'None' for an argument that the query says nothing of",
        "calls of several tools are right",
    }


def test_noised_names_have_their_own_gold(bench: Bench) -> None:
    assert bench.examples[1].answer == Call(name="cost", arguments={"of": "tea"})


def test_earlier_turns_are_folded_into_the_query(bench: Bench) -> None:
    assert bench.examples[3].query == "User: What is the price?\n\nAssistant: Action: price\n\nUser: function: 42"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"conversations": []}, "must have a list 'conversations'"),
        (chat([tool("a"), {**tool("a"), "description": "Another."}], answer("a")), "two tools of the name 'a'"),
        (chat([tool("a")], "Action: a"), "no 'Action:' with an 'Action Input:'"),
        (chat([tool("a")], "Action: a\nAction Input: {x}"), "are not valid JSON: {x}"),
        (chat([tool("a")], answer("b")), "targets that are not in the tool set: b"),
        (chat([tool("a")]), "no right answer is given"),
    ],
)
def test_refusals_say_where_and_why(record: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = tmp_path / "slight.json"
    file.write_text(json.dumps([record]), encoding="utf-8")
    (refusal,) = read_rotbench(file).refused
    assert refusal.where == "slight.json, entry 1, rotbench/slight_0"
    assert said in refusal.reason


def test_a_file_of_no_level_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]", encoding="utf-8")
    (tmp_path / "union.json").write_text("{}", encoding="utf-8")
    assert [refusal.where for refusal in read_rotbench(tmp_path).refused] == ["union.json", "notes.json"]


def test_the_real_samples(real_data: Callable[[str], Path]) -> None:
    bench = read_rotbench(real_data("rotbench"))
    assert Counter(example.category for example in bench.examples) == {"clean": 20, "heavy": 40}
    assert {refusal.where.rpartition(", ")[2] for refusal in bench.refused} == {"rotbench/clean_15", "rotbench/heavy_15", "rotbench/heavy_36"}
    assert sum(len(example.acceptable) > 1 for example in bench.examples) == 12
