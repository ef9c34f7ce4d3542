"""The records of a drift: what changed between two catalogues, a query with what is right before and after, what became of its answer.

Made by gentool.evaluate (catalogue_change, drift_queries, drift, drift_summary), written by gentool.drift, read by gentool.report.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field

from gentool.core.tool import GENERATE_RESPONSE, Record

Outcome = Literal[
    "adopted",
    "switched",
    "fixed",
    "stayed_right",
    "lost",
    "pulled_away",
    "broken_call",
    "not_adopted",
    "not_switched",
    "stayed_wrong",
    "unreadable_before",
    "unreadable_after",
    "unreadable",
    "changed",
    "unchanged",
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""Every outcome, in the order in which they are shown."""

OUTCOME_WORDS: dict[Outcome, str] = {
    "adopted": "rightly called no tool before, calls the tool that now serves",
    "switched": "right before with another tool, now takes the better one",
    "fixed": "wrong before, right after",
    "stayed_right": "right before and after",
    "lost": "right before with a tool that is gone",
    "pulled_away": "right before, now another answer, which is wrong",
    "broken_call": "the right tool both times, but only before with a call that holds",
    "not_adopted": "calls no tool as before, though one serves now",
    "not_switched": "stays with the tool of before, though another is the better or only right one",
    "stayed_wrong": "wrong before and after",
    "unreadable_before": "the answer before cannot be read",
    "unreadable_after": "the answer after cannot be read",
    "unreadable": "neither answer can be read",
    "changed": "answered otherwise; nothing says what is right",
    "unchanged": "answered alike; nothing says what is right",
}


class ToolRename(Record):
    """One tool under another name; nothing else of its definition changed."""

    before: str
    after: str


class ToolChange(Record):
    """A name that stands for another definition than before, and in what it differs, one line each."""

    name: str
    differences: tuple[str, ...]


class AddedTool(Record):
    """A new name; `nearest` is the tool of before that is most like it, by TF-IDF (None where none shares a word)."""

    name: str
    nearest: str | None = None
    similarity: float = 0.0


class CatalogueChange(Record):
    """What changed between two catalogues, by tool names.

    `unchanged` counts names. `repeated` lists the names that stand for several tools in either. `reordered` says that the tools
    that stayed stand in another order in the second file.
    """

    tools_before: int
    tools_after: int
    added: tuple[AddedTool, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[ToolRename, ...] = ()
    changed: tuple[ToolChange, ...] = ()
    unchanged: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    reordered: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no tool was added, removed, renamed or changed."""
        return not (self.added or self.removed or self.renamed or self.changed)

    @property
    def names_after(self) -> dict[str, str]:
        """By the name before the name after, for the tools that stayed."""
        kept = {name: name for name in (*self.unchanged, *(tool.name for tool in self.changed))}
        return kept | {tool.before: tool.after for tool in self.renamed}


class DriftQuery(Record):
    """What a user says, and what is right before and after the change; docs/drift.md has the rules.

    `before` and `after` name the tool that is best (`generate_response`: none), None where that is not known; the acceptable
    ones count as right too. `arguments` are those of the right call of `after`, `alternatives` gives by argument further values
    that are right.
    """

    query: str = Field(min_length=1)
    before: str | None = None
    after: str | None = None
    acceptable_before: tuple[str, ...] = ()
    acceptable_after: tuple[str, ...] = ()
    arguments: dict[str, Any] | None = None
    alternatives: dict[str, tuple[Any, ...]] = Field(default_factory=dict)


class Answered(Record):
    """One answer to a query.

    `expected` holds the names that are right, best first; None where that is not known. `chosen` is the name that was chosen,
    None where the answer cannot be read. `right` is None where it is not known. `fault` says why the answer cannot be read, or
    what is wrong with the arguments of its call. `raw` is the model's text. `shown` names the tools that the model saw, where
    they were chosen for the query.
    """

    expected: tuple[str, ...] | None = None
    chosen: str | None = None
    right: bool | None = None
    fault: str = ""
    raw: str = ""
    shown: tuple[str, ...] | None = None


class DriftRecord(Record):
    """What became of one query. `family` gathers queries that stand or fall together: those of one tool.

    `pulled_by` is the name that was chosen in place of the right one. `reason` says in a sentence what happened.
    """

    id: str
    query: str
    family: str
    outcome: Outcome
    regression: bool = False
    pulled_by: str | None = None
    reason: str = ""
    before: Answered
    after: Answered


class Rate(Record):
    """`count` of `of`, with the share and its 95% interval (None where `of` is 0)."""

    count: int = 0
    of: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None


class AddedFigures(Record):
    """An added tool: how often it is called where it is best, what is chosen instead, and where it is called wrongly.

    `attracted` counts the queries on which it is called though it is not right, among those with a known answer that it is not
    right for; `faulty` its calls that break its schema, or the known arguments, among all its calls.
    """

    name: str
    adoption: Rate
    instead: dict[str, int] = Field(default_factory=dict)
    attracted: Rate
    faulty: Rate


class ToolFigures(Record):
    """A tool of before, by its name after: answers right before and after on the queries that it was right for, and who pulls.

    `state` says what became of it. `regressions` counts those that were right before and are lost; `pulled_by` where to.
    """

    name: str
    state: Literal["unchanged", "changed", "renamed", "removed"]
    right_before: Rate
    right_after: Rate
    regressions: Rate
    pulled_by: dict[str, int] = Field(default_factory=dict)


class Check(Record):
    """A threshold: what was allowed, what was found, whether it holds; `passed` is None where it could not be judged."""

    name: Literal["max_regressions", "min_adoption", "max_changed"]
    limit: str
    found: str
    passed: bool | None


class DriftSummary(Record):
    """All figures of a drift, as DIR/drift.json holds them.

    `candidates` is the number of tools that the model saw of each catalogue, None where it saw all. `written_by` names the
    teacher that wrote the queries, None where they were given. `judged` counts the queries whose right answers are known.
    `adoption` is over the queries whose best tool is an added one, `switching` over those whose best tool became another while a
    tool served before, `regressions` over the answers that were right before, `changed` over all that could be read.
    """

    model: str
    before: str
    after: str
    change: CatalogueChange
    candidates: int | None = None
    written_by: str | None = None
    queries: int = 0
    judged: int = 0
    outcomes: dict[Outcome, int] = Field(default_factory=dict)
    right_before: Rate = Rate()
    right_after: Rate = Rate()
    regressions: Rate = Rate()
    adoption: Rate = Rate()
    switching: Rate = Rate()
    changed: Rate = Rate()
    added: tuple[AddedFigures, ...] = ()
    existing: tuple[ToolFigures, ...] = ()
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no threshold is broken."""
        return all(check.passed is not False for check in self.checks)


def abstains(name: str | None) -> bool:
    """Whether a chosen name is the default tool's."""
    return name == GENERATE_RESPONSE
