"""Verification: each check refuses what it should, by its name and with the record, and keeps what is right."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.family import Family, Fit, Query, WeakTool
from gentool.core.tool import Tool
from gentool.synth.calls import QueryCall
from gentool.synth.grounding import is_grounded
from gentool.synth.verify import Rejection, VerifySettings, verify_families, verify_tools, verify_weak_tools


def make_tool(name: str, *parameters: str) -> Tool:
    properties = {parameter: {"type": "string", "default": "none"} for parameter in parameters}
    return Tool(name=name, parameters={"type": "object", "properties": properties})


STRONG, WEAK = make_tool("find_room", "city", "floor"), make_tool("room_lite", "city")


def weak_record(tool: Tool = WEAK, strong: Tool = STRONG) -> WeakTool:
    return WeakTool(id=tool.id, strong=strong.id, tool=tool)


def make_query(text: str, weak_fit: Fit = "full", **changes: Any) -> Query:
    fields = {"id": text, "text": text, "strong": STRONG.id, "weak": WEAK.id, "fits": {STRONG.id: "full", WEAK.id: weak_fit}}
    return Query.model_validate(fields | changes)


def make_calls(query: Query, **arguments: Any) -> list[QueryCall]:
    given = arguments or {"city": "Oslo"}
    tools = {STRONG.id: STRONG, WEAK.id: WEAK}
    return [
        QueryCall(id=f"{query.id}/{identifier}", query=query.id, tool=identifier, call=Call(name=tools[identifier].name, arguments=given))
        for identifier, fit in query.fits.items()
        if fit != "none"
    ]


def check(queries: list[Query], calls: list[QueryCall] | None = None, **settings: Any) -> tuple[list[Family], list[Rejection]]:
    rejections: list[Rejection] = []
    answered = [call for query in queries for call in make_calls(query)] if calls is None else calls
    families = verify_families([STRONG], [weak_record()], queries, answered, VerifySettings(**settings), rejections)
    return families, [rejection for rejection in rejections if rejection.check != "no_queries"]


def refused_by(rejections: list[Rejection]) -> list[str]:
    return [rejection.check for rejection in rejections]


def test_what_is_right_is_kept_whole() -> None:
    queries = [make_query("a room in Oslo"), make_query("is Oslo free tonight?", "none")]
    families, rejections = check(queries)
    assert rejections == []
    assert [query.id for query in families[0].queries] == [query.id for query in queries]
    assert families[0].strong == STRONG and families[0].weak == (weak_record(),)
    assert families[0].queries[0].calls[WEAK.id].arguments == {"city": "Oslo"}
    assert families[0].queries[1].calls.keys() == {STRONG.id}


def test_tools_with_faulty_schemas_or_twice_are_refused_with_their_record() -> None:
    rejections: list[Rejection] = []
    bad = Tool(name="bad", parameters={"type": "object", "properties": {"x": {"type": "strange"}}})
    spaced = make_tool("name with spaces", "x")
    assert verify_tools([STRONG, bad, STRONG, spaced], rejections) == [STRONG, spaced]
    assert refused_by(rejections) == ["tool_lint", "repeated"]
    assert "'strange'" in rejections[0].reason and Tool.model_validate(rejections[0].record) == bad


def test_weak_tools_are_refused_by_each_check() -> None:
    rejections: list[Rejection] = []
    broken = Tool(name="broken", parameters={"type": "object", "properties": {"x": {"minimum": "low"}}})
    records = [
        weak_record(broken),
        weak_record(make_tool("orphan", "city"), make_tool("gone")),
        weak_record(make_tool("same_room", "city", "floor")),
        weak_record(make_tool(STRONG.name, "city")),
        weak_record(),
        weak_record(make_tool(WEAK.name, "floor")),
    ]
    assert verify_weak_tools(records, [STRONG], rejections) == [records[4]]
    assert refused_by(rejections) == ["tool_lint", "strong_refused", "weaker", "name_taken", "name_taken"]
    assert [WeakTool.model_validate(rejection.record) for rejection in rejections] == [*records[:4], records[5]]
    assert STRONG.name in rejections[3].reason


def test_a_query_of_a_refused_pair_is_refused() -> None:
    gone = make_tool("gone", "city")
    lost = make_query("a room in Oslo", weak=gone.id, fits={STRONG.id: "full", gone.id: "none"})
    stranger = make_query("a flat in Oslo", fits={STRONG.id: "full", WEAK.id: "none", gone.id: "none"})
    families, rejections = check([lost, stranger])
    assert families == [] and refused_by(rejections) == ["tool_refused", "tool_refused"]
    assert gone.id in rejections[0].reason and gone.id in rejections[1].reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"call": Call(name=STRONG.name, arguments={"city": 5})}, "is not of type 'string'"),
        ({"call": Call(name=STRONG.name, arguments={"zone": "Oslo"})}, "'zone' was unexpected"),
        ({"call": Call(name="other", arguments={"city": "Oslo"})}, "names other"),
        (None, f"no call for {STRONG.name}"),
    ],
)
def test_calls_that_are_not_valid_are_refused(change: dict[str, Any] | None, reason: str) -> None:
    query = make_query("a room in Oslo", "none")
    calls = [call.model_copy(update=change) for call in make_calls(query)] if change else []
    families, rejections = check([query], calls)
    assert families == [] and refused_by(rejections) == ["call_schema"] and reason in rejections[0].reason
    assert rejections[0].record["text"] == query.text


def test_an_ungrounded_value_is_refused_and_a_default_is_not() -> None:
    query = make_query("a room in Oslo", "none")
    assert refused_by(check([query], make_calls(query, city="Bergen"))[1]) == ["grounded"]
    assert check([query], make_calls(query, city="Oslo", floor="none"))[1] == []


def test_duplicates_exact_and_near_are_refused_and_the_first_is_kept() -> None:
    first = make_query("please find me one quiet room with a view over the water in Oslo")
    exact = make_query("PLEASE find me one quiet room with a view over the water in Oslo!")
    near = make_query("now please find me one quiet room with a view over the water in Oslo")
    other = make_query("a room in Oslo")
    families, rejections = check([first, exact, near, other])
    assert [query.id for query in families[0].queries] == [first.id, other.id]
    assert refused_by(rejections) == ["duplicate", "near_duplicate"] and first.id in rejections[1].reason
    assert refused_by(check([first, exact, near, other], near_duplicate=0.99)[1]) == ["duplicate"]


def test_the_cap_of_a_tool_holds() -> None:
    queries = [make_query(f"{word} room in Oslo") for word in ("big", "small", "warm", "dry")]
    families, rejections = check(queries, max_queries_per_tool=3)
    assert len(families[0].queries) == 3 and refused_by(rejections) == ["cap"] and rejections[0].id == queries[3].id


def test_a_tool_without_queries_is_refused() -> None:
    rejections: list[Rejection] = []
    assert verify_families([STRONG], [], [], [], VerifySettings(), rejections) == []
    assert refused_by(rejections) == ["no_queries"] and rejections[0].id == STRONG.id


@pytest.mark.parametrize(
    ("name", "value", "text", "grounded"),
    [
        ("city", "New York", "to new-york today", True),
        ("city", "York New", "to New York", False),
        ("city", "Oslo", "Osloborg", False),
        ("count", 5, "15 of them", False),
        ("count", 5, "five of them", True),
        ("count", 1200, "for 1,200 people", True),
        ("level", -4, "4 degrees below zero", True),
        ("ratio", 0.5, "0.5 of it", True),
        ("ratio", 0.5, "5 of it", False),
        ("with_breakfast", True, "breakfast included", True),
        ("with_breakfast", True, "sea view", False),
        ("tags", ["a", "b"], "a and b", True),
        ("tags", ["a", "c"], "a and b", False),
        ("place", {"city": "Oslo", "floor": 3}, "Oslo, floor 3", True),
        ("place", {"city": "Oslo", "floor": 4}, "Oslo, floor 3", False),
        ("mark", "+", "a + b", True),
        ("mark", "+", "a b", False),
        ("any", None, "a", True),
    ],
)
def test_grounding(name: str, value: Any, text: str, grounded: bool) -> None:
    assert is_grounded(name, value, text) is grounded
