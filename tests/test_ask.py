"""Asking a run's student: which tools it is shown, and how its answers are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gentool.ask import choose_candidates
from gentool.core.errors import CatalogueError
from gentool.core.jsonl import write_records
from gentool.core.tool import Tool
from gentool.engines.engine import Reply, Request
from gentool.engines.hf import HfEngine

Gentool = Callable[..., Any]
Refused = Callable[..., str]

TOOLS = [
    Tool(name="book_table", description="Reserves a table in a restaurant."),
    Tool(name="play_song", description="Plays music in a room."),
    Tool(name="weather", description="Rain and wind at sea."),
    Tool(name="weather", description="Forecast of rain in a city."),
    Tool(name="transfer_money", description="Moves money between accounts."),
]


def test_the_nearest_tools_come_first_and_no_more_than_k() -> None:
    assert choose_candidates("a table in a restaurant for music", TOOLS, 2).names == ("book_table", "play_song")
    assert len(choose_candidates("a table", TOOLS, 3)) == 3


def test_of_several_tools_of_one_name_the_nearest_stands_for_all() -> None:
    chosen = choose_candidates("forecast for the city", TOOLS, 10)
    assert sorted(chosen.names) == ["book_table", "play_song", "transfer_money", "weather"]
    assert chosen[0] == TOOLS[3]


def test_equal_tools_keep_the_order_of_the_catalogue() -> None:
    assert choose_candidates("qwerty", TOOLS, 3).names == ("book_table", "play_song", "weather")


def test_without_tools_there_is_nothing_to_choose_from() -> None:
    with pytest.raises(CatalogueError, match="no tools"):
        choose_candidates("a table", [], 3)


def answer_of(out: str) -> dict[str, str]:
    return {key: text.strip() for key, _, text in (line.partition(":") for line in out.splitlines())}


def test_ask_shows_candidates_ranking_and_call(finished: Path, gentool: Gentool) -> None:
    outcome = gentool("ask", finished, "Search flights from OSL to LIS")
    assert (outcome.status, outcome.err) == (0, "")
    answer = answer_of(outcome.out)
    assert list(answer) == ["candidates", "ranking", "call"]
    candidates = answer["candidates"].split(", ")
    assert len(candidates) == 3
    assert candidates[0] == "search_one_way_flights"
    for told in (answer["ranking"], answer["call"]):
        assert told.startswith("could not be read (") or json.loads(told)


def test_ask_takes_another_catalogue(finished: Path, gentool: Gentool, refused: Refused, tmp_path: Path) -> None:
    write_records(tmp_path / "tools.jsonl", TOOLS)
    outcome = gentool("ask", finished, "Will there be rain?", "--tools", tmp_path / "tools.jsonl")
    candidates = answer_of(outcome.out)["candidates"].split(", ")
    assert candidates[0] == "weather"
    assert len(candidates) == 3
    assert set(candidates) <= {tool.name for tool in TOOLS}
    assert "no such file" in refused("ask", finished, "Will there be rain?", "--tools", tmp_path / "nosuch.jsonl")


def test_what_cannot_be_read_is_told_on_one_line(finished: Path, gentool: Gentool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HfEngine, "reply", lambda _, requests: iter([Reply(request.id, "\n\nNo.") for request in requests]))
    answer = answer_of(gentool("ask", finished, "Search flights").out)
    assert answer["ranking"] == 'could not be read (no JSON list of names in the answer): "\\n\\nNo."'
    assert answer["call"].endswith(': "\\n\\nNo."')


def test_the_call_is_held_as_the_recipe_has_it(run_copy: Path, gentool: Gentool) -> None:
    """The student of this run is hardly trained: free, its calls cannot be read."""
    queries = ("Search flights from OSL to LIS", "Sing me a song", "0")
    assert any("could not be read" in answer_of(gentool("ask", run_copy, query).out)["call"] for query in queries)
    (run_copy / "recipe.yaml").write_text((run_copy / "recipe.yaml").read_text().replace("constrain: none", "constrain: schema"))
    for query in queries:
        answer = answer_of(gentool("ask", run_copy, query).out)
        assert json.loads(answer["call"])["name"] in [*answer["candidates"].split(", "), "generate_response"]


def test_natively_words_are_abstention_and_the_tools_are_no_part_of_the_text(
    run_copy: Path, gentool: Gentool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def reply(_: HfEngine, requests: list[Request]) -> Iterator[Reply]:
        asked.extend(requests)
        yield from (Reply(request.id, "No tool can do this.") for request in requests)

    recipe = run_copy / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("tools: signature", "tools: json").replace("answer: json", "answer: native"))
    monkeypatch.setattr(HfEngine, "reply", reply)
    outcome = gentool("ask", run_copy, "Search flights from OSL to LIS")
    answer = answer_of(outcome.out)
    assert json.loads(answer["call"]) == {"name": "generate_response", "arguments": {}}
    assert answer["ranking"].startswith("could not be read (")
    for request in asked:
        assert [tool["function"]["name"] for tool in request.tools] == answer["candidates"].split(", ")
        assert "search_one_way_flights" not in request.messages[0]["content"]


def test_an_empty_query_is_refused(finished: Path, refused: Refused) -> None:
    assert "the query is empty" in refused("ask", finished, " ")


def test_ask_before_training_says_what_to_run(run_copy: Path, refused: Refused) -> None:
    (run_copy / "train" / "select" / "done.json").unlink()
    assert f"run `gentool train {run_copy}` first" in refused("ask", run_copy, "Search flights")
