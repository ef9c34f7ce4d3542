"""RoTBench: chats with the tools in the system prompt come in, a Bench goes out. Called by gentool.formats.benches.

Source: Ye et al., "RoTBench: A Multi-Level Benchmark for Evaluating the Robustness of Large Language Models in Tool Learning",
EMNLP 2024, and the repository Junjie-Ye/RoTBench. The names of tools and parameters are noised, each level with its own gold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.example import Wanted
from gentool.core.jsonl import read_json
from gentool.formats.bench import Bench
from gentool.formats.bench_collector import BenchCollector, describe, fold_messages
from gentool.formats.bench_tools import Definition

NAME = "rotbench"
LEVELS = ("clean", "slight", "medium", "heavy", "union")
TOOLS = "following tools:"
"""What stands before the list of tools in the system prompt."""
BEGIN = re.compile(r"\s*Begin!\s*\Z")
GOLD = re.compile(r"\s*(?:Thought:.*?)?Action:[ \t]*(?P<name>[^\n]+?)\s*\n\s*Action Input:(?P<arguments>.*)", re.DOTALL)
UNKNOWN = "None"
"""What gold gives for an argument that the query says nothing of."""


def read_rotbench(path: Path) -> Bench:
    """The levels of a folder (below it, too), or the one of a file; the level is a word of the file's name.

    Raises RecordError with the line at broken JSON.
    """
    collector = BenchCollector(NAME)
    for file in [path] if path.is_file() else sorted(path.rglob("*.json"), key=_place):
        level = _level(file)
        records = read_json(file) if level else None
        if level is None or not isinstance(records, list):
            collector.refuse(file.name, f"is no list of records of a level that its name says ({', '.join(LEVELS)})")
            continue
        for number, record in enumerate(records):
            identifier = collector.id_of(f"{level}_{number}")
            try:
                _read_record(collector, identifier, level, record)
            except ValueError as error:
                collector.refuse(f"{file.name}, entry {number + 1}, {identifier}", describe(error))
    return collector.result()


def _level(file: Path) -> str | None:
    """`heavy`, or `third_heavy` for the third turn of chats."""
    level = next((level for level in LEVELS if level in file.stem.lower()), None)
    third = "third" in file.stem.lower() or "third" in file.parent.name.lower()
    return f"third_{level}" if level and third else level


def _place(file: Path) -> tuple[bool, int, str]:
    level = _level(file) or ""
    name = level.removeprefix("third_")
    return level != name, LEVELS.index(name) if name in LEVELS else len(LEVELS), str(file)


def _read_record(collector: BenchCollector, identifier: str, level: str, record: Any) -> None:
    """Keep the example of one record. Raises ValueError where it is none."""
    chat = record.get("conversations") if isinstance(record, dict) else None
    if not isinstance(chat, list) or len(chat) < 3 or not all(isinstance(turn, dict) and "value" in turn for turn in chat):
        raise ValueError("must have a list 'conversations' of a system's, a user's and an assistant's turn")
    definitions = _read_definitions(chat[0]["value"])
    tools = collector.make_tools(identifier, (Definition(one.get("name"), one.get("description"), one.get("parameters")) for one in definitions))
    messages = [{"role": turn.get("from"), "content": BEGIN.sub("", str(turn["value"]))} for turn in chat[1:-1]]
    query, folded = _fold(messages)
    for oddity in folded:
        collector.note(identifier, oddity)
    golds = [_read_gold(text) for text in _as_list(chat[-1]["value"])]
    calls = list(dict.fromkeys(call.name for call in golds))
    wanted = [_merge(collector, identifier, [call for call in golds if call.name == name]) for name in calls]
    if any(value == UNKNOWN for call in golds for value in call.arguments.values()):
        collector.note(identifier, f"gold gives {UNKNOWN!r} for an argument that the query says nothing of")
    if len(calls) > 1:
        collector.note(identifier, "calls of several tools are right: the first is the answer, all are acceptable")
    source = {"id": record.get("id"), "scenario": record.get("scenario"), "answers": chat[-1]["value"]}
    collector.add(identifier, level, query, tools, wanted[:1], [one.call for one in wanted], source=source)


def _read_definitions(prompt: Any) -> list[dict[str, Any]]:
    """The list of tools inside a system prompt."""
    if not isinstance(prompt, str) or TOOLS not in prompt:
        raise ValueError(f"its system prompt does not say '{TOOLS}'")
    try:
        definitions, _ = json.JSONDecoder().raw_decode(prompt.partition(TOOLS)[2].lstrip())
    except json.JSONDecodeError as error:
        raise ValueError(f"its list of tools is not valid JSON ({error.msg})") from None
    if not isinstance(definitions, list) or not all(isinstance(one, dict) for one in definitions):
        raise ValueError("its tools are no list of definitions")
    return definitions


def _fold(messages: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """The query; a last turn that is a tool's result is put to the model as the user's, since it is what is to be answered."""
    if messages and messages[-1]["role"] != "user":
        messages = [*messages[:-1], {"role": "user", "content": f"{messages[-1]['role']}: {messages[-1]['content']}"}]
    return fold_messages(messages)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read_gold(text: Any) -> Call:
    """A call in ReAct's form: `Action: name` and `Action Input: {...}`."""
    matched = GOLD.match(text) if isinstance(text, str) else None
    if not matched:
        raise ValueError("an answer has no 'Action:' with an 'Action Input:'")
    try:
        arguments = json.loads(matched["arguments"])
    except json.JSONDecodeError:
        raise ValueError(f"the arguments of an answer are not valid JSON: {matched['arguments'].strip()[:80]}") from None
    return Call(name=matched["name"], arguments=arguments)


def _merge(collector: BenchCollector, identifier: str, golds: Sequence[Call]) -> Wanted:
    """Answers of one tool as the first of them, with the values of the others as alternatives, argument by argument."""
    first, alternatives = golds[0], dict[str, list[Any]]()
    for other in golds[1:]:
        different = [name for name, value in other.arguments.items() if first.arguments.get(name) != value or name not in first.arguments]
        for name in different:
            held = alternatives.setdefault(name, [])
            held += [other.arguments[name]] if other.arguments[name] not in held else []
        if len(different) > 1 or first.arguments.keys() - other.arguments.keys():
            collector.note(identifier, "right answers of one tool differ in several arguments: their values are taken argument by argument")
    return Wanted(call=first, alternatives={name: tuple(values) for name, values in alternatives.items()})
