"""The teacher's requests and replies: stable ids, and a reply that is not what was asked for is refused with a reason."""

from __future__ import annotations

import json

import pytest

from gentool.core.tool import Tool
from gentool.synth.teacher import UnreadableReplyError, ask_call, ask_queries, ask_weak_tool, read_call_reply, read_queries, read_weak_tool

STRONG = Tool(name="find_room", description="Find a room", domain="hotels", source="here")
WEAK = Tool(name="room_lite")


def test_ids_follow_from_what_is_asked() -> None:
    same = [ask_queries(STRONG, WEAK, 10, 0).id, ask_queries(STRONG, WEAK, 10, 0).id]
    assert same[0] == same[1]
    others = {ask_queries(STRONG, None, 10, 0).id, ask_queries(STRONG, WEAK, 9, 0).id, ask_queries(STRONG, WEAK, 10, 1).id, same[0]}
    assert len(others) == 4
    assert len({ask_weak_tool(STRONG, number, seed).id for number in (0, 1) for seed in (0, 1)}) == 4


def test_a_weak_tool_keeps_the_domain_of_its_strong_tool() -> None:
    text = json.dumps({"tool": {"name": "room_lite", "domain": "else"}, "ways": ["fewer_parameters"]})
    weak = read_weak_tool(ask_weak_tool(STRONG, 0, 0), text)
    assert (weak.tool.domain, weak.tool.source, weak.strong, weak.ways) == ("hotels", "here", STRONG.id, ("fewer_parameters",))
    assert weak.id == weak.tool.id == WEAK.id


def test_queries_get_their_fits_and_ids_of_their_own() -> None:
    written = [{"text": "a", "weak_fit": "partial", "needs": ["x"]}, {"text": "a"}]
    queries = read_queries(ask_queries(STRONG, WEAK, 2, 0), json.dumps({"queries": written}))
    assert [query.fits[WEAK.id] for query in queries] == ["partial", "none"]
    assert all(query.fits[STRONG.id] == "full" and query.weak == WEAK.id for query in queries)
    assert len({query.id for query in queries}) == 2
    alone = read_queries(ask_queries(STRONG, None, 1, 0), json.dumps({"queries": [{"text": "a"}]}))[0]
    assert alone.fits == {STRONG.id: "full"} and alone.weak is None


def test_a_call_is_read_for_its_query_and_tool() -> None:
    query = read_queries(ask_queries(STRONG, WEAK, 1, 0), '{"queries": [{"text": "a"}]}')[0]
    request = ask_call(query, STRONG, WEAK, STRONG, 1, 0)
    call = read_call_reply(request, query, '{"name": "find_room", "arguments": {"city": "Oslo"}}')
    assert (call.query, call.tool, call.call.arguments) == (query.id, STRONG.id, {"city": "Oslo"})


@pytest.mark.parametrize("text", ["sorry", "", "[]", '{"tool": {}}', '{"tool": {"name": "generate_response"}}', '{"tool": {"name": "a"}, "more": 1}'])
def test_an_unreadable_reply_says_why(text: str) -> None:
    with pytest.raises(UnreadableReplyError, match=r"not what was asked for: .+") as caught:
        read_weak_tool(ask_weak_tool(STRONG, 0, 0), text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"queries": [{"text": ""}]}', '{"queries": [{"text": "a", "weak_fit": "half"}]}', "{"])
def test_unreadable_queries_are_refused(text: str) -> None:
    with pytest.raises(UnreadableReplyError):
        read_queries(ask_queries(STRONG, WEAK, 1, 0), text)
