"""The base at its start: a tokenizer that sees the same word everywhere, weights that copy, and words near their like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from gentool.nano.base import NEWLINE, BaseSettings, build_base, save_base, train_tokenizer, words_of
from gentool.nano.start import RESERVED, start_weights

from .conftest import TINY

FOUND = 4
"""The layers before it: convolution, tags, convolution, finding."""


def test_a_word_is_the_same_token_everywhere(tokenizer: Any) -> None:
    parts = [tokenizer.tokenize(text) for text in ("lamp", " lamp", "_lamp", '"lamp"', "(lamp:")]
    assert all("lamp" in part for part in parts)
    assert tokenizer.tokenize("2041") == list("2041")


@pytest.mark.parametrize("text", ['{"name": "fetch_lamp", "arguments": {"place": "Zürich", "n": 12}}', "two\n\nlines  and\ttabs", "日本 — ok"])
def test_text_comes_back_as_it_was(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize(("circuits", "least", "most"), [(True, 0, 5), (False, 200, 1000)])
def test_an_untrained_base_copies(circuits: bool, least: int, most: int, joined: bool) -> None:
    """Induction stands at the start: few of a thousand tokens are likelier than what followed before, in names after the same joint too."""
    texts = [f"word{chr(97 + first)}{chr(97 + second)}" for first in range(26) for second in range(26)]
    tokenizer = train_tokenizer(texts * 2, BaseSettings(vocab_size=1200))
    model = build_base(tokenizer, BaseSettings(vocab_size=1200, circuits=circuits), 0)
    torch.manual_seed(1)
    segment = torch.randperm(600)[:24] + 300
    if joined:
        segment[1::2] = 299
    with torch.no_grad():
        logits = model(torch.cat([segment, segment])[None]).logits[0]
    likelier = (logits[25:47] > logits[25:47].gather(1, segment[2:, None])).sum(1)
    assert least <= likelier.float().median() < most


def test_an_untrained_base_finds_the_line_of_a_word() -> None:
    """After the second attention a word of the query knows which of four lines it stands in: the first token of that line is nearest."""
    texts = [f"word{chr(97 + first)}{chr(97 + second)}" for first in range(26) for second in range(26)]
    tokenizer = train_tokenizer([*(texts * 2), "\n\n\n"], BaseSettings(vocab_size=1200))
    model = build_base(tokenizer, BaseSettings(vocab_size=1200, circuits=False), 0)
    newline = tokenizer.get_vocab()[NEWLINE]
    with torch.no_grad():
        circuits = start_weights(model, BaseSettings().spread, newline)
    torch.manual_seed(1)
    tokens = torch.randperm(600) + 300
    lines, filler = tokens[:40].view(4, 10), tokens[40:60]
    right = []
    for number, line in enumerate(lines):
        for word in line[3:8]:
            ids = torch.cat([torch.tensor([newline]), *(torch.cat([held, torch.tensor([newline])]) for held in lines), filler, word[None]])
            with torch.no_grad():
                hidden = model.model(ids[None], output_hidden_states=True).hidden_states[FOUND][0, -1]
                names = model.model.embed_tokens.weight[lines[:, 0]] @ circuits.name.T
            right.append(int(torch.cosine_similarity(names, (circuits.found @ hidden)[None]).argmax()) == number)
    assert sum(right) / len(right) > 0.6


def test_the_start_is_drawn_from_the_seed(tokenizer: Any) -> None:
    first, same, other = (build_base(tokenizer, TINY, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["model.embed_tokens.weight"], other["model.embed_tokens.weight"])


class Encoder:
    """Says that `lamp` and `river` mean the same."""

    def encode(self, words: list[str], **_: Any) -> Any:
        rng = np.random.default_rng(0)
        vectors = {word: rng.normal(size=128).astype("float32") for word in words}
        vectors["river"] = vectors["lamp"]
        return np.stack([vectors[word] for word in words])


def test_words_start_near_their_like(tokenizer: Any) -> None:
    weight = build_base(tokenizer, TINY, 0, Encoder()).model.embed_tokens.weight.detach()
    ids = dict(zip(words_of(tokenizer)[1], words_of(tokenizer)[0], strict=True))
    lamp, river, song = (weight[ids[word], RESERVED:] for word in ("lamp", "river", "song"))
    assert torch.cosine_similarity(lamp, river, 0) > 0.4
    assert torch.cosine_similarity(lamp, river, 0) > torch.cosine_similarity(lamp, song, 0) + 0.2


def test_what_is_saved_loads_plainly(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    save_base(model, tokenizer, tmp_path, torch.bfloat16)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, dtype="auto")
    assert loaded.dtype == torch.bfloat16
    assert model.dtype == torch.float32, "what trains on is not rounded"
    ids = AutoTokenizer.from_pretrained(tmp_path)("fetch_lamp", return_tensors="pt").input_ids
    with torch.no_grad():
        assert torch.cosine_similarity(loaded(ids).logits[0, -1].float(), model(ids).logits[0, -1], 0) > 0.98
