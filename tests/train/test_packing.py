"""Packing: every row once, what prompts share once, nearly as few tokens as can be, and completions never shared."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from gentool.train.packing import WORTH, Pass, build_pass, pack_rows, sample_rows, shared_lengths, sort_key
from gentool.train.rows import Row

ROWS = st.lists(
    st.tuples(st.lists(st.integers(0, 2), max_size=60), st.lists(st.integers(0, 9), min_size=1, max_size=6)).filter(
        lambda row: len(row[0] + row[1]) > 1
    ),
    min_size=1,
    max_size=12,
)


def make_rows(branches: int, trunk: int, below: int, seed: int = 0) -> list[Row]:
    """Rows of one prompt that branches into two sets of queries, with ragged ends."""
    rng = random.Random(seed)

    def draw(count: int) -> list[int]:
        return [rng.randrange(1000) for _ in range(count)]

    start = draw(trunk)
    rows = []
    for half in range(2):
        middle = draw(below)
        rows += [Row(f"{half}/{number}", start + middle + draw(rng.randrange(20, 40)), draw(rng.randrange(3, 30))) for number in range(branches)]
    return rows


def as_pairs(rows: list[Row]) -> list[tuple[list[int], int]]:
    return sorted((row.tokens, row.trained) for row in rows)


def least_tokens(rows: list[Row]) -> int:
    """The tokens of the best trie: each prefix of a prompt once."""
    ordered = sorted(rows, key=sort_key)
    return sum(row.length - shared for row, shared in zip(ordered, shared_lengths(ordered), strict=True))


@given(ROWS, st.integers(1, 200))
def test_passes_hold_every_row_once_and_stay_within_the_budget(drawn: list[tuple[list[int], list[int]]], most: int) -> None:
    rows = [Row(str(number), prompt, completion) for number, (prompt, completion) in enumerate(drawn)]
    passes = pack_rows(rows, most)
    assert as_pairs([row for one in passes for row in one.rows()]) == as_pairs(rows)
    assert sum(one.seen for one in passes) == sum(row.length for row in rows)
    for one in passes:
        assert len(one.leaves) == 1 or len(one.tokens) <= most + WORTH * len(one.nodes)


@given(ROWS)
def test_what_is_trained_is_the_completion_predicted_from_the_rows_own_tokens(drawn: list[tuple[list[int], list[int]]]) -> None:
    rows = [Row(str(number), prompt, completion) for number, (prompt, completion) in enumerate(drawn)]
    one = pack_rows(rows, 10**6)[0]
    assert sorted(one.labels.tolist()) == sorted(token for row in rows for token in row.tokens[row.length - row.trained :])
    assert len(set(one.predicting.tolist())) == sum(row.trained for row in rows)
    for (node, trained), row in zip(one.leaves.tolist(), one.rows(), strict=True):
        start, end, _ = one.node_tuples[node]
        assert end - start > trained
        assert one.positions[start:end].tolist() == list(range(row.length - (end - start), row.length))


def test_a_tree_of_two_levels_is_found_from_the_tokens_alone() -> None:
    rows = make_rows(branches=3, trunk=100, below=50)
    random.Random(1).shuffle(rows)
    one = pack_rows(rows, 10**6)[0]
    assert [(end - start) for start, end, stop in one.node_tuples if stop > end] == [100, 50, 50]
    assert len(one.roots) == 1
    assert len(one.tokens) == least_tokens(rows)


def test_computed_tokens_are_within_a_twentieth_of_the_best_trie() -> None:
    rows = [row for seed in range(20) for row in make_rows(branches=4, trunk=200, below=60, seed=seed)]
    passes = pack_rows(rows, 4096)
    assert len(passes) > 1
    assert sum(len(one.tokens) for one in passes) <= 1.05 * least_tokens(rows)


def test_prefixes_that_save_little_get_no_node_of_their_own() -> None:
    rows = [Row(str(number), [1] * (WORTH - 1) + [number, 5, 6], [7]) for number in range(2)]
    one = pack_rows(rows, 100)[0]
    assert [stop == end for _, end, stop in one.node_tuples] == [True, True]


def test_equal_rows_share_all_of_the_prompt_but_its_last_token() -> None:
    rows = [Row(name, list(range(40)), [50, 51]) for name in "ab"]
    one = pack_rows(rows, 1000)[0]
    assert [end - start for start, end, _ in one.node_tuples] == [39, 3, 3]


def test_packing_does_not_depend_on_the_order_of_rows() -> None:
    rows = make_rows(branches=4, trunk=80, below=40)
    first = pack_rows(rows, 300)
    again = pack_rows(list(reversed(rows)), 300)
    assert [one.tokens.tolist() for one in again] == [one.tokens.tolist() for one in first]
    assert [one.node_tuples for one in again] == [one.node_tuples for one in first]


def test_a_sample_is_of_the_largest_tree() -> None:
    alone = Row("alone", list(range(2000, 2100)), [1])
    rows = make_rows(branches=4, trunk=80, below=40)
    sample = sample_rows(pack_rows([alone, *rows], 10**6), 3)
    assert len(sample.leaves) == 3
    assert len(sample.roots) == 1
    assert all(row.tokens in [other.tokens for other in rows] for row in sample.rows())


def test_a_row_of_one_prompt_keeps_its_tokens_when_nothing_is_shared() -> None:
    one = build_pass([Row("a", [1, 2], [3]), Row("b", [1, 2], [4])], [0, 0])
    assert isinstance(one, Pass)
    assert one.tokens.tolist() == [1, 2, 3, 1, 2, 4]
    assert one.positions.tolist() == [0, 1, 2, 0, 1, 2]
