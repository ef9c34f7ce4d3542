"""Leak checks: that nothing which the test calls unseen occurs in training, exactly or nearly. They run in every build and fail it.

Training and test examples in, one row a check out; the rows stand in build.json and in the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gentool.core.errors import GenToolError
from gentool.core.example import Example
from gentool.core.family import Family
from gentool.core.recipe import Settings
from gentool.engines.vectors import find_overlaps
from gentool.pairs.split import Split, SplitSettings, find_duplicate_tools


class LeakError(GenToolError):
    """The split leaks: what is to be unseen in the test occurs in training."""


class LeakCheck(Settings):
    """One check: how many things were compared, how many of them leak, and the first of those."""

    check: str
    compared: int
    violations: int
    first: str = ""


def check_leaks(
    train: Sequence[Example], test: Sequence[Example], families: Sequence[Family], split: Split, vectors: Any, settings: SplitSettings
) -> list[LeakCheck]:
    """Every check, in the order in which the report shows them."""
    unseen_tools = _unseen_tools(families, split)
    trained_tools = {tool.id: tool for example in train for tool in example.tools}
    unseen_queries = sorted({example.query for example in test if (example.scenario or "").startswith("unseen_query")})
    trained_queries = sorted({example.query for example in train})
    unseen_families = {family.id for family in families if split.roles[family.id] == "unseen"}
    unseen_names = sorted({name for name, _ in unseen_tools.values()})
    return [
        _check("unseen tools in training", sorted(unseen_tools), set(unseen_tools) & set(trained_tools)),
        _check("names of unseen tools in training", unseen_names, set(unseen_names) & {tool.name for tool in trained_tools.values()}),
        _check(
            "near-duplicates of unseen tools in training",
            sorted(unseen_tools),
            _near_tools(families, set(unseen_tools), set(trained_tools), vectors, settings),
        ),
        _check("unseen queries in training", unseen_queries, set(unseen_queries) & set(trained_queries)),
        _check("near-duplicates of unseen queries in training", unseen_queries, _near_queries(unseen_queries, trained_queries, settings)),
        _check("unseen families in training", sorted(unseen_families), unseen_families & {example.family for example in train}),
        _check("queries of unseen strong tools trained as one or strong", *_trained_after(train, families, split)),
    ]


def fail_on_leaks(checks: Sequence[LeakCheck]) -> None:
    """Raise LeakError where a check found something."""
    failed = [check for check in checks if check.violations]
    if failed:
        raise LeakError("; ".join(f"{check.check}: {check.violations} of {check.compared}, first {check.first}" for check in failed))


def _check(name: str, compared: Sequence[str], violations: set[str]) -> LeakCheck:
    return LeakCheck(check=name, compared=len(compared), violations=len(violations), first=min(violations, default=""))


def _unseen_tools(families: Sequence[Family], split: Split) -> dict[str, tuple[str, str]]:
    """Name and family by id of every tool that training must not see."""
    found: dict[str, tuple[str, str]] = {}
    for family in families:
        role = split.roles[family.id]
        tools = family.tools if role == "unseen" else family.tools[:1] if role == "unseen_strong" else ()
        found.update({tool.id: (tool.name, family.id) for tool in tools})
    return found


def _near_tools(families: Sequence[Family], unseen: set[str], trained: set[str], vectors: Any, settings: SplitSettings) -> set[str]:
    """Unseen tools that count as one with a trained tool of another family (a family's own weak tool is near by design)."""
    tools = [(tool, family.id) for family in families for tool in family.tools]
    found = set()
    for i, j in find_duplicate_tools([tool for tool, _ in tools], vectors, settings):
        (left, one), (right, other) = tools[i], tools[j]
        if one != other:
            found |= {a.id for a, b in ((left, right), (right, left)) if a.id in unseen and b.id in trained}
    return found


def _near_queries(unseen: Sequence[str], trained: Sequence[str], settings: SplitSettings) -> set[str]:
    return {unseen[i] for i, _ in find_overlaps(unseen, trained, settings.near_duplicate_queries)}


def _trained_after(train: Sequence[Example], families: Sequence[Family], split: Split) -> tuple[list[str], set[str]]:
    held = {family.id for family in families if split.roles[family.id] == "unseen_strong"}
    queries = sorted({example.query_id for example in train if example.family in held})
    return queries, {example.query_id for example in train if example.family in held and example.kind in ("one", "strong")}
