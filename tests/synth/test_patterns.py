"""Strings drawn for regular expressions match them; what is not supported gives an empty string and never an exception."""

from __future__ import annotations

import random
import re

import pytest

from gentool.synth.patterns import draw_from_pattern

SUPPORTED = [
    r"^[A-Z]{2}-\d{4}$",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$",
    r"^(red|green|blue)+$",
    r"^[^/]+/[^@]+$",
    r"^[^a-z0-9]{3}$",
    r"^\w+@\w+\.(com|org)$",
    r"^\S{1,4}\s\D\W$",
    r"^(?:ab)?c*.$",
    r"^[\x00-\x7f]{3}$",
]


@pytest.mark.parametrize("pattern", SUPPORTED)
def test_drawn_strings_match_their_pattern(pattern: str) -> None:
    drawn = {draw_from_pattern(pattern, random.Random(seed)) for seed in range(30)}
    assert all(re.fullmatch(pattern, text) for text in drawn), drawn
    assert len(drawn) > 1


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", r"[", r"[\x00-\x08]", r"a{99999999999999999999}", r"[^\w\W]"])
def test_what_is_not_supported_gives_an_empty_string(pattern: str) -> None:
    assert draw_from_pattern(pattern, random.Random(0)) == ""


def test_the_same_seed_draws_the_same_string() -> None:
    first, again, other = (draw_from_pattern(r"[a-z]{12}", random.Random(seed)) for seed in (1, 1, 2))
    assert first == again != other
