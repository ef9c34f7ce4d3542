"""The figures of the starter set: each is what a small case says, and the data card shows what the command prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.starter.records import Reading
from gentool.stats import describe_stats, schema_overlap, self_bleu, summarise_readings


@pytest.fixture(scope="module")
def stats(gentool: Callable[..., Any]) -> dict[str, Any]:
    """What `gentool starter stats --json` prints."""
    printed = gentool("starter", "stats", "--json")
    assert printed.status == 0, printed.err
    return dict(json.loads(printed.out))


def test_the_card_shows_what_the_command_prints(stats: dict[str, Any]) -> None:
    card = resources.files("gentool.starter").joinpath("README.md").read_text(encoding="utf-8")
    assert "\n".join(describe_stats(stats)) in card


def test_queries_are_more_varied_than_those_of_the_rules_teacher(stats: dict[str, Any]) -> None:
    ours, rules = stats["language"]["starter"], stats["language"]["rules"]
    assert ours["type_token_ratio"] > 1.2 * rules["type_token_ratio"]
    assert ours["schema_overlap"] < rules["schema_overlap"] / 2
    assert ours["self_bleu"] < rules["self_bleu"] / 2
    spread = {name: table["words_per_query"]["p95"] - table["words_per_query"]["p5"] for name, table in stats["language"].items()}
    assert spread["starter"] > spread["rules"]


def test_word_overlap_does_not_solve_it(stats: dict[str, Any]) -> None:
    assert stats["difficulty"]["top_1"] < 0.7 and stats["difficulty"]["selection"] < 0.7


def test_every_query_passes_verification(stats: dict[str, Any]) -> None:
    assert stats["verified"] == {"families": stats["counts"]["families"], "queries": stats["counts"]["queries"]}


def test_self_bleu_is_one_for_equal_texts_and_low_for_texts_without_shared_words() -> None:
    same = ["book", "a", "quiet", "room", "in", "the", "old", "town"]
    assert self_bleu([same, same, same]) == pytest.approx(1.0)
    assert self_bleu([["a", "b", "c", "d", "e"], ["f", "g", "h", "i", "j"]]) == 0.0
    # one shared word of four, nothing shared beyond: (1/4 * 1/4 * 1/3 * 1/2) ** (1/4) by add-one smoothing above order 1
    assert self_bleu([["a", "b", "c", "d"], ["a", "x", "y", "z"]]) == pytest.approx((1 / 4 * 1 / 4 * 1 / 3 * 1 / 2) ** 0.25)


def test_the_overlap_is_the_share_of_content_words_in_the_schema() -> None:
    tool = Tool.model_validate({"name": "book_room", "parameters": {"type": "object", "properties": {"town": {"description": "Where to stay"}}}})
    assert schema_overlap("is there a room in this town with breakfast included", tool) == pytest.approx(2 / 4)
    assert schema_overlap("is there", tool) == 0.0


def test_readings_are_counted_by_domain_and_round() -> None:
    fields: dict[str, Any] = {"candidates": (), "choice": "x"}
    readings = [
        Reading(query="transfer_funds/1", **fields),
        Reading(query="transfer_funds/2", same_tool=False, same_call=False, resolved="query reworded", **fields),
        Reading(query="banking/unserved/1", same_call=False, **fields),
        Reading(query="transfer_funds/2", round=2, **fields),
    ]
    found = summarise_readings(readings)
    assert found["all"] == {"read": 3, "tool": 2 / 3, "call": 1 / 3, "weak_fit": 1.0}
    assert found["by_domain"] == {"banking": found["all"]} and found["read_anew"]["read"] == 1
    assert found["disagreements"] == 2 and found["resolved"] == {"query reworded": 1, "open": 1}
