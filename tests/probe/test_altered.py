"""Sets that are altered: the right answer stays right, sizes and places are exactly those asked for, and nothing serves the query beside it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from gentool.core.tool import Tool
from gentool.engines.vectors import similarities
from gentool.probe.altered import Altered, Base, has_distances, reachable, vary_candidates, vary_position, vary_similarity

SIZES = (3, 5, 8, 20)


def check_gold(one: Altered, base: Base) -> None:
    """The same query, answer and ranking, before the same own tools; only the tools beside them are others."""
    before, after = base.example, one.example
    assert one.base == before.id and after.id != before.id
    for field in ("query", "query_id", "family", "kind", "scenario", "answer", "ranking", "acceptable", "alternatives", "strong", "weak"):
        assert getattr(after, field) == getattr(before, field)
    own = {tool.id for tool in after.tools if tool.name in (before.strong, before.weak)}
    assert own == {tool.id for tool in before.tools if tool.name in (before.strong, before.weak)}
    assert before.answer.abstains or after.tools.by_name(after.answer.name) == before.tools.by_name(before.answer.name)


def by_base(altered: list[Altered], bases: list[Base]) -> list[tuple[Base, dict[str, Altered]]]:
    known = {base.example.id: base for base in bases}
    found: dict[str, dict[str, Altered]] = {}
    for one in altered:
        assert one.variant not in found.setdefault(one.base, {})
        found[one.base][one.variant] = one
        check_gold(one, known[one.base])
    assert len({one.example.id for one in altered}) == len(altered)
    return [(known[identifier], variants) for identifier, variants in found.items()]


def check_served(base: Base, tools: list[Tool], ground: Any) -> None:
    """None of the tools is of a family of the query's group, nor one that serves it."""
    owners = {tool.id: family for family in ground.prepared.families for tool in family.tools}
    groups = ground.prepared.split.groups
    (query,) = [query for family in ground.prepared.families for query in family.queries if query.id == base.example.query_id]
    for tool in tools:
        assert groups[owners[tool.id].id] != groups[base.example.family]
        assert tool.name not in query.also


def test_bases_are_of_both_groups_and_hold_their_own_distractors(bases: list[Base]) -> None:
    assert {base.example.answer.abstains for base in bases} == {True, False}
    for base in bases:
        assert {tool.id for tool in base.example.tools} - {tool.id for tool in base.own} <= {tool.id for tool in base.others}


def test_candidates_are_as_many_as_asked_for_and_the_smaller_set_is_part_of_the_larger(bases: list[Base], ground: Any) -> None:
    altered = list(vary_candidates(bases, seed=1, sizes=SIZES))
    found = by_base(altered, bases)
    assert len(found) == len(bases)
    for base, variants in found:
        assert list(variants) == [str(size) for size in SIZES]
        sets = [set(one.example.tools.names) for one in variants.values()]
        assert [len(names) for names in sets] == list(SIZES)
        assert all(small < large for small, large in pairwise(sets))
        check_served(base, [tool for tool in variants["20"].example.tools if tool not in base.own], ground)
    assert altered == list(vary_candidates(bases, seed=1, sizes=SIZES))
    assert altered != list(vary_candidates(bases, seed=2, sizes=SIZES))


def test_the_target_stands_anywhere_among_many_candidates(bases: list[Base]) -> None:
    altered = [one for seed in range(8) for one in vary_candidates(bases, seed, sizes=(4,)) if not one.example.answer.abstains]
    places = Counter(one.example.tools.names.index(one.example.answer.name) for one in altered)
    assert set(places) == {0, 1, 2, 3}
    assert all(abs(count - len(altered) / 4) < 4 * (len(altered) * 3 / 16) ** 0.5 for count in places.values())


def test_sizes_that_the_catalogue_cannot_reach_are_left_out_for_all(bases: list[Base]) -> None:
    assert reachable(bases, (5, 10, 20, 35, 50)) == [5, 10, 20]
    few = Base(bases[0].example, bases[0].others[: 9 - len(bases[0].own)])
    assert reachable([*bases, few]) == [5]
    assert {one.variant for one in vary_candidates([*bases, few], 0)} == {"5"}
    assert reachable([]) == []


def test_the_target_stands_in_each_slot_in_turn_and_the_others_keep_their_order(bases: list[Base]) -> None:
    found = by_base(list(vary_position(bases)), bases)
    assert len(found) == sum(not base.example.answer.abstains for base in bases)
    for base, variants in found:
        size, target = len(base.example.tools), base.example.answer.name
        assert list(variants) == [str(slot + 1) for slot in range(size)]
        rest = [name for name in base.example.tools.names if name != target]
        for slot, one in enumerate(variants.values()):
            assert one.example.tools.names.index(target) == slot
            assert [name for name in one.example.tools.names if name != target] == rest
        assert base.example.tools in [one.example.tools for one in variants.values()]


def test_distractors_are_as_similar_as_asked_for(bases: list[Base], ground: Any) -> None:
    prepared = ground.prepared
    tools = [tool for family in prepared.families for tool in family.tools]
    places = {tool.id: place for place, tool in enumerate(tools)}
    strong = {family.id: family.strong.id for family in prepared.families}
    means: dict[str, list[float]] = {}
    found = by_base(list(vary_similarity(bases, seed=0)), bases)
    assert len(found) == len(bases)
    for base, variants in found:
        assert list(variants) == ["random", "middle", "nearest"]
        scores = similarities(prepared.vectors[[places[strong[base.example.family]]]], prepared.vectors)[0]
        for variant, one in variants.items():
            beside = [tool for tool in one.example.tools if tool not in base.own]
            assert len(one.example.tools) == len(base.example.tools)
            slots = [place for place, tool in enumerate(base.example.tools) if tool in base.own]
            assert [one.example.tools[slot] for slot in slots] == list(base.own)
            check_served(base, beside, ground)
            means.setdefault(variant, []).append(sum(float(scores[places[tool.id]]) for tool in beside) / len(beside))
        count = len(base.example.tools) - len(base.own)
        nearest = {tool.id for tool in variants["nearest"].example.tools if tool not in base.own}
        assert nearest == {tool.id for tool in base.others[:count]}
        assert not nearest & {tool.id for tool in variants["middle"].example.tools}
        best = max(float(scores[places[tool.id]]) for tool in base.others)
        assert max(float(scores[places[identifier]]) for identifier in nearest) == pytest.approx(best)
    average = {variant: sum(values) / len(values) for variant, values in means.items()}
    assert average["nearest"] > average["random"] and average["nearest"] > average["middle"]


def test_an_example_beside_which_too_few_may_stand_has_no_distances(bases: list[Base]) -> None:
    few = Base(bases[0].example, bases[0].others[: 3 * (len(bases[0].example.tools) - len(bases[0].own)) - 1])
    assert has_distances(bases[0]) and not has_distances(few)
    assert {one.base for one in vary_similarity([few, bases[1]], 0)} == {bases[1].example.id}
