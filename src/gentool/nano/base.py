"""The base before its training: a tokenizer that sees the same word everywhere, and an LFM2 whose words already lie near their like.

Texts and settings in, a Hugging Face folder out, which plain `AutoModelForCausalLM` loads. Called by `python -m gentool.nano`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gentool.core.recipe import Settings
from gentool.engines.hf import quieten_transformers
from gentool.nano.start import RESERVED, start_weights
from gentool.train.nano import train_bpe

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

WORD_OR_MARK = r"\d|[^\W\d_]+|_|[^\s\w]+ ?|\s+"
"""A word is the same token behind a space, a quotation mark or an underscore, so that it can be recognised and copied; digits stand alone."""
NEWLINE = "Ċ"
"""How the vocabulary of a byte-level BPE writes it."""
MEANT = re.compile(r"[a-z]{3,}")
LAYERS = ("conv", "full_attention", "conv", "full_attention", "full_attention", "full_attention")


class BaseSettings(Settings):
    """The size of the base: Lfm2Config's own names.

    spread: the standard deviation of the embeddings at the start. meaning: the part of their variance that comes from another
    model's vectors of the words, the rest being random; 0 takes none. circuits: whether the first weights can copy and find words.
    """

    vocab_size: int = 12288
    hidden_size: int = 192
    intermediate_size: int = 512
    layer_types: tuple[str, ...] = LAYERS
    num_attention_heads: int = 3
    max_position_embeddings: int = 4096
    rope_theta: float = 10_000.0
    spread: float = 1.0
    meaning: float = 0.6
    circuits: bool = True


def train_tokenizer(texts: Iterable[str], settings: BaseSettings) -> PreTrainedTokenizerBase:
    """The tokenizer of the base: a byte-level BPE of words and marks, learnt from `texts`."""
    return train_bpe(texts, WORD_OR_MARK, settings.vocab_size, settings.max_position_embeddings)


def build_base(tokenizer: PreTrainedTokenizerBase, settings: BaseSettings, seed: int, encoder: Any = None) -> Any:
    """A model with weights drawn from `seed`; `encoder` (a sentence-transformers model) gives the words' vectors where there is one."""
    import torch
    from transformers import Lfm2Config, Lfm2ForCausalLM

    quieten_transformers()
    torch.manual_seed(seed)
    config = Lfm2Config(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        block_auto_adjust_ff_dim=False,
        num_hidden_layers=len(settings.layer_types),
        layer_types=list(settings.layer_types),
        num_attention_heads=settings.num_attention_heads,
        num_key_value_heads=settings.num_attention_heads,
        max_position_embeddings=settings.max_position_embeddings,
        rope_parameters={"rope_type": "default", "rope_theta": settings.rope_theta},
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        tie_word_embeddings=True,
    )
    model = Lfm2ForCausalLM(config)
    with torch.no_grad():
        weight = model.model.embed_tokens.weight
        weight.normal_(std=settings.spread)
        if encoder is not None and settings.meaning > 0:
            _give_meaning(weight, tokenizer, encoder, settings)
        start_weights(model, settings.spread, tokenizer.get_vocab()[NEWLINE] if settings.circuits else None)
    return model


def _give_meaning(weight: torch.Tensor, tokenizer: PreTrainedTokenizerBase, encoder: Any, settings: BaseSettings) -> None:
    """Mix into the tokens that are words what the encoder says of them, in as many principal components as the base has room for."""
    import torch

    ids, words = words_of(tokenizer)
    kinds = sorted(set(words))
    vectors = torch.tensor(encoder.encode(kinds, batch_size=256, show_progress_bar=False)).float()
    vectors = vectors - vectors.mean(0)
    _, _, directions = torch.linalg.svd(vectors, full_matrices=False)
    reduced = torch.zeros(len(vectors), settings.hidden_size)
    reduced[:, RESERVED:] = vectors @ directions[: settings.hidden_size - RESERVED].T
    reduced = reduced / reduced[:, RESERVED:].pow(2).mean(1, keepdim=True).sqrt() * settings.spread
    place = {word: number for number, word in enumerate(kinds)}
    meant = reduced[torch.tensor([place[word] for word in words])]
    at = torch.tensor(ids)
    weight[at] = settings.meaning**0.5 * meant + (1 - settings.meaning) ** 0.5 * weight[at]


def words_of(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[str]]:
    """The ids of the tokens that are words or parts of words, and each in small letters."""
    found = sorted((number, token.lower()) for token, number in tokenizer.get_vocab().items() if MEANT.fullmatch(token.lower()))
    return [number for number, _ in found], [word for _, word in found]


def save_base(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, dtype: torch.dtype) -> None:
    """Save both; the weights in `dtype`."""
    import copy

    tokenizer.save_pretrained(folder)
    copy.deepcopy(model).to(dtype).save_pretrained(folder)
