"""What the tasks share: chats begin with what never changes, and a reply that is not what was asked for is refused with a reason."""

from __future__ import annotations

import json

import pytest

from gentool.core.tool import Tool
from gentool.synth.queries import QueriesReply
from gentool.synth.replies import UnreadableReplyError, read_reply, show_tool, write_chat
from gentool.synth.weaken import WeakReply


@pytest.mark.parametrize("text", ["sorry", "", "[]", '{"tool": {}}', '{"tool": {"name": "generate_response"}}', '{"tool": {"name": "a"}, "more": 1}'])
def test_an_unreadable_reply_says_why(text: str) -> None:
    with pytest.raises(UnreadableReplyError, match=r"not what was asked for: .+") as caught:
        read_reply(WeakReply, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ['```json\n{"queries": []}\n```', '```\n{"queries": []}\n```\n', '  {"queries": []}\n'])
def test_a_code_fence_is_taken_off(text: str) -> None:
    assert read_reply(QueriesReply, text).queries == ()


def test_a_chat_is_what_never_changes_and_then_what_is_asked() -> None:
    assert write_chat("do it", "this", "so") == ({"role": "system", "content": "do it"}, {"role": "user", "content": "this\n\nso"})


def test_a_tool_is_shown_whole_without_where_it_came_from() -> None:
    tool = Tool(name="a", description="é", returns={"type": "object"}, domain="x", source="y")
    line = show_tool(tool)
    assert "é" in line and "\n" not in line
    assert json.loads(line) == {"name": "a", "description": "é", "parameters": tool.parameters, "returns": {"type": "object"}}
    assert Tool.model_validate_json(line).id == tool.id
