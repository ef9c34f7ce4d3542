"""What the readers of benchmarks share: files are found, tools and golds as they stand there come in, a `Bench` goes out.

Called by `bench_seal_tools`, `bench_toolalpaca`, `bench_when2call` and `bench_metatool`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import RecordError
from gentool.core.example import Example, Gold, Wanted
from gentool.core.jsonl import describe_validation_error
from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.formats.bench import Bench, Oddity, Refusal
from gentool.formats.call_text import read_value
from gentool.formats.imported import make_tool
from gentool.formats.schemas import tool_fault, without_unknown_types


@dataclass(frozen=True)
class BenchTool:
    """A tool of a benchmark, and what was changed to make it one of ours."""

    tool: Tool
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A record of a benchmark on its way to an example; without `wanted` calls the right answer is to abstain.

    `id` is the part behind the benchmark's name. `oddities` are those that the reader found itself. Oddities and reasons of
    refusals say what kind they are first, and behind a colon which tool or value is meant.
    """

    id: str
    category: str
    query: Any
    tools: Sequence[BenchTool]
    wanted: Sequence[Wanted] = ()
    gold: Gold = "call"
    source: dict[str, Any] = field(default_factory=dict)
    oddities: Sequence[str] = ()


def find_files(folder: Path, names: Sequence[str], inner: Sequence[str] = ("",)) -> list[Path]:
    """The files of a folder, or of the named folders in it, that match one of the patterns, in order."""
    return sorted({file for name in names for part in inner for file in (folder / part).glob(name) if file.is_file()})


def refuse_path(path: Path, wanted: str) -> RecordError:
    """The error for a path at which nothing of a benchmark is found; `wanted` says what it should hold."""
    return RecordError(path, None, f"{'holds' if path.is_dir() else 'is'} nothing that can be read as this benchmark; give {wanted}")


def read_tool(
    *, name: Any, description: Any, parameters: Any, returns: Any = None, domain: str | None = None, source: str | None = None
) -> BenchTool:
    """A tool with schemas that are valid JSON Schema, and what was changed to make them so. Raises ValueError where it cannot be."""
    try:
        tool, changes = make_tool(name, description, parameters, returns, domain, source)
    except ValidationError as error:
        raise ValueError(f"tool {name!r}: {describe_validation_error(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"tool {name!r}: {error}") from None
    loose = without_unknown_types(tool.parameters)
    if loose != tool.parameters:
        tool = tool.model_copy(update={"parameters": loose})
        changes["type names without a meaning in JSON Schema left out"] += 1
    fault = tool_fault(tool)
    if fault and not tool_fault(tool.model_copy(update={"returns": None})):
        tool, fault = tool.model_copy(update={"returns": None}), None
        changes["returns that are no JSON Schema left out"] += 1
    if fault:
        raise ValueError(f"tool {tool.name!r}: {fault}")
    return BenchTool(tool, tuple(sorted(changes)))


def draw_names(pool: Collection[str], wanted: Sequence[str], size: int, seed: str) -> list[str]:
    """The wanted names among others of the pool, `size` in all (more where more are wanted), drawn and shuffled by the seed.

    Raises ValueError where a wanted name is not in the pool.
    """
    missing = [name for name in wanted if name not in pool]
    if missing:
        raise ValueError(f"wants tools that the benchmark's tool file does not hold: {', '.join(missing)}")
    names = list(dict.fromkeys(wanted))
    others = [name for name in pool if name not in names]
    generator = random.Random(seed)
    names += generator.sample(others, min(len(others), max(0, size - len(names))))
    generator.shuffle(names)
    return names


def fit_arguments(arguments: dict[str, Any], tool: Tool) -> tuple[dict[str, Any], list[str]]:
    """The arguments in the types that the tool declares, where a value has one meaning in its type, and what was changed.

    Text that spells a number or a truth value becomes one, and a number becomes text.
    """
    fitted, changes = dict(arguments), []
    for name, value in arguments.items():
        schema = tool.properties.get(name)
        declared = schema.get("type") if isinstance(schema, dict) else None
        new = _fit_value(value, declared)
        if type(new) is not type(value):
            fitted[name] = new
            changes.append(f"value of the gold read as its declared type: {name} = {json.dumps(value, ensure_ascii=False)} as {declared}")
    return fitted, changes


def _fit_value(value: Any, declared: Any) -> Any:
    if isinstance(value, str) and declared in ("integer", "number", "boolean"):
        read = read_value(value, declared)
        return read.value if read.typed else value
    if isinstance(value, int | float) and not isinstance(value, bool) and declared == "string":
        return json.dumps(value)
    return value


class BenchCollector:
    """Takes the records of a benchmark one by one and keeps account of what was odd and what was refused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._examples: dict[str, Example] = {}
        self._oddities: list[Oddity] = []
        self._refused: list[Refusal] = []

    def refuse(self, where: str, reason: str) -> None:
        """Note a record that cannot be an example."""
        self._refused.append(Refusal(where, reason))

    def add(self, where: str, read: Callable[[], Case]) -> None:
        """The example of the record that `read` reads; a refusal where that, or the making of an example, raises ValueError."""
        try:
            case = read()
            example, oddities = self._make(case)
        except ValidationError as error:
            self.refuse(where, describe_validation_error(error))
        except ValueError as error:
            self.refuse(where, str(error))
        else:
            self._examples[example.id] = example
            self._oddities += [Oddity(example.id, what) for what in oddities]

    def result(self) -> Bench:
        """Everything that was collected."""
        return Bench(self.name, tuple(self._examples.values()), tuple(self._oddities), tuple(self._refused))

    def _make(self, case: Case) -> tuple[Example, list[str]]:
        identifier = f"{self.name}/{case.id}"
        if identifier in self._examples:
            raise ValueError(f"repeats an id: {case.id}")
        if not isinstance(case.query, str) or not case.query.strip():
            raise ValueError("has no query")
        changes = [change for tool in case.tools for change in tool.changes]
        tools, repeated = _merge_tools(case.tools)
        wanted, odd = _fit_wanted(case, tools)
        answer, *further = wanted or [Wanted(call=ABSTAIN)]
        example = Example(
            id=identifier,
            pair=identifier,
            kind="given",
            family=identifier,
            query_id=identifier,
            query=case.query,
            tools=tools,
            ranking=tuple(dict.fromkeys((answer.call.name, GENERATE_RESPONSE))),
            answer=answer.call,
            alternatives=answer.alternatives,
            further=tuple(further),
            gold=case.gold,
            category=case.category,
            source=case.source or None,
        )
        return example, [*dict.fromkeys([*case.oddities, *changes, *repeated, *odd])]


def _merge_tools(tools: Sequence[BenchTool]) -> tuple[ToolSet, list[str]]:
    """The set of the tools, those that are given twice alike taken once. Raises ValueError where two of one name differ."""
    ids = [found.tool.id for found in tools]
    repeated = sorted({found.tool.name for found in tools if ids.count(found.tool.id) > 1})
    merged = {found.tool.id: found.tool for found in tools}
    return ToolSet.of(merged.values()), [f"tool given twice, taken once: {name}" for name in repeated]


def _fit_wanted(case: Case, tools: ToolSet) -> tuple[list[Wanted], list[str]]:
    """The wanted calls with typed arguments, and what was odd in them. Raises ValueError where a tool is not in the set."""
    fitted: list[Wanted] = []
    oddities: list[str] = []
    for wanted in case.wanted:
        tool = tools.by_name(wanted.call.name)
        if tool is None:
            raise ValueError(f"wants a tool that is not among its candidates: {wanted.call.name}")
        if case.gold == "call":
            arguments, changes = fit_arguments(wanted.call.arguments, tool)
            wanted = wanted.model_copy(update={"call": Call(name=tool.name, arguments=arguments)})
            faults = schema_faults(arguments, tool.parameters)
            oddities += [*changes, *(f"gold not valid under its tool's schema: {tool.name} {fault}" for fault in faults)]
        fitted.append(wanted)
    return fitted, oddities
