"""Cases: fits are right by construction, judged here by jsonschema and the two schemas alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gentool.core.tool import Tool
from gentool.engines.vectors import words_of
from gentool.synth.cases import Case, draw_case, weak_arguments
from gentool.synth.gaps import find_gaps
from gentool.synth.values import UnsampleableError
from gentool.synth.ways import weaken_tool

COUNT = 10


def is_valid(arguments: dict[str, Any], tool: Tool) -> bool:
    closed = {"additionalProperties": False, **tool.parameters}
    return bool(Draft202012Validator(closed).is_valid(arguments))


@pytest.fixture(scope="module")
def cases(starter_tools: list[Tool]) -> list[tuple[Tool, Tool, Case]]:
    drawn = []
    for tool in starter_tools:
        weakened = weaken_tool(tool, random.Random(f"9/{tool.id}"))
        assert weakened is not None
        drawn += [(tool, weakened[0], draw_case(tool, weakened[0], index, COUNT, f"case/{tool.id}")) for index in range(COUNT)]
    return drawn


def lost(strong: Tool, weak: Tool, case: Case) -> set[str]:
    """What the weak tool cannot do for the query, judged from the values and the two schemas alone: parameter or result names."""
    names = set()
    for name, value in case.arguments.items():
        schema = weak.properties.get(name)
        single = strong.properties[name].get("type") == "array" and schema is not None and schema.get("type") != "array"
        mapped = value[0] if single and len(value) == 1 else value
        if schema is None or not Draft202012Validator(schema).is_valid(mapped):
            names.add(name)
    returned = set((strong.returns or {}).get("properties", {})) - set((weak.returns or {}).get("properties", {}))
    wanted = {gap.name for gap in case.needs if gap.kind == "missing_return"}
    assert wanted <= returned
    return names | wanted


def test_the_strong_call_is_valid(cases: list[tuple[Tool, Tool, Case]]) -> None:
    assert len(cases) >= 1200
    assert [(strong.name, case.arguments) for strong, _, case in cases if not is_valid(case.arguments, strong)] == []


def test_fits_follow_from_what_the_weak_tool_loses(cases: list[tuple[Tool, Tool, Case]]) -> None:
    for strong, weak, case in cases:
        missing = lost(strong, weak, case)
        assert (case.weak_fit == "full") == (not missing), (strong.name, case)
        assert {gap.name for gap in case.needs} == missing, (strong.name, case)
    assert {case.weak_fit for _, _, case in cases} == {"full", "partial", "none"}


def test_a_full_fit_gives_the_strong_arguments_to_the_weak_tool(cases: list[tuple[Tool, Tool, Case]]) -> None:
    for strong, weak, case in cases:
        if case.weak_fit == "full":
            given = weak_arguments(case, strong, weak)
            assert given.keys() == case.arguments.keys()
            assert all(given[name] == value or [given[name]] == value for name, value in case.arguments.items())


def test_the_query_uses_every_gap_that_it_needs(cases: list[tuple[Tool, Tool, Case]]) -> None:
    for strong, weak, case in cases:
        assert set(case.needs) <= set(find_gaps(strong, weak))
        for gap in case.needs:
            assert gap.name in case.arguments or " ".join(words_of(gap.name)) in case.text


def test_a_weak_call_is_valid(cases: list[tuple[Tool, Tool, Case]]) -> None:
    for strong, weak, case in cases:
        if case.weak_fit != "none":
            assert is_valid(weak_arguments(case, strong, weak), weak), (strong.name, weak.parameters, case)


def test_both_kinds_of_queries_are_drawn(cases: list[tuple[Tool, Tool, Case]]) -> None:
    share = sum(case.weak_fit == "full" for _, _, case in cases) / len(cases)
    assert 0.35 <= share <= 0.45


def test_without_a_weak_tool_there_is_no_weak_fit() -> None:
    tool = Tool(name="read_word", parameters={"type": "object", "properties": {"word": {"type": "string"}}})
    case = draw_case(tool, None, 0, 1, "seed")
    assert case.weak_fit == "none" and case.needs == () and case.arguments.keys() == {"word"}
    assert case == draw_case(tool, None, 0, 1, "seed") != draw_case(tool, None, 0, 1, "other")


def test_a_required_value_that_cannot_be_drawn_makes_the_case_unsampleable() -> None:
    tool = Tool(name="send", parameters={"type": "object", "properties": {"body": {"type": "object"}}, "required": ["body"]})
    with pytest.raises(UnsampleableError, match="'body'"):
        draw_case(tool, None, 0, 1, "seed")


def test_a_required_parameter_that_the_weak_tool_lacks_is_needed_by_every_query() -> None:
    properties = {name: {"type": "string"} for name in ("city", "guest", "note")}
    strong = Tool(name="book", parameters={"type": "object", "properties": properties, "required": ["city", "guest"]})
    weak = Tool(name="book_lite", parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
    for index in range(COUNT):
        case = draw_case(strong, weak, index, COUNT, "seed")
        assert case.weak_fit == "partial" and "missing_parameter:guest" in [gap.label for gap in case.needs]
        assert weak_arguments(case, strong, weak).keys() == {"city"}
