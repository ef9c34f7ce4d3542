"""One small model on one thread, shared by the tests of the engines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gentool.train.nano import NanoSettings, build_nano

os.environ["OMP_NUM_THREADS"] = "1"

TEXTS = [
    '{"name": "forecast", "arguments": {"city": "Bern"}}',
    "Tools:",
    "Rain in Bern today?",
    "Book a table for two in Paris, please.",
    "0 1 2 3 4",
]


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights, large enough that its answers depend on the whole prompt."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models") / "small"
    sizes = NanoSettings(vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2)
    build_nano(TEXTS, folder, sizes, seed=1)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.mul_(8.0)
    model.save_pretrained(folder)
    return folder
