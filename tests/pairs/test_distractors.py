"""Distractors: near, of other groups, of different names, and in training never a tool that it must not see."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gentool.core.errors import CatalogueError
from gentool.core.family import Family
from gentool.engines.vectors import embed
from gentool.pairs.distractors import Distractors
from gentool.pairs.split import Role, Split


def distractors(families: list[Family], roles: dict[int, Role] | None = None, groups: dict[int, int] | None = None, pool: int = 4) -> Distractors:
    tools = [tool for family in families for tool in family.tools]
    owners = [index for index, family in enumerate(families) for _ in family.tools]
    split = Split(
        {family.id: (roles or {}).get(index, "seen") for index, family in enumerate(families)},
        {family.id: (groups or {}).get(index, index) for index, family in enumerate(families)},
        frozenset(),
    )
    return Distractors(families, split, embed([tool.text for tool in tools], "tfidf"), owners, pool)


def names(drawn: Distractors, family: Family, count: int, training: bool = True, times: int = 30) -> set[str]:
    return {tool.name for seed in range(times) for tool in drawn.draw(family, count, training, random.Random(seed))}


def test_family_and_group_are_refused_and_counted(make: Any) -> None:
    families = [make.family(str(n)) for n in range(6)]
    drawn = distractors(families, groups={1: 0}, pool=20)
    found = names(drawn, families[0], 5)
    assert not found & {tool.name for family in families[:2] for tool in family.tools}
    assert found == {tool.name for family in families[2:] for tool in family.tools}
    assert drawn.audit == {"family": 1, "near_duplicate": 2}


def test_training_sees_no_unseen_tool_and_the_test_sees_all(make: Any) -> None:
    families = [make.family(str(n)) for n in range(6)]
    drawn = distractors(families, roles={1: "unseen", 2: "unseen_strong"}, pool=20)
    hidden = {*(tool.name for tool in families[1].tools), families[2].strong.name}
    trained = names(drawn, families[0], 5)
    assert not trained & hidden and families[2].weak[0].tool.name in trained
    assert names(drawn, families[0], 5, training=False) >= hidden


def test_names_in_a_set_differ_from_each_other_and_from_the_familys(make: Any) -> None:
    families = [make.family("0"), make.family("1", name="tool0"), make.family("2", name="same"), make.family("3", name="same"), make.family("4")]
    drawn = distractors(families, pool=20)
    for seed in range(30):
        own = [tool.name for tool in drawn.draw(families[0], 4, True, random.Random(seed))]
        assert len(set(own)) == 4 and "tool0" not in own
    assert drawn.audit["same_name"] > 0


def test_the_nearest_stand_first(make: Any) -> None:
    near = [make.family(str(n), weak=0, words=f"w0n0 w0n1 w0n2 w0n3 own{n}") for n in range(1, 4)]
    far = [make.family(str(n), weak=0) for n in range(4, 12)]
    families = [make.family("0", weak=0), *far, *near]
    assert names(distractors(families, pool=3), families[0], 3) == {family.strong.name for family in near}
    assert len(names(distractors(families, pool=9), families[0], 3)) == 9


def test_a_small_pool_is_filled_up_from_further_away(make: Any) -> None:
    families = [make.family(str(n)) for n in range(6)]
    assert len(distractors(families, pool=1).draw(families[0], 5, True, random.Random(0))) == 5


def test_a_seed_fixes_the_draw_and_places_are_random(make: Any) -> None:
    families = [make.family(str(n)) for n in range(8)]
    drawn = distractors(families, pool=10)
    sets = [tuple(tool.name for tool in drawn.draw(families[0], 3, True, random.Random(seed))) for seed in (*range(40), 0)]
    assert sets[0] == sets[-1]
    assert len({one[0] for one in sets}) >= 8


def test_beside_several_families_stands_what_may_stand_beside_each(make: Any) -> None:
    families = [make.family(str(n)) for n in range(8)]
    drawn = distractors(families, groups={2: 0, 3: 1}, pool=20)
    found = {tool.name for seed in range(30) for tool in drawn.draw_beside(families[:2], 4, True, random.Random(seed))}
    assert found == {tool.name for family in families[4:] for tool in family.tools}
    with pytest.raises(CatalogueError, match="9 distractors are needed for 'tool0', 'tool1', but only 8"):
        drawn.draw_beside(families[:2], 9, True, random.Random(0))


def test_what_is_present_is_not_drawn_again_nor_its_name(make: Any) -> None:
    families = [make.family("0"), make.family("1"), make.family("2", name="tool1"), make.family("3")]
    drawn = distractors(families, pool=20)
    present = [families[1].strong, families[3].weak[0].tool]
    found = {tool.id for seed in range(30) for tool in drawn.draw_beside([families[0]], 3, True, random.Random(seed), present=present)}
    assert found == {families[1].weak[0].tool.id, families[2].weak[0].tool.id, families[3].strong.id}


def test_near_families_are_those_that_train_whole_nearest_first(make: Any) -> None:
    words = [" ".join([*(f"near{m}" for m in range(8 - n)), *(f"own{n}n{m}" for m in range(4 + n))]) for n in range(7)]
    families = [make.family(str(n), words=words[n]) for n in range(7)]
    drawn = distractors(families, roles={2: "unseen_strong", 3: "unseen"}, groups={5: 0}, pool=2)
    assert [family.strong.name for family in drawn.near_families(families[0])] == ["tool1", "tool4"]


def test_names_that_training_may_not_see_are_left_out(make: Any) -> None:
    families = [make.family(str(n)) for n in range(4)]
    drawn = distractors(families, roles={1: "unseen", 2: "unseen_strong"})
    assert drawn.keep_trained(["tool2", "lite2v0", "nobody", "tool1", "tool0"]) == ["lite2v0", "tool0"]


def test_too_few_are_refused_by_name(make: Any) -> None:
    families = [make.family(str(n), weak=0) for n in range(4)]
    with pytest.raises(CatalogueError, match=r"4 distractors are needed for 'tool0', but only 3 tools are left beside its own family"):
        distractors(families).draw(families[0], 4, False, random.Random(0))
    with pytest.raises(CatalogueError, match="only 1 tools that training may see are left"):
        distractors(families, roles={1: "unseen", 2: "unseen_strong"}).draw(families[0], 2, True, random.Random(0))
