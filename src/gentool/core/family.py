"""A family: a strong tool, its weak counterparts, the queries of their pairs and the calls that answer them.

Written by gentool.synth (verified.jsonl, verified_unserved.jsonl), read by gentool.pairs.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from gentool.core.call import Call
from gentool.core.tool import Record, Tool

Fit = Literal["full", "partial", "none"]
"""How well a tool serves a query."""


class WeakTool(Record):
    """A less effective counterpart of a strong tool.

    `strong` is the id of its strong tool; `ways` names each way in which it is weaker. `renamed` maps parameters of the
    strong tool to those that the weak tool has for them under another name.
    """

    id: str
    strong: str
    tool: Tool
    ways: tuple[str, ...] = ()
    renamed: dict[str, str] = Field(default_factory=dict)


class Query(Record):
    """What a user asks.

    `strong` and `weak` are ids of tools (`weak` is None where the strong tool has no weak counterpart). `fits` gives the
    fit of each by tool id and `calls` the call of each that serves the query at least in part.
    `needs` names the capabilities that the query uses and the weak tool lacks. `evidence` gives by tool id and parameter the
    words of the query that an argument was taken from, `alternatives` further values of it that are right. `also` names the
    tools of other families that serve the query, if only in part: they never stand beside it.
    """

    id: str
    text: str = Field(min_length=1)
    strong: str
    weak: str | None = None
    fits: dict[str, Fit] = Field(default_factory=dict)
    calls: dict[str, Call] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    evidence: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    alternatives: dict[str, dict[str, tuple[Any, ...]]] = Field(default_factory=dict)
    also: tuple[str, ...] = ()

    @property
    def weak_fit(self) -> Fit:
        return self.fits.get(self.weak, "none") if self.weak else "none"


class Unserved(Record):
    """A query that no tool of the catalogue serves. `near` names the tools that come nearest to what it asks."""

    id: str
    text: str = Field(min_length=1)
    domain: str | None = None
    near: tuple[str, ...] = ()


class Family(Record):
    """A strong tool with all that was made for it; the smallest unit that a split may move."""

    id: str
    strong: Tool
    weak: tuple[WeakTool, ...] = ()
    queries: tuple[Query, ...] = ()

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        known = {self.strong.id, *(weak.id for weak in self.weak)}
        for query in self.queries:
            unknown = ({query.strong} | ({query.weak} if query.weak else set()) | set(query.fits) | set(query.calls)) - known
            if unknown:
                raise ValueError(f"query {query.id} names tools that are not of this family: {', '.join(sorted(unknown))}")
            if query.fits.get(query.strong) != "full":
                raise ValueError(f"query {query.id}: the strong tool's fit must be 'full'")
            missing = {tool for tool, fit in query.fits.items() if fit != "none"} - set(query.calls)
            if missing:
                raise ValueError(f"query {query.id} has no call for {', '.join(sorted(missing))}")
        return self

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The strong tool, then the weak ones."""
        return (self.strong, *(weak.tool for weak in self.weak))

    def weak_tool(self, identifier: str) -> Tool:
        """The weak tool of that id; KeyError where the family has none."""
        for weak in self.weak:
            if weak.id == identifier:
                return weak.tool
        raise KeyError(identifier)
