"""Masked names: the same in tools, rankings and calls, alike over a bundle, and calls that stay as valid as they were."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example
from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.starter import read_starter_families, read_starter_queries, read_starter_tools
from gentool.train.masking import MaskingSettings, can_rename, draw_mask, draw_name, mask_example, mask_examples

ALWAYS = MaskingSettings(probability=1)
CITY, DAYS = {"type": "string", "description": "The city"}, {"type": "integer", "minimum": 1}
OPTIONS = {"type": "object", "properties": {"units": {"type": "string"}}, "required": ["units"]}
FORECAST = Tool(
    name="forecast",
    description="Weather; forecast(city) takes a city.",
    parameters={"type": "object", "properties": {"city": CITY, "days": DAYS, "options": OPTIONS}, "required": ["city"]},
    returns={"type": "object", "properties": {"city": CITY}},
    domain="weather",
    source="test",
)
ALMANAC = Tool(name="almanac", description="Old weather.", parameters={"type": "object", "properties": {"city": CITY}, "required": ["city"]})
PLAY, BOOK = Tool(name="play_song", description="Plays."), Tool(name="book_table", description="Books.")
CALL = Call(name="forecast", arguments={"city": "Rome", "options": {"units": "metric"}})
OLD_CALL = Call(name="almanac", arguments={"city": "Rome"})


def make_example(name: str, *tools: Tool, **changes: Any) -> Example:
    shared: dict[str, Any] = {"kind": "zero", "family": "f", "query_id": "q", "query": "Rain in Rome?", "strong": "forecast", "weak": "almanac"}
    answer: dict[str, Any] = {"ranking": (GENERATE_RESPONSE,), "answer": ABSTAIN}
    return Example(**{"id": name, "pair": "p", **shared, **answer, "tools": ToolSet.of(tools), **changes})


STRONG = make_example(
    "strong",
    PLAY,
    FORECAST,
    ALMANAC,
    kind="strong",
    ranking=("forecast", "almanac", GENERATE_RESPONSE),
    answer=CALL,
    acceptable=(CALL, OLD_CALL),
    alternatives={"city": ("Roma",)},
    bundle="b",
)
WEAK = make_example("weak", PLAY, BOOK, ALMANAC, kind="weak", ranking=("almanac", GENERATE_RESPONSE), answer=OLD_CALL, bundle="b")
ZERO, OTHER = make_example("zero", PLAY, BOOK, bundle="b"), make_example("other", FORECAST, BOOK, pair="other")
EXAMPLES = [STRONG, OTHER, WEAK, ZERO]


def parameters_of(before: Tool, after: Tool) -> dict[str, str]:
    return dict(zip(before.properties, after.properties, strict=True))


def test_names_are_replaced_alike_in_tools_ranking_and_calls() -> None:
    masked = mask_example(STRONG, random.Random(0))
    _, forecast, almanac = masked.tools
    names, old_names = parameters_of(FORECAST, forecast), parameters_of(ALMANAC, almanac)
    assert masked.ranking == (forecast.name, almanac.name, GENERATE_RESPONSE)
    assert (masked.strong, masked.weak) == (forecast.name, almanac.name)
    assert masked.answer == Call(name=forecast.name, arguments={names["city"]: "Rome", names["options"]: {"units": "metric"}})
    assert masked.acceptable == (masked.answer, Call(name=almanac.name, arguments={old_names["city"]: "Rome"}))
    assert masked.alternatives == {names["city"]: ("Roma",)}
    assert forecast.required == (names["city"],)
    assert names["city"] != old_names["city"], "a name that two tools share would tell that they take the same"
    assert {"forecast", "almanac", "play_song"}.isdisjoint(masked.tools.names)
    assert {"city", "days", "options"}.isdisjoint(forecast.properties)


def test_what_is_no_name_stays() -> None:
    masked = mask_example(STRONG, random.Random(0))
    for before, after in zip(STRONG.tools, masked.tools, strict=True):
        kept = {"description", "returns", "domain", "source"}
        assert after.model_dump(include=kept) == before.model_dump(include=kept)
        assert list(after.properties.values()) == list(before.properties.values())
        assert after.id != before.id
    kept = {"id", "pair", "bundle", "kind", "family", "query_id", "query", "scenario"}
    assert masked.model_dump(include=kept) == STRONG.model_dump(include=kept)
    assert FORECAST.required == ("city",), "the tool that was masked has changed"


def test_abstention_is_never_masked() -> None:
    masked = mask_example(ZERO, random.Random(0))
    assert (masked.ranking, masked.answer) == ((GENERATE_RESPONSE,), ABSTAIN)
    assert masked.strong not in (None, "forecast", *masked.tools.names)
    unserved = mask_example(make_example("u", PLAY, BOOK, kind="unserved", strong=None, weak=None), random.Random(0))
    assert (unserved.strong, unserved.weak) == (None, None)


def test_names_are_readable_unique_and_new() -> None:
    taken = {GENERATE_RESPONSE}
    names = [draw_name(taken, random.Random(0)) for _ in range(20)]
    assert len(set(names)) == 20, "the same draws gave a taken name again"
    assert all(re.fullmatch(r"[a-z]{4}(_[a-z]{4})?[0-9]", name) for name in names)
    tools = [Tool(name=name) for name in names]
    masked = mask_example(make_example("many", *tools), random.Random(0))
    assert len({*names, *masked.tools.names}) == 40, "a masked name is another tool's own"


def test_parameters_may_keep_their_names() -> None:
    masked = mask_example(STRONG, random.Random(0), parameters=False)
    assert masked.answer.arguments == CALL.arguments
    assert [tool.parameters for tool in masked.tools] == [tool.parameters for tool in STRONG.tools]
    assert "forecast" not in masked.tools.names
    (alike,) = mask_examples([STRONG], MaskingSettings(probability=1, parameters=False), 0, 0)
    assert alike.answer.arguments == CALL.arguments


def test_a_bundle_shares_one_mask_tool_by_tool() -> None:
    masked = mask_examples(EXAMPLES, ALWAYS, 0, 0)
    names: dict[str, set[str]] = {}
    tools: dict[str, set[str]] = {}
    for before, after in zip(EXAMPLES, masked, strict=True):
        if before.bundle == "b":
            assert after.strong is not None and after.weak is not None
            names.setdefault("forecast", set()).add(after.strong)
            names.setdefault("almanac", set()).add(after.weak)
            for old, new in zip(before.tools, after.tools, strict=True):
                names.setdefault(old.name, set()).add(new.name)
                tools.setdefault(old.id, set()).add(new.id)
    assert [len(found) for found in (*names.values(), *tools.values())] == [1] * 8
    assert len(set.union(*names.values())) == 4
    assert masked[1].tools[0].name != masked[0].tools[1].name, "the other bundle is masked like this one"


def test_two_tools_of_one_name_are_told_apart() -> None:
    """Sets of one bundle may hold different tools of one name, which are the same family's or of no family at all."""
    twin = Tool(name="play_song", description="Plays another way.")
    first, second = mask_examples([make_example("a", PLAY, BOOK), make_example("b", twin, BOOK)], ALWAYS, 0, 0)
    assert first.tools[0].name != second.tools[0].name
    assert first.tools[1] == second.tools[1]


def test_families_of_one_bundle_keep_their_own_strong_tools() -> None:
    theirs = Tool(name="forecast", description="Stock forecast.", parameters=FORECAST.parameters)
    others = make_example("theirs", theirs, BOOK, family="g", ranking=("forecast", GENERATE_RESPONSE), answer=CALL, bundle="b")
    strong, zero, other = mask_examples([STRONG, ZERO, others], ALWAYS, 0, 0)
    assert strong.strong == zero.strong == strong.ranking[0]
    assert other.strong == other.ranking[0] == other.tools[0].name != strong.strong


def test_the_same_seed_and_epoch_give_the_same_names_in_any_order() -> None:
    masked = mask_examples(EXAMPLES, ALWAYS, 3, 1)
    assert mask_examples(EXAMPLES, ALWAYS, 3, 1) == masked
    assert mask_examples(EXAMPLES[::-1], ALWAYS, 3, 1) == masked[::-1]
    assert mask_example(STRONG, random.Random(5)) == mask_example(STRONG, random.Random(5))
    for seed, epoch in ((3, 2), (4, 1)):
        assert mask_examples([STRONG], ALWAYS, seed, epoch)[0].ranking != masked[0].ranking


def test_probability_zero_masks_nothing_and_one_masks_all() -> None:
    untouched = mask_examples(EXAMPLES, MaskingSettings(), 0, 0)
    assert all(after is before for before, after in zip(EXAMPLES, untouched, strict=True))
    masked = mask_examples(EXAMPLES, ALWAYS, 0, 0)
    assert [example.id for example in masked] == [example.id for example in EXAMPLES]
    for before, after in zip(EXAMPLES, masked, strict=True):
        assert set(before.tools.names).isdisjoint(after.tools.names)


def test_a_probability_is_that_of_a_bundle() -> None:
    many = [example.model_copy(update={"bundle": str(number)}) for number in range(400) for example in (STRONG, WEAK)]
    masked = mask_examples(many, MaskingSettings(probability=0.25), 0, 0)
    changed = [after is not before for before, after in zip(many, masked, strict=True)]
    assert changed[::2] == changed[1::2]
    assert sum(changed[::2]) == pytest.approx(100, abs=25)
    again = mask_examples(many, MaskingSettings(probability=0.25), 0, 1)
    assert [after is not before for before, after in zip(many, again, strict=True)] != changed


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_probability_is_between_zero_and_one(probability: float) -> None:
    with pytest.raises(ValidationError, match="probability"):
        MaskingSettings(probability=probability)


def tool_of(**schema: Any) -> Tool:
    return Tool(name="t", parameters={"type": "object", "properties": {"city": CITY, "days": DAYS}, **schema})


RENAMED: dict[str, dict[str, Any]] = {
    "required": {"required": ["days", "city"]},
    "dependentRequired": {"dependentRequired": {"days": ["city"]}},
    "dependentSchemas": {"dependentSchemas": {"days": {"properties": {"city": {"minLength": 5}}, "required": ["city"]}, "city": True}},
    "definitions": {"properties": {"city": {"$ref": "#/$defs/c"}, "days": DAYS}, "$defs": {"c": {"type": "string"}}},
    "closed": {"additionalProperties": False, "minProperties": 2},
}
KEPT: dict[str, dict[str, Any]] = {
    "anyOf": {"anyOf": [{"required": ["city"]}, {"required": ["days"]}]},
    "if": {"if": {"required": ["city"]}, "then": {"required": ["days"]}},
    "not": {"not": {"required": ["days"]}},
    "patternProperties": {"patternProperties": {"^c": {"type": "string"}}},
    "propertyNames": {"propertyNames": {"enum": ["city", "days"]}},
    "const": {"const": {"city": "Rome"}},
    "inner anyOf": {"dependentSchemas": {"city": {"not": {"required": ["days"]}}}},
    "reference to a parameter": {"properties": {"city": {"$ref": "#/properties/days"}, "days": DAYS}},
    "reference to itself": {"properties": {"city": {"type": "array", "items": {"$ref": "#"}}, "days": DAYS}},
    "dynamic reference": {"properties": {"city": {"$dynamicRef": "#/$defs/c"}, "days": DAYS}, "$defs": {"c": {"type": "string"}}},
}
ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"city": "Rome"},
    {"city": "Bologna", "days": 3},
    {"days": 3},
    {"city": "Rome", "days": 3},
    {"days": 0, "x": 1},
]


@pytest.mark.parametrize("schema", RENAMED.values(), ids=RENAMED)
def test_keywords_that_name_parameters_are_rewritten(schema: dict[str, Any]) -> None:
    tool = tool_of(**schema)
    masked = draw_mask([make_example("e", tool)], random.Random(1), True).tools[tool.id]
    assert set(masked.parameters) == {"city", "days"}
    assert not re.search(r"'(city|days)'", str(masked.tool.parameters))
    for arguments in ARGUMENTS:
        renamed = {masked.parameters.get(name, name): value for name, value in arguments.items()}
        assert bool(schema_faults(renamed, masked.tool.parameters)) == bool(schema_faults(arguments, tool.parameters)), arguments


@pytest.mark.parametrize("schema", KEPT.values(), ids=KEPT)
def test_parameters_that_are_constrained_by_name_elsewhere_keep_their_names(schema: dict[str, Any]) -> None:
    tool = tool_of(**schema)
    assert not can_rename(tool.parameters)
    masked = draw_mask([make_example("e", tool)], random.Random(1), True).tools[tool.id]
    assert (masked.parameters, masked.tool.parameters) == ({}, tool.parameters)
    assert masked.tool.name != "t"


VALUES = st.one_of(st.integers(-2, 2), st.sampled_from(["", "Rome"]), st.booleans())
NAMES = st.lists(st.sampled_from(["city", "days", "unit", "from"]), unique=True)
PROPERTIES = st.dictionaries(st.sampled_from(["city", "days", "unit", "from"]), st.sampled_from([CITY, DAYS, {}, {"enum": ["Rome", 1]}]), min_size=1)
KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "required": NAMES,
        "dependentRequired": st.dictionaries(st.sampled_from(["city", "days"]), NAMES),
        "additionalProperties": st.booleans(),
        "anyOf": st.lists(st.fixed_dictionaries({"required": NAMES}), min_size=1, max_size=2),
    },
)


@given(PROPERTIES, KEYWORDS, st.dictionaries(st.sampled_from(["city", "days", "unit", "from", "more"]), VALUES), st.integers(0, 99))
def test_a_call_is_valid_under_masked_names_where_it_was(
    properties: dict[str, Any], keywords: dict[str, Any], arguments: dict[str, Any], seed: int
) -> None:
    tool = Tool(name="t", parameters={"type": "object", "properties": properties, **keywords})
    call = Call(name="t", arguments=arguments)
    masked = mask_example(make_example("e", tool, BOOK, ranking=("t", GENERATE_RESPONSE), answer=call), random.Random(seed))
    assert bool(schema_faults(masked.answer.arguments, masked.tools[0].parameters)) == bool(schema_faults(arguments, tool.parameters))
    assert list(masked.answer.arguments.values()) == list(arguments.values())


def starter_examples(count: int) -> list[Example]:
    """Queries of the starter set before their strong tool, their weak one and a stranger, each with its calls."""
    tools, families = {tool.name: tool for tool in read_starter_tools()}, {family.strong: family for family in read_starter_families()}
    found = []
    for number, query in enumerate(read_starter_queries()[:: len(read_starter_queries()) // count]):
        family = families[query.id.split("/")[0]]
        calls = [Call(name=family.strong, arguments=query.call)]
        calls += [Call(name=family.weak.name, arguments=query.weak_call)] if query.weak_call is not None else []
        changes: dict[str, Any] = {"pair": str(number), "query": query.text, "strong": family.strong, "weak": family.weak.name}
        ranking = (*(call.name for call in calls), GENERATE_RESPONSE)
        stranger = next(tool for tool in tools.values() if tool.domain != family.domain)
        alternatives = {name: values for name, values in query.alternatives.items() if name in tools[family.strong].properties}
        changes |= {"ranking": ranking, "answer": calls[0], "acceptable": tuple(calls), "alternatives": alternatives}
        found.append(make_example(query.id, stranger, family.weak, tools[family.strong], **changes))
    return found


def test_calls_of_the_starter_set_stay_valid() -> None:
    examples = starter_examples(80)
    for before, after in zip(examples, mask_examples(examples, ALWAYS, 0, 0), strict=True):
        for call, masked in zip(before.acceptable, after.acceptable, strict=True):
            old, new = before.tools.by_name(call.name), after.tools.by_name(masked.name)
            assert old is not None and new is not None
            assert schema_faults(call.arguments, old.parameters) == schema_faults(masked.arguments, new.parameters) == []
            assert list(masked.arguments.values()) == list(call.arguments.values())
            assert set(masked.arguments).isdisjoint(call.arguments) or not call.arguments
        assert set(after.alternatives) <= set(after.tools.by_name(after.answer.name).properties)  # type: ignore[union-attr]
        assert list(after.alternatives.values()) == list(before.alternatives.values())
