"""What collects the examples of a benchmark."""

from __future__ import annotations

import pytest

from gentool.core.call import Call
from gentool.core.example import Wanted
from gentool.core.tool import Tool, ToolSet
from gentool.formats.bench import Oddity
from gentool.formats.bench_collector import BenchCollector, fold_messages

TOOLS = ToolSet.of([Tool(name="f", parameters={"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})])


def test_an_id_stands_for_one_example() -> None:
    collector = BenchCollector("made")
    collector.add("made/0", "all", "Do it.", TOOLS, [Wanted(call=Call(name="f", arguments={"a": 1}))])
    with pytest.raises(ValueError, match="its id stands for another record"):
        collector.add("made/0", "all", "Do it.", TOOLS)
    assert [example.query for example in collector.result().examples] == ["Do it."]


def test_oddities_are_kept_once_and_those_of_refused_records_are_left_out() -> None:
    collector = BenchCollector("made")
    collector.add("made/0", "all", "Do it.", TOOLS, [Wanted(call=Call(name="f", arguments={"a": "1"}))])
    for identifier in ("made/0", "made/0", "made/1"):
        collector.note(identifier, "odd")
    collector.refuse("file, line 2", "broken")
    bench = collector.result()
    assert bench.oddities == (Oddity("made/0", "gold does not fit the schema of 'f': $.a: '1' is not of type 'integer'"), Oddity("made/0", "odd"))
    assert [refusal.reason for refusal in bench.refused] == ["broken"]


def test_a_schema_that_cannot_be_applied_is_said() -> None:
    tools = ToolSet.of([Tool(name="f", parameters={"type": "object", "properties": {"a": {"$ref": "#/$defs/gone"}}})])
    collector = BenchCollector("made")
    collector.add("made/0", "all", "Do it.", tools, [Wanted(call=Call(name="f", arguments={"a": "1"}))])
    assert "the schema cannot be applied" in collector.result().oddities[0].what


def test_messages_are_folded_with_their_roles() -> None:
    chat = [("system", "Be brief."), ("user", "Hello"), ("assistant", "Yes?"), ("user", "A table.")]
    messages = [{"role": role, "content": content} for role, content in chat]
    assert fold_messages(messages) == (
        "System: Be brief.\n\nUser: Hello\n\nAssistant: Yes?\n\nUser: A table.",
        ["a system message is folded into the query", "earlier messages are folded into the query"],
    )
    assert fold_messages(messages[-1:]) == ("A table.", [])


@pytest.mark.parametrize("messages", [[], [{"role": "assistant", "content": "Hi"}], [{"role": "user", "content": " "}], [{"role": "user"}], ["Hi"]])
def test_what_does_not_end_with_the_user_is_refused(messages: list[object]) -> None:
    with pytest.raises(ValueError, match="its question"):
        fold_messages(messages)
