"""Tool sets and what is asked before them: items of a source in, episodes out.

An episode is a tool set and queries with their rankings and calls, drawn as the method draws them: some queries are served by a
strong tool, some by a weak one alone, some by both, some by none although their like is near. Called by gentool.nano.rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gentool.core.call import ABSTAIN, Call
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.nano.material import Item, Request, Source

OFFERS = (("strong",), ("weak",), ("strong", "weak"))
OFFER_WEIGHTS = (6, 3, 3)
"""What a set holds of an item that has both tools: the strong one, the weak one, or both."""
UNSERVED = 0.27
"""The share of queries that no tool of the set serves."""


@dataclass(frozen=True)
class Asked:
    """A query before a tool set: which tools serve it, best first, and the call of the first."""

    query: str
    ranking: tuple[str, ...]
    answer: Call


@dataclass(frozen=True)
class Episode:
    """A tool set and what is asked before it."""

    tools: ToolSet
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class _Offer:
    """An item and those of its tools that a set holds."""

    item: Item
    tools: tuple[Tool, ...]


def draw_episode(source: Source, rng: random.Random, k: int, queries: int) -> Episode:
    """`k` tools (fewer where their names clash) and up to so many queries; a random part of the tools is of one topic."""
    nearness = rng.random()
    topic = rng.choice(list(source.topics))
    items = [source.item(key, rng, queries // 2 + 1) for key in _draw_keys(source, topic, nearness, rng, k + 3)]
    offers = _fill_set(items[:k], rng, k)
    tools = [tool for offer in offers for tool in offer.tools]
    rng.shuffle(tools)
    absent = [_Offer(item, ()) for item in items[k:]]
    asked = list(_ask(offers, absent, rng, queries))
    return Episode(ToolSet.of(tools), tuple(asked))


def _draw_keys(source: Source, topic: str, nearness: float, rng: random.Random, number: int) -> list[str]:
    """Different keys in random order, fewer where a source has no more: of the topic with the probability `nearness`, else of any."""
    near = rng.sample(list(source.topics[topic]), min(number, len(source.topics[topic])))
    topics = list(source.topics)
    number = min(number, sum(map(len, source.topics.values())))
    keys: list[str] = []
    while len(keys) < number:
        key = near.pop() if near and rng.random() < nearness else rng.choice(list(source.topics[rng.choice(topics)]))
        if key not in keys:
            keys.append(key)
    rng.shuffle(keys)
    return keys


def _fill_set(items: Sequence[Item], rng: random.Random, k: int) -> list[_Offer]:
    """Tools of the items, until there are `k`; a tool whose name is taken is left out."""
    offers: list[_Offer] = []
    names: set[str] = set()
    for item in items:
        wanted = rng.choices(OFFERS, OFFER_WEIGHTS)[0] if item.weak else ("strong",)
        held = []
        for tool in (getattr(item, kind) for kind in wanted):
            if tool.name not in names and len(names) < k:
                names.add(tool.name)
                held.append(tool)
        offers.append(_Offer(item, tuple(held)))
    return offers


def _ask(offers: Sequence[_Offer], absent: Sequence[_Offer], rng: random.Random, number: int) -> Iterator[Asked]:
    """Queries in random order, a part of which nothing serves."""
    served = [(offer, request) for offer in offers if offer.tools for request in offer.item.requests]
    unserved = [(offer, request) for offer in (*absent, *(offer for offer in offers if not offer.tools)) for request in offer.item.requests]
    rng.shuffle(served)
    rng.shuffle(unserved)
    for _ in range(number):
        pool = unserved if unserved and (not served or rng.random() < UNSERVED) else served
        if not pool:
            return
        offer, request = pool.pop()
        yield answer(request, offer.item, offer.tools)


def answer(request: Request, item: Item, tools: Sequence[Tool]) -> Asked:
    """What is right before a set that holds these tools of the item."""
    calls = []
    if item.strong in tools:
        calls.append(Call(name=item.strong.name, arguments=request.strong))
    if item.weak is not None and item.weak in tools and request.weak is not None:
        calls.append(Call(name=item.weak.name, arguments=request.weak))
    return Asked(request.text, (*(call.name for call in calls), GENERATE_RESPONSE), calls[0] if calls else ABSTAIN)
