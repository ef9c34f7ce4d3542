"""What an import found: tools, calls, and an account of everything that was merged, refused or changed.

The readers of this folder hand raw definitions to a `Collector`; the command line prints `ImportResult.summary()`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from gentool.core.call import Call
from gentool.core.jsonl import describe_validation_error
from gentool.core.tool import EMPTY_PARAMETERS, Record, Tool
from gentool.formats.schemas import LISTS_OF_SCHEMAS, MAPS_OF_SCHEMAS, SINGLE_SCHEMAS, mend_schema, tool_fault

SHOWN = 20
"""How many lines of one kind a summary shows; the result itself holds them all."""

SCHEMA_KEYWORDS = frozenset({"type", "required", "$ref", *MAPS_OF_SCHEMAS, *LISTS_OF_SCHEMAS, *SINGLE_SCHEMAS})


class Refusal(NamedTuple):
    """Something that was not imported: its place (file, line or entry, name) and the reason."""

    where: str
    reason: str


class StepCall(Record):
    """One call that a plan makes: the step's text, the user's query, the line of its record (1-based) and the tool's id.

    `placeholder` is true where an argument takes a value from an earlier step, so that it has no literal value.
    `unknown` names the arguments that the tool's schema does not define; they are kept in the call as text.
    """

    line: int = Field(ge=1)
    query: str
    step: str
    tool: str
    call: Call
    placeholder: bool = False
    unknown: tuple[str, ...] = ()


@dataclass
class ImportResult:
    """The tools of a source in its order, exact duplicates merged, and what there is to tell about the rest.

    `source` is a file, or words for what else was read. `read` counts the definitions seen: tools + merged ones + refused
    ones. `merged` has a line for each tool that was defined several times, `notes` what was changed or left out, `counts`
    figures of the format by name, `calls` the calls of formats that have them.
    """

    source: Path | str
    tools: list[Tool] = field(default_factory=list)
    read: int = 0
    merged: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    calls: list[StepCall] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def summary(self) -> list[str]:
        """Lines for a reader: totals, counts, notes, then what was merged and refused (at most `SHOWN` lines of each)."""
        lines = [f"{self.source}: {counted(self.read, 'tool definition')} read, {counted(len(self.tools), 'tool')} kept"]
        if self.counts:
            lines.append("counted: " + ", ".join(f"{name} {count:,}" for name, count in self.counts.items()))
        lines += [f"note: {note}" for note in self.notes]
        lines += _shown("merged", self.merged)
        return lines + _shown("refused", [f"{where}: {reason}" for where, reason in self.refused])


def counted(count: int, noun: str) -> str:
    """`1 tool`, `1,200 tools`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _shown(label: str, lines: list[str]) -> list[str]:
    rest = len(lines) - SHOWN
    return [f"{label}: {line}" for line in lines[:SHOWN]] + ([f"{label}: {rest:,} more like these"] if rest > 0 else [])


class Collector:
    """Takes raw definitions one by one; makes tools of them, merges equal ones and keeps account of the rest."""

    def __init__(self, source: Path | str) -> None:
        self._source = source
        self._tools: dict[str, Tool] = {}
        self._places: dict[str, list[str]] = {}
        self._refused: list[Refusal] = []
        self._read = 0
        self._notes: list[str] = []
        self._changes: Counter[str] = Counter()
        self._unused: Counter[str] = Counter()

    def add(
        self, where: str, *, name: Any, description: Any, parameters: Any, returns: Any = None, domain: str | None = None, source: str | None = None
    ) -> Tool | None:
        """The tool of one raw definition, the kept one where it was seen before; None where it is refused (and noted)."""
        self._read += 1
        try:
            tool, changes = make_tool(name, description, parameters, returns, domain, source)
            identifier = tool.id
        except UnicodeEncodeError:
            reason = "holds characters that are not valid Unicode"
        except ValidationError as error:
            reason = describe_validation_error(error)
        except ValueError as error:
            reason = str(error)
        except RecursionError:
            reason = "its schema is nested too deeply"
        else:
            self._changes.update(changes)
            self._places.setdefault(identifier, []).append(where)
            return self._tools.setdefault(identifier, tool)
        self._refuse_tool(where, name, reason)
        return None

    def refuse(self, where: str, reason: str, *, definition: bool = False) -> None:
        """Note that something was left out; `definition` where it stood in the place of a tool definition and counts as read."""
        self._read += definition
        self._refused.append(Refusal(f"{self._source}, {where}" if where else str(self._source), reason))

    def note(self, text: str) -> None:
        """Keep an oddity for the reader, once."""
        if text not in self._notes:
            self._notes.append(text)

    def count(self, change: str, times: int = 1) -> None:
        """Count something that was changed or left out; the notes say how often it was."""
        self._changes[change] += times

    def note_unused(self, definition: dict[str, Any], used: frozenset[str]) -> None:
        """Count the keys of a definition that our records have no place for (null values apart)."""
        self._unused.update(key for key, value in definition.items() if key not in used and value is not None)

    def result(self, calls: list[StepCall] | None = None, counts: dict[str, int] | None = None) -> ImportResult:
        """Everything that was collected."""
        return ImportResult(
            source=self._source,
            tools=list(self._tools.values()),
            read=self._read,
            merged=self._describe_merged(),
            refused=self._refused,
            notes=[*self._notes, *self._describe_changes(), *self._describe_names(), *self._describe_faulty()],
            calls=calls or [],
            counts=counts or {},
        )

    def _refuse_tool(self, where: str, name: Any, reason: str) -> None:
        named = f", tool '{name}'" if isinstance(name, str) and name else ""
        self.refuse(where + named, reason.encode(errors="replace").decode())

    def _describe_merged(self) -> list[str]:
        return [_describe_places(self._tools[identifier].name, places) for identifier, places in self._places.items() if len(places) > 1]

    def _describe_changes(self) -> list[str]:
        notes = [f"{change} ({count:,}x)" for change, count in self._changes.most_common()]
        if self._unused:
            notes.append("keys that are not kept: " + ", ".join(f"{key} ({count:,}x)" for key, count in _most_first(self._unused)))
        return notes

    def _describe_names(self) -> list[str]:
        names = Counter(tool.name for tool in self._tools.values())
        several = [name for name, count in names.items() if count > 1]
        if not several:
            return []
        verb = "stands" if len(several) == 1 else "stand"
        return [f"{counted(len(several), 'name')} {verb} for several tools: {_name_some(several)}"]

    def _describe_faulty(self) -> list[str]:
        faulty = [tool.name for tool in self._tools.values() if tool_fault(tool)]
        if not faulty:
            return []
        return [f"{counted(len(faulty), 'tool')} with a schema that cannot be used as it is (`gentool lint` says why): {_name_some(faulty)}"]


def _name_some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, equal ones by name: keys are also counted from sets, whose order differs from run to run."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def make_tool(name: Any, description: Any, parameters: Any, returns: Any, domain: str | None, source: str | None) -> tuple[Tool, Counter[str]]:
    """A tool and what was changed to make it. Raises ValueError (pydantic's ValidationError is one) where it cannot be made."""
    if not isinstance(name, str) or not name:
        raise ValueError("has no name")
    schema, changes = _prepare_parameters(parameters)
    if isinstance(returns, dict):
        returns, mended = mend_schema(returns)
        changes.update(mended)
    elif returns is not None:
        raise ValueError(f"its returns must be a JSON Schema, not {_kind(returns)}")
    text = "" if description is None else description
    return Tool(name=name, description=text, parameters=schema, returns=returns, domain=domain, source=source), changes


def _prepare_parameters(parameters: Any) -> tuple[dict[str, Any], Counter[str]]:
    """Parameters as a schema of type object, and what was changed. Raises ValueError where they cannot be one."""
    if parameters is None:
        return dict(EMPTY_PARAMETERS), Counter(["no parameters given: taken as none"])
    if not isinstance(parameters, dict):
        raise ValueError(f"its parameters must be a JSON Schema of type object, not {_kind(parameters)}")
    schema, changes = mend_schema(parameters)
    if "type" not in schema:
        if schema and not SCHEMA_KEYWORDS & schema.keys() and all(isinstance(value, dict) for value in schema.values()):
            raise ValueError("its parameters have neither 'type' nor 'properties'; write them as a JSON Schema of type object")
        changes["parameters without 'type': taken as 'object'"] += 1
        schema = {"type": "object", **schema}
    if schema["type"] != "object":
        raise ValueError(f"its parameters must be a JSON Schema of type object, not {schema['type']!r}")
    return schema, changes


def _describe_places(name: str, places: list[str]) -> str:
    again = ", ".join(places[1:4]) + (f" and {len(places) - 4:,} more" if len(places) > 4 else "")
    return f"'{name}': {len(places):,} equal definitions; kept that of {places[0]}, same again at {again}"


def _kind(value: Any) -> str:
    """A JSON value's type in JSON's words."""
    names = {str: "text", bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "null")
