"""The lexicon as a source: what its items ask for can be called, values are copied from the text, and the same seed gives the same item."""

import random
import re

import pytest

from gentool.core.schema import metaschema_fault, schema_faults
from gentool.core.tool import Tool
from gentool.nano.intents import Parameter, read_intents
from gentool.nano.kinds import draw_schema, draw_values
from gentool.nano.lexicon_items import LexiconSource
from gentool.nano.lexicon_queries import fill, read_template
from gentool.nano.material import Item
from gentool.nano.pools import COUNTRIES, FIRST_NAMES, LANGUAGES, LAST_NAMES, TOWNS

ITEMS = 300
NOT_COPIED = {"date", "time", "date-time"}


@pytest.fixture(scope="module")
def source() -> LexiconSource:
    return LexiconSource()


@pytest.fixture(scope="module")
def items(source: LexiconSource) -> list[Item]:
    rng = random.Random(5)
    keys = [key for names in source.topics.values() for key in names]
    return [source.item(rng.choice(keys), rng, 10) for _ in range(ITEMS)]


def calls(items: list[Item]) -> list[tuple[str, Tool, dict]]:
    found = []
    for item in items:
        for request in item.requests:
            found.append((request.text, item.strong, request.strong))
            if request.weak is not None:
                assert item.weak is not None
                found.append((request.text, item.weak, request.weak))
    return found


def test_topics_hold_every_intent(source: LexiconSource) -> None:
    keys = [key for names in source.topics.values() for key in names]
    assert sorted(keys) == sorted(intent.name for intent in read_intents())
    assert source.topics["ferries"]


def test_every_intent_can_be_drawn(source: LexiconSource) -> None:
    rng = random.Random(1)
    for names in source.topics.values():
        for key in names:
            assert source.item(key, rng, 3).requests


def test_arguments_are_valid(items: list[Item]) -> None:
    for text, tool, arguments in calls(items):
        assert not schema_faults(arguments, tool.parameters), (text, tool, arguments)


def test_tools_are_valid(items: list[Item]) -> None:
    for item in items:
        for tool in (item.strong, item.weak):
            assert tool is not None and tool.description
            assert metaschema_fault(tool.parameters) is None
            for name, schema in tool.properties.items():
                assert "default" not in schema or not schema_faults({name: schema["default"]}, {**tool.parameters, "required": []})
                assert schema["description"]


def test_strings_stand_in_the_text(items: list[Item]) -> None:
    for text, tool, arguments in calls(items):
        for name, value in arguments.items():
            schema = tool.properties[name]
            if "enum" in schema or schema.get("format") in NOT_COPIED or "as HH:MM" in schema["description"]:
                continue
            for part in value if isinstance(value, list) else [value]:
                assert not isinstance(part, str) or part in text, (text, name, value)


def test_no_slot_is_left_and_no_query_stands_twice(items: list[Item]) -> None:
    for item in items:
        texts = [request.text for request in item.requests]
        assert len(set(texts)) == len(texts)
        assert not any("{" in text for text in texts)


def test_the_same_seed_gives_the_same_item(source: LexiconSource) -> None:
    for key in ("book_crossing", "check_sailing_status", "compare_runs"):
        if any(key in names for names in source.topics.values()):
            assert source.item(key, random.Random(3), 5) == source.item(key, random.Random(3), 5)


def test_styles_of_names_occur(items: list[Item]) -> None:
    names = [item.strong.name for item in items]
    known = {name for intent in read_intents() for name in intent.all_names}
    camel = sum(re.search("[A-Z]", name) is not None for name in names)
    plain = sum(name in known for name in names)
    assert 0.03 < camel / ITEMS < 0.15
    assert 0.68 < plain / ITEMS < 0.9


def test_values_of_a_kind_differ_and_moments_ascend() -> None:
    dates = {name: Parameter(kind="date", about="a day") for name in ("to_date", "from_date")}
    people = {name: Parameter(kind="person", about="somebody") for name in ("giver", "taker")}
    for seed in range(200):
        rng = random.Random(seed)
        slots = {name: (parameter, draw_schema(parameter, rng)) for name, parameter in (dates | people).items()}
        said = draw_values(slots, frozenset(), rng)
        assert said["from_date"].value < said["to_date"].value
        assert said["giver"].value != said["taker"].value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("time", "half past six in the evening", "18:30"),
        ("time", "6:30 pm", "18:30"),
        ("time", "quarter to eight in the morning", "07:45"),
        ("time", "noon", "12:00"),
        ("duration", "an hour and a half", 90),
        ("duration", "2 hours", 120),
        ("duration", "half an hour", 30),
    ],
)
def test_what_is_said_means_what_is_called(kind: str, text: str, value: object) -> None:
    parameter = Parameter.model_validate({"kind": kind, "about": "when"})
    drawn = {}
    for seed in range(20_000):
        rng = random.Random(seed)
        said = draw_values({"it": (parameter, draw_schema(parameter, rng))}, frozenset(), rng)["it"]
        drawn[said.text] = said.value
    assert drawn[text] == value


def test_a_currency_that_stands_in_the_query_is_not_said_twice() -> None:
    assert read_template("I'm {costs} euros short").bare == {"costs"}
    assert read_template("{amount} {from_currency}").bare == {"amount", "from_currency"}
    parameter = Parameter(kind="amount", about="sum")
    for seed in range(100):
        rng = random.Random(seed)
        template = read_template("I'm {costs} euros short")
        said = draw_values({"costs": (parameter, draw_schema(parameter, rng))}, template.bare, rng)
        assert re.search(r"^\D*[\d.,]+ \w+ ", fill(template, said, rng))
        assert re.fullmatch(r"[\d.,]+", said["costs"].text)


def test_pools_are_wide() -> None:
    for pool, least in ((FIRST_NAMES, 150), (LAST_NAMES, 200), (TOWNS, 150), (COUNTRIES, 90), (LANGUAGES, 50)):
        assert len(set(pool)) >= least and "" not in pool
