"""Walking, mending and judging schemas."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.formats.schemas import mend_schema, reference_fault, schema_fault, tool_fault, walk_schemas, without_unknown_types

ROOMS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["single", "double"]},
        "beds": {"type": "array", "items": {"$ref": "#/$defs/bed"}},
        "view": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "$defs": {"bed": {"$anchor": "bed", "type": "object", "properties": {"width/cm": {"type": "integer"}}}},
}


def test_every_schema_is_walked_once_and_properties_are_names() -> None:
    places = [".".join(place) for place, _ in walk_schemas(ROOMS)]
    assert places == [
        "",
        "properties.type",
        "properties.beds",
        "properties.beds.items",
        "properties.view",
        "properties.view.anyOf.0",
        "properties.view.anyOf.1",
        "$defs.bed",
        "$defs.bed.properties.width/cm",
    ]


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        ("dict", "object"), ("float", "number"), ("tuple", "array"), ("str", "string"), ("int", "integer"), ("bool", "boolean"),
        ("list", "array"), ("String", "string"), ("HashMap", "object"), ("Integer", "integer"), ("long", "integer"),
    ],
)  # fmt: skip
def test_type_names_with_one_meaning_are_replaced_and_counted(name: str, mended: str) -> None:
    schema, changes = mend_schema({"type": "object", "properties": {"type": {"type": name}}})
    assert schema == {"type": "object", "properties": {"type": {"type": mended}}}
    assert changes == {f"type name replaced: '{name}' -> '{mended}'": 1}


def test_any_takes_the_type_away() -> None:
    schema, changes = mend_schema({"type": "any", "description": "what you like"})
    assert schema == {"description": "what you like"}
    assert changes == {"type name replaced: 'any' -> no type": 1}


def test_lists_of_types_are_replaced_without_repeats() -> None:
    assert mend_schema({"type": ["str", "string", "none"]})[0] == {"type": ["string", "null"]}


@pytest.mark.parametrize("name", ["date", "", "List[int]", "file"])
def test_other_type_names_are_left_for_lint(name: str) -> None:
    assert mend_schema({"type": name}) == ({"type": name}, {})


def test_the_given_schema_is_not_changed() -> None:
    given = {"type": "dict", "properties": {"a": {"type": "int"}}}
    mend_schema(given)
    assert given == {"type": "dict", "properties": {"a": {"type": "int"}}}


def test_older_drafts_are_rewritten() -> None:
    assert mend_schema({"minimum": 0, "exclusiveMinimum": True})[0] == {"exclusiveMinimum": 0}
    assert mend_schema({"maximum": 9, "exclusiveMaximum": False})[0] == {"maximum": 9}
    schema, changes = mend_schema({"items": [{"type": "str"}, {"type": "integer"}], "additionalItems": False})
    assert schema == {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}
    assert "draft 7's list of 'items' rewritten as 'prefixItems'" in changes


def test_an_exclusive_minimum_without_a_bound_has_no_meaning_and_stays() -> None:
    assert mend_schema({"exclusiveMinimum": True}) == ({"exclusiveMinimum": True}, {})


@pytest.mark.parametrize("reference", ["#", "#/$defs/bed", "#bed", "#/$defs/bed/properties/width~1cm", "#/%24defs/bed", "#/properties/view/anyOf/0"])
def test_references_that_lead_somewhere(reference: str) -> None:
    assert reference_fault(reference, ROOMS) is None


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("#/$defs/sofa", "points at nothing"),
        ("#/properties/view/anyOf/2", "points at nothing"),
        ("#/properties/type/enum", "points at nothing"),
        ("#sofa", "anchor"),
        ("https://example.com/bed.json", "leads out"),
        (5, "not text"),
    ],
)
def test_references_that_lead_nowhere(reference: Any, fault: str) -> None:
    assert fault in (reference_fault(reference, ROOMS) or "")


def test_unknown_types_alone_are_taken_out() -> None:
    schema = {"type": "object", "properties": {"day": {"type": "date"}, "hour": {"type": "integer"}}}
    assert without_unknown_types(schema) == {"type": "object", "properties": {"day": {}, "hour": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"type": "date"}, "$.type"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "$.properties.a: $ref '#/$defs/b' points at nothing"),
        ({"properties": {"a": {"pattern": "("}}}, "$.properties.a.pattern: '(' is not a 'regex'"),
        ({"patternProperties": {"[": {}}}, "is not a 'regex'"),
    ],
)
def test_the_first_fault_of_a_schema_has_its_place(schema: dict[str, Any], fault: str) -> None:
    assert fault in (schema_fault(schema) or "")


def test_a_tool_is_judged_by_parameters_and_returns() -> None:
    assert tool_fault(Tool(name="book_room", parameters=ROOMS, returns={"type": "object"})) is None
    assert "returns are not" in (tool_fault(Tool(name="book_room", returns={"type": "date"})) or "")
    assert "of type object, not 'array'" in (tool_fault(Tool(name="book_room", parameters={"type": "array"})) or "")
