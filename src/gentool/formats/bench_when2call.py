"""When2Call: the folder with its test files (or one of them) comes in, a `Bench` goes out. Called by `benches`.

Source: Ross et al., "When2Call: When (not) to Call Tools", 2025, and its repository NVIDIA/When2Call. A record says whether the
right answer is a call (`tool_call`), a question for what is missing (`request_for_info`), that it cannot be answered with these
tools (`cannot_answer`), or words (`direct`). The last three are abstention here: no call is right. `source` keeps which.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.example import Gold, Wanted
from gentool.core.jsonl import read_json_lines
from gentool.formats.bench import Bench
from gentool.formats.bench_records import BenchCollector, BenchTool, Case, find_files, read_tool, refuse_path

CALLS = "tool_call"
ANSWERS = (CALLS, "request_for_info", "cannot_answer", "direct")
FOLDERS = ("", "test", "data/test")
KEPT = ("source", "source_id", "correct_answer", "held_out_param")
"""What `source` keeps of a record, beside the call that it holds."""


def read_when2call(path: Path) -> Bench:
    """The records of `when2call_test_mcq.jsonl`; without it those of `when2call_test_llm_judge.jsonl`, which are some of the same.

    Raises RecordError where there is neither.
    """
    files = [path] if path.is_file() else find_files(path, ("when2call*mcq*.jsonl",), FOLDERS)
    files = files or find_files(path, ("when2call*judge*.jsonl",), FOLDERS)
    if not files:
        raise refuse_path(path, "the folder that holds when2call_test_mcq.jsonl or when2call_test_llm_judge.jsonl, or one of these")
    collector = BenchCollector("when2call")
    for file in files:
        for number, record in read_json_lines(file):
            collector.add(f"{file.name}, line {number}", partial(_read_record, record))
    return collector.result()


def _read_record(record: Any) -> Case:
    """The case of one line. Raises ValueError with the reason where it cannot be one."""
    if not isinstance(record, dict) or not isinstance(record.get("uuid"), str) or record.get("correct_answer") not in ANSWERS:
        raise ValueError(f"has no text 'uuid', or its 'correct_answer' is none of {', '.join(ANSWERS)}; of When2Call's files its tests can be read")
    if not isinstance(record.get("tools"), list):
        raise ValueError("has no list 'tools'")
    right = record["correct_answer"]
    wanted, gold, oddities = _read_gold(record) if right == CALLS else ([], "call", [])
    source = {key: record[key] for key in KEPT if record.get(key) is not None}
    answers = record.get("answers")
    return Case(
        id=record["uuid"],
        category=right,
        query=record.get("question"),
        tools=[_read_definition(definition) for definition in record["tools"]],
        wanted=wanted,
        gold=gold,
        source={**source, CALLS: answers[CALLS]} if right == CALLS and isinstance(answers, dict) and CALLS in answers else source,
        oddities=oddities,
    )


def _read_gold(record: dict[str, Any]) -> tuple[list[Wanted], Gold, list[str]]:
    """The call that is wanted; the tool alone where the record holds no call that can be read."""
    answers = record.get("answers")
    call = _parse(answers.get(CALLS) if isinstance(answers, dict) else None)
    if isinstance(call.get("name"), str) and isinstance(call.get("arguments"), dict):
        return [Wanted(call=Call(name=call["name"], arguments=call["arguments"]))], "call", []
    target = _parse(record.get("target_tool"))
    if not isinstance(target.get("name"), str):
        raise ValueError("wants a call, but holds neither a call nor a target tool that can be read")
    return [Wanted(call=Call(name=target["name"]))], "tool", [f"holds no call that can be read, the tool alone is the gold: {target['name']}"]


def _read_definition(definition: Any) -> BenchTool:
    read = _parse(definition)
    return read_tool(name=read.get("name"), description=read.get("description"), parameters=read.get("parameters"), source="When2Call")


def _parse(value: Any) -> dict[str, Any]:
    """The object that a value is, or that it holds as JSON text; an empty one where it is neither."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}
