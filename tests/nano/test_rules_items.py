"""Items in the rules teacher's style: procedural tools, the pool that the rules teacher makes of them, and the source."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.family import Query
from gentool.core.tool import Tool
from gentool.nano.intents import read_intents
from gentool.nano.material import Item, Request, Source
from gentool.nano.rules_items import (
    FRAMES,
    PooledItem,
    RulesSource,
    build_rules_pool,
    describe,
    draw_pseudo_word,
    procedural_tools,
    third_person,
)
from gentool.starter import read_starter_families, read_starter_tools
from gentool.synth.pipeline import SynthSettings
from gentool.synth.rules import RulesTeacher
from gentool.synth.verify import check_calls, check_grounded, check_tool

INTENTS = read_intents()


@pytest.fixture(scope="module")
def tools() -> dict[str, list[Tool]]:
    return procedural_tools(INTENTS, seed=0, number=3000)


@pytest.fixture(scope="module")
def pool(tools: dict[str, list[Tool]]) -> list[PooledItem]:
    keys = random.Random(1).sample(sorted(tools), 60)
    return build_rules_pool({key: tools[key] for key in keys}, seed=0, queries_per_tool=8)


def flatten(tools: dict[str, list[Tool]]) -> list[Tool]:
    return [tool for variants in tools.values() for tool in variants]


def as_query(item: PooledItem, request: Request) -> tuple[Query, dict[str, Tool]]:
    tools = {"strong": item.strong} | ({"weak": item.weak} if item.weak else {})
    calls = {"strong": Call(name=item.strong.name, arguments=request.strong)}
    if item.weak and request.weak is not None:
        calls["weak"] = Call(name=item.weak.name, arguments=request.weak)
    fits = dict.fromkeys(calls, "full")
    return Query.model_validate({"id": "q", "text": request.text, "strong": "strong", "weak": "weak", "fits": fits, "calls": calls}), tools


def test_as_many_tools_as_asked_for_with_names_of_their_own(tools: dict[str, list[Tool]]) -> None:
    names = [tool.name for tool in flatten(tools)]
    assert len(names) == 3000 == len(set(names))
    assert all(check_tool(tool) is None for tool in flatten(tools)[::20])


def test_same_seed_same_tools(tools: dict[str, list[Tool]]) -> None:
    assert procedural_tools(INTENTS, seed=0, number=3000) == tools
    assert procedural_tools(INTENTS, seed=1, number=3000) != tools


def test_tools_vary_in_spelling_kinds_and_what_is_required(tools: dict[str, list[Tool]]) -> None:
    made = flatten(tools)
    schemas = [schema for tool in made for schema in tool.properties.values()]
    assert {schema.get("format") for schema in schemas} >= {"date", "date-time", "email"}
    assert {schema["type"] for schema in schemas} == {"string", "integer", "number", "boolean", "array"}
    assert (
        any("enum" in schema for schema in schemas)
        and any("default" in schema for schema in schemas)
        and any("minimum" in schema for schema in schemas)
    )
    assert {"-" in tool.name for tool in made} == {tool.name.islower() for tool in made} == {bool(tool.required) for tool in made} == {True, False}
    assert len({tool.description for tool in made}) > 2500


def test_half_are_of_intents_and_the_domain_is_the_objects(tools: dict[str, list[Tool]]) -> None:
    domains = {intent.name: intent.domain for intent in INTENTS}
    of_intents = {key: variants for key, variants in tools.items() if key in domains}
    assert sum(map(len, of_intents.values())) == 1500
    assert all(tool.domain == domains[key] for key, variants in of_intents.items() for tool in variants)
    assert {tool.domain for tool in flatten(tools)} == set(domains.values())


def test_the_queries_of_the_lexicon_are_not_used(tools: dict[str, list[Tool]]) -> None:
    silent = [intent.model_copy(update={"queries": ()}) for intent in INTENTS]
    assert procedural_tools(silent, seed=0, number=3000) == tools


def test_two_keys_never_differ_in_a_synonym_or_a_plural_alone() -> None:
    intents = [intent for intent in INTENTS if intent.domain in ("flats_to_rent", "shop_stock")]
    made = procedural_tools(intents, seed=0, number=400)
    recombined = set(made) - {intent.name for intent in intents}
    assert "show_flats" not in recombined and "find_flat" not in recombined  # search_flats is there
    assert len(recombined) > 20


def test_what_is_kept_apart_from_is_made_under_no_order_of_its_words(tools: dict[str, list[Tool]]) -> None:
    keys = set(tools) - {intent.name for intent in INTENTS}
    turned = ["_".join(reversed(key.split("_"))) for key in keys]
    assert not keys & set(procedural_tools(INTENTS, seed=0, number=3000, apart_from=turned))


def test_kept_apart_from_the_starter_set() -> None:
    starter = {tool.name for tool in read_starter_tools()} | {family.weak.name for family in read_starter_families()}
    made = flatten(procedural_tools(INTENTS, seed=0, number=3000, apart_from=starter))
    assert not starter & {tool.name for tool in made}


def test_requests_pass_the_checks_of_synth(pool: list[PooledItem]) -> None:
    for item in pool:
        assert check_tool(item.strong) is None and (item.weak is None or check_tool(item.weak) is None)
        for request in item.requests:
            query, tools = as_query(item, request)
            assert check_calls(query, tools) is None and check_grounded(query, tools) is None


def test_the_pool_is_what_the_teacher_answers(pool: list[PooledItem]) -> None:
    item = next(item for item in pool if item.weak)
    cases = RulesTeacher()._cases(item.strong, item.weak, 8, seed=0)
    assert tuple(request.text for request in item.requests) == tuple(dict.fromkeys(case.text for case in cases))
    assert [request.weak is None for request in item.requests] == [case.weak_fit == "none" for case in cases]
    assert SynthSettings().teacher == RulesTeacher.name


def test_weak_tools_have_names_of_their_own_and_some_requests_are_beyond_them(pool: list[PooledItem]) -> None:
    weak = [item.weak.name for item in pool if item.weak]
    assert len(set(weak)) == len(weak) and not set(weak) & {item.strong.name for item in pool}
    served = [request.weak is not None for item in pool if item.weak for request in item.requests]
    assert 0.5 < sum(served) / len(served) < 1
    assert all(request.weak is None for item in pool if item.weak is None for request in item.requests)


def test_a_tool_without_valid_values_is_left_out() -> None:
    impossible = Tool(name="x", parameters={"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=b)c"}}, "required": ["a"]})
    assert build_rules_pool({"x": [impossible]}, 0, 4) == []


def test_the_source_gives_by_topic_what_the_pool_holds(pool: list[PooledItem]) -> None:
    source: Source = RulesSource(pool)
    assert {key for keys in source.topics.values() for key in keys} == {item.key for item in pool}
    assert all(source.item(key, random.Random(0), 2).strong.domain == topic for topic, keys in source.topics.items() for key in keys)


def test_an_item_is_drawn_anew_and_the_same_for_the_same_state(pool: list[PooledItem]) -> None:
    source = RulesSource(pool)
    key = next(item.key for item in pool if len(item.requests) == 8)
    rng = random.Random(5)
    drawn: list[Item] = [source.item(key, rng, 3) for _ in range(20)]
    assert len({tuple(request.text for request in item.requests) for item in drawn}) > 5
    assert source.item(key, random.Random(5), 3) == drawn[0]
    assert len(source.item(key, rng, 100).requests) == 8


def test_a_pool_is_written_and_read_back(pool: list[PooledItem], tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    assert RulesSource(pool).write(path) == len(pool)
    assert RulesSource.of_file(path).pool == pool
    path.write_text(path.read_text(encoding="utf-8") + '{"key": 1}\n', encoding="utf-8")
    with pytest.raises(RecordError):
        RulesSource.of_file(path)


def test_a_catalogue_of_any_kind_makes_a_pool() -> None:
    tool = Tool(name="find_boat", description="Find a boat.", parameters={"type": "object", "properties": {"city": {"type": "string"}}})
    (item,) = build_rules_pool({tool.name: [tool]}, 0, 4)
    assert item.key == "find_boat" and RulesSource([item]).topics == {"other": ("find_boat",)}


def test_words() -> None:
    assert [third_person(verb) for verb in ("find", "watch", "copy", "buy")] == ["finds", "watches", "copies", "buys"]
    rng = random.Random(0)
    assert all(draw_pseudo_word(rng).isalpha() for _ in range(100))
    sentences = {describe("find", "boat", "old_ports", [], rng) for _ in range(200)}
    assert len(sentences) > 5 and not any("{" in sentence for sentence in sentences)
    assert len(FRAMES) == len(set(FRAMES))
