"""The tools of a benchmark's record: its own definitions come in, tools in JSON Schema's terms go out, with what had to be changed.

Called by gentool.formats.bench_collector.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

from gentool.core.tool import EMPTY_PARAMETERS, Tool, ToolSet
from gentool.formats.schemas import mend_schema, unknown_types, walk_schemas, without_unknown_types

MOST_FAULTS = 100
"""How many keywords of one schema are dropped before the tool is refused."""


class Definition(NamedTuple):
    """A tool as a benchmark defines it; `parameters` is meant to be a schema of type object."""

    name: Any
    description: Any
    parameters: Any


def make_tool_set(definitions: Iterable[Definition]) -> tuple[ToolSet, list[str]]:
    """The tools in their order and what was odd about them.

    A definition that stands twice is kept once. Raises ValueError where two tools of one name differ, or one cannot be a tool.
    """
    tools: dict[str, Tool] = {}
    oddities: list[str] = []
    for definition in definitions:
        tool, changes = make_tool(definition)
        held = tools.setdefault(tool.name, tool)
        if held is not tool and held.id != tool.id:
            raise ValueError(f"its tool set holds two tools of the name '{tool.name}' with different definitions")
        if held is not tool:
            oddities.append("a tool that stands twice with one definition is kept once")
        oddities += changes
    return ToolSet.of(tools.values()), list(dict.fromkeys(oddities))


def make_tool(definition: Definition) -> tuple[Tool, list[str]]:
    """One tool and what was changed to make it. Raises ValueError (pydantic's ValidationError is one) where it cannot be made."""
    if not isinstance(definition.name, str) or not definition.name:
        raise ValueError("a tool of its set has no name")
    oddities: list[str] = []
    parameters = definition.parameters
    if not isinstance(parameters, dict):
        oddities.append("a tool without parameters that can be read: taken as none")
        parameters = EMPTY_PARAMETERS
    schema, changes = mend_schema(parameters)
    oddities += sorted(changes)
    unknown = sorted({name for _, part in walk_schemas(schema) for name in unknown_types(part)})
    oddities += [f"type name '{name}' has no meaning in JSON Schema: left out" for name in unknown]
    schema, dropped = drop_faults(without_unknown_types(schema))
    oddities += dropped
    if schema.get("type") != "object":
        oddities.append(f"parameters of type {schema.get('type')!r}: taken as 'object'")
        schema = {**schema, "type": "object"}
    description = definition.description if isinstance(definition.description, str) else ""
    return Tool(name=definition.name, description=description, parameters=schema), oddities


def drop_faults(schema: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A copy without what the metaschema of JSON Schema (2020-12) objects to, and what that was."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    kept: dict[str, Any] = copy.deepcopy(schema)
    dropped: list[str] = []
    for _ in range(MOST_FAULTS):
        fault = next(iter(validator.iter_errors(kept)), None)
        if fault is None:
            return kept, dropped
        *places, last = fault.absolute_path or ("",)
        holder: Any = kept
        for place in places:
            holder = holder[place]
        value = holder.pop(last)
        dropped.append(f"'{last}' of a schema was {value!r}, which JSON Schema does not allow: left out"[:200])
    raise ValueError("a schema of its tool set is no JSON Schema")
