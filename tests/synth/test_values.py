"""Values drawn from a schema are valid under it, judged by jsonschema itself; what cannot be drawn raises UnsampleableError alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gentool.synth.values import FORMATS, UnsampleableError, order_dates, sample_value

QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
NAMES = ["city", "user_id", "date", "start_time", "emails", "phone_number", "year", "tags", "website", "x"]
DEFINITIONS: dict[str, Any] = {
    "place": {"type": "object", "properties": {"city": {"type": "string"}, "floor": {"type": "integer", "minimum": 0}}, "required": ["city"]},
    "size": {"enum": ["small", "large"]},
}


def _bounded(kind: str, step: float) -> st.SearchStrategy[dict[str, Any]]:
    low = st.integers(-100, 3000)
    return st.builds(
        lambda least, width, exclusive, multiple: {
            "type": kind,
            ("exclusiveMinimum" if exclusive else "minimum"): least,
            ("exclusiveMaximum" if exclusive else "maximum"): least + width,
            **({"multipleOf": step} if multiple else {}),
        },
        low,
        st.integers(20, 2000),
        st.booleans(),
        st.booleans(),
    )


def _lengths() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more}, st.integers(0, 40), st.integers(1, 30))


LEAVES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"type": "string"}),
    st.sampled_from([{"type": "string", "format": form} for form in sorted(FORMATS)]),
    st.sampled_from([{"type": "string", "pattern": pattern} for pattern in (r"^[A-Z]{3}-\d{2,4}$", r"^(a|b)+$", r"^[^ ]{2}$")]),
    _lengths(),
    _bounded("integer", 5),
    _bounded("number", 0.5),
    st.sampled_from([{"type": "integer"}, {"type": "integer", "maximum": 30}, {"type": "number", "minimum": 0}, {"type": "boolean"}]),
    st.lists(st.sampled_from(["a", "b", "c d", 3, 4.5, None]), min_size=1, unique=True).filter(lambda v: v != [None]).map(lambda v: {"enum": v}),
    st.sampled_from(["fixed", 7, True, ["x"]]).map(lambda value: {"const": value}),
    st.sampled_from([{"$ref": "#/$defs/place"}, {"$ref": "#/$defs/size"}, {"type": ["null", "integer"]}, {}]),
)


def _nest(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda items, most: {"type": "array", "items": items, "maxItems": most}, inner, st.integers(1, 4)),
        st.builds(lambda one, two: {"type": "object", "properties": {"one": one, "two": two}, "required": ["two"]}, inner, inner),
        st.builds(lambda one: {"anyOf": [one, {"type": "null"}]}, inner),
        st.builds(lambda one: {"allOf": [one], "description": "wrapped"}, inner),
    )


SCHEMAS = st.recursive(LEAVES, _nest, max_leaves=4)


def _is_valid(value: Any, schema: dict[str, Any]) -> bool:
    return bool(Draft202012Validator({**schema, "$defs": DEFINITIONS}).is_valid(value))


@QUICK
@given(SCHEMAS, st.sampled_from(NAMES), st.integers(0, 50))
def test_a_sampled_value_is_valid_under_its_schema(schema: dict[str, Any], name: str, seed: int) -> None:
    root = {"type": "object", "properties": {name: schema}, "$defs": DEFINITIONS}
    value = sample_value(name, schema, root, random.Random(seed))
    assert _is_valid(value, schema), (value, schema)
    assert value == sample_value(name, schema, root, random.Random(seed))


ODD: st.SearchStrategy[Any] = st.sampled_from([None, True, False, 0, -1, 1.5, "string", "object", [], ["string", "null"], {}, {"type": "integer"}])
KEYWORDS = (
    "type enum const properties required items minItems maxItems minimum exclusiveMaximum multipleOf maxLength minLength pattern "
    "format anyOf allOf $ref prefixItems additionalProperties default description not"
)


@settings(QUICK, max_examples=150)
@given(st.one_of(ODD, st.dictionaries(st.sampled_from(KEYWORDS.split()), ODD, max_size=4)))
def test_an_odd_schema_gives_a_valid_value_or_is_unsampleable(schema: Any) -> None:
    root = {"type": "object", "properties": {"city": schema}}
    try:
        value = sample_value("city", schema, root, random.Random(0))
    except UnsampleableError as error:
        assert "'city'" in str(error)
    else:
        assert Draft202012Validator(root).is_valid({"city": value})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "["},
        {"type": "strange"},
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/properties/value"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "minLength": 10**9},
        {"type": "object"},
        {"type": "null"},
        {"enum": []},
        {"type": "array", "items": False, "minItems": 1},
        False,
    ],
)
def test_what_cannot_be_drawn_is_unsampleable(schema: Any) -> None:
    with pytest.raises(UnsampleableError, match="'value'"):
        sample_value("value", schema, {"type": "object", "properties": {"value": schema}}, random.Random(0))


def test_a_reference_to_another_parameter_is_followed() -> None:
    root = {"type": "object", "properties": {"first": {"enum": ["east", "west"]}, "second": {"$ref": "#/properties/first"}}}
    assert sample_value("second", root["properties"]["second"], root, random.Random(0)) in ("east", "west")


def test_tuples_and_merged_schemas_are_drawn() -> None:
    rng = random.Random(0)
    pair = sample_value("range", {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}], "items": False}, {}, rng)
    assert isinstance(pair[0], int) and isinstance(pair[1], bool) and len(pair) == 2
    parts = [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"const": "x"}}, "required": ["b"]}]
    merged = sample_value("both", {"type": "object", "allOf": parts}, {}, rng)
    assert merged.keys() == {"a", "b"}


def test_counts_with_only_an_upper_bound_are_positive() -> None:
    drawn = [sample_value("limit", {"type": kind, "maximum": 30}, {}, random.Random(seed)) for kind in ("integer", "number") for seed in range(50)]
    assert all(1 <= value <= 30 for value in drawn)


@pytest.mark.parametrize(("name", "expected"), [("contact_email", "@example.com"), ("website", "https://example.com/"), ("phone", "+")])
def test_names_ask_for_formats(name: str, expected: str) -> None:
    assert expected in sample_value(name, {"type": "string"}, {}, random.Random(0))


def test_dates_are_put_in_ascending_order() -> None:
    arguments = {"from": "2027-02-01", "city": "Oslo", "until": "2026-05-03"}
    assert order_dates(arguments) == {"from": "2026-05-03", "city": "Oslo", "until": "2027-02-01"}
