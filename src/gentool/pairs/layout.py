"""The layout of training examples: which of them share their tool sets, so that their prompts begin alike.

Families with their training queries in, bundles of examples out; called by gentool.pairs.build. A bundle is what was drawn
together: all its tool sets have k tools and differ in few slots, so that training can give them one order of slots.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from gentool.core.errors import CatalogueError
from gentool.core.example import Example
from gentool.core.family import Family, Query
from gentool.core.tool import ToolSet
from gentool.pairs.distractors import Distractors
from gentool.pairs.examples import bundle, make_pair, pair_examples
from gentool.pairs.split import Split

Share = Literal["family", "cluster", "none"]


@dataclass(frozen=True)
class Trainee:
    """A family with those of its queries that train; `whole` where its strong tool may be seen, else only `zero` and `weak` train."""

    family: Family
    queries: tuple[Query, ...]
    whole: bool


def find_trainees(families: Sequence[Family], split: Split, most: int | None) -> list[Trainee]:
    """The families of which something trains, each with at most `most` queries."""
    trainees = []
    for family in families:
        role = split.roles[family.id]
        queries = [query for query in family.queries if query.id not in split.unseen_queries]
        if role != "unseen" and queries:
            trainees.append(Trainee(family, tuple(queries[:most]), role == "seen"))
    return trainees


def find_clusters(trainees: Sequence[Trainee], split: Split, distractors: Distractors, k: int) -> list[list[Trainee]]:
    """The families, parted into clusters: each takes the nearest that are free and may stand beside all that it holds, up to k.

    Families that do not train whole, and those that no other fits, are alone.
    """
    free = {trainee.family.id: trainee for trainee in trainees if trainee.whole}
    clusters = [[trainee] for trainee in trainees if not trainee.whole]
    for first in trainees:
        if first.family.id in free:
            cluster = [free.pop(first.family.id)]
            for near in distractors.near_families(first.family):
                other = free.get(near.id)
                if other and len(cluster) < k and all(_may_stand_together(member, other, split) for member in cluster):
                    cluster.append(free.pop(near.id))
            clusters.append(cluster)
    return clusters


def _may_stand_together(left: Trainee, right: Trainee, split: Split) -> bool:
    """Whether two families' tools may stand in one set: no near-duplicates, no equal names, none serves the other's queries."""
    names, other_names = ({tool.name for tool in trainee.family.tools} for trainee in (left, right))
    apart = split.groups[left.family.id] != split.groups[right.family.id]
    return apart and names.isdisjoint({*other_names, *_also(right.queries)}) and other_names.isdisjoint(_also(left.queries))


@dataclass(frozen=True)
class Layout:
    """Draws the training examples of a family or a cluster, in sets of k tools; at most `most` queries of a family share theirs."""

    distractors: Distractors
    k: int
    most: int | None
    seed: int | str

    def draw_for_queries(self, trainee: Trainee) -> list[Example]:
        """Tool sets of its own for every pair of every query; no bundles."""
        rng = self._rng(trainee)
        pairs = [pair_examples(trainee.family, query, self.distractors, self.k, None, rng) for query in trainee.queries]
        return _trained(trainee, [example for examples in pairs for example in examples])

    def draw_for_family(self, trainee: Trainee) -> list[Example]:
        """One set of distractors for the family's queries, one slot for the strong tool and one for the weak tools."""
        rng = self._rng(trainee)
        return [example for queries in _parts(trainee.queries, self.most) for example in self._share_within(trainee, queries, rng)]

    def draw_for_cluster(self, cluster: Sequence[Trainee]) -> list[Example]:
        """One set that holds the strong tools of all families; family by family where distractors for all are not to be had."""
        rng = random.Random(f"train/{self.seed}/cluster/{cluster[0].family.id}")
        parts = [_parts(trainee.queries, self.most) for trainee in cluster]
        try:
            rounds = [self._share_among(list(zip(cluster, one, strict=True)), rng) for one in zip_longest(*parts, fillvalue=())]
        except CatalogueError:
            self.distractors.audit["cluster_without_distractors"] += 1
            return [example for trainee in cluster for example in self.draw_for_family(trainee)]
        return [example for examples in rounds for example in examples]

    def _rng(self, trainee: Trainee) -> random.Random:
        return random.Random(f"train/{self.seed}/{trainee.family.id}")

    def _share_within(self, trainee: Trainee, queries: Sequence[Query], rng: random.Random) -> list[Example]:
        """One bundle of a family's queries; of each half its own where no distractors are left that serve none of them."""
        try:
            zero = ToolSet.of(self.distractors.draw(trainee.family, self.k, True, rng, _also(queries)))
        except CatalogueError:
            if len(queries) == 1:
                raise
            halves = queries[: len(queries) // 2], queries[len(queries) // 2 :]
            return [example for half in halves for example in self._share_within(trainee, half, rng)]
        strong_slot, weak_slot = rng.sample(range(self.k), 2)
        return bundle(place_tools(trainee, queries, zero, strong_slot, weak_slot))

    def _share_among(self, members: Sequence[tuple[Trainee, Sequence[Query]]], rng: random.Random) -> list[Example]:
        """One bundle of several families' queries. For each family a spare distractor stands where its strong tool is not there yet."""
        families = [trainee.family for trainee, _ in members]
        also = _also(query for _, queries in members for query in queries)
        fill = self.distractors.draw_beside(families, self.k - len(families), True, rng, also)
        shared = ToolSet.of(rng.sample([*(family.strong for family in families), *fill], self.k))
        examples: list[Example] = []
        for trainee, queries in members:
            slot = shared.names.index(trainee.family.strong.name)
            weak_slot = rng.choice([other for other in range(self.k) if other != slot])
            spare = self.distractors.draw_beside([trainee.family], 1, True, rng, _also(queries), list(shared))[0]
            examples += place_tools(trainee, queries, shared.replaced(slot, spare), slot, weak_slot)
        return bundle(examples)


def place_tools(trainee: Trainee, queries: Iterable[Query], zero: ToolSet, strong_slot: int, weak_slot: int) -> list[Example]:
    """The examples of queries before one set of distractors, its slots taken by the strong tool and by each query's weak tool."""
    family = trainee.family
    examples: list[Example] = []
    for query in queries:
        examples += make_pair(family, query, None, ("zero", zero), ("one", zero.replaced(strong_slot, family.strong)))
        if query.weak is not None:
            weak = zero.replaced(weak_slot, family.weak_tool(query.weak))
            examples += make_pair(family, query, None, ("weak", weak), ("strong", weak.replaced(strong_slot, family.strong)))
    return _trained(trainee, examples)


def _trained(trainee: Trainee, examples: Sequence[Example]) -> list[Example]:
    return [example for example in examples if trainee.whole or example.kind in ("zero", "weak")]


def _parts(queries: Sequence[Query], most: int | None) -> list[Sequence[Query]]:
    """The queries in parts of at most `most`."""
    size = most or len(queries)
    return [queries[start : start + size] for start in range(0, len(queries), size)]


def _also(queries: Iterable[Query]) -> list[str]:
    """The tools of other families that serve one of the queries."""
    return [name for query in queries for name in query.also]
