"""What is sent for a request, and what answers and failures mean."""

from __future__ import annotations

import json
from dataclasses import replace
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from gentool.engines.cache import CachedReply
from gentool.engines.completion import Failure, estimate_prompt, make_body, read_completion, read_kept, read_retry_after
from gentool.engines.engine import Reply, Request, Usage

BODY = {"messages": [{"role": "user", "content": "12345678"}]}
REQUEST = Request("r", "weaken tools!", ({"role": "user", "content": "hello"},), schema={"type": "object"})


TOOLS = ({"type": "function", "function": {"name": "math.fact", "description": "n!", "parameters": {"type": "object", "properties": {}}}},)
NATIVE = Request("r", "select", REQUEST.messages, tools=TOOLS)
CALL = {"id": "call_1", "type": "function", "function": {"name": "math_fact", "arguments": '{"n": 5}'}}


def native_body(request: Request = NATIVE) -> dict[str, Any]:
    return make_body(request, "m", None, 100, json_schema=True, own_server=False)


def completion(message: Any, reason: str = "stop", usage: Any = None) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": reason}], "usage": usage}).encode()


def test_a_request_becomes_a_body_with_its_schema() -> None:
    assert make_body(REQUEST, "m", 0.5, 100, json_schema=True, own_server=False) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 100,
        "temperature": 0.5,
        "response_format": {"type": "json_schema", "json_schema": {"name": "weaken_tools_", "schema": {"type": "object"}}},
    }


def test_what_a_server_does_not_know_is_left_out() -> None:
    body = make_body(REQUEST, "m", None, 100, json_schema=False, own_server=True)
    assert body == {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_completion_tokens": 100}


def test_an_answer_is_its_text_and_its_usage() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}
    assert read_completion(completion({"content": "text"}, usage=usage), BODY) == CachedReply("text", Usage(9, 4, 8))


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": 3}])
def test_without_usage_the_tokens_are_estimated(usage: Any) -> None:
    assert read_completion(completion({"content": "12345"}, usage=usage), BODY) == CachedReply("12345", Usage(2, 2), estimated=True)


def test_a_text_that_was_cut_off_stays_as_it_is() -> None:
    reply = read_completion(completion({"content": '{"a": '}, "length"), BODY)
    assert isinstance(reply, CachedReply) and (reply.text, reply.error) == ('{"a": ', None)


def test_text_in_parts_and_lone_surrogates_can_be_stored() -> None:
    reply = read_completion(completion({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "\ud800b"}]}), BODY)
    assert isinstance(reply, CachedReply) and reply.text == "a?b"


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        ({"content": None, "refusal": "I cannot  help"}, "stop", "refused: I cannot help"),
        ({"content": None}, "length", "raise max_tokens"),
        ({"content": " \n"}, "content_filter", "content filter"),
        ({}, "stop", "empty"),
    ],
)
def test_an_answer_without_text_says_why(message: Any, reason: str, words: str) -> None:
    reply = read_completion(completion(message, reason), BODY)
    assert isinstance(reply, CachedReply) and reply.text == "" and reply.error is not None and words in reply.error


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"<html>Bad gateway</html>", b"\xff\xfe", b'{"choices": [', b'{"choices": []}', b"[]", b"3"),
        b'{"error": {"message": "overloaded"}}',
        *(completion(None), completion({"content": 3}), completion({"content": "a"}, usage=[1])),
        b"[" * 100_000,
    ],
)
def test_what_is_no_chat_completion_may_pass(content: bytes) -> None:
    failure = read_completion(content, BODY)
    assert isinstance(failure, Failure) and failure.kind == "passing" and len(failure.message) < 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1.2.3"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_the_wait_that_a_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


def test_the_wait_may_be_a_date() -> None:
    seconds = read_retry_after({"retry-after": formatdate(time() + 60, usegmt=True)})
    assert seconds is not None and 50 < seconds <= 60


def test_tools_go_out_with_the_request_and_count_as_tokens() -> None:
    body = native_body()
    assert body["tools"][0]["function"]["name"] == "math_fact" and body["tool_choice"] == "auto" and "response_format" not in body
    assert native_body(replace(NATIVE, task="rank", tool_choice="none"))["tool_choice"] == "none"
    assert estimate_prompt(body) > estimate_prompt({"messages": body["messages"]}) + 20


def test_a_schema_that_says_no_type_is_sent_as_an_object_s() -> None:
    body = native_body(replace(REQUEST, schema={"anyOf": []}))
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object", "anyOf": []}


@pytest.mark.parametrize(
    ("message", "reason", "text"),
    [
        ({"content": None, "tool_calls": [CALL]}, "tool_calls", '<tool_call>\n{"name": "math.fact", "arguments": {"n": 5}}\n</tool_call>'),
        ({"content": "Let me.", "tool_calls": [CALL]}, "stop", 'Let me.\n<tool_call>\n{"name": "math.fact", "arguments": {"n": 5}}\n</tool_call>'),
        ({"content": "math_fact cannot.", "tool_calls": None}, "stop", "math.fact cannot."),
    ],
)
def test_words_and_calls_are_kept_apart_and_become_one_text(message: Any, reason: str, text: str) -> None:
    held = read_completion(completion(message, reason, {"prompt_tokens": 5, "completion_tokens": 2}), native_body())
    assert isinstance(held, CachedReply) and json.loads(held.text)["content"] == (message["content"] or "")
    assert read_kept(held, NATIVE) == Reply("r", text, Usage(5, 2))


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        ({"content": None, "tool_calls": []}, "stop", "empty"),
        ({"content": None, "reasoning_content": "I could"}, "length", "raise max_tokens"),
        ({"content": "First I shall look at"}, "length", "cut off at max_tokens"),
        ({"content": None, "tool_calls": [CALL]}, "length", "cut off at max_tokens"),
        ({"content": "I would"}, "content_filter", "content filter"),
        ({"content": None, "refusal": "I must not"}, "stop", "refused: I must not"),
    ],
)
def test_native_answers_that_are_none_are_errors_of_the_answer(message: Any, reason: str, words: str) -> None:
    held = read_completion(completion(message, reason), native_body())
    assert isinstance(held, CachedReply)
    reply = read_kept(held, NATIVE)
    assert (reply.text, reply.fault) == ("", "answer") and reply.error is not None and words in reply.error


def test_a_ranking_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    request = replace(NATIVE, task="rank", tool_choice="none")
    held = read_completion(completion({"content": '["math_fact"] because'}, "length"), native_body(request))
    assert isinstance(held, CachedReply) and read_kept(held, request).text == '["math.fact"] because'
