"""Judging one answer: an example and an engine's raw texts in, a verdict out.

Pure. Texts are read by gentool.prompts alone. `judge` is for anyone; gentool.evaluate.score calls `examine`, which adds
what gentool.evaluate.metrics counts beyond the verdict. docs/metrics.md states every rule with its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gentool.core.call import Call
from gentool.core.errors import RunError
from gentool.core.example import ErrorClass, Example, Prediction, Verdict
from gentool.core.recipe import Settings
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.matching import UNLIKE, Comparison, as_target, compare_answer, pair_calls, parameters_of, wanted_of
from gentool.evaluate.rankings import judge_ranking, judge_scores
from gentool.evaluate.reasons import Reason, find_reason, printable
from gentool.prompts import ReadCalls, read_calls, read_ranking


@dataclass(frozen=True)
class NameCounts:
    """Argument names of one example: `given` by the answer, `wanted` by the target, `matched` both (0 for a wrong tool)."""

    matched: int
    given: int
    wanted: int


@dataclass(frozen=True)
class Outcome:
    """An example, what was found in its prediction, and what aggregation counts beside that.

    `mended` says whether the call's text needed a repair to be read.
    """

    example: Example
    verdict: Verdict
    names: NameCounts
    mended: bool


@dataclass(slots=True)
class CallVerdict:
    """The part of a verdict that speaks of the call. `arguments` is None where no right ones are known; error and reason where it is right."""

    selected: str | None
    format: bool
    selection: bool
    selection_lenient: bool
    call: bool
    arguments: Comparison | None
    error: ErrorClass | None = None
    reason: Reason | None = None


class ScoreSettings(Settings):
    """How answers are compared with what is right.

    defaults: `strict` takes an argument that is given with the schema's default and one that is left out for two things, `equal`
    for one. Normalised values always take them for one.
    """

    defaults: Literal["strict", "equal"] = "strict"


AS_DOCUMENTED = ScoreSettings()


def judge(example: Example, prediction: Prediction, settings: ScoreSettings = AS_DOCUMENTED) -> Verdict:
    """What scoring finds in one prediction. Raises RunError where it is another example's."""
    return examine(example, prediction, settings).verdict


def examine(example: Example, prediction: Prediction, settings: ScoreSettings = AS_DOCUMENTED) -> Outcome:
    """The verdict with the counts of argument names. Raises RunError where the prediction is another example's."""
    if prediction.id != example.id:
        raise RunError(f"the prediction of example {prediction.id} cannot be judged by example {example.id}; pair them by their ids")
    answer, ranking = read_answer(example, prediction), read_ranking(prediction.rank)
    call = judge_calls(example, answer, settings)
    reason = {"reason": call.reason.text, "reason_code": call.reason.code} if call.reason else {}
    verdict = Verdict(
        id=example.id,
        selected=call.selected,
        format=call.format,
        selection=call.selection,
        selection_lenient=call.selection_lenient,
        call=call.call,
        error=call.error,
        by_scores=judge_scores(example, prediction.scores) if prediction.scores else None,
        repairs=(*(f"select: {repair}" for repair in answer.repairs), *(f"rank: {repair}" for repair in ranking.repairs)),
        **reason,
        **_describe_arguments(call.arguments),
        **judge_ranking(example, ranking),
    )
    return Outcome(example, verdict, count_names(example, answer.calls or (), settings), bool(answer.repairs))


def read_answer(example: Example, prediction: Prediction) -> ReadCalls:
    """The calls of a prediction; a fault where the engine gave an error in place of a text."""
    if prediction.error and not prediction.select:
        return ReadCalls(None, (), prediction.error)
    return read_calls(prediction.select, prediction.answer, example.tools)


def judge_calls(example: Example, answer: ReadCalls, settings: ScoreSettings = AS_DOCUMENTED) -> CallVerdict:
    """What is to be said of the calls of an answer."""
    arguments_known = example.gold == "call" and not example.answer.abstains
    if answer.calls is None:
        reason = Reason("unparsable", f"unparsable: {printable(answer.fault)}")
        return CallVerdict(None, False, False, False, False, UNLIKE if arguments_known else None, "unparsable", reason)
    names, defaults = [call.name for call in answer.calls], settings.defaults == "equal"
    selection = selects(example, names)
    arguments = compare_answer(answer.calls, example, defaults) if arguments_known else None
    verdict = CallVerdict(
        selected=_first_tool(names),
        format=selection or all(name in (*example.tools.names, GENERATE_RESPONSE) for name in names),
        selection=selection,
        selection_lenient=selection or (not example.further and names in [[call.name] for call in example.acceptable]),
        call=selection and (arguments is None or arguments.typed),
        arguments=arguments,
    )
    if not verdict.call:
        verdict.error = classify(example, names, selection)
        verdict.reason = find_reason(verdict.error, answer.calls, example, defaults)
    return verdict


def selects(example: Example, names: list[str]) -> bool:
    """Whether the tools that an answer calls are right: each as often as it is wanted, where it is known how often."""
    if example.gold == "any_tool":
        return all(name in example.tools.names for name in names)
    if example.gold == "tool":
        return set(names) == {call.name for call in example.calls}
    return sorted(names) == sorted(call.name for call in example.calls) if example.further else names == [example.answer.name]


def _first_tool(names: list[str]) -> str:
    """The first name of a tool, or that of the default tool where it stands alone."""
    for name in names:
        if name != GENERATE_RESPONSE:
            return name
    return GENERATE_RESPONSE


def _describe_arguments(found: Comparison | None) -> dict[str, Any]:
    """The fields of a verdict that speak of the arguments; none where no right ones are known."""
    if found is None:
        return {}
    return {
        "parameter_names": found.names,
        "parameter_values": found.typed,
        "parameter_values_normalised": found.normalised,
        "parameter_values_coerced": found.coerced,
        "parameter_values_levenshtein": found.likeness,
    }


def classify(example: Example, names: Sequence[str], selection: bool) -> ErrorClass:
    """The one class of calls that are not right, by their names; the order of the questions is the precedence."""
    if any(name not in (*example.tools.names, GENERATE_RESPONSE) for name in names):
        return "unknown_tool"
    if selection:
        return "wrong_arguments"
    if example.answer.abstains and any(name != GENERATE_RESPONSE for name in names):
        return "called_when_none"
    if not example.answer.abstains and all(name == GENERATE_RESPONSE for name in names):
        return "abstained_when_needed"
    if len(names) != len(example.calls):
        return "wrong_number_of_calls"
    if example.kind == "strong" and names[0] == example.weak:
        return "weak_instead_of_strong"
    return "other_wrong_tool"


def count_names(example: Example, calls: Sequence[Call], settings: ScoreSettings = AS_DOCUMENTED) -> NameCounts:
    """Names are matched only on the right tool. What is said in words with `generate_response` is no tool's argument."""
    if example.gold != "call":
        return NameCounts(0, 0, 0)
    calls = [call for call in calls if not call.abstains]
    wanted = [one for one in wanted_of(example) if not one.call.abstains]
    matched = 0
    given = sum(len(call.arguments) for call in calls)
    for position, place in pair_calls(calls, example).pairs if calls and wanted else ():
        call, one = calls[position], wanted[place]
        if call.name == one.call.name:
            schema = parameters_of(example, one.call.name)
            said = as_target(call.arguments, one.call.arguments, one.alternatives, schema, settings.defaults == "equal")
            given += len(said) - len(call.arguments)
            matched += len(said.keys() & one.call.arguments.keys())
    return NameCounts(matched, given, sum(len(one.call.arguments) for one in wanted))
