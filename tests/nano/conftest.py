"""A base of some thousand weights and a source of five tools, which the tests of its training share."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.nano.base import BaseSettings, build_base, train_tokenizer
from gentool.nano.material import Item, Request
from gentool.nano.rows import RowMaker

TINY = BaseSettings(
    vocab_size=1500, hidden_size=96, intermediate_size=64, layer_types=("conv", "full_attention", "conv", "full_attention"), num_attention_heads=2
)
WORDS = ("lamp", "train", "bread", "song", "river")


class Handful:
    """A source: five things, each with a tool to fetch it, and a weak one but for the first."""

    topics: Mapping[str, Sequence[str]] = {"things": WORDS[:3], "more things": WORDS[3:]}

    def item(self, key: str, rng: random.Random, requests: int) -> Item:
        strong = _tool(f"fetch_{key}", key, ("place", "number"))
        weak = _tool(f"ask_for_{key}", key, ("place",)) if key != WORDS[0] else None
        asked = tuple(_request(key, number, rng) for number in range(requests))
        return Item(strong, weak, asked)


def _tool(name: str, key: str, parameters: Sequence[str]) -> Tool:
    kinds = {"place": {"type": "string"}, "number": {"type": "integer"}}
    schema = {"type": "object", "properties": {parameter: kinds[parameter] for parameter in parameters}, "required": ["place"]}
    return Tool(name=name, description=f"Brings a {key}.", parameters=schema)


def _request(key: str, number: int, rng: random.Random) -> Request:
    place = rng.choice(("Rome", "Oslo", "Bern"))
    if number % 2:
        return Request(f"{number} {key} things to {place}", {"place": place, "number": number}, {"place": place})
    return Request(f"the {key} for {place}", {"place": place}, None if number % 4 else {"place": place})


@pytest.fixture(scope="session")
def source() -> Handful:
    return Handful()


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    words = [f"fetch_{word}(place: string, number?: integer): Brings a {word}.\nask_for_{word}, the {word} for Rome Oslo Bern" for word in WORDS]
    others = [f"{first}{vowel}{last}{ending}" for first in "bdfgk" for vowel in "aeiou" for last in "lmnrst" for ending in ("", "o", "ik", "us")]
    return train_tokenizer([*words, "generate_response none things : \n", *others] * 3, TINY)


@pytest.fixture
def model(tokenizer: Any) -> Any:
    return build_base(tokenizer, TINY, 0)


@pytest.fixture
def maker(tokenizer: Any, source: Handful) -> RowMaker:
    return RowMaker(tokenizer, {"handful": source}, 900)
