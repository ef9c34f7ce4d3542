"""The records of the starter set as its files hold them, a line each. Floor 1; read by gentool.starter and its teacher.

tools.jsonl holds the strong tools (gentool.core.tool.Tool); families.jsonl, queries.jsonl, unserved.jsonl and readings.jsonl
hold the records below. Tools are named by name: names are unique over the set.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field

from gentool.core.family import Fit
from gentool.core.tool import Record, Tool

Way = Literal[
    "missing_parameter",
    "fewer_values",
    "narrower_range",
    "single_value",
    "missing_return",
    "stale_data",
    "smaller_coverage",
    "coarser_detail",
    "fixed_unit",
    "draft_only",
    "one_off_only",
    "exact_match_only",
    "free_text_input",
    "own_account_only",
    "approximate_result",
    "no_delivery",
    "capped_results",
    "manual_processing",
]
WAYS: tuple[Way, ...] = get_args(Way)
"""The ways of being weaker. The first five show in the schemas (gentool.synth.gaps); the others stand in the weak tool's description."""
Style = Literal["plain", "terse", "polite", "rambling", "indirect", "context", "typo"]
STYLES: tuple[Style, ...] = get_args(Style)
"""How a query is written: `context` holds facts that do not matter, `indirect` never names what is asked for, `typo` is misspelt."""
Kind = Literal["adjacent_need", "chit_chat", "question"]
"""Why no tool serves a query: a need near the tools' own, talk, or a question that is answered in words."""


class StarterFamily(Record):
    """A strong tool (by name) with its weak counterpart.

    `twins` labels the group of near-twin tools that it belongs to. `renamed` maps a strong tool's parameters to those of
    the weak tool that take the same under another name.
    """

    strong: str
    domain: str
    twins: str | None = None
    weak: Tool
    ways: tuple[Way, ...] = Field(min_length=1)
    renamed: dict[str, str] = Field(default_factory=dict)


class StarterQuery(Record):
    """A query of a family; `id` is `strong tool/number`.

    `call` and `weak_call` are arguments (no `weak_call` where the weak tool does not serve it). `needs` says what the weak tool
    lacks for it: `missing_parameter:cabin` for what the schemas show, else one of the family's ways. `evidence` gives by
    parameter the words of the query that an argument was taken from where it does not stand there itself;
    `alternatives` gives by parameter further values that are right. `also` names tools of other families that serve it fully,
    `partly` those that serve it in part.
    """

    id: str = Field(pattern=r"^[a-z0-9_]+/\d+$")
    text: str = Field(min_length=1)
    weak_fit: Fit
    needs: tuple[str, ...] = ()
    call: dict[str, Any]
    weak_call: dict[str, Any] | None = None
    evidence: dict[str, str | list[str]] = Field(default_factory=dict)
    alternatives: dict[str, list[Any]] = Field(default_factory=dict)
    language: str = "en"
    style: Style
    also: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()

    @property
    def strong(self) -> str:
        return self.id.rpartition("/")[0]

    @property
    def spans(self) -> dict[str, list[str]]:
        """The evidence, a list for every parameter."""
        return {name: [spans] if isinstance(spans, str) else spans for name, spans in self.evidence.items()}


class UnservedQuery(Record):
    """A query that no tool of the set serves; `near` names the tools that come nearest."""

    id: str = Field(pattern=r"^[a-z0-9_]+/unserved/\d+$")
    domain: str
    text: str = Field(min_length=1)
    kind: Kind
    near: tuple[str, ...] = Field(min_length=1)
    language: str = "en"


class Reading(Record):
    """What a second reader, who saw neither labels nor calls, answered to a query before six tools.

    `candidates` are the names of the tools as shown. `choice` is the tool that serves best (None: none serves), with
    `arguments`; `full` and `partial` name all tools that serve the query so. `same_tool`, `same_call` and `same_fit` say
    whether the record said the same as it was read (the weak tool counts where it serves in full; values may be spelt
    otherwise), `resolved` what was done where it did not, `round` is 2 for a query read anew after it was mended.
    """

    query: str
    candidates: tuple[str, ...]
    choice: str | None
    arguments: dict[str, Any] = Field(default_factory=dict)
    full: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    same_tool: bool = True
    same_call: bool = True
    same_fit: bool = True
    resolved: str | None = None
    round: int = 1
