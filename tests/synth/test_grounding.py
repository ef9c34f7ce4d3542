"""Grounding: what stands in a query in the ways that people speak, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.synth.grounding import is_grounded, numbers_of


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,200 euros and 2.5k likes", {1200, 2500}),
        ("twenty-five chairs, two hundred and five tables", {25, 205}),
        ("3,5 kg, 1.200 pieces", {3.5, 1200}),
        ("a dozen eggs, half a litre", {12, 0.5}),
        ("three million", {3_000_000}),
        ("the fifth of the month", {5}),
        ("12 345 steps, floor area m2 944", {12345, 944}),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, numbers: set[float]) -> None:
    assert numbers <= numbers_of(text)


def test_digits_of_a_longer_number_are_no_number() -> None:
    assert not numbers_of("room 1402, 15 of them") & {14, 2, 5, 140}


@pytest.mark.parametrize(
    ("value", "text", "grounded"),
    [
        ("2026-03-05", "on the 5th of March 2026", True),
        ("2026-03-05", "am 5. März 2026", True),
        ("2026-03-05", "le 05/03/26", True),
        ("2026-03-05", "2026年3月5日", True),
        ("2026-03-05", "on the 6th of March 2026", False),
        ("2026-03-05", "on the 5th of March", False),
        ("2026-03-05", "on the 5th of April 2026", False),
        ("2026-03", "all of March 2026", True),
        ("18:30", "at half past six", True),
        ("18:45", "quarter to seven tonight", True),
        ("06:10", "ten past six", True),
        ("09:00", "9am sharp", True),
        ("00:00", "at midnight", True),
        ("14:20", "1420 hours", True),
        ("14:20", "at eight", False),
        ("18:30", "at six", False),
        ("2026-03-05T18:30", "5 Mar 2026, 6:30 pm", True),
        ("2026-03-05T18:30", "5 Mar 2026", False),
        ("BA117", "is BA 117 late?", True),
        ("+447700900123", "ring +44 7700 900123", True),
        ("東京", "東京から", True),
        ("Oslo", "Osloborg", False),
    ],
)
def test_strings_stand_as_people_write_them(value: str, text: str, grounded: bool) -> None:
    assert is_grounded("when", value, text) is grounded


ENUM = {"type": "string", "enum": ["economy", "business"]}
NESTED = {"type": "object", "properties": {"adults": {"type": "integer", "default": 1}, "cabin": ENUM}}


@pytest.mark.parametrize(
    ("value", "schema", "evidence", "grounded"),
    [
        ("business", ENUM, ["up front"], True),
        ("business", ENUM, [], False),
        ("business", {"type": "string"}, ["up front"], False),
        (True, {"type": "boolean"}, ["up front"], True),
        (True, {"type": "boolean"}, [], False),
        (90, {"type": "integer"}, ["an hour and a half"], True),
        (95, {"type": "integer"}, ["an hour and a half"], False),
        (90, {"type": "integer"}, [], False),
        ("hour half", {"type": "string"}, ["an hour and a half"], True),
        ({"adults": 1, "cabin": "business"}, NESTED, ["up front"], True),
        ({"adults": 4, "cabin": "business"}, NESTED, ["up front"], False),
        (["business"], {"type": "array", "items": ENUM}, ["up front"], True),
    ],
)
def test_evidence_carries_what_is_meant_but_not_said(value: Any, schema: dict[str, Any], evidence: list[str], grounded: bool) -> None:
    text = "up front please, an hour and a half of it"
    assert is_grounded("choice", value, text, schema, evidence) is grounded
