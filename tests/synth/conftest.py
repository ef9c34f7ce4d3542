"""What the tests of synthesis share: the starter catalogue, its synthesised run, and real catalogues where they lie beside the checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.family import Query, WeakTool
from gentool.core.jsonl import read_records, write_records
from gentool.core.tool import Tool
from gentool.starter import read_starter_tools
from gentool.synth.calls import QueryCall
from gentool.synth.pipeline import SynthSettings, synthesise


@pytest.fixture(scope="session")
def starter_tools() -> list[Tool]:
    return read_starter_tools()


class StarterRun:
    """The records that one run over the starter catalogue wrote."""

    def __init__(self, folder: Path, build: dict[str, Any]) -> None:
        self.build = build
        self.strong = {tool.id: tool for tool in read_records(folder / "tools.jsonl", Tool)}
        self.weak = {weak.id: weak for weak in read_records(folder / "synth" / "weak.jsonl", WeakTool)}
        self.queries = list(read_records(folder / "synth" / "queries.jsonl", Query))
        self.calls = {(call.query, call.tool): call.call for call in read_records(folder / "synth" / "calls.jsonl", QueryCall)}


@pytest.fixture(scope="session")
def starter_run(starter_tools: list[Tool], tmp_path_factory: pytest.TempPathFactory) -> StarterRun:
    """Every record that the rules teacher writes for the starter catalogue, before and after verification."""
    folder = tmp_path_factory.mktemp("starter")
    write_records(folder / "tools.jsonl", starter_tools)
    return StarterRun(folder, synthesise(folder, SynthSettings(), seed=3))


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """The path of a file of real data; the test skips where it is absent."""

    def find(name: str) -> Path:
        path = Path(__file__).parents[2].parent / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"the real data is not here: shared/data/{name} beside the checkout")
        return path

    return find


@pytest.fixture(scope="session")
def small_chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a chat template, as a server needs it."""
    from transformers import AutoTokenizer

    from gentool.engines.chat import PLAIN_TEMPLATE
    from gentool.train.nano import NanoSettings, build_nano

    folder = tmp_path_factory.mktemp("models") / "small"
    sizes = NanoSettings(vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
    build_nano(["Tools:", "a bed in Oslo", '{"name": "find_room"}', "0 1 2 3"], folder, sizes, seed=1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = PLAIN_TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder
