"""A handful of examples and a very small student on one thread, shared by the tests of training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.prompts import PromptSettings
from gentool.train.epochs import TrainingExamples
from gentool.train.nano import NanoSettings, build_nano
from gentool.train.two_stage import training_texts

os.environ["OMP_NUM_THREADS"] = "1"

PROMPTS = PromptSettings(tools="signature")
SIZES = NanoSettings(vocab_size=400, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
FORECAST = Tool(
    name="forecast", description="Weather.", parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
)
BOOK, PLAY = Tool(name="book_table", description="Books."), Tool(name="play_song", description="Plays.")
CITIES = ("Bern", "Paris", "Rome", "New York")


def build_examples() -> list[Example]:
    """A pair of zero and one for each city."""
    shared: dict[str, Any] = {"family": "f", "strong": "forecast"}
    found: list[Example] = []
    for city in CITIES:
        named = {**shared, "pair": city, "query_id": city, "query": f"Rain in {city}?"}
        call = Call(name="forecast", arguments={"city": city})
        zero, one = ToolSet.of([BOOK, PLAY]), ToolSet.of([FORECAST, PLAY])
        found.append(Example(id=f"{city}-zero", kind="zero", tools=zero, ranking=(GENERATE_RESPONSE,), answer=ABSTAIN, **named))
        found.append(Example(id=f"{city}-one", kind="one", tools=one, ranking=("forecast", GENERATE_RESPONSE), answer=call, **named))
    return found


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def prompts() -> PromptSettings:
    return PROMPTS


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    return build_examples()


@pytest.fixture(scope="session")
def training(examples: list[Example]) -> TrainingExamples:
    """The examples as a stage takes them."""
    return TrainingExamples(lambda: examples, "a handful")


@pytest.fixture(scope="session")
def nano(examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained student whose tokenizer knows the examples."""
    folder = tmp_path_factory.mktemp("models") / "nano"
    build_nano(training_texts(examples, PROMPTS), folder, SIZES, seed=0)
    return folder


@pytest.fixture
def tokenizer(nano: Path) -> Any:
    """Its tokenizer; a test may change the template."""
    from gentool.engines.hf import load_tokenizer

    return load_tokenizer(str(nano))
