"""Examples of a query: what the sets of a pair make right, and the mark of what was drawn together."""

from __future__ import annotations

from typing import Any

from gentool.core.example import Example
from gentool.core.tool import ToolSet
from gentool.pairs.examples import bundle, make_pair, rank_tools


def sides(make: Any, scenario: Any = None) -> list[Example]:
    """The pair weak/strong of a query that its weak tool serves too."""
    family, others = make.family("0"), [make.family(str(n)).strong for n in (1, 2)]
    weak = ToolSet.of([*others, family.weak[0].tool])
    return list(make_pair(family, family.queries[0], scenario, ("weak", weak), ("strong", weak.replaced(0, family.strong))))


def test_a_pair_has_the_targets_of_each_side(make: Any) -> None:
    weak, strong = sides(make)
    assert weak.pair == strong.pair and weak.id != strong.id
    assert weak.ranking == ("lite0v0", "generate_response") and weak.answer.name == "lite0v0"
    assert strong.ranking == ("tool0", "lite0v0", "generate_response") and strong.answer.name == "tool0"
    assert [call.name for call in strong.acceptable] == ["tool0", "lite0v0"]


def test_only_tools_that_serve_the_query_are_ranked(make: Any) -> None:
    family = make.family("0", queries=3)
    tools = ToolSet.of([make.family("1").strong, family.weak[0].tool, family.strong])
    assert [[tool.name for tool in rank_tools(family, query, tools)] for query in family.queries] == [
        ["tool0", "lite0v0"],
        ["tool0", "lite0v0"],
        ["tool0"],
    ]


def test_a_bundle_is_named_by_what_it_holds_and_changes_nothing_else(make: Any) -> None:
    examples = sides(make)
    bundled = bundle(examples)
    assert len({example.bundle for example in bundled}) == 1 and bundled[0].bundle
    assert [example.model_copy(update={"bundle": None}) for example in bundled] == examples
    assert bundle(examples) == bundled
    assert bundle(examples[:1])[0].bundle != bundled[0].bundle
