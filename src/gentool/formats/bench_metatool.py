"""MetaTool, which tool is chosen: its folder `dataset` (or one file) comes in, a `Bench` goes out. Called by `benches`.

Source: Huang et al., "MetaTool Benchmark for Large Language Models: Deciding Whether to Use Tools and Which to Use", 2024, and its
repository HowieHwong/MetaTool. Tools have a name and a description, nothing more, so the gold is the tool alone.

- `all_clean_data.csv`: a query and its tool. The other candidates are drawn from `plugin_des.json` (category `single`).
- `Task2-Subtask1..4.json`: the candidates stand in the prompt, whose list is read. 1: similar tools; 2: the tools of a scenario;
  3: the right tool is missing, so that no call is right; 4: two tools are wanted (categories `subtask1` to `subtask4`).
- `Task1.json` asks whether tools are needed, and shows none: it is refused.
"""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.example import Wanted
from gentool.core.jsonl import read_json
from gentool.core.tool import EMPTY_PARAMETERS
from gentool.formats.bench import Bench
from gentool.formats.bench_records import BenchCollector, BenchTool, Case, draw_names, find_files, read_tool, refuse_path

CANDIDATES = 10
"""Tools of a set whose candidates are drawn, as many as the benchmark's own prompts hold."""
FOLDERS = ("", "data", "tmp_dataset", "dataset", "dataset/data", "dataset/tmp_dataset")
WITHOUT_TARGET = "subtask3"
LIST_START, LIST_END = "[List of Tools with Names and Descriptions Start]", "[List of Tools with Names and Descriptions End]"
ENTRY = re.compile(r"^\d+\. tool name: (.+?), tool description: ", re.MULTILINE)


def read_metatool(path: Path, seed: int = 0) -> Bench:
    """The queries of a folder or file; `seed` is that of the candidates that are drawn. Raises RecordError where there are none."""
    tables = find_files(path, ("all_clean_data*.csv",), FOLDERS)
    prompts = find_files(path, ("Task2-Subtask*.json",), FOLDERS)
    if path.is_file():
        tables, prompts = ([path], []) if path.suffix == ".csv" else ([], [path])
    if not tables and not prompts:
        raise refuse_path(path, "the folder that holds all_clean_data.csv with plugin_des.json, or Task2-Subtask1.json to Task2-Subtask4.json")
    collector = BenchCollector("metatool")
    for file in tables:
        _read_table(collector, file, seed)
    for file in prompts:
        _read_prompts(collector, file)
    for file in find_files(path, ("Task1*.json",), FOLDERS):
        collector.refuse(file.name, "asks whether tools are needed at all, and shows none to choose from")
    return collector.result()


# Queries with the name of a tool


def _read_table(collector: BenchCollector, file: Path, seed: int) -> None:
    descriptions = _read_descriptions(file)
    try:
        reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        raise RecordError(file, None, f"is not UTF-8 text ({error.reason} at byte {error.start})") from None
    for number, row in enumerate(reader):
        collector.add(f"{file.name}, line {reader.line_num}", partial(_read_row, number, row, descriptions, seed))


def _read_descriptions(file: Path) -> dict[str, Any]:
    """Descriptions by name of all tools, from the `plugin_des.json` beside the table or in the folder above."""
    for folder in (file.parent, file.parent.parent):
        for found in find_files(folder, ("plugin_des.json",)):
            descriptions = read_json(found)
            if isinstance(descriptions, dict):
                return descriptions
            raise RecordError(found, None, "is not an object with the description of each tool")
    raise RecordError(file, None, "its tools stand in plugin_des.json, which is neither beside it nor in the folder above")


def _read_row(number: int, row: Mapping[str, Any], descriptions: Mapping[str, Any], seed: int) -> Case:
    query, name = row.get("Query"), row.get("Tool")
    if not isinstance(name, str) or not name:
        raise ValueError("has no 'Tool'")
    names = draw_names(descriptions, [name], CANDIDATES, f"{seed}/{number}")
    return Case(
        id=f"single_{number}",
        category="single",
        query=query,
        tools=[_make_tool(candidate, descriptions[candidate]) for candidate in names],
        wanted=[Wanted(call=Call(name=name))],
        gold="tool",
        source={"Tool": name},
        oddities=[f"no candidates of its own, drawn from all tools: seed {seed}"],
    )


# Prompts that list their tools


def _read_prompts(collector: BenchCollector, file: Path) -> None:
    matched = re.search(r"Subtask(\d+)", file.name)
    category = f"subtask{matched[1]}" if matched else file.stem
    records = read_json(file)
    if not isinstance(records, list):
        raise RecordError(file, None, "is not a list of prompts")
    for number, record in enumerate(records):
        collector.add(f"{file.name}, record {number}", partial(_read_prompt, number, category, record))


def _read_prompt(number: int, category: str, record: Any) -> Case:
    if not isinstance(record, dict) or not isinstance(record.get("action_prompt"), str):
        raise ValueError("has no text 'action_prompt', which holds the tools")
    named = record.get("tool")
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("has no name or names under 'tool'")
    tools = _read_list(record["action_prompt"])
    present = [tool.tool.name for tool in tools if tool.tool.name in names]
    if category == WITHOUT_TARGET and present:
        raise ValueError(f"its right tool should be missing, and is not: {', '.join(present)}")
    source = {"tool": named, "scenario": record["scenario"]} if "scenario" in record else {"tool": named}
    wanted = [] if category == WITHOUT_TARGET else [Wanted(call=Call(name=name)) for name in names]
    return Case(
        id=f"{category}_{number}",
        category=category,
        query=record.get("query"),
        tools=tools,
        wanted=wanted,
        gold="tool" if wanted else "call",
        source=source,
    )


def _read_list(prompt: str) -> list[BenchTool]:
    """The tools of a prompt's list, `1. tool name: NAME, tool description: TEXT` each."""
    listed = prompt.partition(LIST_START)[2].partition(LIST_END)[0]
    parts = ENTRY.split(listed)
    if len(parts) < 3 or parts[0].strip():
        raise ValueError("its prompt holds no list of tools that can be read")
    return [_make_tool(name, description) for name, description in zip(parts[1::2], parts[2::2], strict=True)]


def _make_tool(name: str, description: Any) -> BenchTool:
    return read_tool(name=name, description=_unwrap(description), parameters=dict(EMPTY_PARAMETERS), source="MetaTool")


def _unwrap(description: Any) -> Any:
    """A description without the Python list of one text, `['...']`, in which some stand."""
    text = description.strip() if isinstance(description, str) else description
    if not isinstance(text, str) or not (text.startswith("[") and text.endswith("]")):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else text
