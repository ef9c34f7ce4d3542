"""Merging the parts of an `allOf`: the result must judge every value as the parts do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gentool.formats.merging import merge_schemas

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.5, 1.0, "", "a", "bb"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])


def schemas_over(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": st.integers(-1, 2),
        "exclusiveMaximum": st.integers(0, 3),
        "minLength": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "uniqueItems": st.booleans(),
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": inner,
        "unevaluatedProperties": st.booleans(),
        "minProperties": st.integers(0, 2),
        "items": inner,
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "contains": inner,
        "minContains": st.integers(0, 2),
        "not": inner,
        "if": inner,
        "then": inner,
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "description": st.sampled_from(["one", "two"]),
    }
    chosen = st.lists(st.sampled_from(sorted(keywords)), max_size=4, unique=True)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: keywords[key] for key in keys}))


SCHEMAS = st.recursive(st.booleans() | st.just({}) | TYPES.map(lambda name: {"type": name}), schemas_over, max_leaves=6)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(SCHEMAS, min_size=1, max_size=3), st.lists(VALUES, min_size=6, max_size=12))
def test_the_merged_schema_judges_as_the_parts_do(parts: list[Any], values: list[Any]) -> None:
    merged, whole = Draft202012Validator(merge_schemas(parts)), Draft202012Validator({"allOf": parts})
    for value in values:
        assert merged.is_valid(value) == whole.is_valid(value), (merge_schemas(parts), value)


def test_objects_are_put_together() -> None:
    named = {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "number", "minimum": 0}}, "required": ["name"]}
    sized = {"properties": {"size": {"type": "integer", "minimum": 2, "description": "Its size."}}, "required": ["size", "name"]}
    assert merge_schemas([named, sized, {"description": "A pet."}]) == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer", "minimum": 2, "description": "Its size."}},
        "required": ["name", "size"],
        "description": "A pet.",
    }


@pytest.mark.parametrize(
    ("parts", "merged"),
    [
        ([], {}),
        ([True, {"type": "string"}], {"type": "string"}),
        ([{"enum": ["a", "b"]}, {"enum": ["b", "c"]}], {"enum": ["b"]}),
        ([{"type": ["string", "null"]}, {"type": "string"}], {"type": "string"}),
        ([{"maxLength": 3}, {"maxLength": 2}], {"maxLength": 2}),
        ([{"$ref": "#/$defs/A"}, {"description": "An A."}], {"$ref": "#/$defs/A", "description": "An A."}),
    ],
)
def test_keywords_that_have_a_merger(parts: list[Any], merged: Any) -> None:
    assert merge_schemas(parts) == merged


@pytest.mark.parametrize(
    "parts",
    [
        [{"type": "string"}, {"type": "object"}],
        [{"pattern": "a"}, {"pattern": "b"}],
        [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        [{"properties": {"a": {}}, "additionalProperties": False}, {"properties": {"b": {}}}],
        [{"const": 1}, {"const": True}],
    ],
)
def test_what_has_no_merger_stays_an_all_of(parts: list[Any]) -> None:
    assert merge_schemas(parts) == {**parts[1], "allOf": parts[:1]}
