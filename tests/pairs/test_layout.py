"""The layout: who shares which tool sets, what stands in which slot, and that nobody's query is served by what is shared."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from gentool.core.errors import CatalogueError
from gentool.core.example import Example
from gentool.core.family import Family
from gentool.engines.vectors import embed
from gentool.pairs.distractors import Distractors
from gentool.pairs.layout import Layout, find_clusters, find_trainees
from gentool.pairs.split import Role, Split

K = 4


def bundles_of(examples: Sequence[Example]) -> list[list[Example]]:
    found: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        assert example.bundle is not None
        found[example.bundle].append(example)
    return list(found.values())


def tools_of(example: Example) -> tuple[str, ...]:
    return tuple(tool.id for tool in example.tools)


def slots(left: Example, right: Example) -> list[int]:
    """Where two sets differ."""
    return [slot for slot, (one, other) in enumerate(zip(left.tools, right.tools, strict=True)) if one != other]


def serve_also(families: list[Family], number: int, query: int, *also: str) -> None:
    """Let tools of other families serve a query too."""
    queries = list(families[number].queries)
    queries[query] = queries[query].model_copy(update={"also": also})
    families[number] = families[number].model_copy(update={"queries": tuple(queries)})


@pytest.fixture(scope="module")
def families(make: Any) -> list[Family]:
    """Many families, of which the neighbours serve some queries too."""
    fields = [" ".join([*(f"field{n // 10}n{m}" for m in range(8)), *(f"own{n}n{m}" for m in range(8))]) for n in range(60)]
    made = [make.family(str(n), weak=n % 3, queries=5, words=fields[n]) for n in range(60)]
    for number in range(0, 60, 4):
        serve_also(made, number, 0, f"tool{(number + 1) % 60}", f"lite{(number + 2) % 60}v0")
        serve_also(made, number, 3, f"tool{(number + 5) % 60}")
    return made


def train(build: Any, families: list[Family], share: str, **settings: Any) -> list[Example]:
    return list(build(families, **{"k": K, "share": share, "neighbours": 8, **settings}).train)


@pytest.mark.parametrize("share", ["family", "cluster"])
@pytest.mark.parametrize("most", [None, 2])
def test_a_familys_queries_share_four_sets_that_differ_in_two_slots(families: list[Family], build: Any, share: str, most: int | None) -> None:
    built = train(build, families, share, queries_per_set=most)
    for bundle in bundles_of(built):
        assert {len(example.tools) for example in bundle} == {K}
        for family in {example.family for example in bundle}:
            own = {kind: [one for one in bundle if (one.family, one.kind) == (family, kind)] for kind in ("zero", "one", "weak", "strong")}
            zero = own["zero"][0]
            assert len({one.query_id for one in own["zero"]}) <= (most or 5)
            assert {tools_of(one) for one in own["zero"]} == {tools_of(zero)}
            strong = {tuple(slots(zero, one)) for one in own["one"]}
            weak = {tuple(slots(zero, one)) for one in own["weak"]}
            assert [len(place) for place in strong] in ([1], []) and [len(place) for place in weak] in ([1], []) and not strong & weak
            assert {tuple(sorted(slots(zero, one))) for one in own["strong"]} <= {tuple(sorted((*a, *b))) for a in strong for b in weak}
            assert len({tools_of(one) for one in own["weak"]}) == len({one.weak for one in own["weak"]})


def test_without_a_cap_every_family_is_one_bundle(families: list[Family], build: Any) -> None:
    built = train(build, families, "family")
    assert sorted(len({example.family for example in bundle}) for bundle in bundles_of(built)) == [1] * len({one.family for one in built})
    assert len(bundles_of(train(build, families, "family", queries_per_set=2))) > 1.5 * len(bundles_of(built))


def test_a_clusters_set_has_as_many_right_answers_as_families(families: list[Family], build: Any) -> None:
    """The set with all strong tools is one and the same for every `one` of the bundle, and the other sets are near it."""
    built = train(build, families, "cluster")
    clusters = [bundle for bundle in bundles_of(built) if len({example.family for example in bundle}) > 1]
    assert max(len({example.family for example in bundle}) for bundle in clusters) == K
    for bundle in clusters:
        ones = [example for example in bundle if example.kind == "one"]
        assert len({tools_of(example) for example in ones}) == 1
        assert len({example.answer.name for example in ones}) == len({example.family for example in bundle}) <= K
        far = {example.kind: max(len(slots(ones[0], other)) for other in bundle if other.kind == example.kind) for example in bundle}
        assert far == {kind: most for kind, most in {"zero": 1, "one": 0, "weak": 2, "strong": 1}.items() if kind in far}
        spares = {(one.family, one.tools[place].id) for one in bundle if one.kind == "zero" for place in slots(one, ones[0])}
        assert len(spares) == len({example.family for example in bundle})


def test_a_further_part_of_a_cluster_has_an_order_and_spares_of_its_own(families: list[Family], build: Any) -> None:
    built = train(build, families, "cluster", queries_per_set=1, split={"unseen_queries": 0})
    held = defaultdict(list)
    for bundle in bundles_of(built):
        ones = [example for example in bundle if example.kind == "one"]
        if len(ones) > 1:
            assert len(ones) == len({example.family for example in ones})
            held[frozenset(example.family for example in ones)].append(tools_of(ones[0]))
    assert held and all(len(sets) == 5 for sets in held.values())
    assert sum(len(set(sets)) for sets in held.values()) > 4 * len(held)


def test_queries_of_their_own_keep_the_sets_that_they_had(make: Any, build: Any) -> None:
    built = build(make.families(1, 20).families, seed=4, share="none")
    assert {example.bundle for example in built.train} == {None}
    assert hashlib.sha256(built.files["train.jsonl"]).hexdigest()[:16] == "e7e775e9d3c3b30e", "the bytes of a build before sets could be shared"


@pytest.mark.parametrize("share", ["family", "cluster", "none"])
def test_no_tool_of_a_set_serves_the_query_but_the_familys_own(families: list[Family], build: Any, share: str) -> None:
    also = {query.id: set(query.also) for family in families for query in family.queries}
    built = train(build, families, share)
    assert any(also[example.query_id] for example in built)
    for example in built:
        assert not also[example.query_id] & set(example.tools.names)


@pytest.mark.parametrize("share", ["family", "cluster"])
def test_unseen_strong_tools_are_never_shared(families: list[Family], build: Any, share: str) -> None:
    built = build(families, k=K, share=share, neighbours=8, split={"unseen_strong_tools": 0.4})
    shown = {name for example in built.train for name in example.tools.names}
    hidden = {example.strong for example in built.test if example.scenario == "seen_query_unseen_tool"}
    assert hidden and not shown & hidden
    assert {example.kind for example in built.train if example.strong in hidden} == {"zero", "weak"}


def test_tests_have_no_bundle_and_the_same_sets_whatever_is_shared(families: list[Family], build: Any) -> None:
    """Nobody's test set stands in training here, so that none is drawn again."""
    tests = [build(families, k=5, share=share, neighbours=40) for share in ("family", "cluster", "none")]
    assert {example.bundle for built in tests for example in built.test} == {None}
    assert len({built.files["test.jsonl"] for built in tests}) == 1


@pytest.mark.parametrize("share", ["family", "cluster", "none"])
@pytest.mark.parametrize("kind", ["one", "weak", "strong"])
def test_the_target_stands_anywhere_in_every_layout(many: dict[str, list[Example]], share: str, kind: str) -> None:
    examples = [example for example in many[share] if example.kind == kind and not example.answer.abstains]
    drawn = {(example.bundle or example.id, example.family, example.tools.names.index(example.answer.name)) for example in examples}
    places, expected = Counter(place for *_, place in drawn), len(drawn) / K
    assert len(drawn) > 250
    assert sum((places[place] - expected) ** 2 / expected for place in range(K)) < 16.3, places  # chi-square, 3 degrees of freedom, p = 0.001


@pytest.fixture(scope="module")
def many(make: Any) -> dict[str, list[Example]]:
    """Training examples of 300 families in the three layouts."""
    families = [make.family(str(n), queries=2) for n in range(300)]
    layout, split = lay_out(families)
    trainees = find_trainees(families, split, None)
    clusters = find_clusters(trainees, split, layout.distractors, K)
    return {
        "family": [example for trainee in trainees for example in layout.draw_for_family(trainee)],
        "cluster": [example for cluster in clusters for example in layout.draw_for_cluster(cluster)],
        "none": [example for trainee in trainees for example in layout.draw_for_queries(trainee)],
    }


def lay_out(
    families: list[Family], roles: dict[int, Role] | None = None, groups: dict[int, int] | None = None, pool: int = 15, **settings: Any
) -> tuple[Layout, Split]:
    """A layout of families with the roles and groups that are given by position."""
    tools = [tool for family in families for tool in family.tools]
    owners = [index for index, family in enumerate(families) for _ in family.tools]
    split = Split(
        {family.id: (roles or {}).get(index, "seen") for index, family in enumerate(families)},
        {family.id: (groups or {}).get(index, index) for index, family in enumerate(families)},
        frozenset(),
    )
    distractors = Distractors(families, split, embed([tool.text for tool in tools], "tfidf"), owners, pool)
    return Layout(**{"distractors": distractors, "k": K, "most": None, "seed": 0, **settings}), split


def clusters_of(families: list[Family], k: int = K, **changes: Any) -> list[list[str]]:
    """The names of the strong tools, cluster by cluster."""
    layout, split = lay_out(families, **changes)
    found = find_clusters(find_trainees(families, split, None), split, layout.distractors, k)
    return [[trainee.family.strong.name for trainee in cluster] for cluster in found]


def test_the_nearest_families_form_a_cluster(make: Any) -> None:
    families = [make.family(str(n), words=" ".join(f"field{n % 3}n{m}" for m in range(9)) + f" own{n}") for n in range(12)]
    found = clusters_of(families, k=4)
    assert sorted(sorted(cluster) for cluster in found) == sorted(sorted(f"tool{n}" for n in range(12) if n % 3 == field) for field in range(3))


def test_a_cluster_holds_k_families_at_most_and_each_family_is_in_one(make: Any) -> None:
    found = clusters_of([make.family(str(n)) for n in range(11)], k=3)
    assert sorted(len(cluster) for cluster in found) == [2, 3, 3, 3]
    assert sorted(name for cluster in found for name in cluster) == sorted(f"tool{n}" for n in range(11))


@pytest.mark.parametrize("why", ["near-duplicates", "equal names", "strong serves", "weak serves", "served by strong", "served by weak"])
def test_what_may_not_stand_together_is_in_no_cluster(make: Any, why: str) -> None:
    """Of five families that could form a cluster, the second and the third must not meet: one of them stays alone."""
    families = [make.family(str(n), name="lite1v0" if (n, why) == (2, "equal names") else f"tool{n}") for n in range(5)]
    match why:
        case "strong serves" | "weak serves":
            serve_also(families, 2, 3, "tool1" if why == "strong serves" else "lite1v0")
        case "served by strong" | "served by weak":
            serve_also(families, 1, 0, "tool2" if why == "served by strong" else "lite2v0")
    found = clusters_of(families, k=5, groups={2: 1} if why == "near-duplicates" else {})
    assert [len(cluster) for cluster in found] == [4, 1] and found[1][0] in (families[1].strong.name, families[2].strong.name)


def test_families_that_do_not_train_whole_are_alone_and_unseen_ones_nowhere(make: Any) -> None:
    found = clusters_of([make.family(str(n)) for n in range(8)], roles={0: "unseen_strong", 3: "unseen"})
    assert ["tool0"] in found
    assert sorted(name for cluster in found for name in cluster) == [f"tool{n}" for n in range(8) if n != 3]


def test_where_nothing_serves_none_of_all_queries_halves_share(make: Any) -> None:
    families = [make.family(str(n), weak=0) for n in range(K + 3)]
    for query in range(4):
        serve_also(families, 0, query, f"tool{query + 1}")
    layout, split = lay_out(families)
    trainee = find_trainees(families, split, None)[0]
    drawn = layout.draw_for_family(trainee)
    assert [len({example.query_id for example in bundle}) for bundle in bundles_of(drawn)] == [2, 2]
    also = {query.id: set(query.also) for query in trainee.queries}
    assert not any(also[example.query_id] & set(example.tools.names) for example in drawn)


def test_a_single_query_without_distractors_is_refused(make: Any) -> None:
    families = [make.family(str(n), weak=0) for n in range(K + 1)]
    serve_also(families, 0, 1, "tool1")
    layout, split = lay_out(families)
    with pytest.raises(CatalogueError, match=r"4 distractors are needed for 'tool0', but only 3 tools that training may see"):
        layout.draw_for_family(find_trainees(families, split, None)[0])


def test_a_cluster_without_distractors_for_all_shares_by_family_and_is_counted(make: Any) -> None:
    """Two groups of four: each family has the other group's tools beside it, but nothing may stand beside both."""
    families = [make.family(str(n), weak=0) for n in range(8)]
    layout, split = lay_out(families, groups={2: 0, 3: 0, 4: 0, 5: 1, 6: 1, 7: 1})
    pair = find_trainees(families, split, None)[:2]
    assert layout.draw_for_cluster(pair) == [*layout.draw_for_family(pair[0]), *layout.draw_for_family(pair[1])]
    assert layout.distractors.audit["cluster_without_distractors"] == 1


def test_what_fills_a_cluster_up_serves_none_of_its_queries(make: Any) -> None:
    families = [make.family(str(n), weak=0) for n in range(8)]
    serve_also(families, 0, 2, "tool4", "tool5")
    serve_also(families, 1, 1, "tool6", "tool7")
    for seed in range(10):
        layout, split = lay_out(families, seed=seed)
        drawn = layout.draw_for_cluster(find_trainees(families, split, None)[:2])
        assert {frozenset(one.tools.names) for one in drawn if one.kind == "one"} == {frozenset(("tool0", "tool1", "tool2", "tool3"))}


def test_the_starter_catalogue_shares_its_sets(starter_built: Any) -> None:
    assert starter_built.build["layout"]["examples_per_tool_set"] > 6
    for bundle in bundles_of(starter_built.train):
        assert len({tools_of(example) for example in bundle}) <= 4
