"""Examples: targets must be in the tool set and agree with each other."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import AFTER, ERROR_CLASSES, SCENARIOS, ErrorClass, Example, Kind, Prediction, Scenario, Verdict
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet

TOOLS = ToolSet.of([Tool(name="forecast"), Tool(name="book")])


def build_example(**changes: Any) -> Example:
    """An example that asks for a forecast, with some fields replaced."""
    fields: dict[str, Any] = {
        "id": "e",
        "pair": "p",
        "kind": "one",
        "family": "f",
        "query_id": "q",
        "query": "Rain?",
        "tools": TOOLS,
        "ranking": ("forecast", GENERATE_RESPONSE),
        "answer": Call(name="forecast"),
        "strong": "forecast",
    }
    return Example(**{**fields, **changes})


def test_an_example_survives_its_json_with_the_order_of_its_tools() -> None:
    example = build_example(acceptable=(Call(name="forecast"),), scenario="unseen_query_seen_tool")
    read = Example.model_validate_json(example.model_dump_json(exclude_defaults=True))
    assert read == example
    assert read.tools.names == ("forecast", "book")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"ranking": ("play", GENERATE_RESPONSE)}, "not in the tool set: play"),
        ({"answer": Call(name="play")}, "not in the tool set: play"),
        ({"acceptable": (Call(name="play"),)}, "not in the tool set: play"),
        ({"ranking": ("forecast",)}, "the ranking must end with generate_response"),
        ({"ranking": ()}, "the ranking must end with generate_response"),
        ({"ranking": (GENERATE_RESPONSE, "forecast")}, "the ranking must end with generate_response"),
        ({"answer": Call(name="book")}, "the answer must be the head of the ranking"),
        ({"answer": ABSTAIN}, "the answer must be the head of the ranking"),
        ({"query": ""}, "at least 1 character"),
        ({"kind": "two"}, "Input should be 'zero', 'one', 'weak', 'strong', 'unserved' or 'given'"),
        ({"scenario": "seen"}, "Input should be 'seen_query_seen_tool'"),
    ],
)
def test_targets_that_contradict_are_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        build_example(**changes)


def test_abstaining_is_an_answer() -> None:
    assert build_example(kind="zero", ranking=(GENERATE_RESPONSE,), answer=ABSTAIN).answer.abstains


def test_the_lists_hold_what_the_types_allow() -> None:
    assert get_args(Scenario) == SCENARIOS
    assert get_args(ErrorClass) == ERROR_CLASSES
    assert {*AFTER, *AFTER.values(), "unserved", "given"} == set(get_args(Kind))


def test_predictions_without_a_format_are_in_json() -> None:
    assert Prediction.model_validate({"id": "e", "select": "", "rank": ""}).answer == "json"
    native = Prediction(id="e", select="", rank="", answer="native")
    assert Prediction.model_validate_json(native.model_dump_json()) == native


def test_predictions_and_verdicts_refuse_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Prediction.model_validate({"id": "e", "select": "", "rank": "", "text": ""})
    with pytest.raises(ValidationError, match="error"):
        Verdict(id="e", format=True, selection=True, selection_lenient=True, call=True, error="unlucky")
