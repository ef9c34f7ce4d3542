"""What becomes of answers when a catalogue changes: a query, its two answers and what is right in; one outcome out. Pure.

`judge_change` is the rule, over names alone; `examine_query` reads the texts and says in words what happened. Called by
gentool.drift; docs/drift.md has the table of outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gentool.core.call import ABSTAIN, Call
from gentool.core.canonical import content_hash
from gentool.core.drift import Answered, CatalogueChange, DriftQuery, DriftRecord, Outcome, abstains
from gentool.core.example import Example, Prediction
from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, ToolSet
from gentool.evaluate.verdict import judge
from gentool.prompts import read_call

LONGEST_FAULT = 300
"""Characters of a fault that a record keeps."""


@dataclass(frozen=True)
class Side:
    """One answer as the rule sees it: the names that are right, best first (None: not known), and the name chosen (None: unreadable).

    `known` is False for a name that was not among the tools shown. `faulty` says that the call's arguments do not hold.
    """

    expected: tuple[str, ...] | None
    chosen: str | None
    known: bool = True
    faulty: bool = False

    @property
    def right(self) -> bool | None:
        """Whether the right tool was chosen; None where that cannot be said. A name that was not shown is never right."""
        if self.chosen is None or not self.known:
            return False
        return None if self.expected is None else self.chosen in self.expected

    @property
    def best(self) -> str | None:
        return self.expected[0] if self.expected else None

    @property
    def abstains(self) -> bool:
        return abstains(self.chosen)


def judge_change(before: Side, after: Side, gone: Collection[str] = ()) -> Outcome:
    """The one outcome of a query. `gone` names the tools that were removed; a tool that was renamed has one name here.

    The order of the questions is the precedence: readable, known what is right, its tool removed, right before, right after.
    """
    if before.chosen is None or after.chosen is None:
        return "unreadable" if before.chosen == after.chosen else "unreadable_before" if before.chosen is None else "unreadable_after"
    if before.right and before.chosen in gone:
        return "lost"
    if before.expected is None or after.expected is None:
        return "unchanged" if before.chosen == after.chosen else "changed"
    if not before.right:
        return "fixed" if after.right else "stayed_wrong"
    return _judge_right_after(before, after) if after.right else _judge_wrong_after(before, after)


def _judge_wrong_after(before: Side, after: Side) -> Outcome:
    """Right before, wrong after. An answer that stayed as it was is behind the change; another one was pulled away."""
    if before.chosen != after.chosen:
        return "pulled_away"
    return "not_adopted" if before.abstains else "not_switched"


def _judge_right_after(before: Side, after: Side) -> Outcome:
    """Right both times: what matters is whether there is a better answer than before, and whether it was taken."""
    stayed = before.chosen == after.chosen
    if before.best == after.best or (stayed and after.chosen == after.best):
        return "broken_call" if stayed and after.faulty and not before.faulty else "stayed_right"
    if before.abstains:
        return "not_adopted" if after.abstains else "adopted"
    if after.chosen != after.best:
        return "not_switched"
    return "stayed_right" if after.abstains else "switched"


def is_regression(outcome: Outcome, before: Side, after: Side) -> bool:
    """Whether an answer was right and another one, or none, has taken its place that is not."""
    match outcome:
        case "pulled_away" | "broken_call":
            return True
        case "unreadable_after":
            return before.right is True
        case "lost":
            return after.right is False
    return False


def examine_query(
    query: DriftQuery, change: CatalogueChange, sets: tuple[ToolSet, ToolSet], answers: tuple[Prediction, Prediction], narrowed: bool = False
) -> DriftRecord:
    """What became of one query: its completed gold, the two tool sets that were shown and the two predictions.

    Both predictions must be of `make_example`'s examples. `narrowed`: the sets were chosen for the query, and are kept with it.
    """
    before = _read_answer(query, "before", change, sets[0], answers[0], narrowed)
    after = _read_answer(query, "after", change, sets[1], answers[1], narrowed)
    sides = _as_side(before, sets[0], change.names_after), _as_side(after, sets[1], {})
    outcome = judge_change(*sides, change.removed)
    regression = is_regression(outcome, *sides)
    record = DriftRecord(
        id=content_hash("drift", query.query),
        query=query.query,
        family=_find_family(query, change),
        outcome=outcome,
        regression=regression,
        pulled_by=after.chosen if outcome == "pulled_away" or (outcome == "lost" and regression) else None,
        before=before,
        after=after,
    )
    return record.model_copy(update={"reason": explain(record, change, sets[1])})


def make_example(query: DriftQuery, side: str, tools: ToolSet, arguments: bool = False) -> Example:
    """What a model is asked on one side. Its id is of the query and the tools shown, so that equal questions are asked once.

    With `arguments` the right answer carries them, where they are known and its tool is shown.
    """
    best = query.before if side == "before" else query.after
    call = Call(name=best, arguments=(query.arguments or {}) if arguments else {}) if best in tools.names else ABSTAIN
    identifier = content_hash("drift", query.query, [tool.id for tool in tools], length=16)
    ranking = (GENERATE_RESPONSE,) if call.abstains else (call.name, GENERATE_RESPONSE)
    return Example(
        id=identifier,
        pair=identifier,
        kind="given",
        family=identifier,
        query_id=identifier,
        query=query.query,
        tools=tools,
        ranking=ranking,
        answer=call,
        alternatives=query.alternatives if arguments and not call.abstains else {},
        gold="call" if arguments else "tool",
    )


def _find_family(query: DriftQuery, change: CatalogueChange) -> str:
    """The tool that a query is about, by its name after; a query that no tool serves stands alone."""
    for name in (query.after, change.names_after.get(query.before or "", query.before)):
        if name is not None and name != GENERATE_RESPONSE:
            return name
    return content_hash("family", query.query)


def _read_answer(query: DriftQuery, side: str, change: CatalogueChange, tools: ToolSet, prediction: Prediction, narrowed: bool) -> Answered:
    best, acceptable = (query.before, query.acceptable_before) if side == "before" else (query.after, query.acceptable_after)
    expected = None if best is None else tuple(dict.fromkeys([best, *acceptable]))
    read = read_call(prediction.select, prediction.answer, tools)
    if read.call is None:
        fault, chosen = prediction.error or read.fault, None
    else:
        chosen = read.call.name.encode("utf-8", "backslashreplace").decode()
        gold = _has_arguments(query, side, change) and chosen == best
        fault = _find_fault(read.call, tools) or (_compare_arguments(query, side, tools, prediction) if gold else "")
    known = chosen is not None and (chosen in tools.names or abstains(chosen))
    right = Side(expected, chosen, known).right
    shown = tools.names if narrowed else None
    return Answered(expected=expected, chosen=chosen, right=right, fault=_shorten(fault), raw=prediction.select, shown=shown)


def _has_arguments(query: DriftQuery, side: str, change: CatalogueChange) -> bool:
    """Whether the query's arguments hold on a side: they are of the call after, and of the one before if its tool did not change."""
    if query.arguments is None or side == "after":
        return query.arguments is not None
    names = {name: name for name in change.unchanged} | {pair.before: pair.after for pair in change.renamed}
    return names.get(query.before or "") == query.after


def _find_fault(call: Call, tools: ToolSet) -> str:
    """What is wrong with a call under the tools that were shown."""
    from referencing.exceptions import Unresolvable

    if call.abstains:
        return ""
    tool = tools.by_name(call.name)
    if tool is None:
        return "no tool of this name was shown"
    try:
        return next(iter(schema_faults(call.arguments, tool.parameters)), "")
    except (RecursionError, Unresolvable, re.error) as error:
        return f"the schema cannot be applied ({type(error).__name__}: {error})"


def _compare_arguments(query: DriftQuery, side: str, tools: ToolSet, prediction: Prediction) -> str:
    """What differs from the known arguments, spelling apart."""
    verdict = judge(make_example(query, side, tools, arguments=True), prediction)
    return "" if verdict.parameter_values_normalised else verdict.reason


def _as_side(answer: Answered, tools: ToolSet, renamed: Mapping[str, str]) -> Side:
    """An answer for the rule, tools of before under their names after."""
    known = answer.chosen in tools.names or abstains(answer.chosen)
    chosen = renamed.get(answer.chosen, answer.chosen) if answer.chosen is not None and known else answer.chosen
    expected = None if answer.expected is None else tuple(renamed.get(name, name) for name in answer.expected)
    return Side(expected, chosen, known, faulty=bool(answer.fault))


def _shorten(text: str) -> str:
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= LONGEST_FAULT else f"{line[: LONGEST_FAULT - 1]}…"


# Saying what happened


def explain(record: DriftRecord, change: CatalogueChange, shown: ToolSet) -> str:
    """One sentence for a person: what was chosen before and after, what would have been right, and why it may be so."""
    before, after = record.before, record.after
    said = f"{_name(before.chosen)} before, {_name(after.chosen, change)} after"
    wanted = after.expected[0] if after.expected and after.right is False else None
    parts = [said, *([f"right would be {_name(wanted, change)}"] if wanted else [])]
    if wanted and wanted != GENERATE_RESPONSE and wanted not in shown.names:
        parts.append("which was not among the tools shown: retrieval left it out")
    if after.chosen is None or (after.fault and record.outcome in ("broken_call", "adopted", "switched")):
        parts.append(after.fault)
    elif before.chosen is None:
        parts.append(before.fault)
    return "; ".join(part for part in parts if part)


def _name(name: str | None, change: CatalogueChange | None = None) -> str:
    """A chosen name in words, with what the change did to its tool."""
    if name is None:
        return "an answer that cannot be read"
    if name == GENERATE_RESPONSE:
        return "no tool"
    marks = () if change is None else _marks(name, change)
    return f"{name} ({', '.join(marks)})" if marks else name


def _marks(name: str, change: CatalogueChange) -> list[str]:
    pairs = {pair.after: pair.before for pair in change.renamed}
    gone = (*change.removed, *(pair.before for pair in change.renamed))
    return [
        *(["added"] if name in (tool.name for tool in change.added) else []),
        *(["changed"] if name in (tool.name for tool in change.changed) else []),
        *([f"renamed from {pairs[name]}"] if name in pairs else []),
        *(["no longer there"] if name in gone else []),
    ]
