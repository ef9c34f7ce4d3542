"""Queries that are written for a drift: which tools get some, and what is said to be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from gentool.core.drift import DriftQuery
from gentool.core.jsonl import read_records
from gentool.core.tool import GENERATE_RESPONSE, Tool
from gentool.drift.synthesise import DriftSynthSettings, write_queries
from gentool.evaluate.catalogue_change import compare_catalogues
from gentool.starter import read_starter_tools

NONE = GENERATE_RESPONSE
STARTER = read_starter_tools()
KEPT, CHANGED, RENAMED, GONE, ADDED = STARTER[0:40:4], STARTER[41], STARTER[53], STARTER[65], STARTER[81]


def with_changes(tool: Tool, **changes: object) -> Tool:
    return Tool(**{**tool.model_dump(), **changes})


BEFORE = [*KEPT, CHANGED, RENAMED, GONE]
AFTER = [*KEPT, with_changes(CHANGED, description=f"{CHANGED.description} Also at night."), with_changes(RENAMED, name="another_name"), ADDED]


def write(folder: Path, before: list[Tool], after: list[Tool], **settings: object) -> dict[str | None, list[DriftQuery]]:
    """The queries by the tool that is right after, those of removed tools by None."""
    chosen = DriftSynthSettings.model_validate({"queries_per_tool": 3, "unchanged_tools": 4, **settings})
    found: dict[str | None, list[DriftQuery]] = {}
    for query in write_queries(folder, before, after, compare_catalogues(before, after), chosen, 0):
        found.setdefault(query.after, []).append(query)
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, list[DriftQuery]]:
    return write(tmp_path_factory.mktemp("queries"), BEFORE, AFTER)


def test_what_is_right_follows_from_the_tool_that_a_query_was_written_for(written: dict[str | None, list[DriftQuery]]) -> None:
    sides = {(query.before, query.after) for queries in written.values() for query in queries}
    own = {(NONE, ADDED.name), (CHANGED.name, CHANGED.name), (RENAMED.name, "another_name"), (GONE.name, None)}
    assert own < sides
    assert {before == after for before, after in sides - own} == {True}
    assert len(sides - own) == 4


def test_calls_come_with_their_arguments_but_not_those_of_a_tool_that_is_gone(written: dict[str | None, list[DriftQuery]]) -> None:
    assert all((query.arguments is None) == (query.after is None) for queries in written.values() for query in queries)


def test_half_of_the_tools_that_stayed_are_those_nearest_to_what_is_new(tmp_path: Path) -> None:
    near = with_changes(KEPT[7], name="near", description=f"{KEPT[7].description} Now in colour.")
    for seed in range(3):
        folder = tmp_path / str(seed)
        write_queries(
            folder, KEPT, [*KEPT, near], compare_catalogues(KEPT, [*KEPT, near]), DriftSynthSettings(queries_per_tool=1, unchanged_tools=2), seed
        )
        asked = [tool.name for tool in read_records(folder / "tools.jsonl", Tool)]
        assert asked[0] == "near"
        assert KEPT[7].name in asked
        assert len(asked) == 3


def test_a_twin_serves_as_well_before_and_after(tmp_path: Path) -> None:
    """A new tool that says the same as an old one: either is right, and calling the old one before was no mistake."""
    twin = with_changes(KEPT[2], name="twin", description=f"{KEPT[2].description} ")
    found = write(tmp_path, KEPT, [*KEPT, twin], unchanged_tools=10)
    assert all(query.before == KEPT[2].name for query in found["twin"])
    assert all(query.acceptable_before == (NONE,) for query in found["twin"])
    assert all(query.acceptable_after == (KEPT[2].name,) for query in found["twin"])
    assert all(query.acceptable_after == ("twin",) for query in found.get(KEPT[2].name, []))


def test_what_people_wrote_of_the_starter_set_is_taken_with_its_other_servers(tmp_path: Path) -> None:
    every = {name for tool in STARTER for name in [tool.name]}
    found = write(tmp_path, STARTER[:20], STARTER[:24], teacher="starter", queries_per_tool=10)
    names = {name for queries in found.values() for query in queries for name in (*query.acceptable_before, *query.acceptable_after)}
    assert set(found) >= {tool.name for tool in STARTER[20:24]}
    assert names <= {tool.name for tool in STARTER[:24]} | {NONE} < every | {NONE}
    assert any(query.alternatives for queries in found.values() for query in queries)


def test_the_same_seed_writes_the_same_queries(written: dict[str | None, list[DriftQuery]], tmp_path: Path) -> None:
    assert write(tmp_path, BEFORE, AFTER) == written
