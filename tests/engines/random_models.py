"""Very small models of random weights, of several kinds, whose greedy answers vary with all of the prompt; prompts that begin alike."""

from __future__ import annotations

import random
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    GenerationConfig,
    GPT2Config,
    Lfm2Config,
    LlamaConfig,
    MistralConfig,
    MptConfig,
    PhiConfig,
    Qwen3Config,
    Qwen3NextConfig,
)

VOCABULARY = 120
END = 1
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": END,
}
LINEAR = {"linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 16, "linear_value_head_dim": 16}
EXPERTS = {"moe_intermediate_size": 32, "shared_expert_intermediate_size": 32, "num_experts": 4, "num_experts_per_tok": 2}
SMALL = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": None, "eos_token_id": END}
CONFIGURATIONS: dict[str, Any] = {
    "llama": lambda: LlamaConfig(**SIZES),
    "qwen3": lambda: Qwen3Config(**SIZES, head_dim=8),
    "mistral of a wide window": lambda: MistralConfig(**SIZES, sliding_window=400),
    "mistral of a short window": lambda: MistralConfig(**SIZES, sliding_window=24),
    "mistral of a middling window": lambda: MistralConfig(**SIZES, sliding_window=100),
    "phi": lambda: PhiConfig(**{**SIZES, "num_key_value_heads": 4}, partial_rotary_factor=0.5),
    "gemma2": lambda: Gemma2Config(**SIZES, head_dim=8, sliding_window=40),
    "lfm2": lambda: Lfm2Config(**{**SIZES, "num_hidden_layers": 3}, layer_types=["conv", "full_attention", "conv"]),
    "qwen3 next": lambda: Qwen3NextConfig(**SIZES, **LINEAR, **EXPERTS, head_dim=8, layer_types=["linear_attention", "full_attention"]),
    "gpt2": lambda: GPT2Config(**SMALL, n_embd=32, n_layer=2, n_head=2),
    "bloom": lambda: BloomConfig(**SMALL, hidden_size=32, n_layer=2, n_head=2),
    "mpt": lambda: MptConfig(**SMALL, d_model=32, n_layers=2, n_heads=2),
}


def make_model(name: str, seed: int = 0, louder: float = 8.0, implementation: str | None = None, **changed: Any) -> Any:
    """A model whose weights are so large that its answers depend on the whole prompt."""
    torch.manual_seed(seed)
    config = CONFIGURATIONS[name]()
    for key, value in changed.items():
        setattr(config, key, value)
    model: Any = AutoModelForCausalLM.from_config(config, attn_implementation=implementation).float().eval()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.ndim > 1 and "embed" not in key and "norm" not in key:
                weight.mul_(louder)
    model.generation_config = GenerationConfig(do_sample=False, eos_token_id=END, pad_token_id=0)
    return model


def draw(rng: random.Random, count: int) -> list[int]:
    return [rng.randrange(2, VOCABULARY) for _ in range(count)]


def make_prompts(seed: int = 0) -> list[list[int]]:
    """Ragged prompts on three common beginnings of different lengths, one that another begins with, and two that share nothing."""
    rng = random.Random(seed)
    prompts = []
    for count in (90, 70, 110):
        trunk = draw(rng, count)
        prompts += [trunk + draw(rng, rng.randint(3, 20)) for _ in range(3)]
    prompts += [prompts[0] + draw(rng, 4), prompts[4][:-2], draw(rng, 40), draw(rng, 130)]
    return prompts
