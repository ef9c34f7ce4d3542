"""The small student: the same bytes from the same seed, and a tokenizer that loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gentool.engines.hf import load_model, load_tokenizer
from gentool.train.nano import SPECIAL_TOKENS, NanoSettings, build_nano

SIZES = NanoSettings(vocab_size=300, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=128)
TEXTS = ["Rain in Bern on 2025-03-17?", '{"name": "forecast", "arguments": {"city": "Bern", "days": 12}}'] * 3


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    import torch

    build_nano(TEXTS, tmp_path / "one", SIZES, seed=3)
    torch.manual_seed(99)
    build_nano(iter(TEXTS), tmp_path / "two", SIZES, seed=3)
    build_nano(TEXTS, tmp_path / "other", SIZES, seed=4)
    one, two, other = (read_bytes(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert [name for name in one if one[name] != other[name]] == ["model.safetensors"]


def test_it_is_loaded_like_any_other_model(tmp_path: Path) -> None:
    build_nano(TEXTS, tmp_path, SIZES, seed=0)
    model, tokenizer = load_model(str(tmp_path)), load_tokenizer(str(tmp_path))
    config: Any = model.config
    assert (config.hidden_size, config.num_hidden_layers, config.max_position_embeddings) == (16, 2, 128)
    assert config.vocab_size == len(tokenizer) <= 300
    assert (config.eos_token_id, config.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_numbers_are_split_into_digits(tokenizer: Any) -> None:
    for text in ("2025", " 17", "a12b"):
        pieces = tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])
        assert not [piece for piece in pieces if any(sign.isdigit() for sign in piece) and len(piece) > 1], pieces


def test_special_tokens_are_one_token_each_and_nothing_is_added(tokenizer: Any) -> None:
    for token in SPECIAL_TOKENS:
        assert len(tokenizer(token)["input_ids"]) == 1
    assert tokenizer("")["input_ids"] == []


@given(st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_comes_back_from_its_tokens(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_the_words_of_the_training_text_are_learnt(tokenizer: Any) -> None:
    assert len(tokenizer("forecast")["input_ids"]) < len("forecast") / 2
