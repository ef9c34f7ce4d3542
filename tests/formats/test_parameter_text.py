"""Parameters that stand in a function's description."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.formats.parameter_text import read_parameter, split_description

TAIL = "\nOutput: A boat.\n - Format: application/json\n - Structure: Object{boat}"


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        ("string.", {"type": "string"}),
        ("Required. integer. How many.", {"type": "integer", "description": "How many."}),
        ("string. One of: [wild, very wild]. Its colour.", {"type": "string", "enum": ["wild", "very wild"], "description": "Its colour."}),
        ("Required. string. Its colour. One of: [red, blue].", {"type": "string", "enum": ["red", "blue"], "description": "Its colour."}),
        ("integer. One of: [1, 2].", {"type": "integer", "enum": [1, 2]}),
        ("integer. One of: [one, two].", {"type": "integer", "description": "One of: [one, two]."}),
        ("Array[string].  The crew.", {"type": "array", "items": {"type": "string"}, "description": "The crew."}),
        ("Object.  The sails.", {"type": "object", "description": "The sails."}),
        (
            "Array[Object{id: string. Its id.}. ]. The masts.",
            {"type": "array", "items": {"type": "object"}, "description": "Array[Object{id: string. Its id.}. ]. The masts."},
        ),
        ("Object{mast, sails: Array[string]}. Both.", {"type": "object", "description": "Object{mast, sails: Array[string]}. Both."}),
        ("Array[Object{mast", {"type": "array", "items": {"type": "object"}, "description": "Array[Object{mast."}),
        ("#Boat", {"description": "#Boat"}),
        ("string. A name. OR integer. A number.", {"description": "string. A name. OR integer. A number."}),
        ("A boat, in a string.", {"description": "A boat, in a string."}),
        ("", {}),
    ],
)
def test_the_words_on_a_parameter(words: str, schema: dict[str, Any]) -> None:
    assert read_parameter(words) == schema


def test_a_description_is_left_without_its_parameters() -> None:
    described, schema, unread = split_description('Rent a boat.\nParameters: {"name": "Required. string. ", "days": "integer. How long."}' + TAIL)
    assert described == f"Rent a boat.{TAIL}"
    assert schema == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "days": {"type": "integer", "description": "How long."}},
        "required": ["name"],
    }
    assert unread == []


@pytest.mark.parametrize(
    ("text", "properties", "unread"),
    [
        (f"Parameters: {{}}{TAIL}", {}, []),
        ('Rent.\nParameters: {"name": "string. The "real" name.", "days": "integer. "}', {"name": "string", "days": "integer"}, []),
        ('Rent.\nParameters: {"name": "string. Two\nlines."}', {"name": "string"}, []),
        (f"Rent.\nParameters: {{#Boat}}{TAIL}", None, ["parameters that cannot be read, so any are allowed"]),
        (f'Rent.\nParameters: {{"name": "string. A "real" one.", #Boat}}{TAIL}', None, ["parameters that cannot be read, so any are allowed"]),
        (f'Rent.\nParameters: {{"name": 5}}{TAIL}', None, ["parameters that cannot be read, so any are allowed"]),
        ("Rent.", None, ["names no parameters, so any are allowed"]),
    ],
)
def test_parameters_that_are_odd(text: str, properties: dict[str, str] | None, unread: list[str]) -> None:
    _, schema, found = split_description(text)
    assert (schema["type"], found) == ("object", unread)
    assert ({name: part["type"] for name, part in schema["properties"].items()} if "properties" in schema else None) == properties
