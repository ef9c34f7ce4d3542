"""Which texts may go on from where."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gentool.core.trie import Trie

TEXTS = st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=6)


@given(TEXTS, st.binary(max_size=6))
def test_a_place_is_found_for_what_begins_a_text_or_goes_past_one(texts: list[bytes], text: bytes) -> None:
    begins = any(one.startswith(text) or text.startswith(one) for one in texts)
    place = Trie.of(texts).follow(text)
    assert (place is not None) == begins
    assert (place is not None and place.ends) == any(text.startswith(one) for one in texts)


@given(TEXTS, st.binary(max_size=3), st.binary(max_size=3))
def test_going_in_two_steps_leads_to_the_same_place(texts: list[bytes], first: bytes, second: bytes) -> None:
    root = Trie.of(texts)
    between = root.follow(first)
    assert (between.follow(second) if between else None) is root.follow(first + second)


def test_of_two_texts_that_begin_alike_the_shorter_one_decides() -> None:
    for texts in ([b"ab", b"abc"], [b"abc", b"ab"]):
        place = Trie.of(texts).follow(b"ab")
        assert place is not None
        assert (place.ends, place.children) == (True, {})


def test_the_next_bytes_are_those_of_the_texts() -> None:
    root = Trie.of([b"rain", b"rank"])
    place = root.follow(b"ra")
    assert place is not None
    assert sorted(place.children) == sorted(b"in")
    assert not place.ends
    assert Trie.of([]).follow(b"a") is None
