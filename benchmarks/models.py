"""Small decoders with random weights, and rows that share a prompt, for the training benchmarks.

A kind and its sizes in, a model in 32 bits out; counts of tokens in, rows out. Called by train.py and epoch.py.
"""

from __future__ import annotations

import random
from typing import Any

import torch

from gentool.train.rows import Row

KINDS = ("llama", "qwen3", "mistral")
HEAD = 64
PAD, END = 0, 1


def make_model(kind: str, vocab_size: int, hidden: int, layers: int, seed: int = 0, device: str = "cpu") -> Any:
    """A model of a kind with heads of 64 dimensions, half as many key-value heads, rotary positions and no dropout.

    512 hidden dimensions give 8 heads, 4 key-value heads and a feed-forward layer of 1,408. Attention is PyTorch's (`sdpa`).
    """
    heads = hidden // HEAD
    sizes = {
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": max(1, heads // 2),
        "head_dim": HEAD,
        "intermediate_size": 64 * round(2.75 * hidden / 64),
        "max_position_embeddings": 32768,
        "tie_word_embeddings": False,
        "pad_token_id": PAD,
        "eos_token_id": END,
        "bos_token_id": None,
    }
    torch.manual_seed(seed)
    return _build(kind, sizes).to(device)


def _build(kind: str, sizes: dict[str, Any]) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen3Config, Qwen3ForCausalLM

    match kind:
        case "llama":
            return LlamaForCausalLM(LlamaConfig(**sizes))
        case "qwen3":
            return Qwen3ForCausalLM(Qwen3Config(**sizes))
        case "mistral":
            return MistralForCausalLM(MistralConfig(**sizes, sliding_window=None))
    raise ValueError(f"{kind}: not one of {', '.join(KINDS)}")


def make_rows(branches: int, prompt_tokens: int, branch_tokens: int, vocab_size: int, seed: int = 0) -> list[Row]:
    """Rows that begin with one random prompt; each goes on with a query and a completion of its own, half and half.

    `branch_tokens` is the mean length of query and completion together; a row's is up to a fifth shorter or longer.
    """
    rng = random.Random(seed)
    prompt = _draw(rng, prompt_tokens, vocab_size)
    rows = []
    for number in range(branches):
        length = rng.randint(round(0.8 * branch_tokens), round(1.2 * branch_tokens))
        query = _draw(rng, length // 2, vocab_size)
        rows.append(Row(f"row-{number}", prompt + query, [*_draw(rng, length - length // 2 - 1, vocab_size), END]))
    return rows


def _draw(rng: random.Random, count: int, vocab_size: int) -> list[int]:
    return [rng.randrange(END + 1, vocab_size) for _ in range(count)]
