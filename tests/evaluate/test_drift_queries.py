"""The queries of a drift: what a file may hold, and what follows from what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gentool.core.drift import DriftQuery
from gentool.core.errors import RecordError
from gentool.core.tool import GENERATE_RESPONSE, Tool
from gentool.evaluate.catalogue_change import compare_catalogues
from gentool.evaluate.drift_queries import complete_query, read_queries

NONE = GENERATE_RESPONSE
SAME, OLD, TRAINS, GONE, NEW = (Tool(name=name, description=f"Does {name}.") for name in ("same", "old_name", "trains", "gone", "new"))
RENAMED, CHANGED = Tool(name="new_name", description=OLD.description), Tool(name="trains", description="Does trains and buses.")
BEFORE, AFTER = [SAME, OLD, TRAINS, GONE], [SAME, RENAMED, CHANGED, NEW]
CHANGE = compare_catalogues(BEFORE, AFTER)


def write(path: Path, *values: Any) -> Path:
    path.write_text("".join(f"{value if isinstance(value, str) else json.dumps(value)}\n" for value in values), encoding="utf-8")
    return path


def test_a_file_is_read_with_and_without_what_is_right(tmp_path: Path) -> None:
    full = {
        "query": "A train to Bern",
        "before": "gone",
        "after": "trains",
        "acceptable_before": [NONE],
        "acceptable_after": ["new"],
        "arguments": {"to": "Bern"},
        "alternatives": {"to": ["Berne"]},
    }
    found = read_queries(write(tmp_path / "q.jsonl", {"query": "Hello", "before": None}, "", full), BEFORE, AFTER)
    assert found == [DriftQuery(query="Hello"), DriftQuery.model_validate(full)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[1]", "a query is an object"),
        ('{"query": ', "not valid JSON"),
        ({"query": ""}, "query: "),
        ({"query": "  "}, "the query is empty"),
        ({"before": "same"}, "query: Field required"),
        ({"query": "Hi", "befor": "same"}, "unknown key 'befor'; known are query, before, after"),
        ({"query": "Hi", "before": 3}, "before: "),
        ({"query": "Hi", "before": "sane"}, r"before: the catalogue before has no tool 'sane'; did you mean 'same'\?"),
        ({"query": "Hi", "after": "gone"}, "after: the catalogue after has no tool 'gone'"),
        ({"query": "Hi", "after": "same", "acceptable_after": ["gone"]}, "after: the catalogue after has no tool 'gone'"),
        ({"query": "Hi", "acceptable_before": ["same"]}, "acceptable_before without before"),
        ({"query": "Hi", "before": "same", "arguments": {}}, "arguments without a tool in after"),
        ({"query": "first"}, "the query of line 1 again"),
        ('{"query": "\\ud800"}', "valid"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, value: Any, message: str) -> None:
    path = write(tmp_path / "q.jsonl", {"query": "first"}, value)
    with pytest.raises(RecordError, match=message) as caught:
        read_queries(path, BEFORE, AFTER)
    assert str(caught.value).startswith(f"{path}, line 2: ")


def test_a_file_without_queries_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds no queries"):
        read_queries(write(tmp_path / "q.jsonl", ""), BEFORE, AFTER)
    with pytest.raises(RecordError, match="no such file"):
        read_queries(tmp_path / "nosuch.jsonl", BEFORE, AFTER)


@pytest.mark.parametrize(
    ("before", "after", "completed"),
    [
        ("same", None, ("same", "same")),
        ("trains", None, ("trains", "trains")),
        ("old_name", None, ("old_name", "new_name")),
        ("gone", None, ("gone", None)),
        (NONE, None, (NONE, None)),
        (None, "same", ("same", "same")),
        (None, "new_name", ("old_name", "new_name")),
        (None, "new", (NONE, "new")),
        (None, NONE, (NONE, NONE)),
        (None, None, (None, None)),
        ("gone", "new", ("gone", "new")),
    ],
)
def test_the_open_side_follows_where_it_can(before: str | None, after: str | None, completed: tuple[str | None, str | None]) -> None:
    found = complete_query(DriftQuery(query="Hi", before=before, after=after), CHANGE)
    assert (found.before, found.after) == completed


def test_abstention_goes_on_where_nothing_was_added_or_changed() -> None:
    only_removed = compare_catalogues([SAME, GONE], [SAME])
    assert complete_query(DriftQuery(query="Hi", before=NONE), only_removed).after == NONE


def test_acceptable_tools_follow_under_their_names_after() -> None:
    found = complete_query(DriftQuery(query="Hi", before="same", acceptable_before=("old_name", "gone", NONE)), CHANGE)
    assert found.acceptable_after == ("new_name", NONE)
    found = complete_query(DriftQuery(query="Hi", after="same", acceptable_after=("new_name", "new", NONE)), CHANGE)
    assert found.acceptable_before == ("old_name", NONE)
