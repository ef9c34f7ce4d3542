"""The split, fixed before any training: which families and queries training may see.

Families in, their roles out; called by gentool.pairs.build. Families that hold near-duplicate tools, tools of one name or
near-duplicate queries form a group, and a group is never cut apart.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from gentool.core.canonical import canonical_json
from gentool.core.errors import CatalogueError
from gentool.core.family import Family, Query
from gentool.core.recipe import Settings
from gentool.core.tool import Tool
from gentool.engines.vectors import find_near_duplicates, find_similar_pairs

Role = Literal["seen", "unseen_strong", "unseen"]


class SplitSettings(Settings):
    """What is kept from training.

    unseen_families: share of families of which nothing occurs in training.
    unseen_strong_tools: share of families whose queries train only as `zero` and `weak`; their strong tools never occur.
    unseen_queries: share of the other families' queries that never occur in training.
    near_duplicate_tools: cosine from which two tools count as one; with equal parameters `twin_tools` is enough.
    near_duplicate_queries: Jaccard index of words from which two queries count as one.
    """

    unseen_families: float = Field(default=0.15, ge=0, lt=1)
    unseen_strong_tools: float = Field(default=0.15, ge=0, lt=1)
    unseen_queries: float = Field(default=0.2, ge=0, lt=1)
    near_duplicate_tools: float = Field(default=0.95, gt=0, le=1)
    twin_tools: float = Field(default=0.85, gt=0, le=1)
    near_duplicate_queries: float = Field(default=0.9, gt=0, le=1)

    @model_validator(mode="after")
    def _leave_something_to_train(self) -> Self:
        if self.unseen_families + self.unseen_strong_tools >= 1:
            raise ValueError("unseen_families and unseen_strong_tools together must be less than 1: the rest of the families trains")
        return self


@dataclass(frozen=True)
class Split:
    """`roles` by family id, `groups` (a number by family id), and the ids of the queries that training never sees."""

    roles: dict[str, Role]
    groups: dict[str, int]
    unseen_queries: frozenset[str]


def split_families(families: Sequence[Family], vectors: Any, owners: Sequence[int], settings: SplitSettings, seed: int) -> Split:
    """Split families and queries.

    `vectors` (tools, dimension) are unit rows for all tools of all families, `owners` the index of each tool's family.
    Raises CatalogueError where fewer than three groups are left to share out.
    """
    groups = group_families(families, vectors, owners, settings)
    roles = _share_out(families, groups, settings, seed)
    unseen = _choose_unseen_queries(families, roles, settings, seed)
    return Split(roles, {family.id: group for family, group in zip(families, groups, strict=True)}, unseen)


def group_families(families: Sequence[Family], vectors: Any, owners: Sequence[int], settings: SplitSettings) -> list[int]:
    """The group of each family: the smallest index of a family that it is linked to."""
    tools = [tool for family in families for tool in family.tools]
    links = [(owners[i], owners[j]) for i, j in find_duplicate_tools(tools, vectors, settings)]
    links += _same_names(tools, owners)
    queries = [(query.text, index) for index, family in enumerate(families) for query in family.queries]
    duplicates = find_near_duplicates([text for text, _ in queries], settings.near_duplicate_queries)
    links += [(queries[i][1], queries[j][1]) for i, j in duplicates]
    return connect(len(families), links)


def find_duplicate_tools(tools: Sequence[Tool], vectors: Any, settings: SplitSettings) -> list[tuple[int, int]]:
    """The pairs of tools that count as one: nearly the same text, or similar text and the same parameters."""
    shapes = [_parameter_shape(tool) for tool in tools]
    near = find_similar_pairs(vectors, min(settings.twin_tools, settings.near_duplicate_tools))
    sure = set(find_similar_pairs(vectors, settings.near_duplicate_tools))
    return [pair for pair in near if pair in sure or shapes[pair[0]] == shapes[pair[1]]]


def _parameter_shape(tool: Tool) -> str:
    """A tool's parameters without their descriptions, as text."""
    properties = {
        name: {key: value for key, value in schema.items() if key not in ("description", "title")} if isinstance(schema, dict) else schema
        for name, schema in tool.properties.items()
    }
    return canonical_json([properties, sorted(tool.required)])


def _same_names(tools: Sequence[Tool], owners: Sequence[int]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [(first.setdefault(tool.name, owner), owner) for tool, owner in zip(tools, owners, strict=True)]


def connect(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Connected components of `count` nodes: for each node the smallest node of its component."""
    parents = list(range(count))

    def root(node: int) -> int:
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    for left, right in links:
        low, high = sorted((root(left), root(right)))
        parents[high] = low
    return [root(node) for node in range(count)]


def _share_out(families: Sequence[Family], groups: Sequence[int], settings: SplitSettings, seed: int) -> dict[str, Role]:
    """Give whole groups to the unseen roles until their shares are reached; the rest is seen."""
    members: dict[int, list[Family]] = {}
    for family, group in zip(families, groups, strict=True):
        members.setdefault(group, []).append(family)
    if len(members) < 3:
        raise CatalogueError(
            f"the {len(families)} families form {len(members)} group(s) of near-duplicates, and a split needs at least 3: add tools that differ more"
        )
    order = sorted(members)
    random.Random(f"split/{seed}").shuffle(order)
    roles: dict[str, Role] = {family.id: "seen" for family in families}
    for role, share in (("unseen", settings.unseen_families), ("unseen_strong", settings.unseen_strong_tools)):
        wanted = max(1, round(share * len(families))) if share > 0 else 0
        taken = 0
        for group in list(order):
            fits = taken + len(members[group]) <= wanted or (taken == 0 and len(members[group]) <= len(families) // 3)
            if taken < wanted and fits:
                order.remove(group)
                taken += len(members[group])
                roles.update({family.id: role for family in members[group]})  # type: ignore[misc]
    return roles


def _choose_unseen_queries(families: Sequence[Family], roles: dict[str, Role], settings: SplitSettings, seed: int) -> frozenset[str]:
    """The queries that are kept from training: all of unseen families, and of every seen family a share.

    Near-duplicates stay together, over several families too.
    """
    queries = [query for family in families if roles[family.id] == "seen" for query in family.queries]
    labels = connect(len(queries), find_near_duplicates([query.text for query in queries], settings.near_duplicate_queries))
    clusters: dict[int, list[Query]] = {}
    for query, label in zip(queries, labels, strict=True):
        clusters.setdefault(label, []).append(query)
    own: dict[str, list[int]] = {}
    for label, cluster in clusters.items():
        own.setdefault(cluster[0].strong, []).append(label)
    chosen = {query.id for family in families if roles[family.id] == "unseen" for query in family.queries}
    for family in families:
        labels = own.get(family.strong.id, [])
        wanted = round(settings.unseen_queries * len(family.queries))
        chosen |= _sample_clusters([clusters[label] for label in labels], wanted, f"queries/{seed}/{family.id}")
    return frozenset(chosen)


def _sample_clusters(clusters: list[list[Query]], wanted: int, seed: str) -> set[str]:
    """The ids of `wanted` queries at most, cluster by cluster."""
    chosen: set[str] = set()
    for cluster in random.Random(seed).sample(clusters, len(clusters)):
        if len(chosen) + len(cluster) <= wanted:
            chosen |= {query.id for query in cluster}
    return chosen
