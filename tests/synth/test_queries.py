"""The task queries: ids, one request for a pair, and the fits that are read."""

from __future__ import annotations

import json

import pytest

from gentool.core.tool import Tool
from gentool.synth.queries import ask_queries, read_queries
from gentool.synth.replies import UnreadableReplyError

STRONG, WEAK = Tool(name="find_room", description="Find a room"), Tool(name="room_lite")


def test_ids_follow_from_what_is_asked() -> None:
    same = [ask_queries(STRONG, WEAK, 10, 0).id, ask_queries(STRONG, WEAK, 10, 0).id]
    assert same[0] == same[1]
    others = {ask_queries(STRONG, None, 10, 0).id, ask_queries(STRONG, WEAK, 9, 0).id, ask_queries(STRONG, WEAK, 10, 1).id, same[0]}
    assert len(others) == 4


def test_the_prompt_begins_alike_and_shows_the_pair_last() -> None:
    pair, alone = ask_queries(STRONG, WEAK, 10, 0).messages, ask_queries(STRONG, None, 7, 0).messages
    assert pair[0] == alone[0]
    assert "room_lite" in pair[1]["content"] and pair[1]["content"].endswith("Write 10 queries.")
    assert "There is no weak tool." in alone[1]["content"] and alone[1]["content"].endswith("Write 7 queries.")


def test_queries_get_their_fits_and_ids_of_their_own() -> None:
    written = [{"text": "a", "weak_fit": "partial", "needs": ["x"]}, {"text": "a"}]
    queries = read_queries(ask_queries(STRONG, WEAK, 2, 0), json.dumps({"queries": written}))
    assert [query.fits[WEAK.id] for query in queries] == ["partial", "none"]
    assert all(query.fits[STRONG.id] == "full" and query.weak == WEAK.id for query in queries)
    assert len({query.id for query in queries}) == 2
    alone = read_queries(ask_queries(STRONG, None, 1, 0), json.dumps({"queries": [{"text": "a"}]}))[0]
    assert alone.fits == {STRONG.id: "full"} and alone.weak is None


@pytest.mark.parametrize("text", ['{"queries": [{"text": ""}]}', '{"queries": [{"text": "a", "weak_fit": "half"}]}', "{"])
def test_unreadable_queries_are_refused(text: str) -> None:
    with pytest.raises(UnreadableReplyError):
        read_queries(ask_queries(STRONG, WEAK, 1, 0), text)
