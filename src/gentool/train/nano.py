"""A small student from scratch: a Llama of a few million parameters and a byte-level BPE trained on the run's own training text.

Texts in, a Hugging Face folder out; from then on it is loaded like any other model. Called by gentool.train.two_stage; gentool.nano trains its
tokenizer here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gentool.core.recipe import Settings
from gentool.engines.chat import PLAIN_TEMPLATE
from gentool.engines.hf import quieten_transformers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SPECIAL_TOKENS = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
PIECES = r"\d| ?[^\s\w]+|[_\W]?[^\W\d_]+|\s+"
"""Digits stand alone, so that values can be copied; a word keeps the sign before it."""


class NanoSettings(Settings):
    """The size of the small student: its vocabulary and LlamaConfig's own names."""

    vocab_size: int = 4096
    hidden_size: int = 192
    intermediate_size: int = 512
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    max_position_embeddings: int = 4096


def build_nano(texts: Iterable[str], folder: Path, settings: NanoSettings, seed: int) -> None:
    """Train the tokenizer on `texts`, draw the weights from `seed` and save both into `folder`; the weights are written last."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = train_bpe(texts, PIECES, settings.vocab_size, settings.max_position_embeddings)
    config = LlamaConfig(
        **{**settings.model_dump(), "vocab_size": len(tokenizer)},
        num_key_value_heads=settings.num_attention_heads,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    quieten_transformers()
    torch.manual_seed(seed)
    tokenizer.save_pretrained(folder)
    LlamaForCausalLM(config).save_pretrained(folder)


def train_bpe(texts: Iterable[str], pieces: str, vocab_size: int, max_length: int) -> PreTrainedTokenizerBase:
    """A byte-level BPE of at most `vocab_size` tokens with the plain chat template, for a model that reads `max_length` tokens.

    The regular expression `pieces` cuts a text into what tokens are made within: no token reaches over two pieces.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(pieces), behavior="isolated")
    inner.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=inner,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=list(SPECIAL_TOKENS[2:]),
        model_max_length=max_length,
    )
    tokenizer.chat_template = PLAIN_TEMPLATE
    return tokenizer
