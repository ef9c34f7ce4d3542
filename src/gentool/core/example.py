"""Examples, as gentool.pairs builds them, and the predictions that engines make for them."""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from gentool.core.call import Call
from gentool.core.tool import GENERATE_RESPONSE, Record, ToolSet

Kind = Literal["zero", "one", "weak", "strong", "unserved", "given"]
"""`unserved`: no tool of the catalogue serves the query. `given`: made elsewhere, as a benchmark's examples are. Both are in no pair."""
Scenario = Literal["seen_query_seen_tool", "unseen_query_seen_tool", "seen_query_unseen_tool", "unseen_query_unseen_tool"]
SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)
AnswerFormat = Literal["json", "native"]
"""How a call is answered: as JSON that the prompt asks for, or in the model's own tool format, where abstention is words."""
AFTER: dict[Kind, Kind] = {"zero": "one", "weak": "strong"}
"""The kind that follows each kind inside a pair: zero-to-one and weak-to-strong."""
Gold = Literal["call", "tool", "any_tool"]
"""What is known of the right answer: the whole call, the tool alone, or that some tool of the set has to be called."""
Constraint = Literal["none", "names", "schema"]
"""What holds an answer while it is decoded: nothing, the names of the set, or the whole schema of an answer."""


class Wanted(Record):
    """A call that is wanted; `alternatives` gives by argument further values that are right, also of arguments that may be left out."""

    call: Call
    alternatives: dict[str, tuple[Any, ...]] = Field(default_factory=dict)


class Example(Record):
    """A query before a set of tools, with the ranking and the answer that are right.

    `ranking` holds names, best first, and ends with `generate_response`. `answer` is its head with arguments.
    `acceptable` holds a call for every tool of full fit. `pair` is shared by the two examples that differ in one slot.
    `scenario` is None in training data. `strong` and `weak` name the family's tools, where the set holds them or not; an
    `unserved` query, which no tool of the catalogue serves, has neither, and is its own family and pair. `alternatives`
    gives by argument of the answer further values that are right.

    `bundle` is shared by training examples whose tool sets were drawn together, so that one prompt of tools serves many
    queries: the sets are all of one size, and equal but for a few slots. Training that draws an order of tools anew applies
    it to the slots of the whole bundle. None in test data and where every query has sets of its own; there a pair goes together.

    Of examples that were made elsewhere (`given`): `further` holds the calls that are wanted beside `answer`, in any order;
    `gold` says how much of the answer is known; `category` is the benchmark's part that they belong to, and `source` what
    it says of them by its own field names. Each is a family of its own.
    """

    id: str
    pair: str
    bundle: str | None = None
    kind: Kind
    scenario: Scenario | None = None
    family: str
    query_id: str
    query: str = Field(min_length=1)
    tools: ToolSet
    ranking: tuple[str, ...]
    answer: Call
    acceptable: tuple[Call, ...] = ()
    alternatives: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    strong: str | None = None
    weak: str | None = None
    further: tuple[Wanted, ...] = ()
    gold: Gold = "call"
    category: str | None = None
    source: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _check_targets(self) -> Self:
        names = {*self.tools.names, GENERATE_RESPONSE}
        unknown = [
            name for name in (*self.ranking, *(call.name for call in self.calls), *(call.name for call in self.acceptable)) if name not in names
        ]
        if unknown:
            raise ValueError(f"targets that are not in the tool set: {', '.join(unknown)}")
        if not self.ranking or self.ranking[-1] != GENERATE_RESPONSE:
            raise ValueError(f"the ranking must end with {GENERATE_RESPONSE}")
        if self.answer.name != self.ranking[0]:
            raise ValueError("the answer must be the head of the ranking")
        return self

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls that are wanted: one, but for a query that asks for several."""
        return (self.answer, *(wanted.call for wanted in self.further))


class Prediction(Record):
    """An engine's raw answers to one example: `select` is the text of the call, `rank` the text of the ranking.

    `answer` says in which format the call was asked for, and so how it is read. `scores` is the log-probability of each name
    of the set, and of `generate_response`, as the tool that the call begins with; None where it was not asked for.
    `constrained` says what held the call while it was decoded. `error` says why there is no text, where the engine gave none.
    """

    id: str
    select: str
    rank: str
    answer: AnswerFormat = "json"
    scores: dict[str, float] | None = None
    constrained: Constraint = "none"
    error: str = ""


TRAINED = "trained"
"""What a run trained, as an engine and as the name of its files."""


def is_trained(name: str) -> bool:
    """Whether files of this name are of what the run trained, its answers free or held to names or schemas."""
    return name.partition("+")[0] == TRAINED


def label_of(run: str, name: str) -> str:
    """What files of this name are called beside those of other runs: the run stands for `trained`."""
    return f"{run}{name.removeprefix(TRAINED)}" if is_trained(name) else name


ErrorClass = Literal[
    "called_when_none",
    "abstained_when_needed",
    "weak_instead_of_strong",
    "other_wrong_tool",
    "unknown_tool",
    "unparsable",
    "wrong_number_of_calls",
    "wrong_arguments",
]
ERROR_CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)
"""Every class, in the order in which reports show them."""


ReasonCode = Literal[
    "unparsable",
    "called_when_none",
    "abstained_when_needed",
    "wrong_count",
    "wrong_func_name",
    "missing_required",
    "unexpected_param",
    "type_error:simple",
    "type_error:nested",
    "value_error:enum",
    "value_error:spelling",
    "value_error:nested",
    "value_error:simple",
    "missing_optional",
]
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)
"""The rules that a call can break, in the order in which they are asked; those of BFCL's checker bear its names."""


class ScoredRanking(Record):
    """The ranking that an engine's scores give: the names above `generate_response`, best first, then that; and how right it is."""

    ranked: tuple[str, ...]
    selection: bool
    exact: bool
    reciprocal_rank: float
    kendall_tau: float | None = None


class Verdict(Record):
    """What scoring found in one prediction.

    `selected` is the name that the answer chose: None where it could not be read, of several calls the first of a tool. The
    parameter fields are None where the right answer is to abstain and where no right arguments are known;
    `parameter_values_levenshtein` is a likeness from 0 to 1. `error` is None exactly where the whole call is right; else
    `reason_code` names the first rule that it breaks and `reason` says it in words. `ranked` is the ranking that was read
    (None where it could not be). `by_scores` is None where the engine gave no scores. `repairs` says what had to be mended
    to read the answers.
    """

    id: str
    selected: str | None = None
    format: bool
    selection: bool
    selection_lenient: bool
    parameter_names: bool | None = None
    parameter_values: bool | None = None
    parameter_values_normalised: bool | None = None
    parameter_values_coerced: bool | None = None
    parameter_values_levenshtein: float | None = None
    call: bool
    ranked: tuple[str, ...] | None = None
    ranking_exact: bool = False
    reciprocal_rank: float = 0.0
    kendall_tau: float | None = None
    by_scores: ScoredRanking | None = None
    error: ErrorClass | None = None
    reason: str = ""
    reason_code: ReasonCode | None = None
    repairs: tuple[str, ...] = ()
