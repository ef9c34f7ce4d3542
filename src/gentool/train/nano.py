"""A small student from scratch: a Llama of a few million parameters and a byte-level BPE trained on the run's own training text.

Texts in, a Hugging Face folder out; from then on it is loaded like any other model. Called by gentool.train.two_stage.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gentool.core.recipe import Settings
from gentool.engines.chat import PLAIN_TEMPLATE
from gentool.engines.hf import quieten_transformers

SPECIAL_TOKENS = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")


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
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=_train_tokenizer(texts, settings.vocab_size),
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=list(SPECIAL_TOKENS[2:]),
        model_max_length=settings.max_position_embeddings,
    )
    tokenizer.chat_template = PLAIN_TEMPLATE
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


def _train_tokenizer(texts: Iterable[str], vocab_size: int) -> object:
    """A byte-level BPE that splits numbers into digits, so that values can be copied."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(r"\d| ?[^\s\w]+|[_\W]?[^\W\d_]+|\s+"), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
