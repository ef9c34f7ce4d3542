"""ACEBench's records become examples; where no call is right, the answer is to abstain."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.formats.bench import Bench
from gentool.formats.bench_acebench import read_acebench

RIGHT = {
    "name": "Bus.find",
    "description": "Find a bus.",
    "parameters": {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
}
OTHER = {
    "name": "Sell",
    "description": "Sell.",
    "arguments": {"type": "object", "properties": {"n": {"type": "float"}}},
    "results": {},
    "tags": ["x"],
}


def write_set(folder: Path, name: str, records: list[dict[str, Any]], truths: list[Any]) -> None:
    (folder / "possible_answer").mkdir(exist_ok=True)
    answers = [{"id": record["id"], "ground_truth": truth} for record, truth in zip(records, truths, strict=False)]
    for path, lines in ((folder / f"data_{name}.json", records), (folder / "possible_answer" / f"data_{name}.json", answers)):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def record(name: str, question: str = "user: A bus to Jena.\n", **more: Any) -> dict[str, Any]:
    return {"id": name, "question": question, "function": [OTHER, RIGHT], "time": "", **more}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    chat = "user: A bus.\nsystem: Where to?\nuser: Jena.\n"
    write_set(tmp_path, "normal_atom_bool", [record("a0", chat), record("a1", time="It is May.")], [{"Bus.find": {"to": "Jena"}}] * 2)
    several = {"Bus.find_1": {"to": "Jena"}, "Bus.find_2": {"to": "Gera"}}
    write_set(tmp_path, "normal_single_turn_parallel_function", [record("p0"), record("p1")], [several, [{"Bus.find": {"to": "Ulm"}}, {"Sell": {}}]])
    write_set(tmp_path, "special_incomplete", [record("s0")], [{"Bus.find": ["to"]}])
    write_set(tmp_path, "special_irrelevant", [record("s1")], ["Due to the limitations of the function, I cannot solve this problem."])
    write_set(tmp_path, "special_error_param", [record("s2")], [{"to": ["Atlantis"]}])
    write_set(tmp_path, "agent_multi_turn", [record("g0")], [{}])
    write_set(tmp_path, "normal_preference", [record("r0"), record("r1"), record("r2")], [{"Gone": {}}, "words"])
    return read_acebench(tmp_path)


def test_right_calls(bench: Bench) -> None:
    calls = {example.id: example.calls for example in bench.examples if not example.answer.abstains}
    assert calls == {
        "acebench/a0": (Call(name="Bus.find", arguments={"to": "Jena"}),),
        "acebench/a1": (Call(name="Bus.find", arguments={"to": "Jena"}),),
        "acebench/p0": (Call(name="Bus.find", arguments={"to": "Jena"}), Call(name="Bus.find", arguments={"to": "Gera"})),
        "acebench/p1": (Call(name="Bus.find", arguments={"to": "Ulm"}), Call(name="Sell")),
    }


def test_no_call_is_right_in_the_special_sets(bench: Bench) -> None:
    assert {example.category for example in bench.examples if example.answer.abstains} == {
        "special_error_param",
        "special_incomplete",
        "special_irrelevant",
    }


def test_nothing_tells_the_right_tool_apart(bench: Bench) -> None:
    other, right = bench.examples[0].tools
    assert (other.properties, other.returns) == ({"n": {"type": "number"}}, None)
    assert right.returns is None
    assert {oddity.what.split(":")[0] for oddity in bench.oddities if oddity.id == "acebench/a0"} >= {
        "a function has 'arguments' for 'parameters'",
        "a function's 'results' and 'tags' are left out, since the right one has none",
    }


def test_the_query_holds_what_a_model_is_told(bench: Bench) -> None:
    queries = {example.id: example.query for example in bench.examples}
    assert queries["acebench/a0"] == "user: A bus.\nsystem: Where to?\nuser: Jena."
    assert queries["acebench/a1"] == "It is May.\n\nA bus to Jena."
    assert queries["acebench/s0"] == "A bus to Jena."


def test_refusals(bench: Bench) -> None:
    assert [(refusal.where, refusal.reason.split(" (")[0]) for refusal in bench.refused] == [
        ("data_agent_multi_turn.json", "is no file of a set that is asked in one turn"),
        ("data_normal_preference.json, line 1, r0", "its right answer calls 'Gone', which is not among its functions"),
        ("data_normal_preference.json, line 2, r1", "its right answer must give arguments by function"),
        ("data_normal_preference.json, line 3, r2", "has no 'id' for which a right answer is given"),
    ]


def test_the_real_samples(real_data: Callable[[str], Path]) -> None:
    bench = read_acebench(real_data("acebench_en"))
    assert not bench.refused
    assert Counter((example.category, example.answer.abstains) for example in bench.examples) == {
        ("normal_atom_bool", False): 50,
        ("normal_atom_number", False): 50,
        ("special_incomplete", True): 10,
        ("special_irrelevant", True): 10,
    }
    assert not [oddity for oddity in bench.oddities if oddity.what.startswith("gold")]
