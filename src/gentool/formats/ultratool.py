"""UltraTool's `test.json`: a file comes in, tools and the calls of its plans go out. Called by `catalogue.import_tools`.

Source: Huang et al., "Planning, Creation, Usage: Benchmarking LLMs for Comprehensive Tool Utilization in Real-World Complex
Scenarios", 2024, and its repository JoeYing1019/UltraTool. Its `tool_usage.json` cuts values at commas, so plans are read here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.jsonl import read_json_lines
from gentool.core.tool import Tool
from gentool.formats.call_text import read_value, split_call
from gentool.formats.imported import Collector, ImportResult, StepCall

NO_CALL = frozenset({"null", "No tool required"})
"""What a plan's step says in the place of a call."""

SOURCE = "UltraTool"
TOOL_KEYS = frozenset({"name", "description", "arguments", "results"})


@dataclass
class _Plans:
    """What the plans of a file came to."""

    calls: list[StepCall] = field(default_factory=list)
    records: int = 0
    keys: int = 0
    untyped: Counter[str] = field(default_factory=Counter)


def import_ultratool(path: Path) -> ImportResult:
    """The tools and calls of a file of JSON Lines, one record of query, plan and tools to a line (queries without the space around them).

    Values are converted to the type that the tool declares, where the text has one meaning in it. A record, tool or call
    that cannot be read is refused and counted. Raises RecordError with the line at broken JSON.
    """
    collector, plans = Collector(path), _Plans()
    for line, record in read_json_lines(path):
        _read_record(collector, plans, line, record)
    for declared, count in plans.untyped.most_common():
        collector.note(f"values kept as text, which do not read as the declared {declared} ({count:,}x)")
    if plans.calls:
        collector.note("a value counts as taken from an earlier step where it holds <brackets> or is put together with '+'")
    return collector.result(plans.calls, _count(plans))


def _count(plans: _Plans) -> dict[str, int]:
    return {
        "records": plans.records,
        "calls": len(plans.calls),
        "argument keys": plans.keys,
        "keys unknown to the schema": sum(len(call.unknown) for call in plans.calls),
        "calls with placeholders": sum(call.placeholder for call in plans.calls),
    }


def _read_record(collector: Collector, plans: _Plans, line: int, record: Any) -> None:
    missing = _find_missing(record)
    if missing:
        collector.refuse(f"line {line}", f"has no {missing}; of UltraTool's files it is test.json that can be imported")
        return
    plans.records += 1
    tools = _read_tools(collector, line, record)
    for number, step in enumerate(record["plan"], start=1):
        _read_step(collector, plans, (line, number), record, step, tools)


def _find_missing(record: Any) -> str | None:
    """What a record lacks of what is needed, None where it is complete."""
    if not isinstance(record, dict):
        return "object with 'question', 'plan' and 'tools'"
    needed: tuple[tuple[str, type, str], ...] = (("question", str, "text"), ("plan", list, "list"), ("tools", list, "list"))
    return next((f"{kind} '{key}'" for key, wanted, kind in needed if not isinstance(record.get(key), wanted)), None)


def _read_tools(collector: Collector, line: int, record: dict[str, Any]) -> dict[str, Tool]:
    """The record's tools by name."""
    tools: dict[str, Tool] = {}
    domain = record.get("domain")
    for number, definition in enumerate(record["tools"], start=1):
        where = f"line {line}, tool {number}"
        if not isinstance(definition, dict):
            collector.refuse(where, "a tool definition must be an object", definition=True)
            continue
        collector.note_unused(definition, TOOL_KEYS)
        tool = collector.add(
            where,
            name=definition.get("name"),
            description=definition.get("description"),
            parameters=definition.get("arguments"),
            returns=definition.get("results"),
            domain=domain if isinstance(domain, str) and domain else None,
            source=SOURCE,
        )
        if tool:
            tools[tool.name] = tool
    return tools


def _read_step(collector: Collector, plans: _Plans, place: tuple[int, int], record: dict[str, Any], step: Any, tools: dict[str, Tool]) -> None:
    line, number = place
    where = f"line {line}, step {number}"
    if not isinstance(step, dict) or not isinstance(step.get("tool"), str):
        collector.refuse(where, "a step must be an object with a text 'tool'")
        return
    if step["tool"] in NO_CALL:
        return
    try:
        plans.calls.append(_read_call(plans, line, record["question"].strip(), step, tools))
    except ValueError as error:
        collector.refuse(where, f"its call {error}: {step['tool'][:80]}")


def _read_call(plans: _Plans, line: int, query: str, step: dict[str, Any], tools: dict[str, Tool]) -> StepCall:
    """One call with typed values. Raises ValueError where it cannot be read or its tool is not the record's."""
    parts = split_call(step["tool"])
    tool = tools.get(parts.name)
    if tool is None:
        raise ValueError(f"names '{parts.name}', which is not among the record's tools")
    arguments: dict[str, Any] = {}
    placeholder = False
    for key, raw in parts.arguments.items():
        schema = tool.properties.get(key)
        declared = schema.get("type") if isinstance(schema, dict) else None
        value = read_value(raw, declared if isinstance(declared, str) else None)
        arguments[key] = value.value
        placeholder |= value.placeholder
        if not value.typed:
            plans.untyped[str(declared)] += 1
    plans.keys += len(arguments)
    unknown = tuple(key for key in arguments if key not in tool.properties)
    call = Call(name=tool.name, arguments=arguments)
    return StepCall(line=line, query=query, step=str(step.get("step", "")), tool=tool.id, call=call, placeholder=placeholder, unknown=unknown)
