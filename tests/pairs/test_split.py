"""The split: near-duplicates, namesakes and shared queries stay together, and whole groups share out the roles."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gentool.core.errors import CatalogueError
from gentool.core.family import Family
from gentool.engines.vectors import embed
from gentool.pairs.split import Split, SplitSettings, connect, find_duplicate_tools, group_families, split_families


def split(families: list[Family], seed: int = 0, **settings: Any) -> Split:
    tools = [tool for family in families for tool in family.tools]
    owners = [index for index, family in enumerate(families) for _ in family.tools]
    return split_families(families, embed([tool.text for tool in tools], "tfidf"), owners, SplitSettings(**settings), seed)


def groups(families: list[Family], **settings: Any) -> list[int]:
    tools = [tool for family in families for tool in family.tools]
    owners = [index for index, family in enumerate(families) for _ in family.tools]
    return group_families(families, embed([tool.text for tool in tools], "tfidf"), owners, SplitSettings(**settings))


def test_connected_components_are_named_by_their_smallest_node() -> None:
    assert connect(7, [(5, 4), (1, 3), (4, 1), (6, 6)]) == [0, 1, 2, 1, 1, 1, 6]
    assert connect(3, []) == [0, 1, 2]


def test_families_of_their_own_stand_alone(make: Any) -> None:
    assert groups([make.family(str(n)) for n in range(5)]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("link", ["twin", "namesake", "query"])
def test_each_kind_of_link_joins_two_families(make: Any, link: str) -> None:
    first = make.family("0")
    changes = {
        "twin": {"words": first.strong.description, "parameter": "p0"},
        "namesake": {"name": first.strong.name},
        "query": {"texts": [f"{first.queries[0].text} please", "something else"]},
    }
    assert groups([first, make.family("1", **changes[link]), make.family("2")]) == [0, 0, 2]


def test_a_weak_tool_links_families_too(make: Any) -> None:
    first, second = make.family("0"), make.family("1")
    namesake = second.weak[0].tool.model_copy(update={"name": first.strong.name})
    tool = type(namesake)(**namesake.model_dump())
    weak = second.weak[0].model_copy(update={"id": tool.id, "tool": tool})
    second = Family(id=second.id, strong=second.strong, weak=(weak,), queries=make.family("1", weak=0).queries)
    assert groups([make.family("2"), first, second]) == [0, 1, 1]


def test_similar_text_counts_as_one_only_with_the_same_parameters(make: Any) -> None:
    words = " ".join(f"word{n}" for n in range(14))
    tools = [make.tool("one", words, "a"), make.tool("two", words, "a"), make.tool("three", words, "a", "b"), make.tool("far", "else", "a")]
    vectors = embed([tool.text for tool in tools], "tfidf")
    assert find_duplicate_tools(tools, vectors, SplitSettings(twin_tools=0.5, near_duplicate_tools=0.99)) == [(0, 1)]
    assert find_duplicate_tools(tools, vectors, SplitSettings(twin_tools=0.5, near_duplicate_tools=0.5)) == [(0, 1), (0, 2), (1, 2)]
    assert find_duplicate_tools(tools, vectors, SplitSettings(twin_tools=0.999, near_duplicate_tools=0.999)) == []


def test_a_parameters_description_is_no_difference_and_its_type_is_one(make: Any) -> None:
    words = " ".join(f"word{n}" for n in range(14))
    plain = make.tool("one", words, "a")
    schemas = [{"type": "string", "description": "d"}, {"type": "integer"}]
    described, typed = (type(plain)(name="two", description=words, parameters={"type": "object", "properties": {"a": one}}) for one in schemas)
    settings = SplitSettings(twin_tools=0.5, near_duplicate_tools=1)
    for other, expected in ((described, [(0, 1)]), (typed, [])):
        assert find_duplicate_tools([plain, other], embed([plain.text, other.text], "tfidf"), settings) == expected


def test_shares_are_kept_and_seeds_matter(make: Any) -> None:
    families = [make.family(str(n)) for n in range(40)]
    made = [split(families, seed=seed, unseen_families=0.2, unseen_strong_tools=0.1) for seed in (0, 0, 1)]
    assert Counter(made[0].roles.values()) == {"seen": 28, "unseen": 8, "unseen_strong": 4}
    assert made[0] == made[1] and made[0].roles != made[2].roles
    assert Counter(split(families, unseen_families=0, unseen_strong_tools=0).roles.values()) == {"seen": 40}


def test_a_group_has_one_role(make: Any) -> None:
    for seed in range(6):
        made = make.families(seed, 24)
        result = split(made.families, seed=seed, unseen_families=0.3, unseen_strong_tools=0.3)
        roles: dict[int, set[str]] = {}
        for family, group in result.groups.items():
            roles.setdefault(group, set()).add(result.roles[family])
        assert all(len(own) == 1 for own in roles.values())
        for one, other in made.linked:
            assert result.groups[made.families[one].id] == result.groups[made.families[other].id]


def test_unseen_queries_are_a_share_of_seen_families_and_all_of_unseen_ones(make: Any) -> None:
    families = [make.family(str(n), queries=10) for n in range(20)]
    result = split(families, unseen_queries=0.3)
    for family in families:
        unseen = sum(query.id in result.unseen_queries for query in family.queries)
        assert unseen == {"seen": 3, "unseen": 10, "unseen_strong": 0}[result.roles[family.id]]


def test_near_duplicate_queries_are_kept_from_training_together_over_families_too(make: Any, build: Any) -> None:
    shared = [" ".join(f"s{n}u{m}" for m in range(12)) for n in range(8)]
    first, second = make.family("0", texts=[f"{text} one" for text in shared]), make.family("1", texts=[f"{text} two" for text in shared])
    families = [first, second, *(make.family(str(n)) for n in range(2, 8))]
    settings = {"unseen_families": 0.01, "unseen_strong_tools": 0, "unseen_queries": 0.5, "near_duplicate_queries": 0.8}
    tested = 0
    for seed in range(4):
        result = split(families, seed=seed, **settings)
        for left, right in zip(first.queries, second.queries, strict=True):
            assert (left.id in result.unseen_queries) == (right.id in result.unseen_queries)
            tested += left.id in result.unseen_queries and result.roles[first.id] == "seen"
        build(families, seed=seed, k=2, split=settings)
    assert tested


def test_too_few_groups_are_refused(make: Any) -> None:
    first = make.family("0")
    namesakes = [make.family(str(n), name=first.strong.name) for n in range(1, 6)]
    with pytest.raises(CatalogueError, match=r"7 families form 2 group\(s\) of near-duplicates, and a split needs at least 3"):
        split([first, *namesakes, make.family("9")])


def test_shares_that_leave_nothing_to_train_are_refused() -> None:
    with pytest.raises(ValueError, match="the rest of the families trains"):
        SplitSettings(unseen_families=0.5, unseen_strong_tools=0.5)
