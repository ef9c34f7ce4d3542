"""Schemas that stand alone: references followed, loops cut, and every value judged as before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gentool.formats.references import MOST_INLINE, UnusableSchemaError, look_up, stand_alone
from gentool.formats.schemas import schema_fault

TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"value": {"$ref": "#/x/Value"}, "children": {"type": "array", "items": {"$ref": "#/x/Tree"}}},
    "required": ["value"],
}
DOCUMENT: dict[str, Any] = {"x": {"Value": {"type": "integer"}, "Tree": TREE, "a/b~c d": {"type": "null"}, "list": [{"type": "string"}]}}

REFERENCES = st.sampled_from(["A", "B", "C"]).map(lambda name: {"$ref": f"#/schemas/{name}"})
LEAVES = st.sampled_from([{"type": "integer"}, {"type": "string"}, {"type": "object"}, {}, True, {"required": ["a"]}])


def schemas_over(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(st.sampled_from(["a", "b"]), inner, min_size=1, max_size=2)
    several = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        properties.map(lambda made: {"type": "object", "properties": made}),
        st.tuples(properties, several).map(lambda made: {"properties": made[0], "allOf": made[1]}),
        inner.map(lambda made: {"type": "array", "items": made}),
        several.map(lambda made: {"anyOf": made}),
        st.tuples(REFERENCES, properties).map(lambda made: {**made[0], "properties": made[1], "description": "x"}),
    )


SCHEMAS = st.recursive(LEAVES | REFERENCES, schemas_over, max_leaves=5)
VALUES = st.recursive(
    st.sampled_from([None, 1, "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.fixed_dictionaries({"A": SCHEMAS, "B": SCHEMAS, "C": SCHEMAS}), st.lists(VALUES, min_size=5, max_size=10))
def test_a_schema_that_stands_alone_judges_as_it_did_in_its_document(schemas: dict[str, Any], values: list[Any]) -> None:
    whole = Draft202012Validator({"schemas": schemas, "$ref": "#/schemas/A"})
    try:
        (alone,), definitions = stand_alone({"schemas": schemas}, [{"$ref": "#/schemas/A"}])
    except UnusableSchemaError as error:
        assert "leads back to itself without end" in str(error)
        return
    made = alone if isinstance(alone, bool) else {**alone, "$defs": definitions}
    assert isinstance(made, bool) or schema_fault(made) is None
    for value in values:
        assert Draft202012Validator(made).is_valid(value) == whole.is_valid(value), (made, value)


def test_references_are_replaced_and_a_recursive_one_becomes_a_definition() -> None:
    (alone,), definitions = stand_alone(DOCUMENT, [{"$ref": "#/x/Tree", "description": "The root."}])
    inner = {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}
    assert alone == {"type": "object", "properties": inner, "required": ["value"], "description": "The root."}
    assert definitions == {"Tree": {"type": "object", "properties": inner, "required": ["value"]}}


def test_definitions_are_used_where_replacing_would_grow_without_measure() -> None:
    """20 schemas, each of which refers to the next one twice: a million parts if they were put in place."""
    twice = {f"S{n}": {"properties": {"a": {"$ref": f"#/x/S{n + 1}"}, "b": {"$ref": f"#/x/S{n + 1}"}}} for n in range(20)}
    (alone,), definitions = stand_alone({"x": {**twice, "S20": {"type": "null"}}}, [{"$ref": "#/x/S0"}])
    assert alone == {"$ref": "#/$defs/S0"}
    assert len(definitions) == 21
    assert definitions["S19"] == {"properties": {"a": {"$ref": "#/$defs/S20"}, "b": {"$ref": "#/$defs/S20"}}}
    assert MOST_INLINE < 2**20


def test_parts_of_an_all_of_are_put_in_place_even_then() -> None:
    filler = {"properties": {f"p{number}": {"type": "string"} for number in range(MOST_INLINE)}}
    document = {"x": {"Base": filler, "More": {"allOf": [{"$ref": "#/x/Base"}, {"properties": {"q": {"$ref": "#/x/Base"}}}]}}}
    (alone,), definitions = stand_alone(document, [{"allOf": [{"$ref": "#/x/More"}], "title": "All"}])
    assert len(alone["properties"]) == MOST_INLINE + 1
    assert alone["properties"]["q"] == {"$ref": "#/$defs/Base"}
    assert list(definitions) == ["Base"]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("other.yaml#/Pet", "leads out of the file"),
        ("https://pets.example/pet.json", "leads out of the file"),
        ("#pet", "names an anchor"),
        ("#/x/Nothing", "points at nothing"),
        ("#/x/list/7", "points at nothing"),
        (5, "must be text"),
    ],
)
def test_references_that_cannot_be_followed(reference: Any, reason: str) -> None:
    with pytest.raises(UnusableSchemaError, match=reason):
        stand_alone(DOCUMENT, [{"properties": {"pet": {"$ref": reference}}}])


def test_pointers_are_read_as_the_standard_says() -> None:
    assert look_up(DOCUMENT, "#/x/a~1b~0c%20d") == {"type": "null"}
    assert look_up(DOCUMENT, "#/x/list/0") == {"type": "string"}
    assert look_up(DOCUMENT, "#") is DOCUMENT


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/x/A"}},
        {"A": {"$ref": "#/x/B"}, "B": {"allOf": [{"$ref": "#/x/A"}]}},
        {"A": {"anyOf": [{"type": "null"}, {"$ref": "#/x/A"}]}},
    ],
)
def test_a_reference_that_never_ends_is_refused(schemas: dict[str, Any]) -> None:
    with pytest.raises(UnusableSchemaError, match="leads back to itself without end"):
        stand_alone({"x": schemas}, [{"$ref": "#/x/A"}])


def test_a_schema_that_is_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"not": schema}
    with pytest.raises(UnusableSchemaError, match=r"too deeply|more than"):
        stand_alone({}, [schema])


def test_two_definitions_of_one_name_are_kept_apart() -> None:
    document = {"a": {"T": {"items": {"$ref": "#/a/T"}}}, "b": {"T": {"properties": {"t": {"$ref": "#/b/T"}}}}}
    made, definitions = stand_alone(document, [{"items": {"$ref": "#/a/T"}}, {"items": {"$ref": "#/b/T"}}])
    assert definitions == {"T": {"items": {"$ref": "#/$defs/T"}}, "T_2": {"properties": {"t": {"$ref": "#/$defs/T_2"}}}}
    assert made[1] == {"items": {"properties": {"t": {"$ref": "#/$defs/T_2"}}}}


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"$ref": "#/x/Value", "nullable": True}, {"type": ["integer", "null"]}),
        (
            {"anyOf": [{"type": "string"}], "nullable": True, "title": "T"},
            {"anyOf": [{"anyOf": [{"type": "string"}]}, {"type": "null"}], "title": "T"},
        ),
        ({"nullable": True}, {}),
    ],
)
def test_nullable_is_written_as_json_schema(schema: dict[str, Any], made: dict[str, Any]) -> None:
    assert stand_alone(DOCUMENT, [schema]) == ([made], {})


def test_what_may_not_be_sent_is_left_out_and_required_no_more() -> None:
    document = {"x": {"Id": {"type": "integer", "readOnly": True}}}
    schema = {"properties": {"id": {"$ref": "#/x/Id"}, "name": {"type": "string"}}, "required": ["id", "name"]}
    assert stand_alone(document, [schema], left_out="readOnly")[0] == [{"properties": {"name": {"type": "string"}}, "required": ["name"]}]
    assert "id" in stand_alone(document, [schema], left_out="writeOnly")[0][0]["properties"]
