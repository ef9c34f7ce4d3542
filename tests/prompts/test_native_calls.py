"""Calls read from a model's own tool format: calls exactly, words as abstention, and anything between as neither."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.core.call import ABSTAIN, Call
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.prompts.json_calls import ReadCall, ReadCalls, choose_call
from gentool.prompts.native_calls import read_native_calls, type_value

GOOD = Call(name="get_rain", arguments={"city": "Bern", "days": 2, "hours": [1, {"late": True}]})
JSON = '{"city": "Bern", "days": 2, "hours": [1, {"late": true}]}'
TOOLS = ToolSet.of(
    [
        Tool(
            name="get_rain",
            parameters={
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "hours": {"type": "array"}},
            },
        )
    ]
)
FORMATS = {
    "Hermes and Qwen": f'<tool_call>\n{{"name": "get_rain", "arguments": {JSON}}}\n</tool_call>',
    "Llama 3": f'{{"name": "get_rain", "parameters": {JSON}}}',
    "Llama 3 with its tag": f'<|python_tag|>{{"name": "get_rain", "parameters": {JSON}}}',
    "Llama 3, OpenAI's wrapper": f'{{"type": "function", "function": {{"name": "get_rain", "parameters": {JSON}}}}}',
    "Llama 3, custom": f"<function=get_rain>{JSON}</function>",
    "Mistral": f'[TOOL_CALLS] [{{"name": "get_rain", "arguments": {JSON}, "id": "a1b2c3d4e"}}]',
    "Mistral without its token": f'[{{"name": "get_rain", "arguments": {JSON}}}]',
    "newer Mistral": f"[TOOL_CALLS]get_rain[ARGS]{JSON}",
    "newer Mistral with an id": f"[TOOL_CALLS]get_rain[CALL_ID]a1b2c3d4e[ARGS]{JSON}",
    "newer Mistral without its tokens": f"get_rain{JSON}",
    "Granite": f'<|tool_call|>[{{"name": "get_rain", "arguments": {JSON}}}]',
    "Phi 4": f'<|tool_call|>[{{"name": "get_rain", "arguments": {JSON}}}]<|/tool_call|>',
    "DeepSeek": f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_rain<｜tool▁sep｜>{JSON}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "newer Qwen": "<tool_call>\n<function=get_rain>\n<parameter=city>\nBern\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
    '<parameter=hours>\n[1, {"late": true}]\n</parameter>\n</function>\n</tool_call>',
    "GLM": "<tool_call>get_rain\n<arg_key>city</arg_key>\n<arg_value>Bern</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n"
    '<arg_key>hours</arg_key>\n<arg_value>[1, {"late": true}]</arg_value>\n</tool_call>',
    "Python": "get_rain(city='Bern', days=2, hours=[1, {'late': True}])",
    "LFM2": '<|tool_call_start|>[get_rain(city="Bern", days=2, hours=[1, {"late": true}])]<|tool_call_end|>',
    "OLMo 3": '<function_calls>\nget_rain(city="Bern", days=2, hours=[1, {"late": True}])\n</function_calls>',
}


def read_native_call(text: str, tools: ToolSet | None = None) -> ReadCall:
    return choose_call(read_native_calls(text, tools))


@pytest.mark.parametrize("name", FORMATS)
def test_a_call_in_any_format_is_read_without_repairs(name: str) -> None:
    for text in (FORMATS[name], f"\n {FORMATS[name]} \n"):
        assert read_native_call(text, TOOLS) == ReadCall(GOOD)
    assert read_native_call(FORMATS[name]) == ReadCall(GOOD)


@pytest.mark.parametrize("name", FORMATS)
def test_a_call_cut_off_at_any_character_is_never_abstention_nor_another_call(name: str) -> None:
    """What is behind the call, such as a closing tag, may be lacking."""
    for end in range(len(FORMATS[name])):
        torn = FORMATS[name][:end]
        for text in (torn, f" {torn}", f"I look it up. {torn}" if end and not name.startswith(("newer Mistral without", "Python")) else torn):
            read = read_native_call(text, TOOLS)
            assert read.call in (None, GOOD), text
            assert (read.call is None) == bool(read.fault)


@pytest.mark.parametrize(
    "words",
    [
        "None of the available tools can do this.",
        "Sorry!",
        "I can't book that: I have no tool for it (yet).",
        "Use {city} as you like; 3 < 4, and [1] says so.",
        "Rain in Bern? I'd guess \"no\" -- it's July.",
        "没有合适的工具。",
        "Das kann ich leider nicht.\n\nFrag bitte anders.",
    ],
)
def test_words_are_abstention(words: str) -> None:
    assert read_native_call(words, TOOLS) == ReadCall(ABSTAIN)
    assert read_native_call(f"<think>\n\n</think>\n\n{words}") == ReadCall(ABSTAIN, ("thinking",))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the answer is empty"),
        (" \n", "the answer is empty"),
        ("<think></think>", "the answer is empty"),
        ("<think>No tool would", "thinking that was cut off"),
        ("...", "neither a call nor words"),
        ("0 1 2", "neither a call nor words"),
        ("get_rain", "a call that cannot be read: get_rain"),
        (GENERATE_RESPONSE, "a call that cannot be read: generate_response"),
        ('["get_rain", "generate_response"]', 'a call that cannot be read: ["get_rain", "generate_response"]'),
        ('{"city": "Bern"}', 'a call that cannot be read: {"city": "Bern"}'),
        ('Like so: "name": "get_rain"', 'a call that cannot be read: "name": "get_rain"'),
        ("I call {'name", "a call that cannot be read: {'name"),
        ("I call it. <tool_call>", "a call that cannot be read: <tool_call>"),
        ("I call it. <tool_call>" + "x" * 99, "a call that cannot be read: <tool_call>" + "x" * 29),
        ("I call it. <tool_", "a call that cannot be read: <tool_"),
        ("I call it. [TOOL", "a call that cannot be read: [TOOL"),
        ("I call it. <|python_tag|>get rain", "a call that cannot be read: <|python_tag|>get rain"),
        ("I call it: ```json", "a call that cannot be read: ```json"),
        ("I call get_rain(city=", "a call that cannot be read: get_rain(city="),
        ("I call get_rain()", "a call that cannot be read: get_rain()"),
        ("get_rain('Bern')", "a call that cannot be read: it is nearly Python"),
        ("get_rain(**{})", "a call that cannot be read: it is nearly Python"),
        ("get_rain(city=open('x'))", "a call that cannot be read: it is nearly Python"),
        ("[TOOL_CALLS]get_rain[ARGS]{1: 2}", "a call that cannot be read"),
        ("[TOOL_CALLS]get_rain[ARGS][1]", "a call that cannot be read: [TOOL_CALLS]get_rain[ARGS][1]"),
        ("<function=get_rain>[1]</function>", "a call that cannot be read"),
        ("<function=get_rain><parameter=city>Bern</function>", "a call that cannot be read"),
        ("<function=get_rain> Bern </function>", "a call that cannot be read"),
        (f"[TOOL_CALLS]get_rain[ARGS]{JSON}[TOOL_CALLS]get_rain[ARGS]{{}}", "2 different calls where one was asked for"),
        ('{"name": "a", "arguments": {}} {"name": "b", "arguments": {}}', "2 different calls where one was asked for"),
        ("[a(), b()]", "2 different calls where one was asked for"),
    ],
)
def test_what_is_neither_a_call_nor_words_is_a_fault(text: str, fault: str) -> None:
    assert read_native_call(text, TOOLS) == ReadCall(None, (), fault)


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        (f"I look it up. {FORMATS['Hermes and Qwen']}", ("text around",)),
        (f"I look it up. {FORMATS['newer Mistral']}", ("text around",)),
        (f"I look it up. {FORMATS['newer Qwen']}", ("text around",)),
        (f"<think>Rain?</think>{FORMATS['GLM']}", ("thinking",)),
        (f"```json\n{FORMATS['Llama 3']}\n```", ("code fence",)),
        (FORMATS["Llama 3"].replace("}]}}", "}],}}"), ("trailing comma",)),
    ],
)
def test_what_no_format_asks_for_is_named_as_a_repair(text: str, repairs: tuple[str, ...]) -> None:
    assert read_native_call(text, TOOLS) == ReadCall(GOOD, repairs)


SECOND = Call(name="get_wind", arguments={"city": "Thun"})
WIND = '{"city": "Thun"}'
SEVERAL = {
    "Hermes": f'<tool_call>\n{{"name": "get_rain", "arguments": {JSON}}}\n</tool_call>\n'
    f'<tool_call>\n{{"name": "get_wind", "arguments": {WIND}}}\n</tool_call>',
    "Llama 3": f'{{"name": "get_rain", "parameters": {JSON}}}\n{{"name": "get_wind", "parameters": {WIND}}}',
    "Mistral": f'[TOOL_CALLS] [{{"name": "get_rain", "arguments": {JSON}}}, {{"name": "get_wind", "arguments": {WIND}}}]',
    "newer Mistral": f"[TOOL_CALLS]get_rain[ARGS]{JSON}[TOOL_CALLS]get_wind[ARGS]{WIND}",
    "newer Mistral without its tokens": f"get_rain{JSON}get_wind{WIND}",
    "OpenAI": f'{{"role": "assistant", "tool_calls": [{{"function": {{"name": "get_rain", "arguments": {JSON}}}}}, '
    f'{{"function": {{"name": "get_wind", "arguments": {WIND}}}}}]}}',
    "newer Qwen": f"<tool_call>\n<function=get_rain>{JSON}</function>\n</tool_call>\n"
    "<tool_call>\n<function=get_wind>\n<parameter=city>\nThun\n</parameter>\n</function>\n</tool_call>",
    "GLM": f"{FORMATS['GLM']}\n<tool_call>get_wind\n<arg_key>city</arg_key>\n<arg_value>Thun</arg_value>\n</tool_call>",
    "Python": "[get_rain(city='Bern', days=2, hours=[1, {'late': True}]), get_wind(city='Thun')]",
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_calls_are_read_in_their_order(name: str) -> None:
    assert read_native_calls(SEVERAL[name]) == ReadCalls((GOOD, SECOND))


@pytest.mark.parametrize("name", SEVERAL)
def test_several_calls_cut_off_are_never_others(name: str) -> None:
    for end in range(len(SEVERAL[name])):
        torn = SEVERAL[name][:end]
        assert read_native_calls(torn).calls in ((None, (GOOD, SECOND)) if "get_wind" in torn else (None, (GOOD,))), torn


def test_a_call_said_twice_is_two_calls() -> None:
    text = FORMATS["Hermes and Qwen"]
    assert read_native_calls(f"{text}\n{text}") == ReadCalls((GOOD, GOOD))
    assert read_native_call(f"{text}\n{text}") == ReadCall(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "a", "arguments": {}}</tool_call><tool_call>{"name": "b", "arguments": 5}</tool_call>',
        '<tool_call>{"name": "a", "arguments": {}}</tool_call><tool_call>{"name": "b", "arg',
        '[TOOL_CALLS] [{"name": "a", "arguments": {}}, {"name": "b"}]',
        '[TOOL_CALLS]a[ARGS]{}[TOOL_CALLS]b[ARGS]{"x": ',
        "<function=a>{}</function><function=b>",
        "[a(), b(1)]",
    ],
)
def test_a_call_beside_one_that_cannot_be_read_is_a_fault(text: str) -> None:
    read = read_native_calls(text)
    assert read.calls is None and "cannot be read" in read.fault


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('create{"name": "x", "arguments": {}}', Call(name="create", arguments={"name": "x", "arguments": {}})),
        ('[TOOL_CALLS]create[ARGS]{"name": "x", "arguments": {}}', Call(name="create", arguments={"name": "x", "arguments": {}})),
        ("create(tool={'name': 'x', 'arguments': {}})", Call(name="create", arguments={"tool": {"name": "x", "arguments": {}}})),
        ('{"name": "f", "arguments": {"a": "<function=g>{}</function>"}}', Call(name="f", arguments={"a": "<function=g>{}</function>"})),
        ('{"name": "f", "arguments": {"a": "[TOOL_CALLS]g[ARGS]{}"}}', Call(name="f", arguments={"a": "[TOOL_CALLS]g[ARGS]{}"})),
        ('{"name": "generate_response", "arguments": {}}', ABSTAIN),
    ],
)
def test_what_looks_like_another_format_inside_a_call_is_its_argument(text: str, call: Call) -> None:
    assert read_native_call(text).call == call


def test_a_bare_name_before_an_object_has_to_be_a_tools() -> None:
    text = 'Answer{"name": "get_rain", "arguments": {}}'
    assert read_native_call(text, TOOLS) == ReadCall(Call(name="get_rain"), ("text around",))


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("5", {"type": "string"}, "5"),
        ("5", {"type": "integer"}, 5),
        ("5", {"type": "number"}, 5),
        ("5", None, 5),
        ("5", {"type": ["string", "null"]}, "5"),
        ("5", {"enum": ["5", "6"]}, "5"),
        ("5", {"enum": [5, 6]}, 5),
        ("5", {"anyOf": [{"type": "integer"}]}, 5),
        ("007", {"type": "integer"}, "007"),
        ("True", {"type": "boolean"}, True),
        ("true", {"type": "boolean"}, True),
        ("None", {"type": ["string", "null"]}, None),
        ("None", {"type": "string"}, "None"),
        ('"Bern"', {"type": "string"}, '"Bern"'),
        ('"Bern"', None, '"Bern"'),
        ("Bern", {"type": "integer"}, "Bern"),
        ("[1]", {"type": "array"}, [1]),
        ("[1]", {"type": "string"}, "[1]"),
        ('{"a": 1}', {"type": "object"}, {"a": 1}),
        ("", {"type": "string"}, ""),
        ("1e999", {"type": "number"}, "1e999"),
        ("5", True, 5),
    ],
)
def test_a_value_without_quotes_is_typed_by_its_schema(text: str, schema: Any, value: Any) -> None:
    typed = type_value(text, schema)
    assert (typed, type(typed)) == (value, type(value))


PIECES = [*"{}[]()\"'`,:=<>|\\ \n", "<think>", "</think>", "<tool_call>", "[TOOL_CALLS]", "[ARGS]", "<function=f>", "</function>", "<parameter=a>"]


@given(st.text() | st.lists(st.sampled_from([*PIECES, "</parameter>", '"name"', '"arguments"', "f", "f(", "a=1", "None"]), max_size=30).map("".join))
@settings(max_examples=400)
def test_arbitrary_text_is_read_or_is_a_fault(text: str) -> None:
    read = read_native_call(text, TOOLS)
    assert (read.call is None) == bool(read.fault)
    if read.call == ABSTAIN:
        assert not any(sign in text.replace("<think>", "") for sign in ('{"', "<tool", "[TOOL_CALLS]", "<function"))


@pytest.mark.parametrize(
    "piece",
    [*PIECES, "a", " ", "\n", "a.", "a(", "a b(", "</function>", "[TOOL_CALLS]a", "<tool_call>a", "<tool_call>a<arg_key>", "<|", "|>", "{ ", '{"'],
)
def test_huge_answers_are_read_in_good_time(piece: str) -> None:
    start = time.perf_counter()
    for text in (piece * 60_000, f"[TOOL_CALLS]{piece * 60_000}", f"<function=f>{piece * 60_000}</function>", f"f({piece * 60_000})"):
        read_native_call(text, TOOLS)
    assert time.perf_counter() - start < 10
