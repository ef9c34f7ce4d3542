"""Examples of queries that no tool of the catalogue serves: k tools that come near, and the answer is to abstain.

Unserved queries in, training and test examples out; called by gentool.pairs.build. They belong to no pair.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

from gentool.core.call import ABSTAIN
from gentool.core.canonical import content_hash
from gentool.core.example import Example, Scenario
from gentool.core.family import Family, Unserved
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.engines.vectors import find_near_duplicates, find_overlaps
from gentool.pairs.distractors import Distractors
from gentool.pairs.examples import bundle
from gentool.pairs.split import SplitSettings, connect

TRIES = 20
UNSERVED_PER_SET = 8
"""Queries that share a set where the recipe sets no number: one set holds tools near to about so many."""


def split_unserved(
    queries: Sequence[Unserved], families: Sequence[Family], distractors: Distractors, settings: SplitSettings, seed: int
) -> tuple[list[Unserved], list[Unserved]]:
    """The queries that train and those that are unseen; near-duplicates stay together, and those of a family's query are left out."""
    texts = [query.text for query in queries]
    served = [query.text for family in families for query in family.queries]
    refused = {index for index, _ in find_overlaps(texts, served, settings.near_duplicate_queries)}
    distractors.audit["unserved_query_like_a_served_one"] += len(refused)
    clusters: dict[int, list[Unserved]] = {}
    for index, label in enumerate(connect(len(queries), find_near_duplicates(texts, settings.near_duplicate_queries))):
        if index not in refused:
            clusters.setdefault(label, []).append(queries[index])
    wanted = round(settings.unseen_queries * len(queries))
    train: list[Unserved] = []
    unseen: list[Unserved] = []
    for cluster in random.Random(f"unserved/{seed}").sample(list(clusters.values()), len(clusters)):
        (unseen if len(unseen) + len(cluster) <= wanted else train).extend(cluster)
    return train, unseen


def train_unserved(queries: Sequence[Unserved], distractors: Distractors, k: int, seed: int) -> list[Example]:
    """An example for each query, of tools that training may see."""
    rng = random.Random(f"unserved/train/{seed}")
    drawn = [(query, distractors.draw_near(query.near, k, True, rng)) for query in queries]
    return [_example(query, tools, None) for query, tools in drawn if len(tools) == k]


def share_unserved(queries: Sequence[Unserved], distractors: Distractors, k: int, most: int, seed: int) -> list[Example]:
    """The same with sets that up to `most` queries share: near tools of theirs, so that one at least comes near to each where it may."""
    rng = random.Random(f"unserved/train/{seed}")
    offers = {query.id: _find_near(query, distractors, k, rng) for query in queries}
    examples: list[Example] = []
    for related in _relate(queries):
        waiting, sets = list(related), math.ceil(len(related) / most)
        while waiting:
            names, served = _choose_near(waiting, offers, k, math.ceil(len(related) / sets))
            waiting = [query for query in waiting if query not in served]
            tools = distractors.draw_near(names, k, True, rng)
            examples += bundle([_example(query, tools, None) for query in served if len(tools) == k])
    return examples


def _find_near(query: Unserved, distractors: Distractors, k: int, rng: random.Random) -> list[str]:
    """The names of tools that come near a query and that training may see."""
    return distractors.keep_trained(query.near) or [tool.name for tool in distractors.draw_near(query.near, k, True, rng)]


def _relate(queries: Sequence[Unserved]) -> list[list[Unserved]]:
    """The queries in groups that belong together: of one domain or, where they have none, linked by tools that come near."""
    first: dict[str, int] = {}
    links = []
    for index, query in enumerate(queries):
        keys = [f"domain {query.domain}"] if query.domain else query.near
        links += [(first.setdefault(key, index), index) for key in keys]
    groups: dict[int, list[Unserved]] = {}
    for query, label in zip(queries, connect(len(queries), links), strict=True):
        groups.setdefault(label, []).append(query)
    return list(groups.values())


def _choose_near(waiting: Sequence[Unserved], offers: dict[str, list[str]], k: int, most: int) -> tuple[list[str], list[Unserved]]:
    """Up to k names of tools that come near to most of the queries, and those queries, `most` of them at most."""
    names: list[str] = []
    served: list[Unserved] = []
    while len(names) < k and len(served) < most and len(served) < len(waiting):
        left = [query for query in waiting if query not in served]
        names += _most_offered(left, offers, names)
        served += [query for query in left if names[-1] in offers[query.id]][: most - len(served)]
    while len(names) < k and (more := _most_offered(served, offers, names)):
        names += more
    return names, served


def _most_offered(queries: Sequence[Unserved], offers: dict[str, list[str]], names: Sequence[str]) -> list[str]:
    """The name that most queries are offered beside `names`; none where they are offered no more."""
    counts = Counter(name for query in queries for name in dict.fromkeys(offers[query.id]) if name not in names)
    return [name for name, _ in counts.most_common(1)]


def check_unserved(queries: Sequence[Unserved], distractors: Distractors, k: int, most: int | None, seed: int) -> list[Example]:
    """Test examples of unseen queries: at most `most` with tools that training saw, and as many with one at least that it did not."""
    rng = random.Random(f"unserved/test/{seed}")
    examples: list[Example] = []
    scenarios: tuple[Scenario, ...] = ("unseen_query_seen_tool", "unseen_query_unseen_tool")
    for scenario in scenarios:
        for query in rng.sample(list(queries), len(queries))[:most]:
            tools = _draw_for(query, distractors, k, scenario == "unseen_query_seen_tool", rng)
            if tools is None:
                distractors.audit["unserved_query_without_a_set"] += 1
            else:
                examples.append(_example(query, tools, scenario))
    return examples


def _draw_for(query: Unserved, distractors: Distractors, k: int, seen: bool, rng: random.Random) -> list[Tool] | None:
    for _ in range(TRIES):
        tools = distractors.draw_near(query.near, k, seen, rng)
        if len(tools) == k and (seen or not all(distractors.is_trained(tool) for tool in tools)):
            return tools
    return None


def _example(query: Unserved, tools: Sequence[Tool], scenario: Scenario | None) -> Example:
    identifier = content_hash(query.id, scenario, [tool.id for tool in tools])
    return Example(
        id=identifier,
        pair=identifier,
        kind="unserved",
        scenario=scenario,
        family=query.id,
        query_id=query.id,
        query=query.text,
        tools=ToolSet.of(tools),
        ranking=(GENERATE_RESPONSE,),
        answer=ABSTAIN,
    )
