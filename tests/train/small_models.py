"""Very small models of random weights, and rows that share prompts, for the tests of shared-prompt training."""

from __future__ import annotations

import random
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Lfm2Config,
    LlamaConfig,
    MistralConfig,
    PhiConfig,
    Qwen3Config,
    Qwen3NextConfig,
)

from gentool.train.rows import Row

VOCABULARY = 101
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 1,
}
LINEAR = {"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 16, "linear_value_head_dim": 16}
EXPERTS = {"moe_intermediate_size": 32, "shared_expert_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2}
CONFIGURATIONS: dict[str, Any] = {
    "llama": lambda: LlamaConfig(**SIZES),
    "llama of dropout": lambda: LlamaConfig(**SIZES, attention_dropout=0.1),
    "qwen3": lambda: Qwen3Config(**SIZES, head_dim=16),
    "mistral": lambda: MistralConfig(**SIZES, sliding_window=400),
    "mistral of a short window": lambda: MistralConfig(**SIZES, sliding_window=16),
    "phi": lambda: PhiConfig(**{**SIZES, "num_key_value_heads": 4}, partial_rotary_factor=0.5, resid_pdrop=0.0, embd_pdrop=0.0),
    "gemma2": lambda: Gemma2Config(**SIZES, head_dim=16, sliding_window=400),
    "lfm2": lambda: Lfm2Config(**{**SIZES, "num_hidden_layers": 3}, layer_types=["conv", "full_attention", "conv"]),
    "qwen3 next": lambda: Qwen3NextConfig(**SIZES, **LINEAR, **EXPERTS, head_dim=16, layer_types=["linear_attention", "full_attention"]),
}


def make_model(name: str, seed: int = 0) -> Any:
    """A model of random weights, ready to be trained."""
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(CONFIGURATIONS[name]()).float().train()


def make_rows(seed: int = 0) -> list[Row]:
    """Two sets of ragged rows under one beginning, and a row alone."""
    rng = random.Random(seed)

    def draw(least: int, most: int) -> list[int]:
        return [rng.randrange(2, VOCABULARY) for _ in range(rng.randint(least, most))]

    trunk = draw(60, 60)
    rows = []
    for half in range(2):
        middle = draw(30, 30)
        rows += [Row(f"{half}/{number}", trunk + middle + draw(5, 20), draw(3, 15), "shared") for number in range(3)]
    return [*rows, Row("alone", draw(30, 30), draw(9, 9), "alone")]
