"""The task calls: only the target tool is shown, and the call is read with its evidence and alternatives."""

from __future__ import annotations

import pytest

from gentool.core.tool import Tool
from gentool.synth.calls import ask_call, read_call_reply
from gentool.synth.queries import ask_queries, read_queries
from gentool.synth.replies import UnreadableReplyError

STRONG, WEAK = Tool(name="find_room", description="Find a room"), Tool(name="room_lite")
QUERY = read_queries(ask_queries(STRONG, WEAK, 1, 0), '{"queries": [{"text": "a bed in Oslo"}]}')[0]


def test_the_prompt_shows_the_target_alone() -> None:
    system, user = ask_call(QUERY, STRONG, WEAK, WEAK, 1, 0).messages
    assert "room_lite" in user["content"] and "find_room" not in user["content"] + system["content"]
    assert user["content"].endswith("The query:\na bed in Oslo")
    assert system == ask_call(QUERY, STRONG, WEAK, STRONG, 1, 0).messages[0]


def test_a_call_is_read_for_its_query_and_tool() -> None:
    request = ask_call(QUERY, STRONG, WEAK, STRONG, 1, 0)
    call = read_call_reply(request, QUERY, '{"name": "find_room", "arguments": {"city": "Oslo"}}')
    assert (call.query, call.tool, call.call.arguments, call.id) == (QUERY.id, STRONG.id, {"city": "Oslo"}, request.id)


def test_evidence_may_be_one_span_or_several() -> None:
    text = '{"name": "find_room", "arguments": {}, "evidence": {"a": "bed", "b": ["in", "Oslo"]}, "alternatives": {"a": ["cot", 2]}}'
    call = read_call_reply(ask_call(QUERY, STRONG, WEAK, STRONG, 1, 0), QUERY, text)
    assert call.evidence == {"a": ("bed",), "b": ("in", "Oslo")} and call.alternatives == {"a": ("cot", 2)}


@pytest.mark.parametrize("text", ['{"arguments": {}}', '{"name": "find_room", "arguments": []}', '{"name": "find_room", "evidence": {"a": 3}}'])
def test_an_unreadable_call_is_refused(text: str) -> None:
    with pytest.raises(UnreadableReplyError):
        read_call_reply(ask_call(QUERY, STRONG, WEAK, STRONG, 1, 0), QUERY, text)
