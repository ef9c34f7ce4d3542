"""Calls written as text: taking them apart and typing their values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.formats.call_text import Value, read_literal, read_value, split_call


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("note()", {}),
        ("note(text='milk', count=3)", {"text": "'milk'", "count": "3"}),
        ("note( text='milk',count=3 )", {"text": "'milk'", "count": "3"}),
        ("note(text='Anna's list', day='today')", {"text": "'Anna's list'", "day": "'today'"}),
        ("note(text='it's 9 o'clock, mum's turn', day='today')", {"text": "'it's 9 o'clock, mum's turn'", "day": "'today'"}),
        ("note(text='x, y=2, z', day='today')", {"text": "'x, y=2, z'", "day": "'today'"}),
        ("note(id=<the new ID>, day='today')", {"id": "<the new ID>", "day": "'today'"}),
        ("note(\"text\"='milk', 'day'='today')", {"text": "'milk'", "day": "'today'"}),
        ("note(text='milk' day='today')", {"text": "'milk'", "day": "'today'"}),
        ("note(rows=[{'a': 1}, {'b': 2}], day=\"today\")", {"rows": "[{'a': 1}, {'b': 2}]", "day": '"today"'}),
        ("note(text='line one\nline two (2)')", {"text": "'line one\nline two (2)'"}),
        ("note(file='log_' + the date + '.txt', day='today')", {"file": "'log_' + the date + '.txt'", "day": "'today'"}),
        ("note(größe=3)", {"größe": "3"}),
        ("note(count=3,)", {"count": "3"}),
    ],
)
def test_calls_are_taken_apart(text: str, arguments: dict[str, str]) -> None:
    call = split_call(text)
    assert call.name == "note"
    assert call.arguments == arguments


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("note", "not of the form"),
        ("note(text='milk'", "not of the form"),
        ("note('milk')", "without a name: 'milk'"),
        ("note('milk', count=3)", "without a name: 'milk'"),
        ("note(count=3, count=4)", "'count' twice"),
        ("note(count=)", "no value for the argument 'count'"),
    ],
)
def test_what_is_no_call_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        split_call(text)


@pytest.mark.parametrize(
    ("raw", "declared", "value"),
    [
        ("'milk'", "string", "milk"),
        ("5", "string", "5"),
        ("'Anna's'", "string", "Anna's"),
        (r"'Anna\'s'", "string", "Anna's"),
        (r"'D:\notes\new.txt'", "string", r"D:\notes\new.txt"),
        ("'A+'", "string", "A+"),
        ("''", "string", ""),
        ("3", "integer", 3),
        ("'3'", "integer", 3),
        ("-3", "integer", -3),
        ("2.5", "number", 2.5),
        ("'40'", "number", 40),
        ("true", "boolean", True),
        ("'False'", "boolean", False),
        ("['a', 'b']", "array", ["a", "b"]),
        ("{'on': true, 'level': 2}", "object", {"on": True, "level": 2}),
        ("'[1, 2]'", "array", [1, 2]),
        ("3", None, "3"),
    ],
)
def test_values_are_converted_where_the_meaning_is_plain(raw: str, declared: Any, value: Any) -> None:
    read = read_value(raw, declared)
    assert read == Value(value)
    assert type(read.value) is type(value)


@pytest.mark.parametrize(
    ("raw", "declared", "value"),
    [
        ("'3 or 4'", "integer", "3 or 4"),
        ("3.5", "integer", "3.5"),
        ("007", "integer", "007"),
        ("'1,000'", "number", "1,000"),
        ("1e999", "number", "1e999"),
        ("9" * 5000, "integer", "9" * 5000),
        ("'perhaps'", "boolean", "perhaps"),
        ("'all of them'", "array", "all of them"),
        ("{'a': 1}", "array", "{'a': 1}"),
        ("[" * 90 + "]" * 90, "array", "[" * 90 + "]" * 90),
    ],
)
def test_values_stay_text_where_it_is_not(raw: str, declared: str, value: str) -> None:
    assert read_value(raw, declared) == Value(value, typed=False)


@pytest.mark.parametrize(
    ("raw", "declared", "expected"),
    [
        ("<the order ID>", "string", Value("<the order ID>", placeholder=True)),
        ("'<the order ID>'", "string", Value("<the order ID>", placeholder=True)),
        ("'Order <the order ID> is on its way'", "string", Value("Order <the order ID> is on its way", placeholder=True)),
        ("<the price>", "number", Value("<the price>", placeholder=True, typed=False)),
        ("['<first>', 'second']", "array", Value(["<first>", "second"], placeholder=True)),
        ("'log_' + the date + '.txt'", "string", Value("'log_' + the date + '.txt'", placeholder=True)),
        ("the date + '.txt'", "string", Value("the date + '.txt'", placeholder=True)),
    ],
)
def test_placeholders_are_marked_and_kept(raw: str, declared: str, expected: Value) -> None:
    assert read_value(raw, declared) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[]", []),
        ("[1, -2.5, null, None, True]", [1, -2.5, None, None, True]),
        ("[{'name': 'Anna's cat', \"age\": 2}]", [{"name": "Anna's cat", "age": 2}]),
        ("[one, two words]", ["one", "two words"]),
        ("[[1], {}]", [[1], {}]),
    ],
)
def test_literals(text: str, value: Any) -> None:
    assert read_literal(text) == value


@pytest.mark.parametrize("text", ["", "[", "[1", "[1 2]]", "{'a'}", "{'a': }", "['open]", "[,]", "{1: 2}", "[1] 2"])
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_literal(text)


@given(
    st.text(alphabet="ab='\"<>[]{},:+\\ 1.-e\n", max_size=40), st.sampled_from(["string", "integer", "number", "boolean", "array", "object", None])
)
def test_no_text_fails_in_any_other_way(body: str, declared: str | None) -> None:
    try:
        call = split_call(f"f({body})")
    except ValueError:
        return
    for raw in call.arguments.values():
        assert isinstance(read_value(raw, declared), Value)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.from_regex(r"[A-Za-z0-9 .:]{0,12}", fullmatch=True), max_size=5))
def test_plain_python_calls_are_read_as_python_reads_them(arguments: dict[str, str]) -> None:
    call = split_call("f(" + ", ".join(f"{key}={value!r}" for key, value in arguments.items()) + ")")
    assert {key: read_value(raw, "string").value for key, raw in call.arguments.items()} == arguments
