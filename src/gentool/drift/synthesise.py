"""Queries for a drift where none are given: two catalogues in, queries with what is right before and after out.

The stage `synth` writes them for the tools that were added, changed, renamed or removed, and for some that stayed, so that
regressions show. Called by gentool.drift.run.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator

from gentool.core.drift import CatalogueChange, DriftQuery
from gentool.core.family import Family, Query
from gentool.core.jsonl import read_records, write_records
from gentool.core.recipe import Settings
from gentool.core.tool import GENERATE_RESPONSE, Tool
from gentool.engines.openai import OpenAISettings
from gentool.engines.vectors import embed_tfidf, similarities
from gentool.synth.pipeline import SynthSettings, synthesise
from gentool.synth.teacher import check_teacher

TWIN = 0.85
"""Cosine from which two tools of equal parameters serve the same queries."""
NEAR_DUPLICATE = 0.95
"""The same for any two tools."""


class DriftSynthSettings(Settings):
    """Who writes the queries, and how many.

    teacher: as `synth.teacher` of a run: `rules`, `starter`, `openai:MODEL`. openai: the server of the last. reasks: as there.
    queries_per_tool: queries for each tool. unchanged_tools: tools that stayed and get queries too, half of them those nearest
    to what was added or changed, half drawn at random.
    """

    teacher: str = "rules"
    openai: OpenAISettings = OpenAISettings()
    reasks: int = Field(default=2, ge=0)
    queries_per_tool: int = Field(default=6, ge=1)
    unchanged_tools: int = Field(default=20, ge=0)

    @field_validator("teacher")
    @classmethod
    def _check_teacher(cls, name: str) -> str:
        return check_teacher(name)


def write_queries(
    folder: Path, before: Sequence[Tool], after: Sequence[Tool], change: CatalogueChange, settings: DriftSynthSettings, seed: int
) -> list[DriftQuery]:
    """Let the teacher write queries in a folder of its own; a second start pays for nothing twice."""
    removed = [tool for tool in before if tool.name in change.removed]
    asked = [*_choose_tools(after, change, settings.unchanged_tools, seed), *removed]
    write_records(folder / "tools.jsonl", asked)
    synth = SynthSettings(
        teacher=settings.teacher,
        openai=settings.openai,
        reasks=settings.reasks,
        weak_per_tool=0,
        queries_per_pair=settings.queries_per_tool,
        unserved_per_domain=0,
    )
    synthesise(folder, synth, seed)
    families = list(read_records(folder / "synth" / "verified.jsonl", Family))
    tools = [family.strong for family in families]
    serving = _find_serving(tools, before), _find_serving(tools, after)
    queries = [_as_query(query, family.strong, change, *serving) for family in families for query in family.queries]
    return list({query.query: query for query in queries}.values())


def _choose_tools(after: Sequence[Tool], change: CatalogueChange, unchanged: int, seed: int) -> list[Tool]:
    """The tools that differ, then some that do not."""
    stayed = set(change.unchanged)
    differ, same = [tool for tool in after if tool.name not in stayed], [tool for tool in after if tool.name in stayed]
    near = _order_by_nearness(same, differ)[: -(-unchanged // 2)]
    rest = [tool for tool in same if tool not in near]
    drawn = random.Random(f"drift/{seed}").sample(rest, min(unchanged - len(near), len(rest)))
    return [*differ, *(tool for tool in same if tool in near or tool in drawn)]


def _order_by_nearness(tools: Sequence[Tool], targets: Sequence[Tool]) -> list[Tool]:
    """The tools, first those that are most like one of the targets."""
    if not tools or not targets:
        return list(tools)
    vectors = embed_tfidf([tool.text for tool in (*tools, *targets)])
    nearest = similarities(vectors[: len(tools)], vectors[len(tools) :]).max(axis=1)
    return [tools[index] for index in sorted(range(len(tools)), key=lambda index: (-float(nearest[index]), index))]


@dataclass(frozen=True)
class Serving:
    """The names of a catalogue, and by the id of a tool that was asked for the others that serve its queries by their definitions."""

    names: frozenset[str]
    twins: dict[str, list[str]]

    def others(self, query: Query, tool: Tool) -> list[str]:
        """The other tools of the catalogue that serve a query, if only in part, each once."""
        found = dict.fromkeys([*self.twins[tool.id], *query.also])
        return [name for name in found if name in self.names and name != tool.name]


def _find_serving(asked: Sequence[Tool], tools: Sequence[Tool]) -> Serving:
    """Who else serves, as far as definitions tell."""
    if not asked:
        return Serving(frozenset(), {})
    vectors = embed_tfidf([tool.text for tool in (*asked, *tools)])
    cosines = similarities(vectors[: len(asked)], vectors[len(asked) :])
    twins = {
        tool.id: [other.name for other, near in zip(tools, row, strict=True) if _is_twin(tool, other, float(near))]
        for tool, row in zip(asked, cosines, strict=True)
    }
    return Serving(frozenset(tool.name for tool in tools), twins)


def _is_twin(tool: Tool, other: Tool, near: float) -> bool:
    return near >= NEAR_DUPLICATE or (near >= TWIN and tool.parameters == other.parameters)


def _as_query(query: Query, tool: Tool, change: CatalogueChange, before: Serving, after: Serving) -> DriftQuery:
    """The query with what is right: its own tool where it stands; before that, another that serves, else none."""
    names_before = {new: old for old, new in change.names_after.items()}
    others_before, others_after = before.others(query, tool), after.others(query, tool)
    if tool.name in change.removed:
        best = others_after[0] if others_after else None
        return DriftQuery(
            query=query.text, before=tool.name, acceptable_before=tuple(others_before), after=best, acceptable_after=tuple(others_after[1:])
        )
    own = names_before.get(tool.name)
    ranked = [own, *others_before] if own else [*others_before, GENERATE_RESPONSE]
    return DriftQuery(
        query=query.text,
        before=ranked[0],
        acceptable_before=tuple(dict.fromkeys(name for name in ranked[1:] if name != ranked[0])),
        after=tool.name,
        acceptable_after=tuple(others_after),
        arguments=query.calls[tool.id].arguments,
        alternatives=query.alternatives.get(tool.id, {}),
    )
