"""Distractors: the tools that stand beside a target, near enough to be hard and audited so that none serves the query.

Families, roles and vectors in, sets of tools out; called by gentool.pairs.build.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from gentool.core.errors import CatalogueError
from gentool.core.family import Family
from gentool.core.tool import Tool
from gentool.engines.vectors import rank_neighbours
from gentool.pairs.split import Split

MOST_NEIGHBOURS = 400


class Distractors:
    """Draws distractors for a family, from the tools that training may see or from all.

    `audit` counts, by reason, the neighbours that were refused: members of the family, tools of a family in its group
    (near-duplicates), tools that serve the query too, and tools that carry the name of one already in the set.
    gentool.pairs adds the queries that it leaves out. Two that are given one Counter count together.
    """

    def __init__(
        self, families: Sequence[Family], split: Split, vectors: Any, owners: Sequence[int], pool: int, audit: Counter[str] | None = None
    ) -> None:
        self.audit = Counter[str]() if audit is None else audit
        self._families = families
        self._split = split
        self._tools = [tool for family in families for tool in family.tools]
        self._positions = {tool.id: index for index, tool in enumerate(self._tools)}
        self._owners = owners
        self._neighbours = rank_neighbours(vectors, MOST_NEIGHBOURS)
        self._pool = pool
        self._first = {family.id: owners.index(index) for index, family in enumerate(families)}
        self._pools: dict[tuple[str, bool], list[int]] = {}

    def draw(self, family: Family, count: int, training: bool, rng: random.Random, serving: Sequence[str] = ()) -> list[Tool]:
        """`count` tools of other families, by names all different and none of `serving`, in random order.

        Raises CatalogueError where there are too few.
        """
        return self.draw_beside([family], count, training, rng, serving)

    def draw_beside(
        self,
        families: Sequence[Family],
        count: int,
        training: bool,
        rng: random.Random,
        serving: Sequence[str] = (),
        present: Sequence[Tool] = (),
    ) -> list[Tool]:
        """The same for a set in which the tools of several families stand, and the tools `present` do already."""
        standing = {self._positions[tool.id] for tool in present}
        candidates = self._shared_candidates(families, training)
        near = [index for index in candidates if index not in standing] if standing else candidates
        taken = {tool.name for family in families for tool in family.tools} | {tool.name for tool in present}
        order = [*rng.sample(near[: self._pool], min(self._pool, len(near))), *near[self._pool :]]
        chosen = self._choose(order, count, taken, set(serving))
        if len(chosen) < count:
            where = "that training may see " if training else ""
            names = ", ".join(f"'{family.strong.name}'" for family in families)
            raise CatalogueError(
                f"{count} distractors are needed for {names}, but only {len(chosen)} tools {where}are left beside its own family: "
                "lower pairs.k or add tools to the catalogue"
            )
        return chosen

    def draw_near(self, names: Sequence[str], count: int, training: bool, rng: random.Random) -> list[Tool]:
        """`count` tools for a query that none serves, those of `names` first, then their neighbours; fewer where there are no more."""
        start = [index for index, tool in enumerate(self._tools) if tool.name in names] or [rng.randrange(len(self._tools))]
        around = list(dict.fromkeys(index for rank in zip(*(self._neighbours[index] for index in start), strict=True) for index in rank))
        rest = [index for index in around if index not in start]
        order = [*rng.sample(start, len(start)), *rng.sample(rest[: self._pool], min(self._pool, len(rest))), *rest[self._pool :]]
        visible = [index for index in order if not training or self._visible(index)]
        chosen = self._choose(visible, count, set(), set())
        return rng.sample(chosen, len(chosen))

    def list_all(self, family: Family, serving: Sequence[str] = ()) -> list[Tool]:
        """Every tool that may stand beside a family's in a test, nearest first; names all different and none of `serving`."""
        order = self._candidates(family, False)
        return self._choose(order, len(order), {tool.name for tool in family.tools}, set(serving))

    def near_families(self, family: Family) -> list[Family]:
        """Families that train whole and are of other groups, those with the nearest strong tools first: as many as distractors are drawn from."""
        owners = ((index, self._families[self._owners[index]]) for index in self._candidates(family, True))
        return [owner for index, owner in owners if index == self._first[owner.id]][: self._pool]

    def keep_trained(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that a tool has which training may see."""
        seen = {tool.name for tool in self._tools if tool.name in names and self.is_trained(tool)}
        return [name for name in names if name in seen]

    def _choose(self, order: Sequence[int], count: int, taken: set[str], serving: set[str]) -> list[Tool]:
        """The first `count` tools of an order that may stand together; those that are passed over are counted."""
        chosen: list[Tool] = []
        for index in order:
            tool = self._tools[index]
            if len(chosen) == count:
                break
            if tool.name in taken or tool.name in serving:
                self.audit["same_name" if tool.name in taken else "serves_the_query"] += 1
                continue
            taken.add(tool.name)
            chosen.append(tool)
        return chosen

    def _candidates(self, family: Family, training: bool) -> list[int]:
        """The tools that may stand beside a family's, nearest first; what the audit refuses is counted once per family."""
        key = (family.id, training)
        if key not in self._pools:
            start = self._first[family.id]
            near = self._neighbours[start]
            known, nearest = {start, *near}, set(near[: self._pool])
            rest = [index for index in range(len(self._tools)) if index not in known]
            self._pools[key] = [index for index in [*near, *rest] if self._may_stand(index, family, training, count=index in nearest)]
        return self._pools[key]

    def _shared_candidates(self, families: Sequence[Family], training: bool) -> list[int]:
        """The tools that may stand beside those of every family; those that come near to one of them first."""
        ranks = [self._candidates(family, training) for family in families]
        if len(ranks) == 1:
            return ranks[0]
        allowed = set(ranks[0]).intersection(*ranks[1:])
        return list(dict.fromkeys(index for rank in zip_longest(*ranks) for index in rank if index in allowed))

    def _may_stand(self, index: int, family: Family, training: bool, count: bool) -> bool:
        owner = self._families[self._owners[index]]
        if owner.id == family.id:
            self.audit["family"] += count
            return False
        if self._split.groups[owner.id] == self._split.groups[family.id]:
            self.audit["near_duplicate"] += count
            return False
        return not training or self._visible(index)

    def is_trained(self, tool: Tool) -> bool:
        """Whether training may see a tool of the families."""
        return self._visible(self._positions[tool.id])

    def _visible(self, index: int) -> bool:
        """Whether training may see a tool: never one of an unseen family, never an unseen strong tool."""
        owner = self._families[self._owners[index]]
        role = self._split.roles[owner.id]
        return role == "seen" or (role == "unseen_strong" and index != self._first[owner.id])
