"""Which prompts are read together: all of them once, within bounds, and with as few tokens as one common beginning each allows."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gentool.engines.sharing import WORTH, Group, common_length, plan_batches, plan_groups, plan_shared

TRUNKS = [[1] * 20, [1] * 20 + [2] * 20, [3] * 18, []]
PROMPTS = st.lists(
    st.tuples(st.sampled_from(TRUNKS), st.lists(st.integers(4, 6), min_size=2, max_size=9)).map(lambda parts: [*parts[0], *parts[1]]),
    min_size=1,
    max_size=7,
)


def cost(prompts: list[list[int]], groups: list[Group]) -> int:
    return sum(sum(len(prompts[row]) for row in group.rows) - (len(group.rows) - 1) * group.shared for group in groups)


def partitions(rows: list[int]) -> list[list[tuple[int, ...]]]:
    """Every way to put rows into groups."""
    if not rows:
        return [[]]
    first, rest = rows[0], rows[1:]
    found = []
    for size in range(len(rest) + 1):
        for others in combinations(rest, size):
            left = [row for row in rest if row not in others]
            found += [[(first, *others), *groups] for groups in partitions(left)]
    return found


def least_cost(prompts: list[list[int]]) -> int:
    """The fewest tokens of all groupings whose groups are worth it, by trying all."""
    costs = []
    for groups in partitions(list(range(len(prompts)))):
        total = 0
        for rows in groups:
            shared = min([len(prompts[row]) - (len(rows) > 1) for row in rows] + [common_length(prompts[rows[0]], prompts[row]) for row in rows[1:]])
            total += 10**6 if len(rows) > 1 and shared < WORTH else sum(len(prompts[row]) for row in rows) - (len(rows) - 1) * shared
        costs.append(total)
    return min(costs)


@given(PROMPTS)
def test_groups_hold_each_prompt_once_and_what_they_say_is_shared(prompts: list[list[int]]) -> None:
    groups = plan_groups(prompts, 10**6)
    assert sorted(row for group in groups for row in group.rows) == list(range(len(prompts)))
    for group in groups:
        beginning = prompts[group.rows[0]][: group.shared]
        assert all(prompts[row][: group.shared] == beginning for row in group.rows)
        if len(group.rows) > 1:
            assert WORTH <= group.shared < min(len(prompts[row]) for row in group.rows)
        else:
            assert group.shared == len(prompts[group.rows[0]])


@given(PROMPTS.filter(lambda prompts: len(prompts) <= 6))
def test_no_grouping_takes_fewer_tokens(prompts: list[list[int]]) -> None:
    assert cost(prompts, plan_groups(prompts, 10**6)) == least_cost(prompts)


@given(PROMPTS, st.integers(1, 300))
def test_batches_stay_within_their_bound(prompts: list[list[int]], bound: int) -> None:
    batches = plan_shared(prompts, bound)
    assert sorted(row for batch in batches for group in batch for row in group.rows) == list(range(len(prompts)))
    for batch in batches:
        rows = [row for group in batch for row in group.rows]
        assert len(rows) == 1 or len(rows) * max(len(prompts[row]) for row in rows) <= bound


def test_queries_on_one_tool_set_are_one_group_and_small_groups_fill_a_batch() -> None:
    tools, others = [7] * 100, [8] * 100
    prompts = [*([*tools, number, 1] for number in range(10, 13)), [*others, 1], *([*others, number, 2] for number in range(2, 5)), [9] * 30]
    (batch,) = plan_shared(prompts, 10**4)
    assert {group.rows for group in batch} == {(0, 1, 2), (3, 4, 5, 6), (7,)}
    assert plan_shared(prompts, 10**4) == [batch]


def test_a_prompt_that_another_begins_with_keeps_a_token_of_its_own() -> None:
    prompts = [[5] * 40, [5] * 40 + [6] * 3]
    assert plan_groups(prompts, 10**4) == [Group((0, 1), 39)]


def test_little_in_common_is_not_shared() -> None:
    prompts = [[5] * (WORTH - 1) + [number] * 9 for number in range(2)]
    assert [group.rows for group in plan_groups(prompts, 10**4)] == [(0,), (1,)]
    assert plan_groups([], 10) == [] and plan_shared([], 10) == []


# Batches of prompts that are read alone


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(1, 200))
def test_batches_hold_each_prompt_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = plan_batches(lengths, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget


def test_batches_go_from_long_to_short_and_are_filled() -> None:
    assert plan_batches([3, 9, 3, 8, 100], 18) == [[4], [1, 3], [0, 2]]
    assert plan_batches([5] * 6, 15) == [[0, 1, 2], [3, 4, 5]]
    assert plan_batches([], 10) == []
