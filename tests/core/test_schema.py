"""Arguments under JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.schema import JSON_SCHEMA_TYPES, json_type, metaschema_fault, schema_faults, schema_types

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1},
        "stops": {"type": "array", "items": {"type": "string"}},
        "options": {"type": "object", "properties": {"units": {"enum": ["metric", "imperial"]}}},
    },
    "required": ["city"],
}


@pytest.mark.parametrize(
    ("arguments", "path", "words"),
    [
        ({}, "$", "'city' is a required property"),
        ({"city": 3}, "$.city", "3 is not of type 'string'"),
        ({"city": "Bern", "days": 0}, "$.days", "less than the minimum"),
        ({"city": "Bern", "days": True}, "$.days", "not of type 'integer'"),
        ({"city": "Bern", "stops": ["a", 2]}, "$.stops[1]", "not of type 'string'"),
        ({"city": "Bern", "options": {"units": "feet"}}, "$.options.units", "not one of"),
        ({"city": "Bern", "day": 2}, "$", "'day' was unexpected"),
        ([], "$", "not of type 'object'"),
    ],
)
def test_each_fault_is_one_line_with_its_path(arguments: Any, path: str, words: str) -> None:
    [fault] = schema_faults(arguments, SCHEMA)
    assert fault.startswith(f"{path}: ")
    assert words in fault
    assert "\n" not in fault


def test_valid_arguments_have_none() -> None:
    assert schema_faults({"city": "Bern", "days": 2, "stops": [], "options": {"units": "metric"}}, SCHEMA) == []


def test_all_faults_are_told_in_the_order_of_their_paths() -> None:
    faults = schema_faults({"stops": 1, "days": "x", "city": 1}, SCHEMA)
    assert [fault.split(":")[0] for fault in faults] == ["$.city", "$.days", "$.stops"]


@pytest.mark.parametrize(("allowed", "count"), [(True, 0), ({"type": "integer"}, 0), ({"type": "string"}, 1), (False, 1)])
def test_a_schema_may_say_itself_what_more_it_takes(allowed: Any, count: int) -> None:
    assert len(schema_faults({"city": "Bern", "more": 1}, {**SCHEMA, "additionalProperties": allowed})) == count


def test_a_schema_that_names_no_properties_takes_any() -> None:
    assert schema_faults({"anything": 1}, {"type": "object"}) == []


def test_judging_leaves_the_schema_as_it_was() -> None:
    before = str(SCHEMA)
    schema_faults({}, SCHEMA)
    assert str(SCHEMA) == before


def test_equal_looking_schemas_are_kept_apart() -> None:
    assert schema_faults({"n": 1}, {"properties": {"n": {"const": 1}}}) == []
    assert schema_faults({"n": 1}, {"properties": {"n": {"const": "1"}}}) != []


def test_metaschema() -> None:
    assert metaschema_fault(SCHEMA) is None
    fault = metaschema_fault({"type": "object", "properties": {"city": {"type": "strin"}}})
    assert fault is not None
    assert fault.startswith("$.properties.city.type: ")
    assert all(metaschema_fault({"type": name}) is None for name in JSON_SCHEMA_TYPES)


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": "integer"}, ("integer",)),
        ({"type": ["string", "null"]}, ("string", "null")),
        ({"enum": ["a", 5, "b", None]}, ("string", "integer", "null")),
        ({"type": "string", "enum": [5]}, ("string",)),
        ({}, ()),
        (True, ()),
        (None, ()),
    ],
)
def test_the_types_that_a_schema_names(schema: Any, types: tuple[str, ...]) -> None:
    assert schema_types(schema) == types


def test_the_types_of_values() -> None:
    assert {json_type(value) for value in ("a", True, 5, 5.0, [], {}, None)} == JSON_SCHEMA_TYPES
    assert (json_type(True), json_type(5), json_type(5.0)) == ("boolean", "integer", "number")
