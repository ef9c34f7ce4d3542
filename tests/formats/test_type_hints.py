"""Type hints as types that pydantic can describe on every Python."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from pydantic import TypeAdapter

from gentool.formats.type_hints import read_hints


class Place(TypedDict):
    """Where."""

    street: str
    number: NotRequired[int]


class Person(TypedDict, total=False):
    home: Place
    nick: str


def wanted(
    a: Place, b: list[Person], c: dict[str, Place] | None, d: Annotated[Place, "text"], e: Literal["x"], f: int | None = None
) -> tuple[Place, int]:
    raise NotImplementedError


def test_typed_dictionaries_are_described_wherever_they_stand() -> None:
    hints = read_hints(wanted)
    schemas = {name: TypeAdapter(hint).json_schema() for name, hint in hints.items()}
    place = schemas["a"]
    assert (place["description"], place["required"], list(place["properties"])) == ("Where.", ["street"], ["street", "number"])
    assert set(schemas["b"]["$defs"]) == {"Place", "Person"}
    assert "required" not in schemas["b"]["$defs"]["Person"]
    assert schemas["c"]["anyOf"][0]["additionalProperties"] == {"$ref": "#/$defs/Place"}
    assert schemas["d"]["title"] == "Place"
    assert schemas["return"]["prefixItems"][1] == {"type": "integer"}


@pytest.mark.parametrize(("name", "hint"), [("e", Literal["x"]), ("f", int | None)])
def test_other_hints_stay_as_they_are(name: str, hint: Any) -> None:
    assert read_hints(wanted)[name] == hint
