"""What a model is told is wrong with its records."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.synth.calls import ask_call, read_call_reply
from gentool.synth.objections import object_to_call, object_to_queries, object_to_weak_tool
from gentool.synth.queries import ask_queries, read_queries
from gentool.synth.weaken import ask_weak_tool, read_weak_tool

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}, "beds": {"type": "integer"}}, "required": ["city"]}
STRONG = Tool(name="find_room", description="Find a room", parameters=PARAMETERS)
WEAK = Tool(name="room_lite", parameters={"type": "object", "properties": {"city": {"type": "string"}}})


def weak_fault(ways: list[str] | None = None, **changes: Any) -> str | None:
    tool = {"name": "room_lite", "description": "Rooms", "parameters": PARAMETERS} | changes
    request = ask_weak_tool(STRONG, 0, 0)
    records = [read_weak_tool(request, json.dumps({"tool": tool, "ways": ways or []}))]
    return object_to_weak_tool(request, records, {"find_room", "other"})


def test_a_weak_tool_must_be_callable_new_and_weaker() -> None:
    assert weak_fault(parameters=WEAK.parameters) is None
    assert weak_fault(ways=["stale_data"]) is None
    assert "lacks nothing" in (weak_fault() or "")
    assert "lacks nothing" in (weak_fault(ways=["stale_data"], description="find a ROOM") or "")
    assert "another tool is named other" in (weak_fault(name="other") or "")
    assert "cannot be called" in (weak_fault(parameters={"type": "object", "properties": {"x": {"type": "strange"}}}) or "")


def query_fault(*written: tuple[str, str, list[str]], count: int = 1) -> str | None:
    request = ask_queries(STRONG, WEAK, count, 0)
    text = json.dumps({"queries": [{"text": text, "weak_fit": fit, "needs": needs} for text, fit, needs in written]})
    return object_to_queries(request, read_queries(request, text))


def test_queries_must_be_as_many_as_wanted_different_and_say_why_a_fit_is_lower() -> None:
    assert query_fault(("a bed", "full", []), ("two beds", "partial", ["x"]), count=2) is None
    assert query_fault(("a bed", "full", []), count=2) == "1 queries were written, 2 are wanted"
    assert "is there twice" in (query_fault(("a bed", "full", []), ("A bed!", "full", [])) or "")
    assert "is full, but `needs` says that it lacks beds" in (query_fault(("a bed", "full", ["beds"])) or "")
    assert "does not say what it lacks" in (query_fault(("a bed", "none", [])) or "")


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ({"name": "find_room", "arguments": {"city": "Oslo", "beds": 2}}, None),
        ({"name": "room", "arguments": {"city": "Oslo"}}, "names room"),
        ({"name": "find_room", "arguments": {"beds": 2}}, "'city' is a required property"),
        ({"name": "find_room", "arguments": {"city": "Rome"}}, "'Rome' of 'city' is not in the query"),
        ({"name": "find_room", "arguments": {"city": "Oslo"}, "evidence": {"city": ["Rome"]}}, "evidence 'Rome'"),
        ({"name": "find_room", "arguments": {"city": "Oslo"}, "alternatives": {"beds": ["two"]}}, "further value of 'beds'"),
    ],
)
def test_a_call_must_be_valid_and_taken_from_the_query(reply: dict[str, Any], fault: str | None) -> None:
    query = read_queries(ask_queries(STRONG, WEAK, 1, 0), '{"queries": [{"text": "two beds in Oslo", "weak_fit": "partial"}]}')[0]
    request = ask_call(query, STRONG, WEAK, STRONG, 1, 0)
    found = object_to_call(request, [read_call_reply(request, query, json.dumps(reply))], query)
    assert found is None if fault is None else fault in (found or "")
