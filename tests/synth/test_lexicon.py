"""The lexicon: every kind has words, every word of a name leads to one kind, nothing stands twice."""

from __future__ import annotations

from collections import Counter

from gentool.synth.lexicon import CODES, KINDS, LEXICON


def test_every_kind_has_several_different_words() -> None:
    assert all(len(words) >= 5 and len(set(words)) == len(words) for words in LEXICON.values())
    assert {kind for kind, _ in KINDS} == set(LEXICON) - {"thing"}


def test_a_word_of_a_name_asks_for_one_kind() -> None:
    words = Counter(word for _, names in KINDS for word in names)
    assert [word for word, count in words.items() if count > 1] == []
    assert not set(CODES) & set(words)
