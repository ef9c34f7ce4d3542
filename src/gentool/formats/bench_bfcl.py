"""The Berkeley Function-Calling Leaderboard, version 4, single turn: its folder of JSON Lines comes in, a Bench goes out.

Called by gentool.formats.benches. Source: Patil et al., "The Berkeley Function Calling Leaderboard (BFCL)", ICML 2025, and the
repository ShishirPatil/gorilla; docs/benchmarks.md says what is mapped how.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.example import Wanted
from gentool.core.jsonl import read_json_lines
from gentool.core.tool import ToolSet
from gentool.formats.bench import Bench
from gentool.formats.bench_collector import ABSTENTION, BenchCollector, describe, fold_messages
from gentool.formats.bench_tools import Definition
from gentool.formats.bfcl_values import read_accepted

NAME = "bfcl"
NON_LIVE = ("simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple", "irrelevance")
LIVE = ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", "live_irrelevance", "live_relevance")
CATEGORIES = (*NON_LIVE, *LIVE)
WITHOUT_ANSWERS = ("irrelevance", "live_irrelevance", "live_relevance")
"""Categories that have no file of acceptable answers."""
FILE = re.compile(r"BFCL_v\d+_(\w+)\.json")
ANSWERS = "possible_answer"


def read_bfcl(path: Path) -> Bench:
    """All single-turn categories of a folder, or the one of a file; acceptable answers stand in `possible_answer` beside the questions.

    Files of other categories are refused. Raises RecordError with the line at broken JSON.
    """
    collector = BenchCollector(NAME)
    for file in [path] if path.is_file() else sorted(path.glob("*.json"), key=_place):
        category = _category(file)
        answers = file.parent / ANSWERS / file.name
        if category is None:
            collector.refuse(file.name, f"is no file of a single-turn category; read are BFCL_v4_NAME.json with NAME {', '.join(CATEGORIES)}")
        elif category in WITHOUT_ANSWERS or answers.exists():
            _read_category(collector, file, category, {} if category in WITHOUT_ANSWERS else _read_answers(collector, answers))
        else:
            collector.refuse(file.name, f"has no acceptable answers: {ANSWERS}/{file.name} is missing beside it")
    return collector.result()


def _category(file: Path) -> str | None:
    matched = FILE.fullmatch(file.name)
    return matched[1] if matched and matched[1] in CATEGORIES else None


def _place(file: Path) -> tuple[int, str]:
    """Files in the order of the categories, others behind them."""
    category = _category(file)
    return (CATEGORIES.index(category) if category else len(CATEGORIES), file.name)


def _read_answers(collector: BenchCollector, file: Path) -> dict[str, Any]:
    """The acceptable answers by the record's id."""
    answers: dict[str, Any] = {}
    for line, record in read_json_lines(file):
        if isinstance(record, dict) and isinstance(record.get("id"), str) and "ground_truth" in record:
            answers[record["id"]] = record["ground_truth"]
        else:
            collector.refuse(f"{ANSWERS}/{file.name}, line {line}", "must be an object with 'id' and 'ground_truth'")
    return answers


def _read_category(collector: BenchCollector, file: Path, category: str, answers: dict[str, Any]) -> None:
    unused = dict(answers)
    for line, record in read_json_lines(file):
        where = f"{file.name}, line {line}"
        name = record.get("id") if isinstance(record, dict) else None
        truth = unused.pop(name, None) if isinstance(name, str) else None
        try:
            _read_record(collector, category, record, truth)
        except ValueError as error:
            collector.refuse(where + (f", {name}" if name else ""), describe(error))
    for name in unused:
        collector.refuse(f"{ANSWERS}/{file.name}, {name}", "answers no question")


def _read_record(collector: BenchCollector, category: str, record: Any, truth: Any) -> None:
    """Keep the example of one record. Raises ValueError where it is none."""
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise ValueError("must be an object with a text 'id'")
    identifier, functions = collector.id_of(record["id"]), record.get("function")
    if not isinstance(functions, list) or not all(isinstance(function, dict) for function in functions):
        raise ValueError("must have a list 'function' of definitions")
    tools = collector.make_tools(identifier, (Definition(one.get("name"), one.get("description"), one.get("parameters")) for one in functions))
    query, folded = fold_messages(_one_turn(record.get("question")))
    for oddity in folded:
        collector.note(identifier, oddity)
    source = {"id": record["id"], "function": functions, "ground_truth": truth}
    if category == "live_relevance":
        _add_relevance(collector, identifier, query, tools, source)
        return
    wanted = (ABSTENTION,) if category in WITHOUT_ANSWERS else _read_truth(collector, identifier, truth, tools)
    collector.add(identifier, category, query, tools, wanted, source=source)


def _one_turn(question: Any) -> list[Any]:
    """The messages of a record's only turn."""
    if not isinstance(question, list) or len(question) != 1 or not isinstance(question[0], list):
        raise ValueError("its question is not a list of one turn")
    return question[0]


def _add_relevance(collector: BenchCollector, identifier: str, query: str, tools: ToolSet, source: dict[str, Any]) -> None:
    """Some tool has to be called, and nothing is known of which: the first one heads the ranking."""
    if not len(tools):
        raise ValueError("some function has to be called, but it has none")
    calls = [Call(name=name) for name in tools.names]
    collector.add(identifier, "live_relevance", query, tools, [Wanted(call=calls[0])], calls, "any_tool", source)


def _read_truth(collector: BenchCollector, identifier: str, truth: Any, tools: ToolSet) -> Sequence[Wanted]:
    if not isinstance(truth, list) or not truth:
        raise ValueError("no acceptable answer is given for it")
    return [_read_call(collector, identifier, call, tools) for call in truth]


def _read_call(collector: BenchCollector, identifier: str, call: Any, tools: ToolSet) -> Wanted:
    """One acceptable call: `{name: {argument: [acceptable values]}}`."""
    if not isinstance(call, dict) or len(call) != 1:
        raise ValueError("an acceptable call must be an object of one function's name")
    name, arguments = next(iter(call.items()))
    tool = tools.by_name(name)
    if tool is None:
        raise ValueError(f"its acceptable answer calls '{name}', which is not among its functions")
    if not isinstance(arguments, dict):
        raise ValueError("the arguments of an acceptable call must be an object")
    given: dict[str, Any] = {}
    alternatives: dict[str, tuple[Any, ...]] = {}
    for argument, listed in arguments.items():
        accepted = read_accepted(listed, argument in tool.required)
        values = accepted.values
        if not accepted.optional:
            given[argument], values = values[0], values[1:]
        alternatives |= {argument: values} if values else {}
        if accepted.cut:
            collector.note(identifier, f"'{argument}' has more acceptable values than are written out")
    return Wanted(call=Call(name=name, arguments=given), alternatives=alternatives)
