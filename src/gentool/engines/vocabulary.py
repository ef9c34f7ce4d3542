"""What each token of a tokenizer writes, in bytes: a tokenizer in, its words in order out. Called by gentool.engines.constrain."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gentool.core.trie import Trie

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>\Z")
"""How tokenizers with byte fallback call the token of one byte."""


class Vocabulary:
    """The words of a tokenizer; special tokens, which write nothing, are not among them.

    `drops_space`: the space that the first word of a text begins with is not written, as SentencePiece has it.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        words = spell(tokenizer)
        self.drops_space = _decoder(tokenizer) == "spaces"
        self._by_id = words
        self._ids = sorted(words, key=lambda token: (words[token], token))
        self._words = [words[token] for token in self._ids]

    def write(self, ids: Sequence[int]) -> bytes:
        """The text of some tokens."""
        return b"".join(self._by_id.get(token, b"") for token in ids)

    def allowed(self, place: Trie) -> list[int]:
        """The tokens that keep to the texts of a trie from a place on, or go past the end of one."""
        found: list[int] = []
        pending = [(place, b"", 0, len(self._words))]
        while pending:
            here, text, low, high = pending.pop()
            if here.ends:
                found += self._ids[low:high]
                continue
            if text:
                found += self._ids[low : bisect_right(self._words, text, low, high)]
            for byte, after in here.children.items():
                longer = text + bytes([byte])
                first, last = (
                    bisect_left(self._words, longer, low, high),
                    bisect_right(self._words, longer, low, high, key=lambda word: word[: len(longer)]),
                )
                if first < last:
                    pending.append((after, longer, first, last))
        return found


def spell(tokenizer: PreTrainedTokenizerBase) -> dict[int, bytes]:
    """By id what each token writes behind others."""
    special = {*tokenizer.all_special_ids, *(token for token, added in tokenizer.added_tokens_decoder.items() if added.special)}
    ids = [token for token in range(len(tokenizer)) if token not in special]
    added = {token: entry.content.encode() for token, entry in tokenizer.added_tokens_decoder.items()}
    names = dict(zip(ids, tokenizer.convert_ids_to_tokens(ids), strict=True))
    match _decoder(tokenizer):
        case "bytes":
            alphabet = byte_alphabet()
            words = {token: _from_alphabet(name, alphabet) for token, name in names.items() if name is not None}
        case "spaces":
            words = {token: _from_spaces(name) for token, name in names.items() if name is not None}
        case _:
            anchor = tokenizer.encode("a", add_special_tokens=False)
            start = str(tokenizer.decode(anchor))
            words = {token: str(tokenizer.decode([*anchor, token])).removeprefix(start).encode() for token in ids}
    return {token: word for token, word in {**words, **{key: added[key] for key in ids if key in added}}.items() if word}


def _decoder(tokenizer: PreTrainedTokenizerBase) -> str:
    """How tokens are written: `bytes` as characters of GPT-2's alphabet, `spaces` as a mark, or in another way."""
    decoder = repr(getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None))
    if "ByteLevel(" in decoder:
        return "bytes"
    return "spaces" if "Metaspace(" in decoder or "▁" in decoder else "other"


def byte_alphabet() -> dict[str, int]:
    """By character the byte that it stands for in byte-level tokenizers: printable ones for themselves, the others from U+0100 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


def _from_alphabet(name: str, alphabet: dict[str, int]) -> bytes:
    return bytes(alphabet[character] for character in name) if all(character in alphabet for character in name) else b""


def _from_spaces(name: str) -> bytes:
    byte = BYTE.match(name)
    return bytes([int(byte[1], 16)]) if byte else name.replace("▁", " ").encode()
