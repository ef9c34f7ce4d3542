"""Small tokenizers of other kinds than byte-level ones: in the manner of SentencePiece, and of whole words alone."""

from __future__ import annotations

from typing import Any

from gentool.engines.chat import prepare_tokenizer

PIECES = ["▁", "▁{", '"', "na", "me", "▁na", '":', '▁"', "{", "}", ":", "for", "cast", "ec", "e", "a", "n", "m", "_", "R", "in", "▁in"]


def make_spaced_tokenizer() -> Any:
    """In the manner of SentencePiece: spaces as a mark, one put before the text, single bytes for what it does not know."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *PIECES]
    vocabulary = {word: number for number, word in enumerate(words)}
    for letter in "".join(PIECES):
        vocabulary.setdefault(letter, len(vocabulary))
    merges = [(word[0], word[1]) for word in PIECES if len(word) == 2]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return prepare_tokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="</s>"), "spaced")


def make_word_tokenizer() -> Any:
    """Whole words and signs, with no way to write anything else."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", "</s>", "Rain", "in", "Bern", "today", "?", "a"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return prepare_tokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="</s>"), "words")
