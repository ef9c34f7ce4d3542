"""Looks for faults in a catalogue: tools come in, findings go out. Called by the command line (`gentool lint`).

Errors keep a tool from being used or judged; warnings make it harder to choose or to call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from gentool.core.schema import metaschema_fault
from gentool.core.tool import Tool
from gentool.formats.schemas import Place, describe_place, reference_fault, unknown_types, walk_schemas, without_unknown_types

Level = Literal["error", "warning"]

OPENAI_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""The names that OpenAI's API takes for functions."""


OTHER_PROPERTIES = frozenset({"$ref", "allOf", "anyOf", "oneOf", "patternProperties"})
"""Keywords that may define properties beside `properties`."""


@dataclass(frozen=True)
class Finding:
    """One fault: the tool's id (where several tools are meant, their name), how bad, the rule's code, and what is wrong."""

    tool: str
    level: Level
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.level} {self.rule} {self.tool}: {self.message}"


def lint(tools: Iterable[Tool]) -> list[Finding]:
    """All findings, tool by tool in the order given, then those about several tools.

    Errors: `name`, `parameters-type`, `type-name`, `schema`, `reference`, `required`.
    Warnings: `description`, `parameter-description`, `default`, `enum`, `same-name`.
    """
    listed = list(tools)
    return [finding for tool in listed for finding in _lint_tool(tool)] + list(_find_equal_names(listed))


def _lint_tool(tool: Tool) -> Iterator[Finding]:
    if not OPENAI_NAME.fullmatch(tool.name):
        yield Finding(tool.id, "error", "name", "OpenAI's API takes 1 to 64 letters, digits, '_' and '-' as a name")
    if not tool.description.strip():
        yield Finding(tool.id, "warning", "description", "the tool has no description")
    if tool.parameters.get("type") != "object":
        yield Finding(tool.id, "error", "parameters-type", f"parameters must be of type 'object', not {tool.parameters.get('type')!r}")
    undescribed = [name for name, schema in tool.properties.items() if not _is_described(schema)]
    if undescribed:
        yield Finding(tool.id, "warning", "parameter-description", f"parameters without a description: {', '.join(undescribed)}")
    for label, schema in (("parameters", tool.parameters), ("returns", tool.returns)):
        if schema is not None:
            yield from _lint_schema(tool.id, label, schema)


def _is_described(schema: Any) -> bool:
    description = schema.get("description") if isinstance(schema, dict) else None
    return isinstance(description, str) and bool(description.strip())


def _lint_schema(tool: str, label: str, schema: dict[str, Any]) -> Iterator[Finding]:
    """The findings of one schema. Values are tried only where the schema itself can be used."""
    broken = list(_find_broken(tool, label, schema))
    yield from broken
    for place, part in walk_schemas(schema):
        yield from _find_unknown_required(tool, f"{label} {describe_place(place)}", part)
    if not broken:
        yield from _find_unfit_values(tool, label, schema)


def _find_broken(tool: str, label: str, schema: dict[str, Any]) -> Iterator[Finding]:
    for place, part in walk_schemas(schema):
        where = f"{label} {describe_place(place)}"
        for name in unknown_types(part):
            yield Finding(tool, "error", "type-name", f"{where}: {name!r} is not a type of JSON Schema")
        fault = reference_fault(part["$ref"], schema) if "$ref" in part else None
        if fault:
            yield Finding(tool, "error", "reference", f"{where}: $ref {part['$ref']!r} {fault}")
    fault = metaschema_fault(without_unknown_types(schema))
    if fault:
        yield Finding(tool, "error", "schema", f"{label}: not valid JSON Schema (draft 2020-12): {fault}")


def _find_unknown_required(tool: str, where: str, part: dict[str, Any]) -> Iterator[Finding]:
    """Required names that an object schema does not have; not judged where other keywords may define properties."""
    required, properties = part.get("required"), part.get("properties", {} if part.get("type") == "object" else None)
    if not isinstance(required, list) or not isinstance(properties, dict) or OTHER_PROPERTIES & part.keys():
        return
    unknown = [name for name in required if isinstance(name, str) and name not in properties]
    if unknown:
        yield Finding(tool, "error", "required", f"{where}: required names that are no properties: {', '.join(unknown)}")


def _find_unfit_values(tool: str, label: str, schema: dict[str, Any]) -> Iterator[Finding]:
    """Values of `default` and `enum` that their own schema does not allow, one finding for each keyword."""
    for place, part in walk_schemas(schema):
        where = f"{label} {describe_place(place)}"
        values = {"default": [part["default"]] if "default" in part else [], "enum": part.get("enum", [])}
        for rule, listed in values.items():
            try:
                faults = [fault for value in listed if (fault := _value_fault(value, schema, place))]
            except RecursionError:
                yield Finding(tool, "error", "reference", f"{where}: its $ref leads back to itself without end")
                return
            if faults:
                yield Finding(tool, "warning", rule, f"{where}: {rule} does not satisfy its own schema: {'; '.join(faults)}")


def _value_fault(value: Any, root: dict[str, Any], place: Place) -> str | None:
    """Why `value` is not valid under the schema at `place` of `root`, or None. The references of `root` must all lead somewhere."""
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    resource = DRAFT202012.create_resource({key: inner for key, inner in root.items() if key not in ("$id", "$schema")})
    registry: Registry[Any] = Registry().with_resource("urn:tool", resource)
    pointer = quote("".join("/" + part.replace("~", "~0").replace("/", "~1") for part in place))
    error = next(Draft202012Validator({"$ref": f"urn:tool#{pointer}"}, registry=registry).iter_errors(value), None)
    return f"{json.dumps(value, ensure_ascii=False)} ({error.message})" if error else None


def _find_equal_names(tools: list[Tool]) -> Iterator[Finding]:
    """Names with several definitions, which cannot stand in one tool set."""
    groups: dict[str, dict[str, None]] = {}
    for tool in tools:
        groups.setdefault(tool.name, {})[tool.id] = None
    for name, identifiers in groups.items():
        if len(identifiers) > 1:
            message = f"{len(identifiers)} tools have this name and cannot be told apart in one tool set: {', '.join(identifiers)}"
            yield Finding(name, "warning", "same-name", message)
