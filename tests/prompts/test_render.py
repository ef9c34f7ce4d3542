"""What the student sees: the query, every tool in the order of the set, and what is asked."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import RecipeError
from gentool.core.example import Example
from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.prompts import (
    DEFAULT_TOOL,
    PromptSettings,
    Task,
    check_shots,
    check_task,
    read_calls,
    render_answer,
    render_choices,
    render_messages,
    render_reply,
    render_schema,
    render_signature,
    render_tool,
    render_tools,
)

JSON, SIGNATURE = PromptSettings(tools="json"), PromptSettings(tools="signature")
FORECAST = Tool(
    name="get_forecast",
    description="The weather\n  of some days.",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1, "maximum": 7, "default": 3},
            "units": {"enum": ["metric", "imperial"]},
            "start": {"type": "string", "format": "date"},
            "hours": {"type": "array", "items": {"type": "integer"}},
            "place": {"type": "object", "properties": {"lat": {"type": "number", "maximum": 90}}},
            "note": {"type": ["string", "null"]},
            "any": {},
            "odd": True,
        },
        "required": ["city"],
    },
    returns={"type": "object", "properties": {"report": {"type": "string", "description": "long words about it"}}},
)
TOOLS = ToolSet.of([FORECAST, Tool(name="book_table", description="Books.")])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("task", get_args(Task))
@pytest.mark.parametrize("shown", [JSON, SIGNATURE])
def test_a_prompt_holds_the_query_every_name_and_every_parameter(task: Task, shown: PromptSettings) -> None:
    system, user = render_messages(task, "Rain in Bern?", TOOLS, shown)
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"].endswith("\n\nRain in Bern?")
    lines = system["content"].split("\n")
    assert len(lines) == 1 + len(TOOLS) + 1
    for tool, line in zip(TOOLS, lines[1:], strict=False):
        assert tool.name in line
        assert all(name in line for name in tool.properties)
    assert GENERATE_RESPONSE in lines[-1]


def test_the_default_tool_stands_last_and_only_once() -> None:
    system = render_messages("select", "q", TOOLS, JSON)[0]["content"]
    assert system.count(GENERATE_RESPONSE) == 1
    assert system.split("\n")[-1] == render_tool(DEFAULT_TOOL, JSON)
    assert DEFAULT_TOOL.name == GENERATE_RESPONSE


def test_the_order_of_the_tools_is_the_sets() -> None:
    one = render_messages("rank", "q", TOOLS, SIGNATURE)[0]["content"]
    turned = render_messages("rank", "q", ToolSet.of(reversed(TOOLS.root)), SIGNATURE)[0]["content"]
    assert one != turned
    assert sorted(one.split("\n")) == sorted(turned.split("\n"))


def test_all_tasks_share_all_but_the_instruction() -> None:
    chats = [render_messages(task, "q", TOOLS, JSON) for task in get_args(Task)]
    assert all(system == chats[0][0] for system, _ in chats)
    assert len({user["content"] for _, user in chats}) == len(get_args(Task))


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("rank", '["f", "generate_response"]'),
        ("select", '{"name": "f", "arguments": {"city": "Zürich"}}'),
        ("joint", '{"ranking": ["f", "generate_response"], "name": "f", "arguments": {"city": "Zürich"}}'),
    ],
)
def test_an_answer_is_one_line_of_json(task: Task, text: str) -> None:
    assert render_answer(task, ("f", GENERATE_RESPONSE), Call(name="f", arguments={"city": "Zürich"})) == text


def test_json_holds_the_whole_definition() -> None:
    shown = json.loads(render_tool(FORECAST, JSON))
    assert shown == {"name": FORECAST.name, "description": FORECAST.description, "parameters": FORECAST.parameters, "returns": {"report": "string"}}
    assert "returns" not in json.loads(render_tool(TOOLS[1], JSON))


def test_a_signature_tells_type_bounds_default_and_need() -> None:
    assert render_signature(FORECAST) == (
        "get_forecast(city: string, days?: integer 1..7 = 3, units?: metric|imperial, start?: date, hours?: integer[], "
        "place?: {lat: number ..90}, note?: string|null, any?: any, odd?: any) -> report: The weather of some days."
    )
    assert render_signature(Tool(name="f", returns={"type": "string"})) == "f(): "


@given(st.text(), st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_a_tool_is_one_line_whatever_its_schema_holds(description: str, properties: dict[str, Any]) -> None:
    tool = Tool(name="f", description=description, parameters={"type": "object", "properties": properties})
    assert "\n" not in render_tool(tool, JSON)
    assert json.loads(render_tool(tool, JSON))["parameters"]["properties"] == properties
    assert render_tool(tool, SIGNATURE).startswith("f(")


# Several calls

PARALLEL = PromptSettings(parallel=True)


def test_several_calls_are_asked_for_as_a_list_and_a_reply_is_read_back() -> None:
    one, several = (render_messages("select", "q", TOOLS, settings) for settings in (JSON, PARALLEL))
    assert one[0] == several[0]
    assert "a JSON list of calls" in several[1]["content"] and several[1]["content"].endswith("\n\nq")
    assert render_messages("rank", "q", TOOLS, PARALLEL) == render_messages("rank", "q", TOOLS, JSON)
    call = Call(name="book_table", arguments={"seats": 2})
    reply = render_reply("select", ("book_table", GENERATE_RESPONSE), call, PARALLEL)["content"]
    assert reply == '[{"name": "book_table", "arguments": {"seats": 2}}]'
    assert read_calls(reply).calls == (call,)
    assert render_reply("rank", ("f",), call, PARALLEL)["content"] == '["f"]'
    assert reply.startswith(render_choices(TOOLS, PARALLEL)["book_table"])


def test_the_schema_of_several_calls_is_a_list_of_what_one_may_be() -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(render_schema(TOOLS, parallel=True))
    call = {"name": "book_table", "arguments": {}}
    assert validator.is_valid([call, call]) and validator.is_valid([{"name": GENERATE_RESPONSE, "arguments": {}}])
    assert not validator.is_valid([]) and not validator.is_valid(call) and not validator.is_valid([{"name": "f", "arguments": {}}])


def test_an_answer_in_one_has_no_place_for_several_calls() -> None:
    with pytest.raises(RecipeError, match="parallel asks for a list of calls"):
        check_task("joint", PARALLEL)


# In the model's own tool format


NATIVE = PromptSettings(answer="native", abstention="No tool for that.")


def test_natively_a_call_is_asked_for_by_the_query_alone() -> None:
    assert render_messages("select", "Rain in Bern?", TOOLS, NATIVE) == [{"role": "user", "content": "Rain in Bern?"}]


def test_natively_a_ranking_is_asked_for_in_words_that_name_the_default_tool() -> None:
    (message,) = render_messages("rank", "Rain in Bern?", TOOLS, NATIVE)
    assert message["role"] == "user"
    assert GENERATE_RESPONSE in message["content"]
    assert message["content"].endswith("\n\nRain in Bern?")


def test_native_tools_are_the_sets_in_its_order_without_the_default_tool() -> None:
    first, second = render_tools(TOOLS, NATIVE)
    assert first["type"] == "function"
    assert first["function"] == {"name": FORECAST.name, "description": FORECAST.description, "parameters": FORECAST.parameters}
    assert second["function"]["name"] == "book_table"
    assert render_tools(TOOLS, JSON) == ()


def test_native_tools_have_the_keys_that_templates_expect() -> None:
    (bare,) = render_tools(ToolSet.of([Tool(name="f", parameters={"required": []})]), NATIVE)
    assert bare["function"]["parameters"] == {"type": "object", "properties": {}, "required": []}


def test_native_replies() -> None:
    call = Call(name="book_table", arguments={"seats": 2})
    reply = render_reply("select", ("book_table", GENERATE_RESPONSE), call, NATIVE)
    assert (reply["role"], reply["content"]) == ("assistant", "")
    (called,) = reply["tool_calls"]
    assert called["function"] == {"name": "book_table", "arguments": {"seats": 2}}
    assert re.fullmatch("[a-zA-Z0-9]{9}", called["id"])
    assert render_reply("select", (GENERATE_RESPONSE,), ABSTAIN, NATIVE) == {"role": "assistant", "content": "No tool for that."}
    assert render_reply("rank", ("f", GENERATE_RESPONSE), call, NATIVE) == {"role": "assistant", "content": '["f", "generate_response"]'}


@pytest.mark.parametrize("task", get_args(Task))
def test_replies_in_json_are_the_answers_text(task: Task) -> None:
    call = Call(name="f", arguments={"a": 1})
    assert render_reply(task, ("f", GENERATE_RESPONSE), call, JSON) == {
        "role": "assistant",
        "content": render_answer(task, ("f", GENERATE_RESPONSE), call),
    }


def test_a_ranking_and_a_native_call_are_not_asked_for_in_one() -> None:
    for ask in (
        lambda: check_task("joint", NATIVE),
        lambda: render_messages("joint", "q", TOOLS, NATIVE),
        lambda: render_reply("joint", (GENERATE_RESPONSE,), ABSTAIN, NATIVE),
    ):
        with pytest.raises(RecipeError, match="has no place for a ranking"):
            ask()
    check_task("joint", JSON)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"answer": "native", "tools": "signature"}, "`tools: signature` puts the tools into the text"),
        ({"abstention": ""}, "would not be read as such: the answer is empty"),
        ({"abstention": "no_tool"}, "would not be read as such: a call that cannot be read: no_tool"),
        ({"abstention": " No tool. "}, "spaces around them"),
        ({"abstention": "<think></think>No tool."}, "or thinking"),
        ({"abstention": "none()"}, "or a call"),
        ({"answer": "xml"}, "Input should be 'json' or 'native'"),
    ],
)
def test_settings_that_contradict_are_refused(values: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        PromptSettings(**values)


SHOTS = (
    Example(
        id="1",
        pair="1",
        kind="one",
        family="f",
        query_id="q1",
        query="Play something.",
        tools=ToolSet.of([Tool(name="play_song", description="Plays."), FORECAST]),
        ranking=("play_song", GENERATE_RESPONSE),
        answer=Call(name="play_song", arguments={"title": "Äpfel"}),
    ),
    Example(
        id="2",
        pair="2",
        kind="zero",
        family="f",
        query_id="q2",
        query="Sell my house.",
        tools=ToolSet.of([FORECAST]),
        ranking=(GENERATE_RESPONSE,),
        answer=ABSTAIN,
    ),
)


@pytest.mark.parametrize("task", get_args(Task))
@pytest.mark.parametrize("shown", [JSON, SIGNATURE])
def test_worked_examples_stand_before_the_query_each_before_its_own_tools(task: Task, shown: PromptSettings) -> None:
    *worked, last = render_messages(task, "Will it rain?", TOOLS, shown, SHOTS)
    assert [message["role"] for message in worked] == ["user", "assistant"] * 2, "many templates take a system turn at the head alone"
    for shot, asked, answered in zip(SHOTS, worked[::2], worked[1::2], strict=True):
        assert answered == render_reply(task, shot.ranking, shot.answer, shown)
        assert asked["content"].endswith(shot.query)
        assert all(render_tool(tool, shown) in asked["content"].split("\n") for tool in (*shot.tools, DEFAULT_TOOL))
    own = render_messages(task, "Will it rain?", TOOLS, shown)
    assert last == {"role": "user", "content": "\n\n".join(message["content"] for message in own)}
    assert "play_song" not in last["content"] and "book_table" not in str(worked)


def test_native_chats_have_no_place_for_worked_examples() -> None:
    check_shots(JSON)
    with pytest.raises(RecipeError, match=r"prompts\.answer: native has no place for worked examples"):
        render_messages("select", "Will it rain?", TOOLS, PromptSettings(answer="native"), SHOTS)


# What an answer may be

TREE = {
    "type": "object",
    "properties": {"tree": {"$ref": "#/$defs/node"}},
    "$defs": {"node": {"type": "object", "properties": {"inner": {"$ref": "#/$defs/node"}}, "additionalProperties": False}},
}


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        ({"name": "get_forecast", "arguments": {"city": "Bern", "days": 3}}, True),
        ({"name": "get_forecast", "arguments": {"city": "Bern", "days": 8}}, False),
        ({"name": "get_forecast", "arguments": {}}, False),
        ({"name": "get_forecast", "arguments": {"city": "Bern", "town": "Bern"}}, False),
        ({"name": "book_table", "arguments": {}}, True),
        ({"name": "book_table", "arguments": {"city": "Bern"}}, False),
        ({"name": "book_table"}, False),
        ({"name": "book_table", "arguments": {}, "why": "so"}, False),
        ({"name": "other", "arguments": {}}, False),
        ({"name": GENERATE_RESPONSE, "arguments": {}}, True),
        ({"name": "grow", "arguments": {"tree": {"inner": {"inner": {}}}}}, True),
        ({"name": "grow", "arguments": {"tree": {"inner": {"outer": {}}}}}, False),
        ([], False),
    ],
)
def test_the_schema_of_an_answer_allows_the_calls_of_the_set(answer: Any, allowed: bool) -> None:
    tools = ToolSet.of([*TOOLS, Tool(name="grow", parameters=TREE)])
    assert (schema_faults(answer, render_schema(tools)) == []) == allowed


def test_a_choice_is_how_a_call_of_the_tool_begins() -> None:
    choices = render_choices(TOOLS, JSON)
    assert list(choices) == ["get_forecast", "book_table", GENERATE_RESPONSE]
    for name, text in choices.items():
        assert render_answer("select", (name, GENERATE_RESPONSE), Call(name=name, arguments={})).startswith(text + ",")
    assert render_choices(TOOLS, PromptSettings(answer="native")) == {}
