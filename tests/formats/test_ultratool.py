"""Reading UltraTool: tools, and the calls of its plans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RecordError
from gentool.formats.ultratool import import_ultratool

Write = Callable[..., Path]

RENT: dict[str, Any] = {
    "name": "rent_boat",
    "description": "Rents a boat.",
    "arguments": {"type": "object", "properties": {"boat": {"type": "string"}, "hours": {"type": "integer"}, "price": {"type": "number"}}},
    "results": {"type": "object", "properties": {"receipt": {"type": "string"}}},
}


def record(*calls: Any, **changes: Any) -> dict[str, Any]:
    """A record whose plan holds the calls, numbered, after a step without one."""
    steps = [{"step": "1. Rent", "tool": "null"}, *({"step": f"1.{number} Do it", "tool": call} for number, call in enumerate(calls, start=1))]
    return {"question": "I want a boat.\n", "plan": steps, "tools": [RENT], "domain": "Leisure", **changes}


def test_tools_calls_and_counts(write: Write) -> None:
    first = record("rent_boat(boat='Queen's Pride', hours='2')", "No tool required", "rent_boat(boat=<chosen boat>, hours=3, sail='red')")
    result = import_ultratool(write([first, record("rent_boat(price=2.5)")], lines=True))
    tool = result.tools[0]
    assert (tool.name, tool.domain, tool.source) == ("rent_boat", "Leisure", "UltraTool")
    assert (tool.parameters, tool.returns) == (RENT["arguments"], RENT["results"])
    assert [call.call.arguments for call in result.calls] == [
        {"boat": "Queen's Pride", "hours": 2},
        {"boat": "<chosen boat>", "hours": 3, "sail": "red"},
        {"price": 2.5},
    ]
    assert [(call.line, call.step, call.placeholder, call.unknown) for call in result.calls] == [
        (1, "1.1 Do it", False, ()),
        (1, "1.3 Do it", True, ("sail",)),
        (2, "1.1 Do it", False, ()),
    ]
    assert {call.tool for call in result.calls} == {tool.id}
    assert {call.query for call in result.calls} == {"I want a boat."}
    assert result.counts == {"records": 2, "calls": 3, "argument keys": 6, "keys unknown to the schema": 1, "calls with placeholders": 1}
    assert result.read == 2
    assert len(result.merged) == 1


def test_values_that_do_not_read_as_their_type_are_noted(write: Write) -> None:
    result = import_ultratool(write([record("rent_boat(hours='an afternoon', price=<the price>)")], lines=True))
    assert result.calls[0].call.arguments == {"hours": "an afternoon", "price": "<the price>"}
    assert "values kept as text, which do not read as the declared integer (1x)" in result.notes
    assert "values kept as text, which do not read as the declared number (1x)" in result.notes


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("sail_boat(boat='x')", "'sail_boat', which is not among the record's tools"),
        ("rent_boat", "not of the form"),
        ("rent_boat(boat='x', boat='y')", "twice"),
        (None, "a text 'tool'"),
    ],
)
def test_a_bad_call_is_refused_with_line_and_step(write: Write, call: Any, reason: str) -> None:
    path = write([record(call, "rent_boat(boat='x')")], lines=True)
    result = import_ultratool(path)
    assert len(result.calls) == 1
    assert result.refused[0].where == f"{path}, line 1, step 2"
    assert reason in result.refused[0].reason


def test_a_refused_tool_takes_its_calls_with_it(write: Write) -> None:
    reserved = {**RENT, "name": "generate_response"}
    result = import_ultratool(write([record("generate_response(boat='x')", tools=[reserved, "boat"])], lines=True))
    assert (result.tools, result.calls, result.read) == ([], [], 2)
    assert [refusal.reason.split(";")[0] for refusal in result.refused[:2]] == [
        "'generate_response' is the reserved name of the default tool",
        "a tool definition must be an object",
    ]
    assert "not among the record's tools" in result.refused[2].reason


@pytest.mark.parametrize(
    ("changes", "missing"), [({"plan": None}, "list 'plan'"), ({"tools": {}}, "list 'tools'"), ({"question": None}, "text 'question'")]
)
def test_a_record_that_lacks_something_is_refused(write: Write, changes: dict[str, Any], missing: str) -> None:
    path = write([record(**changes), record("rent_boat(hours=1)")], lines=True)
    result = import_ultratool(path)
    assert (len(result.tools), result.counts["records"]) == (1, 1)
    assert result.refused == [(f"{path}, line 1", f"has no {missing}; of UltraTool's files it is test.json that can be imported")]


def test_a_broken_line_raises(write: Write) -> None:
    with pytest.raises(RecordError, match="line 2: not valid JSON"):
        import_ultratool(write("{}\n{oops\n"))


def test_the_real_file_gives_every_tool_and_call(real_data: Callable[[str], Path]) -> None:
    result = import_ultratool(real_data("ultratool/English-dataset/test.json"))
    assert result.refused == []
    assert len(result.tools) == 436
    assert len(result.calls) == 2381
    assert result.counts["records"] == 1000
    # Four more keys than a split at ", name=" finds: three are quoted, one follows a missing comma. All but three are known to their tools.
    assert result.counts["argument keys"] == 7343
    assert result.counts["keys unknown to the schema"] <= 3
    assert 290 <= result.counts["calls with placeholders"] <= 300
    assert len({tool.domain for tool in result.tools}) > 15


def test_most_real_values_have_their_declared_types(real_data: Callable[[str], Path]) -> None:
    from gentool.core.schema import schema_faults

    result = import_ultratool(real_data("ultratool/English-dataset/test.json"))
    tools = {tool.id: tool for tool in result.tools}
    literal = [call for call in result.calls if not call.placeholder]
    valid = [call for call in literal if not schema_faults(call.call.arguments, tools[call.tool].parameters)]
    assert len(valid) / len(literal) > 0.9


def test_the_file_with_cut_values_is_refused(real_data: Callable[[str], Path]) -> None:
    result = import_ultratool(real_data("ultratool/English-dataset/test_set/tool_usage.json"))
    assert (result.tools, result.read, len(result.refused)) == ([], 0, 1000)
    assert "test.json" in result.refused[0].reason
