"""The offline teacher: it answers by rules, the same request always alike, and says in words what it cannot do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.synth.calls import ask_call, read_call_reply
from gentool.synth.queries import ask_queries, read_queries
from gentool.synth.rules import RulesTeacher
from gentool.synth.weaken import ask_weak_tool, read_weak_tool

STRONG = Tool(
    name="find_room",
    description="Find a free room",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}, "size": {"enum": ["small", "large"]}, "nights": {"type": "integer"}},
        "required": ["city"],
    },
)
UNSAMPLEABLE = Tool(name="post", parameters={"type": "object", "properties": {"body": {"type": "object"}}, "required": ["body"]})


def ask(teacher: RulesTeacher, *requests: Request) -> list[str]:
    return [reply.text for reply in teacher.reply(requests)]


def weak_tool() -> Tool:
    request = ask_weak_tool(STRONG, 0, 0)
    return read_weak_tool(request, ask(RulesTeacher(), request)[0]).tool


def test_the_same_request_gives_the_same_reply_and_another_seed_another() -> None:
    requests = [ask_weak_tool(STRONG, 0, seed) for seed in (0, 0, 1, 2, 3)]
    texts = ask(RulesTeacher(), *requests)
    assert texts[0] == texts[1] == ask(RulesTeacher(), requests[0])[0]
    assert len(set(texts)) > 1


def test_calls_answer_the_queries_that_were_written_even_by_a_fresh_teacher() -> None:
    weak = weak_tool()
    request = ask_queries(STRONG, weak, 10, 0)
    queries = read_queries(request, ask(RulesTeacher(), request)[0])
    assert len(queries) == 10
    for query in queries:
        for target in (STRONG, weak):
            question = ask_call(query, STRONG, weak, target, 10, 0)
            call = read_call_reply(question, query, ask(RulesTeacher(), question)[0]).call
            assert call.name == target.name
            assert all(str(value) in query.text for value in call.arguments.values())


def test_a_foreign_query_has_no_call() -> None:
    request = ask_queries(STRONG, None, 1, 0)
    query = read_queries(request, '{"queries": [{"text": "What is love?"}]}')[0]
    replied = ask(RulesTeacher(), ask_call(query, STRONG, None, STRONG, 1, 0))
    assert replied == ["cannot do this: the rules teacher fills calls for its own queries only"]


def test_what_cannot_be_done_is_said_in_words() -> None:
    assert ask(RulesTeacher(), ask_weak_tool(Tool(name="ping"), 0, 0))[0].startswith("cannot do this: ")
    assert ask(RulesTeacher(), ask_queries(UNSAMPLEABLE, None, 3, 0))[0].startswith("cannot do this: ")


def test_cases_that_cannot_be_drawn_are_left_out_of_the_reply() -> None:
    half: dict[str, Any] = {**STRONG.parameters, "properties": {**STRONG.parameters["properties"], "extra": {"type": "object"}}}
    strong = STRONG.model_copy(update={"parameters": half})
    replied = json.loads(ask(RulesTeacher(), ask_queries(Tool(**strong.model_dump()), weak_tool(), 10, 0))[0])
    assert 0 < len(replied["queries"]) < 10


def test_an_unknown_task_is_a_fault_of_the_code() -> None:
    with pytest.raises(ValueError, match="no task 'dance'"):
        ask(RulesTeacher(), Request("1", "dance"))
