"""What the judge is asked, and what follows from its answers: verified families and unserved queries in, those that it agrees with out.

Two readers that disagree are a reason not to use a query: it is refused, not corrected, since nobody has yet said which of
them is right. A neighbour that the judge finds to serve a query is noted with it, so that it never stands beside it as a distractor.
Called by gentool.synth.pipeline; the votes are in votes.jsonl.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from gentool.core.family import Family, Fit, Query, Unserved
from gentool.core.recipe import Settings
from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.engines.vectors import embed_tfidf, rank_neighbours
from gentool.synth.collect import Task, collect
from gentool.synth.judge import Vote, ask_judge, read_vote, settle
from gentool.synth.teacher import OPENAI, Teacher, check_teacher
from gentool.synth.verify import Rejection, reject, reject_without_queries

NEAREST = 12
"""Neighbours from which those that the judge is shown are drawn."""


class JudgeSettings(Settings):
    """How verified queries are read a second time, blind.

    sample: share of the queries that are read. votes: readings of each; the middle one counts, of two the lower.
    distractors: neighbours of the strong tool that are shown beside the pair, and audited.
    model: who reads, as `openai:MODEL`; null: the teacher itself.
    """

    sample: float = Field(default=1.0, gt=0, le=1)
    votes: int = Field(default=1, ge=1, le=15)
    distractors: int = Field(default=3, ge=0, le=NEAREST)
    model: str | None = None

    @field_validator("model")
    @classmethod
    def _check_model(cls, name: str | None) -> str | None:
        if name is not None and not check_teacher(name).startswith(OPENAI):
            raise ValueError(f"{name} cannot judge: take openai:MODEL")
        return name


@dataclass(frozen=True)
class Question:
    """One query with the tools that the judge is shown."""

    id: str
    text: str
    tools: tuple[Tool, ...]


def judge_records(
    families: list[Family],
    unserved: list[Unserved],
    settings: JudgeSettings,
    seed: int,
    judge: Teacher,
    path: Path,
    rejections: list[Rejection],
) -> tuple[list[Family], list[Unserved], dict[str, Any]]:
    """The families and unserved queries that the judge leaves, and the figures of its readings."""
    requests = judge_requests(families, unserved, settings, seed)
    asked = {request.id for request in requests}
    given: dict[str, list[Vote]] = {}
    for vote in collect_votes(requests, judge, path, rejections):
        if vote.id in asked:
            given.setdefault(vote.query, []).append(vote)
    fits = {identifier: settle(votes) for identifier, votes in given.items()}
    kept = _judge_families(families, fits, rejections)
    left = [query for query in unserved if not _refuse_unserved(query, fits.get(query.id, {}), rejections)]
    return kept, left, _count(families, unserved, fits, given, len(requests))


def judge_requests(families: Sequence[Family], unserved: Sequence[Unserved], settings: JudgeSettings, seed: int) -> list[Request]:
    """A request for every vote on every sampled query."""
    questions = choose_questions(families, unserved, settings, seed)
    return [ask_judge(question.id, question.text, question.tools, vote, seed) for question in questions for vote in range(settings.votes)]


def collect_votes(requests: list[Request], judge: Teacher, path: Path, rejections: list[Rejection]) -> list[Vote]:
    """Ask for the votes."""
    return collect(Task("judgements", Vote, lambda request, text: [read_vote(request, text)]), requests, judge, path, rejections)


def is_sampled(identifier: str, settings: JudgeSettings, seed: int) -> bool:
    """Whether the query of that id is read; it does not depend on the others."""
    return random.Random(f"judged/{seed}/{identifier}").random() < settings.sample


def choose_questions(families: Sequence[Family], unserved: Sequence[Unserved], settings: JudgeSettings, seed: int) -> list[Question]:
    """The sampled queries, each with its pair and drawn neighbours; an unserved one with the tools that come near."""
    tools = [tool for family in families for tool in family.tools]
    near = Neighbours(tools)
    questions = []
    for family in families:
        for query in family.queries:
            if is_sampled(query.id, settings, seed):
                pair = [family.strong, *([family.weak_tool(query.weak)] if query.weak else [])]
                beside = near.draw(family.strong, settings.distractors, family.tools, random.Random(f"beside/{seed}/{query.id}"))
                questions.append(Question(query.id, query.text, (*pair, *beside)))
    for record in unserved:
        if is_sampled(record.id, settings, seed):
            shown = near.draw_named(record.near, settings.distractors + 2, random.Random(f"beside/{seed}/{record.id}"))
            questions += [Question(record.id, record.text, tuple(shown))] if shown else []
    return questions


class Neighbours:
    """The tools that come near to a tool by their words."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = tools
        self._places = {tool.id: index for index, tool in enumerate(tools)}
        self._near = rank_neighbours(embed_tfidf([tool.text for tool in tools]), 3 * NEAREST) if len(tools) > 1 else [[] for _ in tools]

    def draw(self, tool: Tool, count: int, family: Sequence[Tool], rng: random.Random) -> list[Tool]:
        """`count` of the nearest tools of other families, of names all different."""
        taken = {member.name for member in family}
        near = _of_different_names((self._tools[index] for index in self._near[self._places[tool.id]]), taken)[:NEAREST]
        return rng.sample(near, min(count, len(near)))

    def draw_named(self, names: Sequence[str], count: int, rng: random.Random) -> list[Tool]:
        """The tools of those names, then the nearest to them, then others."""
        named = [tool for tool in self._tools if tool.name in names]
        around = [self._tools[index] for tool in named for index in self._near[self._places[tool.id]][:NEAREST]]
        others = rng.sample(list(self._tools), min(count, len(self._tools)))
        return _of_different_names([*named, *rng.sample(around, len(around)), *others], set())[:count]


def _of_different_names(tools: Iterable[Tool], taken: set[str]) -> list[Tool]:
    found: dict[str, Tool] = {}
    for tool in tools:
        if tool.name not in taken:
            found.setdefault(tool.name, tool)
    return list(found.values())


def _judge_families(families: Sequence[Family], fits: dict[str, dict[str, Fit]], rejections: list[Rejection]) -> list[Family]:
    """The families with the queries that the judge reads as they were written."""
    names = {tool.id: tool.name for family in families for tool in family.tools}
    kept = []
    for family in families:
        queries = []
        for query in family.queries:
            given = fits.get(query.id, {})
            refused = object_to_fits(query, given)
            if refused:
                rejections.append(reject(query, query.id, "query", *refused))
            else:
                queries.append(_note_serving(query, given, names))
        if queries:
            kept.append(family.model_copy(update={"queries": tuple(queries)}))
        else:
            rejections.append(reject_without_queries(family.strong))
    return kept


def object_to_fits(query: Query, given: dict[str, Fit]) -> tuple[str, str] | None:
    """The check and the reason for which the judge's fits refuse a query; None where it agrees or was not asked."""
    if not given:
        return None
    if given[query.strong] != "full":
        return "judge_strong", f"the judge finds that {query.strong} serves it {_describe(given[query.strong])}, not fully"
    if query.weak and given[query.weak] != query.weak_fit:
        return "judge_weak", f"the judge finds that {query.weak} serves it {_describe(given[query.weak])}, the teacher {_describe(query.weak_fit)}"
    return None


def _describe(fit: Fit) -> str:
    return {"full": "fully", "partial": "in part", "none": "not at all"}[fit]


def _note_serving(query: Query, given: dict[str, Fit], names: dict[str, str]) -> Query:
    """The query with the neighbours that serve it too."""
    serving = [names[identifier] for identifier in _serving(query, given)]
    return query.model_copy(update={"also": tuple(dict.fromkeys([*query.also, *serving]))}) if serving else query


def _serving(query: Query, given: dict[str, Fit]) -> list[str]:
    return sorted(identifier for identifier, fit in given.items() if fit != "none" and identifier not in (query.strong, query.weak))


def _refuse_unserved(query: Unserved, given: dict[str, Fit], rejections: list[Rejection]) -> bool:
    serving = sorted(identifier for identifier, fit in given.items() if fit != "none")
    if serving:
        reason = f"the judge finds that {serving[0]} serves it {_describe(given[serving[0]])}"
        rejections.append(reject(query, query.id, "unserved", "judge_served", reason))
    return bool(serving)


def _count(
    families: Sequence[Family], unserved: Sequence[Unserved], fits: dict[str, dict[str, Fit]], given: dict[str, list[Vote]], asked: int
) -> dict[str, Any]:
    """The figures of the readings: how often judge and teacher agree, how often the votes do, and what became of the neighbours."""
    read = [query for family in families for query in family.queries if query.id in fits]
    refusals = [refused[0] for query in read if (refused := object_to_fits(query, fits[query.id]))]
    shown = sum(len(set(fits[query.id]) - {query.strong, query.weak}) for query in read)
    near = [query for query in unserved if query.id in fits]
    several = [votes for votes in given.values() if len(votes) > 1]
    return {
        "asked": asked,
        "queries": len(read),
        "queries_agreed": len(read) - len(refusals),
        "strong_not_full": refusals.count("judge_strong"),
        "weak_fit_other": refusals.count("judge_weak"),
        "distractors": shown,
        "distractors_serving": sum(len(_serving(query, fits[query.id])) for query in read),
        "unserved": len(near),
        "unserved_agreed": sum(set(fits[query.id].values()) == {"none"} for query in near),
        "several_votes": len(several),
        "votes_agreed": sum(all(vote.fits == votes[0].fits for vote in votes) for votes in several),
    }
