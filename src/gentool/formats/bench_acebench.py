"""ACEBench (English, single turn and special sets): its folder of JSON Lines comes in, a Bench goes out. Called by gentool.formats.benches.

Source: Chen et al., "ACEBench: Who Wins the Match Point in Tool Usage?", 2025, and the repository chenchen0103/ACEBench.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.example import Wanted
from gentool.core.jsonl import read_json_lines
from gentool.core.tool import ToolSet
from gentool.formats.bench import Bench
from gentool.formats.bench_collector import ABSTENTION, BenchCollector, describe
from gentool.formats.bench_tools import Definition

NAME = "acebench"
FILE = re.compile(r"data_(\w+)\.json")
ANSWERS = "possible_answer"
SPECIAL = "special_"
"""The sets in which no call is right: the query cannot be served, lacks what a call needs, or gives a value that cannot be."""
AGENT = "agent_"
"""The sets of several turns before a simulated world: not read."""
REPEATED = re.compile(r"(.+)_\d+")
"""How a function is named in gold where it is called more than once."""
USER = re.compile(r"\Auser:\s*")


def read_acebench(path: Path) -> Bench:
    """All sets of a folder, or the one of a file; right answers stand in `possible_answer` beside the questions.

    Agent sets are refused. Raises RecordError with the line at broken JSON.
    """
    collector = BenchCollector(NAME)
    for file in [path] if path.is_file() else sorted(path.glob("*.json")):
        matched, answers = FILE.fullmatch(file.name), file.parent / ANSWERS / file.name
        if not matched or matched[1].startswith(AGENT):
            collector.refuse(file.name, "is no file of a set that is asked in one turn (data_normal_NAME.json, data_special_NAME.json)")
        elif not answers.exists():
            collector.refuse(file.name, f"has no right answers: {ANSWERS}/{file.name} is missing beside it")
        else:
            _read_set(collector, file, answers, matched[1])
    return collector.result()


def _read_set(collector: BenchCollector, file: Path, answers: Path, category: str) -> None:
    truths = {record["id"]: record["ground_truth"] for _, record in read_json_lines(answers) if isinstance(record, dict) and "ground_truth" in record}
    unused = dict(truths)
    for line, record in read_json_lines(file):
        name = record.get("id") if isinstance(record, dict) else None
        try:
            if not isinstance(name, str) or name not in unused:
                raise ValueError("has no 'id' for which a right answer is given")
            _read_record(collector, category, record, unused.pop(name))
        except ValueError as error:
            collector.refuse(f"{file.name}, line {line}" + (f", {name}" if name else ""), describe(error))
    for name in unused:
        collector.refuse(f"{ANSWERS}/{file.name}, {name}", "answers no question")


def _read_record(collector: BenchCollector, category: str, record: dict[str, Any], truth: Any) -> None:
    """Keep the example of one record. Raises ValueError where it is none."""
    identifier, functions = collector.id_of(record["id"]), record.get("function")
    if not isinstance(functions, list) or not all(isinstance(function, dict) for function in functions):
        raise ValueError("must have a list 'function' of definitions")
    tools = collector.make_tools(identifier, _define(collector, identifier, functions))
    query = _read_query(collector, identifier, record)
    wanted = (ABSTENTION,) if category.startswith(SPECIAL) else _read_truth(truth, tools)
    source = {"id": record["id"], "function": functions, "ground_truth": truth}
    collector.add(identifier, category, query, tools, wanted, source=source)


def _define(collector: BenchCollector, identifier: str, functions: Iterable[dict[str, Any]]) -> list[Definition]:
    """The definitions; what only some have beside their parameters is left out of all, as it would tell the right tool apart."""
    definitions = []
    for one in functions:
        if "parameters" not in one and "arguments" in one:
            collector.note(identifier, "a function has 'arguments' for 'parameters': renamed, since the right one never has")
        if "results" in one or "tags" in one:
            collector.note(identifier, "a function's 'results' and 'tags' are left out, since the right one has none")
        definitions.append(Definition(one.get("name"), one.get("description"), one.get("parameters", one.get("arguments"))))
    return definitions


def _read_query(collector: BenchCollector, identifier: str, record: dict[str, Any]) -> str:
    """The question, with what ACEBench tells a model beside it: the time, and what is known of the user."""
    question = record.get("question")
    if not isinstance(question, str) or not question.strip():
        raise ValueError("must have a text 'question'")
    text = question.strip()
    if re.search(r"^(system|assistant):", text, re.MULTILINE) or len(re.findall(r"^user:", text, re.MULTILINE)) > 1:
        collector.note(identifier, "earlier messages are folded into the query")
    else:
        text = USER.sub("", text)
    for key in ("time", "profile"):
        told = record.get(key)
        if told:
            collector.note(identifier, f"its '{key}' is put before the query")
            text = f"{told if isinstance(told, str) else f'{key}: {told}'}\n\n{text}"
    return text


def _read_truth(truth: Any, tools: ToolSet) -> Sequence[Wanted]:
    """The right calls: an object of arguments by function, or a list of such objects."""
    parts = truth if isinstance(truth, list) else [truth]
    if not parts or not all(isinstance(part, dict) and part for part in parts):
        raise ValueError("its right answer must give arguments by function")
    calls = [(name, arguments) for part in parts for name, arguments in part.items()]
    return [Wanted(call=_read_call(name, arguments, tools)) for name, arguments in calls]


def _read_call(name: str, arguments: Any, tools: ToolSet) -> Call:
    repeated = REPEATED.fullmatch(name)
    tool = tools.by_name(name) or (tools.by_name(repeated[1]) if repeated else None)
    if tool is None:
        raise ValueError(f"its right answer calls '{name}', which is not among its functions")
    if not isinstance(arguments, dict):
        raise ValueError("the arguments of its right answer must be an object")
    return Call(name=tool.name, arguments=arguments)
