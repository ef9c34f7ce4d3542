"""One call read from JSON: as it is, with named repairs, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.call import Call
from gentool.prompts.json_calls import ReadCall, read_json_call

GOOD = Call(name="f", arguments={"a": 1})
TEXT = '{"name": "f", "arguments": {"a": 1}}'


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
        (f"[TOOL_CALLS][{TEXT}]", ("call markers", "list of calls")),
        (f"[TOOL_CALLS] [{TEXT}] [/TOOL_CALLS]", ("call markers", "list of calls")),
        (f"<|python_tag|>{TEXT}", ("call markers",)),
        (f"<|tool_call|>{TEXT}", ("call markers",)),
        (f"<think>\nMaybe {{x}} or 'y'?\n</think>\n{TEXT}", ("thinking",)),
        (f"<think></think><think>again</think>{TEXT}", ("thinking",)),
        (f'<think>{{"name": "g", "arguments": {{}}}}?</think>{TEXT}', ("thinking",)),
        (f'{{"type": "function", "id": "c1", "function": {TEXT}}}', ("function wrapper",)),
        ('{"name": "f", "arguments": "{\\"a\\": 1}"}', ("arguments as a string",)),
        ('{"function": {"name": "f", "arguments": "{\\"a\\": 1}"}}', ("function wrapper", "arguments as a string")),
        (f"[{TEXT}]", ("list of calls",)),
        (f"[{TEXT}, {TEXT}]", ("list of calls",)),
        (f"{TEXT}\n{TEXT}", ()),
        (f'{{"note": 1}} {TEXT}', ()),
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
