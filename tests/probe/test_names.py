"""Names in RoTBench's manner: the right answer follows its tool, names collide with nothing, and heavy ones are swapped."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.core.call import Call
from gentool.core.example import Example, Prediction
from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.evaluate.verdict import judge
from gentool.probe.altered import Base
from gentool.probe.names import CLEAN, LEVELS, disguise, misspell, rename, swap, vary_names


def answer_of(example: Example) -> str:
    return json.dumps({"name": example.answer.name, "arguments": example.answer.arguments})


def rename_all(bases: list[Base], level: str) -> list[tuple[Example, Example]]:
    names = {tool.name for base in bases for tool in base.example.tools}
    return [(base.example, rename(base.example, level, random.Random(f"{level}{place}"), names)) for place, base in enumerate(bases)]


@pytest.mark.parametrize("level", LEVELS)
def test_the_right_answer_follows_its_tool(bases: list[Base], level: str) -> None:
    """The target is the tool of the same description, whatever it is called, and its call is right under the new schema."""
    for before, after in rename_all(bases, level):
        assert [tool.description for tool in after.tools] == [tool.description for tool in before.tools]
        new = dict(zip((*before.tools.names, GENERATE_RESPONSE), (*after.tools.names, GENERATE_RESPONSE), strict=True))
        assert after.answer.name == new[before.answer.name]
        assert after.ranking == tuple(new[name] for name in before.ranking)
        assert [call.name for call in after.acceptable] == [new[call.name] for call in before.acceptable]
        assert (after.strong, after.weak) == tuple(new.get(name, name) if name else None for name in (before.strong, before.weak))
        assert list(after.answer.arguments.values()) == list(before.answer.arguments.values())
        for one, other in zip(before.tools, after.tools, strict=True):
            assert list(other.properties.values()) == list(one.properties.values())
            assert [list(other.properties).index(name) for name in other.required] == [list(one.properties).index(name) for name in one.required]
        target = after.tools.by_name(after.answer.name)
        assert target is None or schema_faults(after.answer.arguments, target.parameters) == []
        assert judge(after, Prediction(id=after.id, select=answer_of(after), rank="")).call
        if not before.answer.abstains:
            verdict = judge(after, Prediction(id=after.id, select=answer_of(before), rank=""))
            assert verdict.error == ("other_wrong_tool" if level == "heavy" else "unknown_tool") or verdict.error == "weak_instead_of_strong"


@pytest.mark.parametrize("level", ["slight", "medium"])
def test_new_names_collide_with_nothing(bases: list[Base], level: str) -> None:
    known = {tool.name for base in bases for tool in base.example.tools}
    for before, after in rename_all(bases, level):
        assert not set(after.tools.names) & (known | {GENERATE_RESPONSE, before.strong, before.weak})
        for one, other in zip(before.tools, after.tools, strict=True):
            assert len(set(other.properties)) == len(one.properties)
            assert not set(other.properties) & set(one.properties)


def test_heavy_names_are_those_of_the_other_tools_and_parameters(bases: list[Base]) -> None:
    for before, after in rename_all(bases, "heavy"):
        assert sorted(after.tools.names) == sorted(before.tools.names)
        assert all(one != other for one, other in zip(before.tools.names, after.tools.names, strict=True))
        for one, other in zip(before.tools, after.tools, strict=True):
            assert sorted(other.properties) == sorted(one.properties)
            assert len(one.properties) < 2 or all(old != new for old, new in zip(one.properties, other.properties, strict=True))


def test_every_example_is_shown_clean_and_under_each_level(bases: list[Base]) -> None:
    altered = list(vary_names(bases, seed=0))
    assert [one.variant for one in altered[:4]] == [CLEAN, *LEVELS]
    assert len(altered) == 4 * len(bases) == len({one.example.id for one in altered})
    assert altered[0].example.tools == bases[0].example.tools
    assert altered == list(vary_names(bases, seed=0)) != list(vary_names(bases, seed=1))


@settings(deadline=None)
@given(st.text("abz_", min_size=1, max_size=9), st.integers(0, 10_000))
def test_a_misspelt_name_is_one_letter_away(name: str, seed: int) -> None:
    found = misspell(name, random.Random(seed))
    assert abs(len(found) - len(name)) <= 1
    common = next((place for place, (one, other) in enumerate(zip(name, found, strict=False)) if one != other), min(len(name), len(found)))
    left, right = name[common:], found[common:]
    assert (left[1:], right[1:]) == (left[1:], left[1:]) or left[1:] == right or left == right[1:]


@settings(deadline=None)
@given(st.lists(st.text("ab", min_size=1), min_size=2, max_size=6, unique=True), st.integers(0, 100))
def test_a_swap_leaves_no_name_where_it_was(names: list[str], seed: int) -> None:
    found = swap(names, random.Random(seed))
    assert sorted(found.values()) == sorted(names)
    assert all(name != other for name, other in found.items())


@settings(deadline=None)
@given(st.sets(st.text("ab", min_size=1, max_size=2), min_size=2, max_size=6), st.sampled_from(LEVELS), st.integers(0, 50))
def test_short_and_crowded_names_are_told_apart(names: set[str], level: str, seed: int) -> None:
    """Names of one or two letters out of two: misspelt or turned round they would often be another one's."""
    tools = ToolSet.of(Tool(name=name, description=name) for name in sorted(names))
    target = tools.names[0]
    example = Example(
        id="e",
        pair="p",
        kind="one",
        family="f",
        query_id="q",
        query="Do it.",
        tools=tools,
        ranking=(target, GENERATE_RESPONSE),
        answer=Call(name=target),
    )
    found = rename(example, level, random.Random(seed))
    assert len(set(found.tools.names)) == len(names)
    assert found.tools.by_name(found.answer.name) == next(tool for tool in found.tools if tool.description == target)
    assert level == "heavy" or not set(found.tools.names) & names


def test_medium_names_are_turned_round_or_random() -> None:
    found = [disguise("forecast", random.Random(seed)) for seed in range(60)]
    turned = found.count("tsacerof")
    assert 15 < turned < 45
    assert all(name == "tsacerof" or (len(name) == 8 and name.isalpha()) for name in found)


def test_parameters_that_a_schema_names_elsewhere_keep_their_names() -> None:
    parameters = {"type": "object", "properties": {"city": {}, "day": {}}, "anyOf": [{"required": ["city"]}, {"required": ["day"]}]}
    tools = ToolSet.of([Tool(name="forecast", parameters=parameters), Tool(name="other")])
    call = Call(name="forecast", arguments={"city": "Bern"})
    example = Example(
        id="e", pair="p", kind="one", family="f", query_id="q", query="Rain?", tools=tools, ranking=("forecast", GENERATE_RESPONSE), answer=call
    )
    for level in LEVELS:
        found = rename(example, level, random.Random(0))
        assert found.answer.arguments == call.arguments
        assert found.tools[0].parameters == parameters
