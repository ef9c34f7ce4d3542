"""Reading Seal-Tools: made-up files in its format, and the real sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.example import Example, Verdict
from gentool.formats.bench import Bench
from gentool.formats.bench_seal_tools import read_seal_tools

Check = Callable[[Bench, int], None]


def tool(name: str, **parameters: str) -> dict[str, Any]:
    return {
        "api_name": name,
        "api_description": f"Do {name}",
        "field": "Sea/Boats",
        "parameters": {key: {"type": kind, "description": f"The boat's {key}"} for key, kind in parameters.items()},
        "required": list(parameters)[:1],
        "responses": {"done": {"type": "bool", "description": "Whether it's done"}},
    }


POOL = [tool("sail", boat="str", hours="int"), tool("row", price="float"), tool("moor"), tool("fish", calm="bool"), tool("dive"), tool("swim")]


def call(api: str, **parameters: Any) -> dict[str, Any]:
    return {"api": api, "parameters": parameters, "responses": ["API_call_0"]}


def query(identifier: str, *calls: Any) -> dict[str, Any]:
    return {"id": identifier, "query": "To sea!", "calling": list(calls)}


def tuned(identifier: str, *tools: dict[str, Any]) -> dict[str, Any]:
    text = f'Please choose.\n\nInput:\napi_list = {list(tools)!r}\ntask_instruction = "To sea!"\nOutput:\n'
    return {"id": identifier, "conversations": [{"from": "human", "value": text}, {"from": "gpt", "value": "[]"}]}


def write_lines(path: Path, *records: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def write_bench(folder: Path, *queries: Any, tunings: tuple[Any, ...] = (), pool: list[Any] = POOL) -> Path:
    """A folder as the benchmark's repository has it."""
    write_lines(folder / "Seal-Tools_Dataset" / "test_in_domain.jsonl", *queries)
    write_lines(folder / "Seal-Tools_Dataset" / "tool.jsonl", *pool)
    write_lines(folder / "Seal-Tools_Dataset" / "dataset_in_old_format" / "test_in_domain.jsonl", [1, "old"])
    path = folder / "Seal-Tools_Dataset" / "dataset_for_finetune" / "test_in_domain.json"
    path.parent.mkdir()
    path.write_text(json.dumps(list(tunings)), encoding="utf-8")
    return folder


def test_candidates_are_those_of_the_fine_tuning_file(tmp_path: Path, check_bench: Check) -> None:
    sail = query("test_in_domain-easy-0", call("sail", boat='Gull\'s \\ "n"', hours="63"))
    bench = read_seal_tools(write_bench(tmp_path, sail, tunings=(tuned("test_in_domain-easy-0", POOL[2], POOL[0]),)))
    check_bench(bench, 1)
    example = bench.examples[0]
    assert (example.id, example.category) == ("seal_tools/test_in_domain-easy-0", "test_in_domain_easy")
    assert example.tools.names == ("moor", "sail")
    assert example.tools[1].parameters == {
        "type": "object",
        "properties": {"boat": {"type": "string", "description": "The boat's boat"}, "hours": {"type": "integer", "description": "The boat's hours"}},
        "required": ["boat"],
    }
    assert (example.tools[1].domain, example.tools[1].source) == ("Sea/Boats", "Seal-Tools")
    assert example.tools[1].returns == {"type": "object", "properties": {"done": {"type": "boolean", "description": "Whether it's done"}}}
    assert example.answer == Call(name="sail", arguments={"boat": 'Gull\'s \\ "n"', "hours": 63})
    assert example.source == {"calling": sail["calling"]}
    assert sorted(oddity.what for oddity in bench.oddities) == [
        "type name replaced: 'bool' -> 'boolean'",
        "type name replaced: 'int' -> 'integer'",
        "type name replaced: 'str' -> 'string'",
        'value of the gold read as its declared type: hours = "63" as integer',
    ]


def test_other_candidates_are_drawn_by_the_seed(tmp_path: Path, check_bench: Check) -> None:
    folder = write_bench(tmp_path, *(query(f"test_in_domain-easy-{number}", call("row")) for number in range(20)))
    bench = read_seal_tools(folder)
    check_bench(bench, 20)
    assert all(len(example.tools) == 5 and "row" in example.tools.names for example in bench.examples)
    assert len({example.tools.names for example in bench.examples}) > 10
    assert bench == read_seal_tools(folder)
    assert bench.examples != read_seal_tools(folder, seed=1).examples
    assert sum(oddity.what == "no candidates of its own, drawn from all tools: seed 0" for oddity in bench.oddities) == 20


def test_several_calls_are_all_wanted(tmp_path: Path, gold_verdict: Callable[[Example], Verdict]) -> None:
    bench = read_seal_tools(write_bench(tmp_path, query("test_in_domain-difficult-3", call("row", price=2), call("moor"), call("row", price="4.5"))))
    example = bench.examples[0]
    assert (example.category, example.ranking) == ("test_in_domain_difficult", ("row", "generate_response"))
    assert example.calls == (Call(name="row", arguments={"price": 2}), Call(name="moor"), Call(name="row", arguments={"price": 4.5}))
    assert gold_verdict(example).call


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (query("a-easy-0", call("sail", boat="API_call_1")), "the output of an earlier call, which is not known in one turn: sail.boat = API_call_1"),
        (query("a-easy-0", call("sail", boat="API_call_0 response")), "the output of an earlier call"),
        (query("a-easy-0", call("sail", boat=["Gull", "API_call_12"])), "the output of an earlier call"),
        (query("a-easy-0", call("fly")), "does not hold: fly"),
        (query("a-easy-0"), "'calling' with calls"),
        (query("a-easy-0", {"api": "row"}), "without an object 'parameters'"),
        ({**query("a-easy-0", call("row")), "query": ""}, "has no query"),
        ({"query": "?", "calling": [call("row")]}, "has no text 'id'"),
        ([1], "has no text 'id'"),
        (query("taken-easy-0", call("row")), "repeats an id"),
        (query("torn-easy-0", call("row")), "no Python list"),
        (query("lacking-easy-0", call("row")), "not among its candidates: row"),
    ],
)
def test_what_is_no_single_turn_is_refused(tmp_path: Path, record: Any, reason: str) -> None:
    torn = {"id": "torn-easy-0", "conversations": [{"value": "api_list = [{'api_name'\ntask_instruction = 1"}]}
    tunings = (torn, tuned("lacking-easy-0", POOL[0]))
    bench = read_seal_tools(write_bench(tmp_path, query("taken-easy-0", call("row")), record, tunings=tunings))
    assert [example.id for example in bench.examples] == ["seal_tools/taken-easy-0"]
    assert [refusal.where for refusal in bench.refused] == ["test_in_domain.jsonl, line 2"]
    assert reason in bench.refused[0].reason


def test_a_value_that_only_looks_like_an_output_stays(tmp_path: Path) -> None:
    bench = read_seal_tools(write_bench(tmp_path, query("a-easy-0", call("sail", boat="API_call_me"))))
    assert bench.examples[0].answer.arguments == {"boat": "API_call_me"}


def test_examples_that_are_no_list_are_made_one(tmp_path: Path, check_bench: Check) -> None:
    odd = tool("sail", boat="str")
    odd["parameters"]["boat"]["examples"] = "Gull, Tern"
    bench = read_seal_tools(write_bench(tmp_path, query("a-easy-0", call("sail", boat="Gull")), pool=[odd]))
    check_bench(bench, 1)
    assert bench.examples[0].tools[0].properties["boat"]["examples"] == ["Gull, Tern"]
    assert "'examples' that are no list made one: boat" in [oddity.what for oddity in bench.oddities]


def test_one_file_of_queries_can_be_given(tmp_path: Path) -> None:
    folder = write_bench(tmp_path, query("a-easy-0", call("row"))) / "Seal-Tools_Dataset"
    write_lines(folder / "dev.jsonl", query("b-easy-0", call("row")))
    assert len(read_seal_tools(folder).examples) == 2
    assert [example.id for example in read_seal_tools(folder / "dev.jsonl").examples] == ["seal_tools/b-easy-0"]


def test_files_that_are_none_of_the_benchmark_raise(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"Seal-Tools_Dataset with its dev\.jsonl"):
        read_seal_tools(tmp_path)
    folder = write_bench(tmp_path, query("a-easy-0", call("row")))
    (folder / "Seal-Tools_Dataset" / "dataset_for_finetune" / "dev.json").write_text('[{"id": "a"}]')
    with pytest.raises(RecordError, match=r"dev\.json: is not a list of objects with 'id' and 'conversations'"):
        read_seal_tools(folder)
    (folder / "Seal-Tools_Dataset" / "dataset_for_finetune" / "dev.json").unlink()
    write_lines(folder / "Seal-Tools_Dataset" / "tool.jsonl", *POOL, {"name": "row"})
    with pytest.raises(RecordError, match=r"tool\.jsonl, line 7: is not a tool of Seal-Tools"):
        read_seal_tools(folder)


def test_the_real_sample(real_data: Callable[[str], Path], check_bench: Check) -> None:
    bench = read_seal_tools(real_data("seal_tools"))
    check_bench(bench, 220)
    assert len(bench.examples) == 200
    assert {(example.category, len(example.tools), len(example.further)) for example in bench.examples} == {("dev_easy", 5, 0)}
    # The sample's 20 difficult queries have no candidates in it, and 2 of them take values from earlier calls.
    assert {refusal.where.split(",")[0] for refusal in bench.refused} == {"dev_difficult20.jsonl"}
    assert sum("output of an earlier call" in refusal.reason for refusal in bench.refused) == 2
    assert sum("does not hold" in refusal.reason for refusal in bench.refused) == 18
    assert sum(oddity.what.startswith("value of the gold read as its declared type") for oddity in bench.oddities) == 56
