"""JSON Schema as text to be read: its subschemas, its type names and its references.

A tool's parameters or returns come in; places, renamed copies and faults go out. Called by `imported`, `catalogue` and `lint`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from gentool.core.schema import JSON_SCHEMA_TYPES, metaschema_fault
from gentool.core.tool import Tool

MAPS_OF_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTS_OF_SCHEMAS = ("anyOf", "allOf", "oneOf", "prefixItems", "items")
SINGLE_SCHEMAS = (
    "items", "additionalItems", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else",
    "unevaluatedItems", "unevaluatedProperties", "contentSchema",
)  # fmt: skip

ANY_TYPE = "any"
TYPE_NAMES: dict[str, str | None] = {
    **dict.fromkeys(("str", "char"), "string"),
    **dict.fromkeys(("int", "long", "short", "byte", "bigint"), "integer"),
    **dict.fromkeys(("float", "double"), "number"),
    "bool": "boolean",
    **dict.fromkeys(("list", "tuple", "arraylist", "queue", "stack"), "array"),
    **dict.fromkeys(("dict", "dictionary", "hashmap", "hashtable", "map"), "object"),
    **dict.fromkeys(("none", "nonetype"), "null"),
    ANY_TYPE: None,
}
"""Type names of programming languages (in lower case) with one meaning in JSON; None stands for no type at all."""

Place = tuple[str, ...]


def walk_schemas(schema: Any, place: Place = ()) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The schema and every schema inside it, each with its place (the keys that lead to it).

    A property that is itself named `type` or `enum` is a name, not a keyword, so only keywords that hold schemas are followed.
    """
    if not isinstance(schema, dict):
        return
    yield place, schema
    for key, value in schema.items():
        if key in MAPS_OF_SCHEMAS and isinstance(value, dict):
            for name, inner in value.items():
                yield from walk_schemas(inner, (*place, key, name))
        elif key in LISTS_OF_SCHEMAS and isinstance(value, list):
            for index, inner in enumerate(value):
                yield from walk_schemas(inner, (*place, key, str(index)))
        elif key in SINGLE_SCHEMAS:
            yield from walk_schemas(value, (*place, key))


def rewrite_schemas(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """A copy in which `change` was applied to every schema, the innermost first."""
    if not isinstance(schema, dict):
        return schema
    copy: dict[str, Any] = {}
    for key, value in schema.items():
        if key in MAPS_OF_SCHEMAS and isinstance(value, dict):
            copy[key] = {name: rewrite_schemas(inner, change) for name, inner in value.items()}
        elif key in LISTS_OF_SCHEMAS and isinstance(value, list):
            copy[key] = [rewrite_schemas(inner, change) for inner in value]
        elif key in SINGLE_SCHEMAS:
            copy[key] = rewrite_schemas(value, change)
        else:
            copy[key] = value
    return change(copy)


def mend_schema(schema: dict[str, Any]) -> tuple[dict[str, Any], Counter[str]]:
    """A copy in JSON Schema's terms (draft 2020-12), and how often each change was made.

    Type names of `TYPE_NAMES` are replaced, and what older drafts wrote otherwise is rewritten. What has no single
    meaning is left as it is, for `lint` to report.
    """
    changes: Counter[str] = Counter()

    def change(part: dict[str, Any]) -> dict[str, Any]:
        return _rename_types(_modernise(part, changes), changes)

    return rewrite_schemas(schema, change), changes


def _modernise(part: dict[str, Any], changes: Counter[str]) -> dict[str, Any]:
    """One schema with draft 4's true or false `exclusiveMinimum`/`exclusiveMaximum` and draft 7's list of `items` rewritten."""
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        flag, bound = part.get(exclusive), part.get(inclusive)
        if flag is False or (flag is True and isinstance(bound, int | float)):
            changes[f"draft 4's true or false '{exclusive}' rewritten"] += 1
            part = {key: value for key, value in part.items() if key != exclusive and not (flag and key == inclusive)}
            part = {**part, exclusive: bound} if flag else part
    if isinstance(part.get("items"), list) and "prefixItems" not in part:
        changes["draft 7's list of 'items' rewritten as 'prefixItems'"] += 1
        renamed = {"items": "prefixItems", "additionalItems": "items"}
        part = {renamed.get(key, key): value for key, value in part.items()}
    return part


def _rename_types(part: dict[str, Any], changes: Counter[str]) -> dict[str, Any]:
    names = part.get("type")
    if isinstance(names, str):
        return _with_type(part, _rename(names, changes))
    if isinstance(names, list):
        new = [_rename(name, changes) for name in names]
        if None in new:
            return _with_type(part, None)
        return _with_type(part, list(dict.fromkeys(new)) if all(isinstance(name, str) for name in new) else new)
    return part


def _rename(name: Any, changes: Counter[str]) -> Any:
    if not isinstance(name, str) or name in JSON_SCHEMA_TYPES:
        return name
    lower = name.lower()
    if lower not in TYPE_NAMES and lower not in JSON_SCHEMA_TYPES:
        return name
    new = TYPE_NAMES.get(lower, lower)
    changes[f"type name replaced: '{name}' -> {repr(new) if new else 'no type'}"] += 1
    return new


def _with_type(part: dict[str, Any], new: Any) -> dict[str, Any]:
    """`part` with its `type` replaced, and without one where `new` is None."""
    return {key: new if key == "type" else value for key, value in part.items() if key != "type" or new is not None}


def unknown_types(part: dict[str, Any]) -> list[str]:
    """The names in one schema's `type` that JSON Schema does not have; what is no name at all is the metaschema's affair."""
    names = part.get("type")
    listed = names if isinstance(names, list) else [names]
    return [name for name in listed if isinstance(name, str) and name not in JSON_SCHEMA_TYPES]


def without_unknown_types(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy without the `type` of every schema that `unknown_types` objects to."""
    return dict(rewrite_schemas(schema, lambda part: _with_type(part, None) if unknown_types(part) else part))


def reference_fault(reference: Any, root: dict[str, Any]) -> str | None:
    """Why a `$ref` inside `root` leads nowhere, or None. Only `root` itself is searched: nothing is fetched."""
    if not isinstance(reference, str):
        return "is not text"
    if not reference.startswith("#"):
        return "leads out of the tool's schema, where it cannot be followed"
    pointer = unquote(reference[1:])
    if pointer and not pointer.startswith("/"):
        anchors = {part.get("$anchor") for _, part in walk_schemas(root)}
        return None if pointer in anchors else "names an anchor that the schema does not define"
    return None if _points_at_schema(pointer, root) else "points at nothing in the schema"


def _points_at_schema(pointer: str, root: Any) -> bool:
    """Whether a JSON Pointer (RFC 6901) leads to a schema: an object or a truth value."""
    value = root
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return False
    return isinstance(value, dict | bool)


def describe_place(place: Place) -> str:
    """A place as a path, `$` for the whole: `$.properties.city.type`."""
    return ".".join(("$", *place))


def schema_fault(schema: dict[str, Any]) -> str | None:
    """The first reason why arguments cannot be judged by a schema, or None: the metaschema's or a broken reference."""
    fault = metaschema_fault(schema)
    if fault:
        return fault
    for place, part in walk_schemas(schema):
        broken = reference_fault(part["$ref"], schema) if "$ref" in part else None
        if broken:
            return f"{describe_place(place)}: $ref {part['$ref']!r} {broken}"
    return None


def tool_fault(tool: Tool) -> str | None:
    """Why calls of a tool cannot be judged, or None."""
    if tool.parameters.get("type") != "object":
        return f"parameters must be a JSON Schema of type object, not {tool.parameters.get('type')!r}"
    fault = schema_fault(tool.parameters)
    if fault:
        return f"parameters are not a usable JSON Schema: {fault}"
    fault = schema_fault(tool.returns) if tool.returns is not None else None
    return f"returns are not a usable JSON Schema: {fault}" if fault else None
