"""Queries that no tool serves: the answer is to abstain, in no pair, near tools beside them, and split without leaks."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.call import ABSTAIN
from gentool.core.example import Example
from gentool.core.family import Family, Unserved
from gentool.core.tool import GENERATE_RESPONSE


def ask(number: int, *near: str, text: str = "") -> Unserved:
    return Unserved(id=f"unserved{number}", text=text or " ".join(f"v{number}x{part}" for part in range(8)), near=near)


@pytest.fixture(scope="module")
def families(make: Any) -> list[Family]:
    return [make.family(str(number)) for number in range(16)]


def unserved_of(examples: list[Example]) -> list[Example]:
    return [example for example in examples if example.kind == "unserved"]


def test_the_answer_is_to_abstain_and_there_is_no_pair(families: list[Family], build: Any) -> None:
    made = build(families, unserved=[ask(number, "tool3") for number in range(20)], k=3)
    found = unserved_of(made.train) + unserved_of(made.test)
    assert len(unserved_of(made.train)) == 16
    for example in found:
        assert example.answer == ABSTAIN and example.ranking == (GENERATE_RESPONSE,) and len(example.tools) == 3
        assert example.strong is None and example.pair == example.id and example.family == example.query_id
    assert len({example.id for example in found}) == len(found)


def test_unseen_queries_are_tested_with_seen_tools_and_with_unseen_ones(families: list[Family], build: Any) -> None:
    made = build(families, unserved=[ask(number, f"tool{number % 16}") for number in range(20)], k=3)
    trained = {example.query_id for example in unserved_of(made.train)}
    trained_tools = {tool.id for example in made.train for tool in example.tools}
    test = unserved_of(made.test)
    assert {example.scenario for example in test} == {"unseen_query_seen_tool", "unseen_query_unseen_tool"}
    assert not trained & {example.query_id for example in test}
    for example in test:
        assert {tool.id for tool in example.tools} <= trained_tools if example.scenario == "unseen_query_seen_tool" else True
        if example.scenario == "unseen_query_unseen_tool":
            assert not {tool.id for tool in example.tools} <= trained_tools


def test_near_tools_stand_in_the_set_where_training_may_see_them(families: list[Family], build: Any) -> None:
    made = build(families, unserved=[ask(number, "tool3", "lite4v0") for number in range(20)], k=3)
    seen = {tool.name for example in made.train for tool in example.tools}
    for example in unserved_of(made.train):
        assert {"tool3", "lite4v0"} & seen <= set(example.tools.names)


def domain_asks(count: int) -> list[Unserved]:
    """Queries of two domains, each near to two of its domain's eight tools."""
    near = [(f"tool{number % 2 + 2 * (number // 2 % 8)}", f"lite{number % 2 + 2 * (number // 3 % 8)}v0") for number in range(count)]
    return [ask(number, *near[number]).model_copy(update={"domain": f"field{number % 2}"}) for number in range(count)]


@pytest.mark.parametrize("share", ["family", "cluster"])
@pytest.mark.parametrize(("settings", "most"), [({}, 8), ({"queries_per_set": 3}, 3)])
def test_queries_of_a_domain_share_a_set_that_comes_near_to_each(
    families: list[Family], build: Any, share: str, settings: dict[str, Any], most: int
) -> None:
    asked = {query.id: query for query in domain_asks(40)}
    made = build(families, unserved=list(asked.values()), k=5, share=share, **settings)
    train = unserved_of(made.train)
    seen = {name for example in made.train for name in example.tools.names}
    groups: dict[str | None, list[Example]] = {}
    for example in train:
        groups.setdefault(example.bundle, []).append(example)
    assert None not in groups and len(train) == 32
    assert max(len(group) for group in groups.values()) == most
    assert len(groups) <= 2 * -(-16 // most) + 2
    for group in groups.values():
        assert len({example.tools.names for example in group}) == 1 and len({asked[example.query_id].domain for example in group}) == 1
        for example in group:
            near = set(asked[example.query_id].near)
            assert near & set(example.tools.names) or not near & seen


def test_queries_without_a_domain_share_where_the_same_tools_come_near(families: list[Family], build: Any) -> None:
    apart = build(families, unserved=[ask(number, f"tool{number}") for number in range(10)], k=3)
    assert len({example.bundle for example in unserved_of(apart.train)}) == len(unserved_of(apart.train)) == 8
    near = build(families, unserved=[ask(number, "tool0", f"tool{number}") for number in range(10)], k=3)
    assert len({example.bundle for example in unserved_of(near.train)}) == 1


def test_without_sharing_each_query_has_a_set_of_its_own(families: list[Family], build: Any) -> None:
    made = unserved_of(build(families, unserved=domain_asks(20), k=5, share="none").train)
    assert {example.bundle for example in made} == {None}
    assert len({example.tools.names for example in made}) == len(made) == 16


def test_the_unserved_test_does_not_depend_on_what_is_shared(families: list[Family], build: Any) -> None:
    tests = [unserved_of(build(families, unserved=domain_asks(20), k=3, share=share).test) for share in ("family", "cluster", "none")]
    assert tests[0] and tests[0] == tests[1] == tests[2]


def test_the_cap_holds_and_zero_leaves_them_out_of_the_test(families: list[Family], build: Any) -> None:
    queries = [ask(number, "tool3") for number in range(40)]
    for most, wanted in ((None, 16), (2, 4), (0, 0)):
        assert len(unserved_of(build(families, unserved=queries, k=3, test_unserved=most).test)) == wanted


def test_a_query_like_a_served_one_is_left_out_and_counted(families: list[Family], build: Any) -> None:
    made = build(families, unserved=[ask(0, text=families[0].queries[0].text), *(ask(number) for number in range(1, 10))], k=3)
    assert "unserved0" not in {example.query_id for example in [*made.train, *made.test]}
    assert made.build["audit"]["unserved_query_like_a_served_one"] == 1


def test_near_duplicates_are_not_parted(families: list[Family], build: Any) -> None:
    words = " ".join(f"word{part}" for part in range(30))
    for seed in range(6):
        queries = [ask(1, text=words), ask(2, text=f"{words} more"), *(ask(number) for number in range(3, 12))]
        made = build(families, seed=seed, unserved=queries, k=3)
        train = {example.query_id for example in unserved_of(made.train)}
        assert len(train & {"unserved1", "unserved2"}) in (0, 2)


def test_what_also_serves_a_query_never_stands_beside_it(make: Any, build: Any) -> None:
    families = [make.family(str(number)) for number in range(8)]
    served = families[0].queries[0].model_copy(update={"also": ("tool1", "tool2", "lite3v0")})
    families[0] = families[0].model_copy(update={"queries": (served, *families[0].queries[1:])})
    made = build(families, k=3, neighbours=20)
    own = [example for example in [*made.train, *made.test] if example.query_id == served.id]
    assert own and not any({"tool1", "tool2", "lite3v0"} & set(example.tools.names) for example in own)
    assert made.build["audit"]["serves_the_query"] > 0
