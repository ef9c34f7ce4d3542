"""Leak checks can fail: a split that leaks in each of seven ways is found by the check of that name, and by it the build stops."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.core.call import ABSTAIN
from gentool.core.errors import GenToolError
from gentool.core.example import Example, Kind, Scenario
from gentool.core.family import Family
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.engines.vectors import embed
from gentool.pairs.leaks import LeakCheck, LeakError, check_leaks, fail_on_leaks
from gentool.pairs.split import Role, Split, SplitSettings

CHECKS = (
    "unseen tools in training",
    "names of unseen tools in training",
    "near-duplicates of unseen tools in training",
    "unseen queries in training",
    "near-duplicates of unseen queries in training",
    "unseen families in training",
    "queries of unseen strong tools trained as one or strong",
)
UNSEEN, HELD, SEEN, COPY = range(4)
ROLES: tuple[Role, ...] = ("unseen", "unseen_strong", "seen", "seen")


def example(family: Family, kind: Kind, *tools: Tool, number: int = 0, text: str = "", scenario: Scenario | None = None) -> Example:
    query = family.queries[number]
    return Example(
        id="e",
        pair="p",
        kind=kind,
        scenario=scenario,
        family=family.id,
        query_id=query.id,
        query=text or query.text,
        tools=ToolSet.of(tools),
        ranking=(GENERATE_RESPONSE,),
        answer=ABSTAIN,
        strong=family.strong.name,
    )


class Case:
    """Four families, one of them a near-copy of the unseen one, with clean examples to which a leak is added."""

    def __init__(self, make: Any) -> None:
        unseen = make.family("0")
        copy = make.family("3", words=unseen.strong.description, parameter="p0")
        self.families: list[Family] = [unseen, make.family("1"), make.family("2"), copy]
        self.namesake: Tool = make.tool(unseen.strong.name, "quite another thing", "z")
        seen, held = self.families[SEEN], self.families[HELD]
        self.train = [example(seen, "one", seen.strong, number=1), example(held, "weak", held.weak[0].tool)]
        self.test = [
            example(seen, "one", seen.strong, number=0, scenario="unseen_query_seen_tool"),
            example(unseen, "one", unseen.strong, scenario="unseen_query_unseen_tool"),
            example(held, "one", held.strong, scenario="seen_query_unseen_tool"),
        ]

    def check(self, *leaks: Example) -> dict[str, LeakCheck]:
        tools = [tool for family in self.families for tool in family.tools]
        roles = {family.id: role for family, role in zip(self.families, ROLES, strict=True)}
        hidden = frozenset(query.id for query in (*self.families[UNSEEN].queries, self.families[SEEN].queries[0]))
        split = Split(roles, {family.id: index for index, family in enumerate(self.families)}, hidden)
        vectors = embed([tool.text for tool in tools], "tfidf")
        checks = check_leaks([*self.train, *leaks], self.test, self.families, split, vectors, SplitSettings())
        return {check.check: check for check in checks}


def leaks(case: Case) -> dict[str, Example]:
    """One training example for each check that it must not pass."""
    unseen, held, seen, copy = case.families
    text = seen.queries[0].text
    return {
        CHECKS[0]: example(seen, "zero", unseen.weak[0].tool, number=1),
        CHECKS[1]: example(seen, "zero", case.namesake, number=1),
        CHECKS[2]: example(seen, "zero", copy.strong, number=1),
        CHECKS[3]: example(seen, "zero", seen.strong, number=0),
        CHECKS[4]: example(seen, "zero", seen.strong, number=1, text=f"{text} please"),
        CHECKS[5]: example(unseen, "zero", seen.strong, text="quite another question"),
        CHECKS[6]: example(held, "one", seen.strong),
    }


@pytest.fixture
def case(make: Any) -> Case:
    return Case(make)


def test_a_clean_split_passes_every_check_and_compares_something(case: Case) -> None:
    checks = case.check()
    assert tuple(checks) == CHECKS
    assert all(check.violations == 0 and check.first == "" and check.compared > 0 for check in checks.values())
    fail_on_leaks(list(checks.values()))


@pytest.mark.parametrize("name", CHECKS)
def test_each_leak_is_counted_by_its_check_and_stops_the_build(case: Case, name: str) -> None:
    checks = case.check(leaks(case)[name])
    assert checks[name].violations == 1 and checks[name].first
    implied = {CHECKS[0]: {CHECKS[1]}, CHECKS[3]: {CHECKS[4]}}.get(name, set())
    assert {check for check, row in checks.items() if row.violations} == {name} | implied
    with pytest.raises(LeakError, match=f"{name}: 1 of {checks[name].compared}, first ") as caught:
        fail_on_leaks(list(checks.values()))
    assert isinstance(caught.value, GenToolError) and "\n" not in str(caught.value)


def test_an_unseen_strong_tool_leaks_as_a_distractor(case: Case) -> None:
    checks = case.check(example(case.families[SEEN], "zero", case.families[HELD].strong, number=1))
    assert checks[CHECKS[0]].violations == 1 and checks[CHECKS[0]].first == case.families[HELD].strong.id


def test_a_weak_tool_of_an_unseen_strong_one_may_train(case: Case) -> None:
    held = case.families[HELD]
    assert not any(check.violations for check in case.check(example(held, "weak", held.weak[0].tool)).values())


def test_all_failed_checks_are_named(case: Case) -> None:
    checks = case.check(*leaks(case).values())
    with pytest.raises(LeakError) as caught:
        fail_on_leaks(list(checks.values()))
    assert all(name in str(caught.value) for name in CHECKS)
