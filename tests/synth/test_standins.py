"""Stand-ins: every one can be read as an answer to its request, and has the size of one that people wrote."""

from __future__ import annotations

from statistics import mean

import pytest

from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.starter import read_starter_queries
from gentool.synth.calls import ask_call, read_call_reply
from gentool.synth.judge import ask_judge, read_vote
from gentool.synth.objections import object_to_queries, object_to_weak_tool
from gentool.synth.queries import ask_queries, read_queries
from gentool.synth.replies import show_tool
from gentool.synth.standins import QUERY_LENGTH, stand_in
from gentool.synth.unserved import ask_unserved, read_unserved
from gentool.synth.weaken import ask_weak_tool, read_weak_tool


def test_every_stand_in_is_an_answer_without_an_objection(starter_tools: list[Tool]) -> None:
    for tool in starter_tools[:40]:
        asked = ask_weak_tool(tool, 0, 0)
        weak = read_weak_tool(asked, stand_in(asked))
        assert object_to_weak_tool(asked, [weak], {tool.name}) is None
        assert 0.5 < len(show_tool(weak.tool)) / len(show_tool(tool)) < 1.05
        pair = ask_queries(tool, weak.tool, 10, 0)
        queries = read_queries(pair, stand_in(pair))
        assert object_to_queries(pair, queries) is None and sum(query.weak_fit != "none" for query in queries) == 8
        call = ask_call(queries[0], tool, weak.tool, weak.tool, 10, 0)
        assert set(tool.required) <= set(read_call_reply(call, queries[0], stand_in(call)).call.arguments)
    near, vote = ask_unserved("travel", starter_tools[:5], 4, 0), ask_judge("q", "text", starter_tools[:4], 0, 0)
    assert len(read_unserved(near, stand_in(near))) == 4 and len(read_vote(vote, stand_in(vote)).fits) == 4


def test_queries_are_as_long_as_people_s() -> None:
    assert mean(len(query.text) for query in read_starter_queries()) == pytest.approx(QUERY_LENGTH, rel=0.05)


def test_an_unknown_task_is_a_fault_of_the_code() -> None:
    with pytest.raises(ValueError, match="no stand-in for the task 'dance'"):
        stand_in(Request("1", "dance"))
