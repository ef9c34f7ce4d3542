"""Reading When2Call: made-up files in its format, and the real sample."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import RecordError
from gentool.formats.bench import Bench
from gentool.formats.bench_when2call import read_when2call

Check = Callable[[Bench, int], None]

SAIL = {"name": "sea.sail", "description": "Sail.", "parameters": {"type": "dict", "required": ["boat"], "properties": {"boat": {"type": "string"}}}}
ROW = {"name": "row", "description": "Row.", "parameters": {"type": "dict", "required": [], "properties": {"hours": {"type": "float", "enum": [1]}}}}


def record(right: str, number: int = 0, **changes: Any) -> dict[str, Any]:
    call = json.dumps({"name": "sea.sail", "arguments": {"boat": "Gull"}})
    return {
        "uuid": f"id-{right}-{number}",
        "source": "BFCL v2 Live Simple",
        "source_id": "live_simple_0",
        "question": "To sea!",
        "correct_answer": right,
        "answers": {"direct": "Sea.", "tool_call": call, "request_for_info": "Which?", "cannot_answer": "No."},
        "target_tool": json.dumps(SAIL) if right == "tool_call" else None,
        "tools": [json.dumps(SAIL), json.dumps(ROW)],
        **changes,
    }


def write(folder: Path, *records: Any, name: str = "when2call_test_mcq.jsonl") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in records), encoding="utf-8")
    return path


def test_a_call_is_wanted_in_tool_call_alone(tmp_path: Path, check_bench: Check) -> None:
    rights = ("tool_call", "request_for_info", "cannot_answer", "direct")
    write(tmp_path, *(record(right) for right in rights))
    bench = read_when2call(tmp_path)
    check_bench(bench, 4)
    assert [example.category for example in bench.examples] == list(rights)
    assert [example.answer for example in bench.examples] == [Call(name="sea.sail", arguments={"boat": "Gull"}), ABSTAIN, ABSTAIN, ABSTAIN]
    first, second = bench.examples[:2]
    assert (first.id, first.gold, first.tools.names) == ("when2call/id-tool_call-0", "call", ("sea.sail", "row"))
    assert first.tools[0].parameters == {"type": "object", "required": ["boat"], "properties": {"boat": {"type": "string"}}}
    assert first.source is not None and first.source["tool_call"] == record("tool_call")["answers"]["tool_call"]
    assert second.source == {"source": "BFCL v2 Live Simple", "source_id": "live_simple_0", "correct_answer": "request_for_info"}
    assert Counter(oddity.what for oddity in bench.oddities) == {
        "type name replaced: 'dict' -> 'object'": 4,
        "type name replaced: 'float' -> 'number'": 4,
    }


def test_what_was_held_out_is_kept_and_no_tools_are_no_fault(tmp_path: Path, check_bench: Check) -> None:
    write(tmp_path, record("request_for_info", held_out_param="boat"), record("cannot_answer", tools=[], orig_tools=[json.dumps(SAIL)]))
    bench = read_when2call(tmp_path)
    check_bench(bench, 2)
    assert bench.examples[0].source is not None and bench.examples[0].source["held_out_param"] == "boat"
    assert len(bench.examples[1].tools) == 0


def test_tools_and_calls_may_be_objects(tmp_path: Path, check_bench: Check) -> None:
    answers = {"tool_call": {"name": "row", "arguments": {}}}
    write(tmp_path, record("tool_call", tools=[SAIL, ROW], answers=answers))
    bench = read_when2call(tmp_path)
    check_bench(bench, 1)
    assert bench.examples[0].answer == Call(name="row")


@pytest.mark.parametrize("answers", [{"tool_call": "sea.sail(boat='Gull')"}, {"tool_call": None}, {}, None, {"tool_call": '{"name": "sea.sail"}'}])
def test_without_a_call_the_target_tool_is_the_gold(tmp_path: Path, check_bench: Check, answers: Any) -> None:
    write(tmp_path, record("tool_call", answers=answers))
    bench = read_when2call(tmp_path)
    check_bench(bench, 1)
    assert (bench.examples[0].gold, bench.examples[0].answer) == ("tool", Call(name="sea.sail"))
    assert bench.oddities[0].what == "holds no call that can be read, the tool alone is the gold: sea.sail"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (record("tool_call", tools=[json.dumps(ROW)]), "not among its candidates: sea.sail"),
        (record("tool_call", answers={}, target_tool=None), "neither a call nor a target tool"),
        (record("refuse"), "its 'correct_answer' is none of tool_call, request_for_info"),
        (record("direct", uuid=5), "has no text 'uuid'"),
        (record("direct", tools=None), "has no list 'tools'"),
        (record("direct", tools=["row"]), "has no name"),
        (record("direct", tools=[json.dumps(ROW), json.dumps({**ROW, "description": "Other."})]), "two tools of one name: row"),
        (record("direct", question=""), "has no query"),
        (record("cannot_answer"), "repeats an id"),
        ({"tools": [], "messages": []}, "of When2Call's files its tests can be read"),
        ("cannot_answer", "has no text 'uuid'"),
    ],
)
def test_what_cannot_be_an_example_is_refused(tmp_path: Path, value: Any, reason: str) -> None:
    write(tmp_path, record("cannot_answer"), value)
    bench = read_when2call(tmp_path)
    assert [refusal.where for refusal in bench.refused] == ["when2call_test_mcq.jsonl, line 2"]
    assert (len(bench.examples), reason in bench.refused[0].reason) == (1, True)


def test_a_tool_that_is_given_twice_is_taken_once(tmp_path: Path, check_bench: Check) -> None:
    write(tmp_path, record("direct", tools=[json.dumps(ROW), json.dumps(ROW)]))
    bench = read_when2call(tmp_path)
    check_bench(bench, 1)
    assert "tool given twice, taken once: row" in [oddity.what for oddity in bench.oddities]


def test_the_larger_file_is_read_where_both_are_there(tmp_path: Path) -> None:
    small = write(tmp_path, record("direct"), name="data/test/when2call_test_llm_judge.jsonl")
    assert len(read_when2call(tmp_path).examples) == 1
    write(tmp_path, record("direct"), record("direct", 1), name="data/test/when2call_test_mcq.jsonl")
    write(tmp_path, record("direct", 2), name="data/train/when2call_train_sft.jsonl")
    assert len(read_when2call(tmp_path).examples) == 2
    assert len(read_when2call(tmp_path / "data" / "test").examples) == 2
    assert len(read_when2call(small).examples) == 1


def test_a_folder_without_its_files_raises(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"when2call_test_mcq\.jsonl"):
        read_when2call(tmp_path)


def test_the_real_sample(real_data: Callable[[str], Path], check_bench: Check) -> None:
    bench = read_when2call(real_data("when2call"))
    check_bench(bench, 12)
    assert bench.refused == ()
    assert Counter(example.category for example in bench.examples) == {"tool_call": 4, "request_for_info": 4, "cannot_answer": 4}
    assert {example.gold for example in bench.examples} == {"call"}
    assert [oddity for oddity in bench.oddities if not oddity.what.startswith("type name replaced: ")] == []
