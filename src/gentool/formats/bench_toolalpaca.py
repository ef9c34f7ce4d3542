"""ToolAlpaca: its folder `data` (or one of its `eval_*.json`) comes in, a `Bench` goes out. Called by `benches`.

Source: Tang et al., "ToolAlpaca: Generalized Tool Learning for Language Models with 3000 Simulated Cases", 2023, and its repository
tangqiaoyu/ToolAlpaca. A file lists APIs; an API holds functions, instructions and for each instruction the steps that are right.
An example is one instruction before all functions of its API. What is mended, and said as an oddity:

- an argument '' of a parameter that may be left out counts as left out; giving '' is right as well;
- where a value of a call has no literal value (`${start date}`), the gold is the tools alone;
- where an API asks for a key, the instruction says it as the benchmark's prompt does, and the gold has that key.

Refused are instructions with a step that takes a value from an earlier one, that is no function of the API (`getDetails` asks the
user), that may be left out, or whose input cannot be read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.example import Wanted
from gentool.core.jsonl import read_json
from gentool.core.tool import Tool
from gentool.formats.bench import Bench
from gentool.formats.bench_records import BenchCollector, BenchTool, Case, find_files, read_tool, refuse_path
from gentool.formats.parameter_text import split_description

NO_FUNCTION = "components"
"""A key among the functions that describes what they return."""
ASKS_USER = "getDetails"
PLACEHOLDER = re.compile(r'"?\$\{([^{}]*)\}"?')
"""A value that is not known when the call is written, quoted or not, also with one quote alone."""
MARK, MARKED = "<unknown>", re.compile(r"<unknown>|^\{[^{}]*\}$")


@dataclass(frozen=True)
class _Api:
    """An API as its instructions need it: `keys` are shown to the model by parameter."""

    name: str
    tools: list[BenchTool]
    keys: dict[str, str]


@dataclass
class _Step:
    """One step of a gold: a call, `unknown` the parameters without a literal value."""

    wanted: Wanted
    text: str
    unknown: list[str] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)


def read_toolalpaca(path: Path) -> Bench:
    """The instructions of `eval_simulated.json` and `eval_real.json`. Raises RecordError where there is neither."""
    files = [path] if path.is_file() else find_files(path, ("eval_*.json",), ("", "data"))
    if not files:
        raise refuse_path(path, "the folder that holds eval_simulated.json or eval_real.json, or one of these")
    collector = BenchCollector("toolalpaca")
    for file in files:
        apis = read_json(file)
        if not isinstance(apis, list):
            raise RecordError(file, None, "is not a list of APIs")
        for number, api in enumerate(apis):
            _read_api(collector, file, number, api)
    return collector.result()


def _read_api(collector: BenchCollector, file: Path, number: int, api: Any) -> None:
    """Adds the examples of one API; a refusal for each instruction, or one for the API where it has none to count."""
    where = f"{file.name}, API {number}"
    instructions = api.get("Instructions") if isinstance(api, dict) else None
    golds = api.get("Golden_Answers") if isinstance(api, dict) else None
    if not isinstance(instructions, list) or not isinstance(golds, list) or len(instructions) != len(golds):
        reason = "has no 'Instructions' with as many 'Golden_Answers'; of ToolAlpaca's files eval_simulated.json and eval_real.json can be read"
        collector.refuse(where, reason)
        return
    category = file.stem.removeprefix("eval_")
    for position, (instruction, gold) in enumerate(zip(instructions, golds, strict=True)):
        identifier = f"{category}_{number}_{position}"
        collector.add(f"{where}, instruction {position}", partial(_read_instruction, api, identifier, category, instruction, gold))


def _read_instruction(api: dict[str, Any], identifier: str, category: str, instruction: Any, gold: Any) -> Case:
    """The case of one instruction. Raises ValueError with the reason where it cannot be one."""
    read = _read_functions(api)
    if not isinstance(gold, list) or not gold:
        raise ValueError("has no steps in its gold")
    steps = [_read_step(read, step) for step in gold]
    unknown = [f"{step.wanted.call.name}.{name}" for step in steps for name in step.unknown]
    oddities = [oddity for step in steps for oddity in step.oddities]
    if unknown:
        oddities = [f"no literal value in the gold, the tools alone are the gold: {', '.join(unknown)}"]
    shown = f"\nAuthentication information: {' '.join(f'{name}={key}' for name, key in read.keys.items())}" if read.keys else ""
    return Case(
        id=identifier,
        category=category,
        query=f"{instruction}{shown}" if isinstance(instruction, str) and instruction.strip() else None,
        tools=read.tools,
        wanted=[Wanted(call=Call(name=step.wanted.call.name)) if unknown else step.wanted for step in steps],
        gold="tool" if unknown else "call",
        source={"Name": read.name, "Golden_Answer": [{"Action": step.wanted.call.name, "Action_Input": step.text} for step in steps]},
        oddities=oddities,
    )


def _read_functions(api: dict[str, Any]) -> _Api:
    functions, keys = api.get("Function_Description"), api.get("Authentication")
    if not isinstance(functions, dict):
        raise ValueError("its API has no object 'Function_Description'")
    tools = [_read_function(name, text, api) for name, text in functions.items() if name != NO_FUNCTION]
    return _Api(str(api.get("Name")), tools, {name: str(key) for name, key in keys.items()} if isinstance(keys, dict) else {})


def _read_function(name: str, text: Any, api: dict[str, Any]) -> BenchTool:
    if not isinstance(text, str):
        raise ValueError(f"the description of its function {name} is no text")
    description, parameters, unread = split_description(text)
    domain = api.get("Category")
    found = read_tool(
        name=name,
        description=description,
        parameters=parameters,
        domain=domain if isinstance(domain, str) and domain else None,
        source="ToolAlpaca",
    )
    return BenchTool(found.tool, (*found.changes, *(f"{what}: {name}" for what in unread)))


# Steps of the gold


def _read_step(api: _Api, step: Any) -> _Step:
    """One step of a gold. Raises ValueError where it is no call that can be made at once."""
    action, text = (step.get("Action"), step.get("Action_Input")) if isinstance(step, dict) else (None, None)
    if not isinstance(action, str) or not isinstance(text, str):
        raise ValueError("has a step without the texts 'Action' and 'Action_Input'")
    tool = next((found.tool for found in api.tools if found.tool.name == action), None)
    if tool is None:
        raise ValueError(f"has a step that {'asks the user' if action == ASKS_USER else 'is no function of its API'}: {action}")
    arguments = _read_input(action, text, {ASKS_USER, *(found.tool.name for found in api.tools)})
    unknown = [name for name, value in arguments.items() if _is_unknown(value)]
    return _fit_step(api, tool, text, arguments, unknown)


def _read_input(action: str, text: str, functions: set[str]) -> dict[str, Any]:
    """The arguments of a step, with `MARK` for a value that is not known. ValueError where they cannot be read, or come from an earlier step."""
    for placeholder in PLACEHOLDER.findall(text):
        if functions & set(re.findall(r"\w+", placeholder)):
            raise ValueError(f"takes a value from an earlier step, which is not known in one turn: {action} {placeholder}")
    arguments = _parse(PLACEHOLDER.sub(f'"{MARK}"', text))
    if arguments is None:
        arguments = _parse(PLACEHOLDER.sub(MARK, text))
    if arguments is None:
        raise ValueError(f"has a step whose input is no JSON object: {action} {text}")
    return arguments


def _parse(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text, strict=False)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_unknown(value: Any) -> bool:
    """Whether a value holds, at any depth, something that is not known."""
    if isinstance(value, dict):
        return any(map(_is_unknown, value.values()))
    return any(map(_is_unknown, value)) if isinstance(value, list) else isinstance(value, str) and MARKED.search(value) is not None


def _fit_step(api: _Api, tool: Tool, text: str, arguments: dict[str, Any], unknown: list[str]) -> _Step:
    """The step with its empty arguments left out and its keys as they are shown."""
    empty = [name for name, value in arguments.items() if value == "" and name in tool.properties and name not in tool.required]
    masked = {name: api.keys[name] for name, value in arguments.items() if name in api.keys and value != api.keys[name]}
    for name in masked:
        text = text.replace(str(arguments[name]), masked[name])
    call = Call(name=tool.name, arguments={name: masked.get(name, value) for name, value in arguments.items() if name not in empty})
    oddities = [
        *(f"'' in the gold counts as left out, both are right: {tool.name}.{name}" for name in empty),
        *(f"key in the gold replaced by the one that is shown: {tool.name}.{name}" for name in masked),
    ]
    return _Step(Wanted(call=call, alternatives=dict.fromkeys(empty, ("",))), text, unknown, oddities)
