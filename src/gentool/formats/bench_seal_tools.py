"""Seal-Tools: its folder `Seal-Tools_Dataset` (or one file of queries) comes in, a `Bench` goes out. Called by `benches`.

Source: Wu et al., "Seal-Tools: Self-Instruct Tool Learning Dataset for Agent Tuning and Detailed Benchmark", 2024, and its
repository fairyshine/Seal-Tools. Queries stand in `dev*.jsonl` and `test*.jsonl`, each with the calls that are wanted. The
candidates are those of `dataset_for_finetune/` (or `finetune*.json`), by the query's id; where there are none for a query, they are
drawn from `tool*.jsonl`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.example import Wanted
from gentool.core.jsonl import read_json, read_json_lines
from gentool.formats.bench import Bench
from gentool.formats.bench_records import BenchCollector, BenchTool, Case, draw_names, find_files, read_tool, refuse_path

CANDIDATES = 5
"""Tools of a set whose candidates are drawn, as many as the benchmark's own sets hold."""
FOLDER = "Seal-Tools_Dataset"
EARLIER_OUTPUT = re.compile(r"\bAPI_call_\d+")
"""How a value says that it is the output of another call."""
BEFORE_TOOLS, BEHIND_TOOLS = "api_list = ", "\ntask_instruction = "
"""What stands around the list of candidates, a Python literal, in the text of a fine-tuning record."""


def read_seal_tools(path: Path, seed: int = 0) -> Bench:
    """The queries of a folder, or of one of its files; `seed` is that of the candidates that are drawn.

    A query with a value that is the output of an earlier call is refused: nobody can give it in one turn. Raises RecordError
    where there are no queries.
    """
    files = [path] if path.is_file() else find_files(path, ("dev*.jsonl", "test*.jsonl"), ("", FOLDER))
    if not files:
        raise refuse_path(path, f"the folder {FOLDER} with its dev.jsonl, test_in_domain.jsonl or test_out_domain.jsonl, or one of these")
    folder = files[0].parent
    candidates, pool = _read_candidates(folder), _read_pool(folder)
    collector = BenchCollector("seal_tools")
    for file in files:
        for number, record in read_json_lines(file):
            collector.add(f"{file.name}, line {number}", partial(_read_record, record, candidates, pool, seed))
    return collector.result()


def _read_candidates(folder: Path) -> dict[str, str]:
    """By a query's id the text that holds its candidates."""
    texts: dict[str, str] = {}
    for file in [*find_files(folder / "dataset_for_finetune", ("dev*.json", "test*.json")), *find_files(folder, ("finetune*.json",))]:
        try:
            texts.update({record["id"]: str(record["conversations"][0]["value"]) for record in read_json(file)})
        except (KeyError, IndexError, TypeError):
            raise RecordError(file, None, "is not a list of objects with 'id' and 'conversations', as Seal-Tools' fine-tuning files are") from None
    return texts


def _read_pool(folder: Path) -> dict[str, Any]:
    """The definitions of all tools by name; the first where there are several of a name."""
    pool: dict[str, Any] = {}
    for file in find_files(folder, ("tool*.jsonl",)):
        for number, definition in read_json_lines(file):
            if not isinstance(definition, dict) or not isinstance(definition.get("api_name"), str):
                raise RecordError(file, number, "is not a tool of Seal-Tools: an object with a text 'api_name' is expected")
            pool.setdefault(definition["api_name"], definition)
    return pool


def _read_record(record: Any, candidates: Mapping[str, str], pool: Mapping[str, Any], seed: int) -> Case:
    """The case of one line. Raises ValueError with the reason where it cannot be one."""
    if not isinstance(record, dict) or not isinstance(record.get("id"), str) or not isinstance(record.get("calling"), list) or not record["calling"]:
        raise ValueError("has no text 'id' or no list 'calling' with calls")
    wanted = [Wanted(call=_read_call(call)) for call in record["calling"]]
    _refuse_earlier_outputs(wanted)
    tools, oddities = _find_tools(record["id"], [one.call.name for one in wanted], candidates, pool, seed)
    return Case(
        id=record["id"],
        category=record["id"].rpartition("-")[0].replace("-", "_") or "queries",
        query=record.get("query"),
        tools=tools,
        wanted=wanted,
        source={"calling": record["calling"]},
        oddities=oddities,
    )


def _read_call(call: Any) -> Call:
    if not isinstance(call, dict) or not isinstance(call.get("api"), str) or not isinstance(call.get("parameters"), dict):
        raise ValueError("has a call without a text 'api' or without an object 'parameters'")
    return Call(name=call["api"], arguments=call["parameters"])


def _refuse_earlier_outputs(wanted: list[Wanted]) -> None:
    for one in wanted:
        for name, value in one.call.arguments.items():
            if EARLIER_OUTPUT.search(str(value)):
                raise ValueError(
                    f"takes a value from the output of an earlier call, which is not known in one turn: {one.call.name}.{name} = {value}"
                )


def _find_tools(
    identifier: str, wanted: list[str], candidates: Mapping[str, str], pool: Mapping[str, Any], seed: int
) -> tuple[list[BenchTool], list[str]]:
    """The tools of a query's set, and what is odd about where they come from."""
    if identifier in candidates:
        return [_read_definition(definition) for definition in _read_list(candidates[identifier])], []
    names = draw_names(pool, wanted, CANDIDATES, f"{seed}/{identifier}")
    return [_read_definition(pool[name]) for name in names], [f"no candidates of its own, drawn from all tools: seed {seed}"]


def _read_list(text: str) -> list[Any]:
    """The definitions in the text of a fine-tuning record."""
    literal = text.partition(BEFORE_TOOLS)[2].partition(BEHIND_TOOLS)[0]
    try:
        definitions = ast.literal_eval(literal)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        definitions = None
    if not isinstance(definitions, list):
        raise ValueError("its candidates are no Python list behind 'api_list = '")
    return definitions


def _read_definition(definition: Any) -> BenchTool:
    """A tool of Seal-Tools: parameters and responses are flat, `{name: {type, description}}`."""
    if not isinstance(definition, dict):
        raise ValueError("has a candidate that is no object")
    parameters, responses = definition.get("parameters"), definition.get("responses")
    domain = definition.get("field")
    listed, changes = _list_examples(parameters)
    found = read_tool(
        name=definition.get("api_name"),
        description=definition.get("api_description"),
        parameters={"type": "object", "properties": listed, "required": definition.get("required") or []},
        returns={"type": "object", "properties": responses} if responses else None,
        domain=domain if isinstance(domain, str) and domain else None,
        source="Seal-Tools",
    )
    return BenchTool(found.tool, (*found.changes, *changes))


def _list_examples(parameters: Any) -> tuple[Any, list[str]]:
    """The parameters with their `examples` as a list each, as JSON Schema wants them, and what was changed."""
    listed, changes = parameters, []
    for name, schema in parameters.items() if isinstance(parameters, dict) else ():
        if isinstance(schema, dict) and "examples" in schema and not isinstance(schema["examples"], list):
            listed = {**listed, name: {**schema, "examples": [schema["examples"]]}}
            changes.append(f"'examples' that are no list made one: {name}")
    return listed, changes
