"""The task weaken: ids, the ways that are asked for, and the weak tool that is read."""

from __future__ import annotations

import json
from collections import Counter

from gentool.core.tool import Tool
from gentool.synth.weaken import SCHEMA_WAYS, STATED_WAYS, WORDINGS, ask_weak_tool, draw_ways, read_weak_tool

STRONG = Tool(name="find_room", description="Find a room", domain="hotels", source="here")


def test_ids_follow_from_what_is_asked() -> None:
    assert len({ask_weak_tool(STRONG, number, seed).id for number in (0, 1) for seed in (0, 1)}) == 4
    assert ask_weak_tool(STRONG, 0, 0) == ask_weak_tool(STRONG, 0, 0)


def test_a_weak_tool_keeps_the_domain_of_its_strong_tool() -> None:
    text = json.dumps({"tool": {"name": "room_lite", "domain": "else"}, "ways": ["fewer_parameters"]})
    weak = read_weak_tool(ask_weak_tool(STRONG, 0, 0), text)
    assert (weak.tool.domain, weak.tool.source, weak.strong, weak.ways) == ("hotels", "here", STRONG.id, ("fewer_parameters",))
    assert weak.id == weak.tool.id == Tool(name="room_lite").id


def test_the_ways_vary_over_a_catalogue_and_fit_each_tool(starter_tools: list[Tool]) -> None:
    drawn = {tool.id: draw_ways(tool, 0, 0) for tool in starter_tools}
    counts = Counter(way for ways in drawn.values() for way in ways)
    assert set(SCHEMA_WAYS) | set(STATED_WAYS) | set(WORDINGS) == set(counts)
    assert all(2 <= len(ways) <= 3 and ways[-1] in WORDINGS and set(ways) & set(SCHEMA_WAYS) for ways in drawn.values())
    for tool in starter_tools:
        if "single_value" in drawn[tool.id]:
            assert any(schema.get("type") == "array" for schema in tool.properties.values())
    assert draw_ways(STRONG, 0, 0)[0] in STATED_WAYS


def test_the_prompt_shows_the_tool_and_says_each_way(starter_tools: list[Tool]) -> None:
    first, second = (ask_weak_tool(tool, 0, 0).messages for tool in starter_tools[:2])
    assert first[0] == second[0]
    assert starter_tools[0].name in first[1]["content"] and starter_tools[0].name not in second[1]["content"]
    for way in draw_ways(starter_tools[0], 0, 0):
        assert f"- {way}: " in first[1]["content"]
