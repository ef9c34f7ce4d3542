"""Examples of a query: its tool sets in, the pairs of examples with their rankings and answers out.

Called by gentool.pairs.build for the test and gentool.pairs.layout for training.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from gentool.core.call import ABSTAIN, Call
from gentool.core.canonical import content_hash
from gentool.core.example import Example, Kind, Scenario
from gentool.core.family import Family, Query
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.pairs.distractors import Distractors


def pair_examples(family: Family, query: Query, distractors: Distractors, k: int, scenario: Scenario | None, rng: random.Random) -> list[Example]:
    """The pairs of a query: zero and one, and with a weak tool weak and strong. Every position is drawn uniformly."""
    training = scenario is None
    zero = ToolSet.of(distractors.draw(family, k, training, rng, query.also))
    one = zero.replaced(rng.randrange(k), family.strong)
    examples = list(make_pair(family, query, scenario, ("zero", zero), ("one", one)))
    if query.weak is not None:
        base = ToolSet.of(distractors.draw(family, k, training, rng, query.also))
        slot, strong_slot = rng.sample(range(k), 2)
        weak = base.replaced(slot, family.weak_tool(query.weak))
        examples += make_pair(family, query, scenario, ("weak", weak), ("strong", weak.replaced(strong_slot, family.strong)))
    return examples


def make_pair(family: Family, query: Query, scenario: Scenario | None, *sides: tuple[Kind, ToolSet]) -> Iterator[Example]:
    """The two examples of a pair, each of its kind and before its tool set."""
    pair = content_hash(query.id, scenario, [[tool.id for tool in tools] for _, tools in sides])
    for kind, tools in sides:
        ranked = rank_tools(family, query, tools)
        calls = [query.calls[tool.id] for tool in ranked]
        yield Example(
            id=content_hash(pair, kind),
            pair=pair,
            kind=kind,
            scenario=scenario,
            family=family.id,
            query_id=query.id,
            query=query.text,
            tools=tools,
            ranking=(*(tool.name for tool in ranked), GENERATE_RESPONSE),
            answer=calls[0] if calls else ABSTAIN,
            acceptable=_acceptable(query, ranked),
            alternatives=query.alternatives.get(ranked[0].id, {}) if ranked else {},
            strong=family.strong.name,
            weak=family.weak_tool(query.weak).name if query.weak else None,
        )


def rank_tools(family: Family, query: Query, tools: ToolSet) -> list[Tool]:
    """The tools of a set that serve the query: full fit first and the strong tool before the weak, then partial fit."""
    ranks = {"full": 0, "partial": 1}
    serving = [tool for tool in tools if query.fits.get(tool.id, "none") != "none"]
    return sorted(serving, key=lambda tool: (ranks[query.fits[tool.id]], tool.id != family.strong.id, tool.id))


def bundle(examples: Sequence[Example]) -> list[Example]:
    """The examples, told which bundle they form: their tool sets were drawn together."""
    identifier = content_hash("bundle", [example.id for example in examples])
    return [example.model_copy(update={"bundle": identifier}) for example in examples]


def _acceptable(query: Query, ranked: list[Tool]) -> tuple[Call, ...]:
    return tuple(query.calls[tool.id] for tool in ranked if query.fits[tool.id] == "full")
