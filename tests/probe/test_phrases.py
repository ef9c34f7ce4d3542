"""Paraphrases: every word of the query stays, the tools stay, and each wording of the instruction is asked once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.engines.vectors import words_of
from gentool.probe.altered import Base
from gentool.probe.phrases import QUERIES, drop_punctuation, vary_phrases
from gentool.prompts import PromptSettings

QUERY = 'Wake me at 07:30, please! "Mr. O\'Neill" (room 4.5) pays $3.20 to a.b@c.org, ok?'


def test_by_hand() -> None:
    assert QUERIES["no punctuation"](QUERY) == "Wake me at 07:30 please Mr O'Neill room 4.5 pays $3.20 to a.b@c.org ok"
    assert QUERIES["hurried"](QUERY) == "wake me at 07:30 please mr o'neill room 4.5 pays $3.20 to a.b@c.org ok"
    assert QUERIES["polite"]("Rain?") == "Could you please help me with this? Rain?"
    assert QUERIES["greeting and thanks"]("Rain?") == "Hi there! Rain? Thanks a lot!"
    assert QUERIES["as it is"](QUERY) == QUERY


@pytest.mark.parametrize("variant", QUERIES)
@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1))
def test_no_word_is_lost_and_no_query_is_empty(variant: str, query: str) -> None:
    found = QUERIES[variant](query)
    assert found
    words, kept = words_of(query.lower()), words_of(found.lower())
    assert variant in ("polite", "greeting and thanks") or kept == words
    assert not set(words) - set(kept) or variant not in ("as it is", "polite", "greeting and thanks")


def test_a_query_of_punctuation_alone_stays() -> None:
    assert drop_punctuation("?!") == "?!"


def test_every_example_is_asked_in_every_way(bases: list[Base]) -> None:
    altered = [one for one in vary_phrases(bases, PromptSettings()) if one.base == bases[0].example.id]
    assert [one.variant for one in altered] == [*QUERIES, "instruction: brief", "instruction: polite", "instruction: elaborate"]
    assert [one.wording for one in altered] == [None] * len(QUERIES) + ["brief", "polite", "elaborate"]
    for one in altered:
        assert one.example.tools == bases[0].example.tools
        assert one.example.answer == bases[0].example.answer
    assert all(one.example.query == bases[0].example.query for one in altered[len(QUERIES) :])
    assert len({one.example.id for one in altered}) == len(altered)


def test_the_run_s_own_wording_is_not_asked_twice_and_natively_there_is_none(bases: list[Base]) -> None:
    wordings = {one.wording for one in vary_phrases(bases, PromptSettings(wording="brief"))}
    assert wordings == {None, "standard", "polite", "elaborate"}
    assert {one.wording for one in vary_phrases(bases, PromptSettings(answer="native"))} == {None}
