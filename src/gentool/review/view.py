"""What the page shows of a query: rows, marks and counts for the template. Called by gentool.review.app."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gentool.core.family import Fit, Query
from gentool.core.review import Review
from gentool.core.tool import Tool
from gentool.review.agreement import Agreement, measure_agreement
from gentool.review.differences import Piece, Pieces, Row, compare_parameters, compare_returns, compare_texts
from gentool.review.edit import Checks, run_checks
from gentool.review.queue import Item

Judged = Mapping[str, Mapping[str, Fit]]
"""By query and tool id the fit that a judge read."""
REASONS = (
    "the query is unclear, or nobody would ask it",
    "the query gives the tool away",
    "the strong tool does not serve it",
    "the fit of the weak tool is wrong",
    "an argument is wrong",
    "an argument is not in the query",
    "it says the same as another query",
)
"""Reasons of a rejection that have a number key."""


@dataclass(frozen=True)
class Argument:
    """One argument of a call: its value as JSON, the words that it was taken from, and further values that are right."""

    name: str
    value: str
    evidence: tuple[str, ...]
    alternatives: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One tool of the pair: its texts in pieces, and how it serves the query; `arguments` is None where it has no call."""

    role: str
    tool: Tool
    name: Pieces
    description: Pieces
    fit: Fit
    arguments: tuple[Argument, ...] | None


@dataclass(frozen=True)
class Shown:
    """A query as the page shows it; `checks` are names and reasons (None: passed), `judged` names and fits as a judge read them."""

    query: Query
    original: Query
    text: Pieces
    sides: tuple[Side, ...]
    parameters: list[Row]
    returns: list[Row]
    checks: list[tuple[str, str | None]]
    judged: list[tuple[str, Fit]]


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is: verdicts by decision among all that is to be reviewed."""

    all: int
    accepted: int
    rejected: int
    edited: int

    @property
    def reviewed(self) -> int:
        return self.accepted + self.rejected + self.edited


def show_item(item: Item, verdict: Review | None, checks: Checks, judged: Mapping[str, Fit]) -> Shown:
    """A query with its tools side by side; where the reviewer edited it, as edited."""
    query = verdict.edited if verdict is not None and verdict.edited is not None else item.query
    strong, weak = item.family.strong, item.weak
    other = weak.tool if weak else None
    names, descriptions = (
        compare_texts(mine, theirs) if other else ((Piece(mine, False),), ())
        for mine, theirs in ((strong.name, other.name if other else ""), (strong.description, other.description if other else ""))
    )
    sides = [Side("Strong tool", strong, names[0], descriptions[0], "full", list_arguments(query, strong.id))]
    if weak:
        sides.append(Side("Weak tool", weak.tool, names[1], descriptions[1], query.weak_fit, list_arguments(query, weak.id)))
    return Shown(
        query=query,
        original=item.query,
        text=mark_evidence(query),
        sides=tuple(sides),
        parameters=compare_parameters(strong, other, weak.renamed if weak else {}),
        returns=compare_returns(strong, other),
        checks=run_checks(query, item.tools, checks),
        judged=[(item.tools[tool].name, fit) for tool, fit in judged.items() if tool in item.tools and query is item.query],
    )


def list_arguments(query: Query, tool: str) -> tuple[Argument, ...] | None:
    """The arguments of a tool's call, or None where it has none."""
    call = query.calls.get(tool)
    if call is None:
        return None
    evidence, alternatives = query.evidence.get(tool, {}), query.alternatives.get(tool, {})
    return tuple(
        Argument(name, _to_json(value), evidence.get(name, ()), tuple(_to_json(other) for other in alternatives.get(name, ())))
        for name, value in call.arguments.items()
    )


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def mark_evidence(query: Query) -> Pieces:
    """The query's text in pieces; the words that arguments were taken from are marked, be they named or said as they stand."""
    marked = [False] * len(query.text)
    for pattern in _sources(query):
        for match in re.finditer(pattern, query.text, re.IGNORECASE):
            marked[match.start() : match.end()] = [True] * (match.end() - match.start())
    edges = [0, *(at for at in range(1, len(marked)) if marked[at] != marked[at - 1]), len(marked)]
    return tuple(Piece(query.text[start:end], marked[start]) for start, end in pairwise(edges))


def _sources(query: Query) -> Iterator[str]:
    """Patterns of what was said: evidence as it stands, values as whole words."""
    for tool, call in query.calls.items():
        for name, value in call.arguments.items():
            spans = query.evidence.get(tool, {}).get(name, ())
            yield from (re.escape(span) for span in spans if span)
            yield from (rf"(?<!\w){re.escape(leaf)}(?!\w)" for leaf in _leaves(value) if leaf)


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case bool() | None:
            return
        case int() | float():
            yield str(value)
        case list():
            for inner in value:
                yield from _leaves(inner)
        case dict():
            for inner in value.values():
                yield from _leaves(inner)


def count_progress(items: Sequence[Item], own: Mapping[str, Review]) -> Progress:
    """How far a reviewer is with the queries of the queue."""
    decisions = [own[item.query.id].decision for item in items if item.query.id in own]
    return Progress(len(items), *(decisions.count(decision) for decision in ("accept", "reject", "edit")))


def list_agreements(reviewer: str, by_reviewer: Mapping[str, Mapping[str, Review]]) -> list[tuple[str, Agreement]]:
    """This reviewer's agreement with each other one, by name; those who share no query with her are left out."""
    others = sorted(name for name in by_reviewer if name != reviewer)
    measured = [(name, measure_agreement(by_reviewer.get(reviewer, {}), by_reviewer[name])) for name in others]
    return [(name, agreement) for name, agreement in measured if agreement.n]
