"""How answers are read back: exactly, with named repairs, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.core.call import ABSTAIN, Call
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.prompts import ReadCall, ReadRanking, read_call, read_ranking, render_answer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
CALLS = st.builds(Call, name=st.text(min_size=1), arguments=st.dictionaries(st.text(), VALUES, max_size=4))
RANKINGS = st.lists(st.text(), unique=True, max_size=6).map(lambda names: (*dict.fromkeys(name for name in names if name != "x"), "x"))
ANSWERISH = st.lists(
    st.sampled_from(
        [*"{}[]\"'`,:\\ \n", "<think>", "</think>", "<tool_call>", "[TOOL_CALLS]", "```json", '"name"', '"arguments"', "f", "1e999", "NaN"]
    )
    | st.text(max_size=3),
    max_size=40,
).map("".join)
GOOD = Call(name="f", arguments={"a": 1})
TEXT = '{"name": "f", "arguments": {"a": 1}}'


# Render, then read


@given(CALLS)
def test_a_rendered_call_is_read_exactly(call: Call) -> None:
    assert read_call(render_answer("select", ("f", GENERATE_RESPONSE), call)) == ReadCall(call, (), "")


@given(RANKINGS)
def test_a_rendered_ranking_is_read_exactly(names: tuple[str, ...]) -> None:
    assert read_ranking(render_answer("rank", names, ABSTAIN)) == ReadRanking(names, (), "")


@given(CALLS, RANKINGS)
def test_of_a_joint_answer_both_parts_are_read_exactly(call: Call, names: tuple[str, ...]) -> None:
    text = render_answer("joint", names, call)
    assert read_call(text) == ReadCall(call, (), "")
    assert read_ranking(text) == ReadRanking(names, (), "")


@pytest.mark.parametrize(
    ("text", "call", "names"),
    [
        ('```json\n{"ranking": ["f", "x"], "name": "f", "arguments": {"a": 1}}\n```', GOOD, ("f", "x")),
        ('{"ranking": [], "name": "f", "arguments": {"a": 1}}', GOOD, None),
        ('{"ranking": {"f": 1}, "name": "f", "arguments": {"a": 1}}', GOOD, None),
        ('{"ranking": ["f", "x"], "name": "f", "arguments": 1}', None, ("f", "x")),
        ('{"ranking": ["f", "x"], "name": "f", "arguments": {"a": 1}', None, None),
        ('{"name": "f", "arguments": {"a": 1}}', GOOD, None),
        ('{"name": "f", "arguments": {"ranking": ["f", "x"]}}', Call(name="f", arguments={"ranking": ["f", "x"]}), None),
    ],
)
def test_each_part_of_a_joint_answer_is_read_though_the_other_is_faulty(text: str, call: Call | None, names: tuple[str, ...] | None) -> None:
    assert (read_call(text).call, read_ranking(text).names) == (call, names)


def test_abstention_is_read_as_abstention() -> None:
    read = read_call(render_answer("select", (GENERATE_RESPONSE,), ABSTAIN))
    assert read == ReadCall(ABSTAIN, (), "")
    assert read_call('{"name": "generate_response"}').call == ABSTAIN


@pytest.mark.parametrize(
    "value", ["<think>x</think>", "```json", "<tool_call>", "a, ]", "{'b': ,}", "it's", '"', "\\", "\\u0041", "</think>", "\u2028", "🌧", "[{(", "}])"]
)
def test_values_that_look_like_decoration_are_kept(value: str) -> None:
    call = Call(name="f", arguments={"text": value, value: [value]})
    text = render_answer("select", ("f",), call)
    assert read_call(text) == ReadCall(call, (), "")
    assert read_call(f"```json\n{text}\n```") == ReadCall(call, ("code fence",), "")
    assert read_call(f"<think>Let me see.</think>{text}") == ReadCall(call, ("thinking",), "")
    assert read_call(text[:-1] + ",}") == ReadCall(call, ("trailing comma",), "")
    assert read_call(repr({"name": "f", "arguments": call.arguments})).call == call


def test_the_format_that_was_asked_for_decides_what_words_are() -> None:
    words = "None of the available tools can do this."
    assert read_call(words, "native") == ReadCall(ABSTAIN)
    assert read_call(words, "json") == read_call(words) == ReadCall(None, (), "no readable JSON in the answer")
    tagged = '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>'
    assert (read_call(tagged, "native"), read_call(tagged)) == (ReadCall(GOOD), ReadCall(GOOD, ("call markers",)))


def test_the_tools_that_were_shown_type_values_without_quotes() -> None:
    tools = ToolSet.of([Tool(name="f", parameters={"type": "object", "properties": {"a": {"type": "string"}}})])
    text = "<function=f><parameter=a>1</parameter></function>"
    assert read_call(text, "native") == ReadCall(GOOD)
    assert read_call(text, "native", tools) == ReadCall(Call(name="f", arguments={"a": "1"}))


# Rankings


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        ('["a", "generate_response"]', ()),
        ('```json\n["a", "generate_response"]\n```', ("code fence",)),
        ('Best first: ["a", "generate_response"].', ("text around",)),
        ("['a', 'generate_response']", ("Python literal",)),
        ('["a", "generate_response",]', ("trailing comma",)),
        ('{"ranking": ["a", "generate_response"]}', ("list inside an object",)),
        ('[{"name": "a"}, {"name": "generate_response"}]', ("objects for names",)),
        ('["a", "a", "generate_response"]', ("repeated names",)),
        ('<think>["b"]?</think>["a", "generate_response"]', ("thinking",)),
        ('[TOOL_CALLS]["a", "generate_response"]', ("call markers",)),
        ('[1, 2] then ["a", "generate_response"]', ("text around",)),
    ],
)
def test_a_ranking_is_read_with_the_same_repairs(text: str, repairs: tuple[str, ...]) -> None:
    assert read_ranking(text) == ReadRanking(("a", "generate_response"), repairs, "")


@pytest.mark.parametrize(
    "text", ["", "a, b", "[]", "[1]", '["a", 1]', '["a"', '{"a": ["x"], "b": ["y"]}', '{"a": "x"}', "[NaN]", '[{"name": 1}]', "[[]]", '"a"']
)
def test_what_is_no_ranking_is_a_fault(text: str) -> None:
    assert read_ranking(text) == ReadRanking(None, (), "no JSON list of names in the answer")


# Whatever the text holds


@pytest.mark.parametrize(
    "expression",
    ['__import__("os").system("touch {path}")', "open('{path}', 'w')", "[open('{path}', 'w') for _ in (1,)]", "(x := open('{path}', 'w'))"],
)
def test_nothing_is_ever_evaluated(expression: str, tmp_path: Any) -> None:
    path = tmp_path / "written"
    code = expression.format(path=path)
    for text in (code, f"{{'name': 'f', 'arguments': {{'a': {code}}}}}", f'{{"name": "f", "arguments": {code}}}', f"[{code}]"):
        assert read_call(text).call is None
        assert read_call(text).fault
        assert read_ranking(text).names is None
    assert not path.exists()


@given(st.text() | ANSWERISH)
@settings(max_examples=400)
def test_arbitrary_text_is_read_or_is_a_fault_and_never_abstention(text: str) -> None:
    call, ranking = read_call(text), read_ranking(text)
    assert (call.call is None) == bool(call.fault)
    assert (ranking.names is None) == bool(ranking.fault)
    if GENERATE_RESPONSE not in text:
        assert call.call is None or not call.call.abstains


@given(CALLS, st.data())
def test_a_torn_call_is_never_read_as_that_call(call: Call, data: st.DataObject) -> None:
    text = render_answer(data.draw(st.sampled_from(["select", "joint"])), ("f",), call)
    torn = text[: data.draw(st.integers(0, len(text) - 1))]
    assert read_call(torn).call != call


@pytest.mark.parametrize("depth", [50, 400, 950, 1000, 10_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ("{'a':", "}"), ("[,", "]"), ("{", "}")])
def test_deep_nesting_is_never_an_exception(depth: int, opening: str, closing: str) -> None:
    nested = opening * depth + "1" + closing * depth
    for text in (nested, f'{{"name": "f", "arguments": {{"a": {nested}}}}}', opening * depth):
        read = read_call(text)
        assert (read.call is None) == bool(read.fault)
    assert read_ranking(nested).names is None
