"""What tokens write, for tokenizers of several kinds, and which of them keep to a text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.core.trie import Trie
from gentool.engines.hf import load_tokenizer
from gentool.engines.vocabulary import Vocabulary, byte_alphabet, spell

sys.path.insert(0, str(Path(__file__).parent))
from odd_tokenizers import make_spaced_tokenizer, make_word_tokenizer

NAMES = ['{"name": "forecast"', '{"name": "wettervorhersage_zürich"', '{"name": "天气"', "Rain in Bern today?"]


@pytest.fixture(scope="module", params=["bytes", "spaces"])
def tokenizer(request: pytest.FixtureRequest, small_model: Path) -> Any:
    return load_tokenizer(str(small_model)) if request.param == "bytes" else make_spaced_tokenizer()


@pytest.mark.parametrize("text", NAMES)
def test_the_words_of_a_text_s_tokens_make_up_the_text(tokenizer: Any, text: str) -> None:
    vocabulary = Vocabulary(tokenizer)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    written = vocabulary.write(ids).decode()
    assert (written.removeprefix(" ") if vocabulary.drops_space else written) == text == tokenizer.decode(ids)


def test_special_tokens_write_nothing(tokenizer: Any) -> None:
    words = spell(tokenizer)
    assert not {*tokenizer.all_special_ids} & words.keys()
    assert set(words) == set(range(len(tokenizer))) - {*tokenizer.all_special_ids}
    assert Vocabulary(tokenizer).write([*tokenizer.all_special_ids]) == b""


@pytest.mark.parametrize("done", range(0, 20, 3))
def test_allowed_are_the_tokens_that_keep_to_a_text_or_go_past_its_end(tokenizer: Any, done: int) -> None:
    vocabulary, words = Vocabulary(tokenizer), spell(tokenizer)
    texts = [name.encode() for name in NAMES]
    place = Trie.of(texts).follow(texts[0][:done])
    assert place is not None
    left = [text[done:] for text in texts if text.startswith(texts[0][:done])]
    if place.ends:
        return
    expected = [token for token, word in words.items() if any(rest.startswith(word) or word.startswith(rest) for rest in left)]
    assert sorted(vocabulary.allowed(place)) == sorted(expected)
    assert expected


SPACED = make_spaced_tokenizer()


@settings(max_examples=50)
@given(texts=st.lists(st.text(alphabet='abcRnai {":_', min_size=1, max_size=5).map(str.encode), min_size=1, max_size=4))
def test_every_allowed_token_leads_to_a_place(texts: list[bytes]) -> None:
    root = Trie.of(texts)
    allowed = set(Vocabulary(SPACED).allowed(root))
    assert allowed == {token for token, word in spell(SPACED).items() if root.follow(word) is not None}


def test_a_text_that_no_tokens_write_allows_none() -> None:
    vocabulary = Vocabulary(make_word_tokenizer())
    assert vocabulary.allowed(Trie.of([b"forecast"])) == []
    assert not vocabulary.drops_space


def test_every_byte_has_a_character_of_its_own() -> None:
    alphabet = byte_alphabet()
    assert sorted(alphabet.values()) == list(range(256))
    assert (alphabet["a"], alphabet["Ġ"], alphabet["Ċ"]) == (ord("a"), ord(" "), ord("\n"))
