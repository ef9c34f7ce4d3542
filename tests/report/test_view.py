"""The arrangement of score files: links, words and the sentences of the headline."""

from __future__ import annotations

import pytest

from gentool.report.results import Scored
from gentool.report.view import Cell, Table, examples_link, headline_sentences, plain_table, scenario_words, score_cell


def cell(name: str, value: float | None, low: float | None, high: float | None) -> Cell:
    return Cell("headline", name, "seen_query_unseen_tool", "selection", value, low, high, 100)


def table(*cells: Cell) -> Table:
    return Table("headline", "", "", ("Selection",), tuple((found.name, (found,)) for found in cells))


def test_headline_compares_the_tuned_model_even_where_it_is_worse() -> None:
    found = headline_sentences(table(cell("tuned", 0.4, 0.3, 0.5), cell("base", 0.7, 0.6, 0.8), cell("nearest", 0.6, 0.5, 0.7)), ["tuned"])
    expected = "Selection: tuned 40.0 % [30.0, 50.0] (n 100); the best of the others is base 70.0 % [60.0, 80.0] (n 100)."
    assert found == [f"{expected} Difference -30.0 points; the intervals do not overlap."]


def test_headline_without_a_tuned_model_compares_the_best_two() -> None:
    found = headline_sentences(table(cell("a", 0.4, 0.3, 0.5), cell("b", 0.45, 0.35, 0.55), cell("c", None, None, None)), [])
    assert found == [
        "Selection: b 45.0 % [35.0, 55.0] (n 100); the next is a 40.0 % [30.0, 50.0] (n 100). Difference +5.0 points; the intervals overlap."
    ]
    assert headline_sentences(table(cell("c", None, None, None)), ["c"]) == []
    assert "no other model" in headline_sentences(table(cell("c", 1.0, None, None)), [])[0]


def test_links_name_what_they_filter_and_leave_out_all() -> None:
    assert examples_link(model="a b/é&c", scenario="all", kind="zero,one") == "#examples&model=a%20b%2F%C3%A9%26c&kind=zero%2Cone"
    assert examples_link() == "#examples"


def test_scenario_words() -> None:
    assert scenario_words("seen_query_unseen_tool") == "Seen query, unseen tool"
    assert scenario_words("all") == "All"


def test_score_file_that_lacks_a_scenario_gives_empty_cells() -> None:
    scored = Scored("a", {"scenarios": {"all": {"n": 3, "selection": {"value": 1.0}}}}, (), {})
    assert score_cell("scores", scored, "unseen_query_seen_tool", "selection").text == "–"
    whole = score_cell("scores", scored, "all", "selection")
    assert (whole.text, whole.interval, whole.n) == ("100.0 %", "", 3)


@pytest.mark.parametrize(
    ("column", "value", "text"), [("mrr", 0.5, "0.500"), ("precision", 1, "100.0 %"), ("n", 1200, "1,200"), ("exact", {"value": 0.25}, "25.0 %")]
)
def test_plain_numbers_are_shown_in_their_unit(column: str, value: object, text: str) -> None:
    found = plain_table("ranking", "", "", [Scored("a", {}, (), {})], [{column: value}])
    assert found is not None
    assert found.rows[0][1][0].text == text
