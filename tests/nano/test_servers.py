"""Made-up servers: tools that are alike and still for one need each."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from gentool.core.tool import Tool
from gentool.nano.intents import read_intents
from gentool.nano.rules_items import build_rules_pool
from gentool.nano.servers import server_tools, spell
from gentool.synth.verify import check_tool

NOUNS = (("harbor", "tide", "depth", "ledger", "meadow", "orchard", "ferry", "beacon"), ("lantern", "cellar", "violin", "saddle", "quarry", "pigeon"))
GLOSSES = ("a place where ships lie safely", "an open vessel of wood")
PARAMETERS = {name: parameter for intent in read_intents()[:40] for name, parameter in intent.params.items()}


def make(number: int = 400, seed: int = 0, apart_from: tuple[str, ...] = ()) -> list[Tool]:
    made = server_tools(NOUNS, GLOSSES, PARAMETERS, seed, number, apart_from)
    assert all(key == tool.name for key, (tool,) in made.items())
    return [tool for (tool,) in made.values()]


@pytest.fixture(scope="module")
def tools() -> list[Tool]:
    return make()


def test_as_many_as_asked_for_the_same_for_a_seed(tools: list[Tool]) -> None:
    assert len({tool.name for tool in tools}) == 400
    assert make() == tools != make(seed=1)
    assert all(check_tool(tool) is None for tool in tools)


def test_tools_of_a_server_share_words_and_parameters(tools: list[Tool]) -> None:
    servers = [list(group) for _, group in groupby(tools, key=lambda tool: tool.domain)]
    wide = [server for server in servers if len(server) > 2]
    assert len(wide) > 40
    shared = [len(set.intersection(*(set(tool.properties) for tool in server[:2]))) > 0 for server in wide]
    assert sum(shared) > 0.6 * len(wide)
    alike = [bool(set(one.name.split("_")) & set(other.name.split("_"))) for one, other, *_ in wide]
    assert sum(alike) > 0.6 * len(wide)


def test_parameters_come_in_pairs_in_several_spellings_and_of_every_type(tools: list[Tool]) -> None:
    names = {name for tool in tools for name in tool.properties}
    assert any(name.startswith("from_") and f"to_{name[5:]}" in names for name in names)
    assert any(re.fullmatch(r"from[A-Z]\w+", name) for name in names) and any(re.fullmatch(r"from[a-z]+", name) for name in names)
    schemas = [schema for tool in tools for schema in tool.properties.values()]
    assert {schema["type"] for schema in schemas} >= {"string", "integer", "number", "boolean", "array", "object"}
    assert any(schema.get("items", {}).get("type") == "object" for schema in schemas)
    assert any("description" not in schema for schema in schemas)


def test_descriptions_go_on_with_glosses_and_arguments_or_are_missing(tools: list[Tool]) -> None:
    texts = [tool.description for tool in tools]
    assert "" in texts and any("Args:\n" in text for text in texts) and any("A place where ships" in text for text in texts)
    assert not any(re.search(r"\{(verb|thing|aspect|other|parameter)\}", text) for text in texts)


def test_what_is_kept_apart_from_is_not_made(tools: list[Tool]) -> None:
    names = tuple(tool.name for tool in tools[:50])
    assert not set(names) & {tool.name for tool in make(apart_from=names)}


def test_the_rules_teacher_asks_for_most_of_them(tools: list[Tool]) -> None:
    pool = build_rules_pool({tool.name: [tool] for tool in tools[:80]}, 0, 4)
    assert len(pool) > 70
    assert any(isinstance(value, dict) for item in pool for request in item.requests for value in request.strong.values())


def test_spellings() -> None:
    assert [spell("from_zone", joint) for joint in ("_", "", "camel")] == ["from_zone", "fromzone", "fromZone"]
