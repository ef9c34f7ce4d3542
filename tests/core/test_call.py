"""Calls, and abstention as one of them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gentool.core.call import ABSTAIN, Call
from gentool.core.tool import GENERATE_RESPONSE


def test_abstention_is_the_default_tool_and_nothing_else() -> None:
    assert ABSTAIN.abstains
    assert Call(name=GENERATE_RESPONSE, arguments={"response": "No tool fits."}).abstains
    assert not Call(name="generate_responses").abstains


def test_arguments_are_kept_as_they_are() -> None:
    arguments = {"a": 1, "b": [True, None, {"c": "1"}], "d": 1.5}
    assert Call.model_validate_json(Call(name="f", arguments=arguments).model_dump_json()).arguments == arguments


@pytest.mark.parametrize("values", [{}, {"name": ""}, {"name": None}, {"name": "f", "arguments": []}, {"name": "f", "parameters": {}}])
def test_malformed_calls_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Call.model_validate(values)
