"""Tools and calls on their way to a server and back: nothing is renamed for good, and nothing broken becomes readable."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.core.call import ABSTAIN, Call
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.engines.tool_calls import SENDABLE, choose_sent_names, make_tools, write_answer
from gentool.prompts import PromptSettings, read_call, read_ranking, render_tools

NATIVE = PromptSettings(answer="native")
TOOLS = render_tools(ToolSet.of([Tool(name="math.factorial"), Tool(name="forecast"), Tool(name="get user")]), NATIVE)
LETTERS = string.ascii_letters + "._-/ é"


def call(name: Any, arguments: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


@given(st.sets(st.text(LETTERS, min_size=1, max_size=70), max_size=12))
def test_every_name_is_sent_under_one_that_servers_take_and_no_other_has(names: set[str]) -> None:
    sent = choose_sent_names(names)
    assert set(sent) == names and len(set(sent.values())) == len(names)
    assert all(SENDABLE.fullmatch(name) for name in sent.values()) and GENERATE_RESPONSE not in sent.values()
    assert all(sent[name] == name for name in names if SENDABLE.fullmatch(name) and name != GENERATE_RESPONSE)
    assert choose_sent_names(sorted(names, reverse=True)) == sent


def test_names_that_would_be_one_stay_apart() -> None:
    sent = choose_sent_names(["a.b", "a_b", "a/b", "generate.response", "x" * 64 + "1", "x" * 64 + "2"])
    assert sent["a_b"] == "a_b" and sent["a.b"] != "a_b" and sent["generate.response"].startswith("generate_response_")
    assert len(set(sent.values())) == 6


def test_definitions_are_schemas_of_objects_under_names_that_servers_take() -> None:
    parameters = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tools = render_tools(ToolSet.of([Tool(name="math.factorial", description="n!", parameters=parameters), Tool(name="now")]), NATIVE)
    assert make_tools(tools) == [
        {"type": "function", "function": {"name": "math_factorial", "description": "n!", "parameters": {"type": "object", **parameters}}},
        {"type": "function", "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert tools[0]["function"]["name"] == "math.factorial", "the request's own stay as they are"


@pytest.mark.parametrize("content", ["", "Let me look that up (it's quick).", "<think>maybe {forecast}</think>", "{ and [ but no call"])
def test_a_call_is_read_with_the_name_that_the_tool_has_here(content: str) -> None:
    arguments = {"n": 5, "words": "</tool_call> [TOOL_CALLS]x{ <function=y>", "deep": {"a": [1.5, None, "é"]}}
    text = write_answer(content, [call("math_factorial", json.dumps(arguments))], TOOLS)
    assert text.startswith(content)
    assert read_call(text, "native").call == Call(name="math.factorial", arguments=arguments)


@pytest.mark.parametrize("arguments", ["", " ", None, "{}", {}])
def test_no_arguments_are_none(arguments: Any) -> None:
    assert read_call(write_answer("", [call("forecast", arguments)], TOOLS), "native").call == Call(name="forecast")


@pytest.mark.parametrize(
    "arguments", ['{"city": "Be', "city=Bern", '{"city": NaN}', '{"a": 1}{"a": 1}', "[1]", "3", "null", '"Bern"', "[" * 5000, '{"city": "Bern",}']
)
@pytest.mark.parametrize("content", ["", "Nothing here can do this, I think."])
def test_broken_arguments_are_kept_and_are_neither_a_call_nor_abstention(content: str, arguments: str) -> None:
    text = write_answer(content, [call("forecast", arguments)], TOOLS)
    assert read_call(text, "native").call is None
    kept = json.loads(text[text.index("<tool_call>") :].removeprefix("<tool_call>").removesuffix("</tool_call>"))["arguments"]
    assert kept == arguments or kept == json.loads(arguments)


@pytest.mark.parametrize(
    "entry", [call(None, "{}"), call("", "{}"), call(3, "{}"), {}, "forecast", None, {"type": "custom", "custom": {"name": "x"}}]
)
def test_what_is_no_call_of_a_function_is_neither_a_call_nor_abstention(entry: Any) -> None:
    assert read_call(write_answer("Fine words.", [entry], TOOLS), "native").call is None


def test_several_calls_stand_one_after_another() -> None:
    text = write_answer("Both.", [call("forecast", '{"city": "Bern"}'), call("math_factorial", '{"n": 3}')], TOOLS)
    first, second = (json.loads(part.partition("</tool_call>")[0]) for part in text.split("<tool_call>")[1:])
    assert (first, second) == ({"name": "forecast", "arguments": {"city": "Bern"}}, {"name": "math.factorial", "arguments": {"n": 3}})
    assert "2 different calls" in read_call(text, "native").fault
    same = write_answer("", [call("forecast", "{}")] * 2, TOOLS)
    assert read_call(same, "native").call == Call(name="forecast")


def test_words_alone_are_abstention_and_name_the_tools_as_they_are_here() -> None:
    text = write_answer("Neither math_factorial nor get_user can, nor math_factorial_2.", [], TOOLS)
    assert text == "Neither math.factorial nor get user can, nor math_factorial_2."
    assert read_call(text, "native").call == ABSTAIN


def test_a_ranking_is_read_with_the_names_that_the_tools_have_here() -> None:
    text = write_answer('["get_user", "math_factorial", "forecast", "generate_response"]', [], TOOLS)
    assert read_ranking(text).names == ("get user", "math.factorial", "forecast", GENERATE_RESPONSE)


def test_an_argument_that_looks_like_a_name_stays_as_it_is() -> None:
    text = write_answer("", [call("forecast", '{"city": "get_user"}')], TOOLS)
    assert read_call(text, "native").call == Call(name="forecast", arguments={"city": "get_user"})


def test_lone_surrogates_can_be_written() -> None:
    assert write_answer("", [call("forecast", '{"city": "\\ud800"}')], TOOLS).encode()
