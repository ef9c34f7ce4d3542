"""Calls read from JSON: as they are, with named repairs, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.call import Call
from gentool.prompts.json_calls import ReadCall, ReadCalls, choose_call, read_json_calls

GOOD = Call(name="f", arguments={"a": 1})
TEXT = '{"name": "f", "arguments": {"a": 1}}'


def read_json_call(text: str) -> ReadCall:
    return choose_call(read_json_calls(text))


# What is tolerated, by name


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        (TEXT, ()),
        (f"\n {TEXT} \n", ()),
        (f"```json\n{TEXT}\n```", ("code fence",)),
        (f"```\n{TEXT}```", ("code fence",)),
        (f"Here you are: {TEXT} Anything else?", ("text around",)),
        (f"I'd call this: {TEXT}", ("text around",)),
        (f"Sure:\n```json\n{TEXT}\n```", ("code fence", "text around")),
        ("{'name': 'f', 'arguments': {'a': 1}}", ("Python literal",)),
        ('{"name": "f", "arguments": {"a": 1,},}', ("trailing comma",)),
        ("{'name': 'f', 'arguments': {'a': 1,},}", ("Python literal",)),
        ('{"name": "f", "parameters": {"a": 1}}', ("parameters for arguments",)),
        (f"<tool_call>\n{TEXT}\n</tool_call>", ("call markers",)),
        (f"[TOOL_CALLS][{TEXT}]", ("call markers",)),
        (f"[TOOL_CALLS] [{TEXT}] [/TOOL_CALLS]", ("call markers",)),
        (f"<|python_tag|>{TEXT}", ("call markers",)),
        (f"<|tool_call|>{TEXT}", ("call markers",)),
        (f"<think>\nMaybe {{x}} or 'y'?\n</think>\n{TEXT}", ("thinking",)),
        (f"<think></think><think>again</think>{TEXT}", ("thinking",)),
        (f'<think>{{"name": "g", "arguments": {{}}}}?</think>{TEXT}', ("thinking",)),
        (f'{{"type": "function", "id": "c1", "function": {TEXT}}}', ("function wrapper",)),
        ('{"name": "f", "arguments": "{\\"a\\": 1}"}', ("arguments as a string",)),
        ('{"function": {"name": "f", "arguments": "{\\"a\\": 1}"}}', ("function wrapper", "arguments as a string")),
        (f"[{TEXT}]", ()),
        (f"[{TEXT}, {TEXT}]", ()),
        (f"{TEXT}\n{TEXT}", ()),
        (f'{{"note": 1}} {TEXT}', ()),
        (f'["f", "x"] {TEXT}', ()),
        (f'{{"role": "assistant", "content": null, "tool_calls": [{{"id": "c1", "function": {TEXT}}}]}}', ("tool_calls wrapper", "function wrapper")),
        (f"{{oops {TEXT}", ("text around",)),
    ],
)
def test_a_deviation_is_read_and_named(text: str, repairs: tuple[str, ...]) -> None:
    assert read_json_call(text) == ReadCall(GOOD, repairs, "")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("True", True),
        ("true", True),
        ("None", None),
        ("null", None),
        ("-3", -3),
        ("-1.5", -1.5),
        ("(1, 'x')", [1, "x"]),
        ("'it\\'s'", "it's"),
        ("''", ""),
    ],
)
def test_python_literals_are_read_for_what_they_are(written: str, value: Any) -> None:
    assert read_json_call(f"{{'name': 'f', 'arguments': {{'a': {written}}}}}") == ReadCall(
        Call(name="f", arguments={"a": value}), ("Python literal",), ""
    )


# What is not


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no readable JSON in the answer"),
        ("No tool serves this query; I answer in words.", "no readable JSON in the answer"),
        ("I would use generate_response here.", "no readable JSON in the answer"),
        ("generate_response", "no readable JSON in the answer"),
        ('{"name": "f", "arguments": {"a": 1', "no readable JSON in the answer"),
        ('{"name": "f", "arguments": {"a": 1}', "no readable JSON in the answer"),
        ('{"name": "f", "argum', "no readable JSON in the answer"),
        ('{"name": "f", "arguments": {"a": NaN}}', "no readable JSON in the answer"),
        ('{"name": "f", "arguments": {"a": -Infinity}}', "no readable JSON in the answer"),
        ('{"name": "f", "arguments": {"a": 1e999}}', "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {'a': 1e999}}", "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {'a': 0x" + "F" * 5000 + "}}", "no readable JSON in the answer"),
        ('{"name": "f", "arguments": {"a": ' + "9" * 5000 + "}}", "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {'a': b'x'}}", "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {1: 2}}", "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {**{}}}", "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {'a': f'{1}'}}", "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {'a': 2 ** 99}}", "no readable JSON in the answer"),
        ("{'name': 'f', 'arguments': {'a': -True}}", "no readable JSON in the answer"),
        ('f(a=1) # "name"', "no readable JSON in the answer"),
        ('{"name": "f", "arguments": [1]}', 'no object with "name" and "arguments"'),
        ('{"name": "f", "arguments": 3}', 'no object with "name" and "arguments"'),
        ('{"name": "f", "arguments": null}', 'no object with "name" and "arguments"'),
        ('{"name": "f", "arguments": "a=1"}', 'no object with "name" and "arguments"'),
        ('{"name": "f", "arguments": "[1]"}', 'no object with "name" and "arguments"'),
        ('{"name": "f", "arguments": "{\\"a\\": NaN}"}', 'no object with "name" and "arguments"'),
        ('{"name": "f"}', 'no object with "name" and "arguments"'),
        ('{"arguments": {"a": 1}}', 'no object with "name" and "arguments"'),
        ('{"name": "", "arguments": {}}', 'no object with "name" and "arguments"'),
        ('{"name": 3, "arguments": {}}', 'no object with "name" and "arguments"'),
        ('{"name": "\\ud800", "arguments": {}}', 'no object with "name" and "arguments"'),
        ("[]", 'no object with "name" and "arguments"'),
        ('{"tool_calls": []}', 'no object with "name" and "arguments"'),
        (f'[{TEXT}, {{"name": "g"}}]', 'no object with "name" and "arguments"'),
        (f'[{TEXT}, "g"]', 'no object with "name" and "arguments"'),
        (f'{TEXT} {{"name": "g", "arguments": 5}}', "something beside the call that cannot be read"),
        (f'{TEXT} {{"name": "g", "arguments": {{"a": NaN}}}}', "something beside the call that cannot be read"),
        (f'{TEXT} {{"name": "g", "argu', "something beside the call that cannot be read"),
        (f"[{TEXT}", "no readable JSON in the answer"),
        (f'[{TEXT}, {{"name": "g", "arg', "no readable JSON in the answer"),
        ('["f"]', 'no object with "name" and "arguments"'),
        (f'{TEXT} {{"name": "g", "arguments": {{}}}}', "2 different calls where one was asked for"),
        (f'[{TEXT}, {{"name": "f", "arguments": {{"a": 2}}}}]', "2 different calls where one was asked for"),
        (f'{TEXT} {{"name": "f", "arguments": {{"a": true}}}}', "2 different calls where one was asked for"),
    ],
)
def test_what_cannot_be_read_is_a_fault(text: str, fault: str) -> None:
    assert read_json_call(text) == ReadCall(None, (), fault)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "create_tool", "arguments": {"tool": {"name": "x", "parameters": {}}',
        '<think>perhaps {"name": "x", "arguments": {}} would do',
    ],
)
def test_a_call_inside_an_answer_that_was_cut_off_is_no_answer(text: str) -> None:
    assert read_json_call(text).call is None


# Several calls

OTHER = '{"name": "g", "arguments": {}}'


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        (f"[{TEXT}, {OTHER}]", ()),
        (f"{TEXT}\n{OTHER}", ()),
        (f"{TEXT}, {OTHER}", ("text around",)),
        (f'{{"tool_calls": [{TEXT}, {OTHER}]}}', ("tool_calls wrapper",)),
        (f"```json\n[{TEXT}, {OTHER}]\n```", ("code fence",)),
        (f"<tool_call>{TEXT}</tool_call><tool_call>{OTHER}</tool_call>", ("call markers",)),
        ("[{'name': 'f', 'arguments': {'a': 1}}, {'name': 'g', 'arguments': {}}]", ("Python literal",)),
        (f'{TEXT} {{"name": "g", "parameters": {{}}}}', ("parameters for arguments",)),
    ],
)
def test_several_calls_are_read_in_their_order(text: str, repairs: tuple[str, ...]) -> None:
    assert read_json_calls(text) == ReadCalls((GOOD, Call(name="g")), repairs)


def test_a_call_said_twice_is_two_calls() -> None:
    assert read_json_calls(f"[{TEXT}, {TEXT}]").calls == read_json_calls(f"{TEXT}\n{TEXT}").calls == (GOOD, GOOD)
