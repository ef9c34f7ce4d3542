"""Names that OpenAI's API takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.formats.names import LONGEST, free_name, is_name, make_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("getPet", "getPet"),
        ("_get-pet_", "_get-pet_"),
        ("pets.get", "pets_get"),
        ("get /pets/{petId}", "get_pets_petId"),
        ("größe", "gr_e"),
        ("日本", ""),
        ("x" * 70, "x" * 64),
    ],
)
def test_a_name_is_made_valid(text: str, name: str) -> None:
    assert make_name(text) == name


def test_a_taken_name_gets_a_number_and_stays_short() -> None:
    assert free_name("pet", {"dog"}) == "pet"
    assert free_name("pet", {"pet", "pet_2"}) == "pet_3"
    assert free_name("x" * LONGEST, {"x" * LONGEST}) == "x" * 62 + "_2"


@given(st.text(max_size=90), st.sets(st.sampled_from(["a", "a_2", "b"])))
def test_every_text_gives_a_valid_free_name(text: str, taken: set[str]) -> None:
    name = make_name(text)
    if name:
        free = free_name(name, taken)
        assert is_name(free)
        assert free not in taken
