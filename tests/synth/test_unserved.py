"""The task unserved: the domain's tools are shown, and no more queries are read than were asked for."""

from __future__ import annotations

import json

from gentool.core.tool import Tool
from gentool.synth.unserved import MOST_SHOWN, ask_unserved, read_unserved

TOOLS = [Tool(name=f"tool_{number}", description=f"does {number}") for number in range(MOST_SHOWN + 5)]


def test_the_tools_of_the_domain_are_shown_and_of_many_the_last_by_name_alone() -> None:
    user = ask_unserved("travel", TOOLS, 4, 0).messages[1]["content"]
    assert user.startswith("The tools (travel):\n- tool_0: does 0\n") and user.endswith("Write 4 queries.")
    assert all(tool.name in user for tool in TOOLS) and TOOLS[-1].description not in user


def test_queries_are_read_with_what_comes_near_up_to_the_count() -> None:
    text = json.dumps({"queries": [{"text": f"query {number}", "near": ["tool_1"]} for number in range(5)]})
    found = read_unserved(ask_unserved("travel", TOOLS, 3, 0), text)
    assert [query.text for query in found] == ["query 0", "query 1", "query 2"]
    assert all(query.domain == "travel" and query.near == ("tool_1",) for query in found)
