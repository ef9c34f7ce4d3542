"""JSON Schema: what is wrong with arguments, judged by the jsonschema library with one compiled validator per schema."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gentool.core.canonical import canonical_json

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

JSON_SCHEMA_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
JSON_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object", type(None): "null"}


def json_type(value: Any) -> str:
    """The name in JSON Schema of a JSON value's type; 5.0 is a number, 5 an integer."""
    return JSON_TYPES[type(value)]


def schema_types(schema: Any) -> tuple[str, ...]:
    """The types that a schema names, or those of its `enum`; empty where it names none."""
    if not isinstance(schema, dict):
        return ()
    named = schema.get("type")
    if named is None and isinstance(schema.get("enum"), list):
        return tuple(dict.fromkeys(map(json_type, schema["enum"])))
    return tuple(named) if isinstance(named, list) else (named,) if isinstance(named, str) else ()


def schema_faults(arguments: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with `arguments` under `schema`, one line each; empty where nothing is.

    Parameters that the schema does not name are refused, as no tool can use them (BFCL's `unexpected_param`),
    except where it says `additionalProperties` itself.
    """
    errors = sorted(_validator(canonical_json(schema)).iter_errors(arguments), key=lambda error: error.json_path)
    return [f"{error.json_path}: {error.message}" for error in errors]


@lru_cache(maxsize=4096)
def _validator(schema_text: str) -> Validator:
    import json

    from jsonschema import Draft202012Validator
    from referencing import Registry

    schema = json.loads(schema_text)
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return Draft202012Validator(schema, registry=Registry())  # an empty registry: nothing is fetched from the network


def metaschema_fault(schema: dict[str, Any]) -> str | None:
    """Why a schema is not valid JSON Schema (draft 2020-12), or None."""
    return _metaschema_fault(canonical_json(schema))


@lru_cache(maxsize=4096)
def _metaschema_fault(schema_text: str) -> str | None:
    import json

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(json.loads(schema_text))
    except SchemaError as error:
        return f"{error.json_path}: {error.message}"
    return None
