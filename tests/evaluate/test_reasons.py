"""What is wrong with an answer: the kinds of damage that can be done to a right one, each with its verdict and its first broken rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.example import REASON_CODES, Example, Prediction, Verdict
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.evaluate.reasons import judge_value
from gentool.evaluate.verdict import judge
from gentool.starter import read_starter_queries, read_starter_tools

Damage = Callable[[Example, Tool], str | None]


def write(name: str, arguments: Any) -> str:
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def right(example: Example) -> str:
    return write(example.answer.name, example.answer.arguments)


@pytest.fixture(scope="module")
def examples() -> list[tuple[Example, Tool]]:
    """Every fourth query of the starter set, before its tool and two of its neighbours."""
    tools = read_starter_tools()
    places = {tool.name: place for place, tool in enumerate(tools)}
    found = []
    for query in read_starter_queries()[::4]:
        place = places[query.id.split("/")[0]]
        tool = tools[place]
        example = Example(
            id=query.id,
            pair=query.id,
            kind="one",
            family=tool.name,
            query_id=query.id,
            query=query.text,
            tools=ToolSet.of([tools[place - 1], tool, tools[place - 2]]),
            ranking=(tool.name, GENERATE_RESPONSE),
            answer=Call(name=tool.name, arguments=query.call),
            alternatives={name: tuple(values) for name, values in query.alternatives.items()},
        )
        found.append((example, tool))
    return found


def changed(example: Example, fits: Callable[[str, Any], bool], change: Callable[[Any], Any]) -> str | None:
    """The right call with the first value changed that fits and has no alternatives; None where there is none."""
    arguments = example.answer.arguments
    name = next((name for name, value in arguments.items() if name not in example.alternatives and fits(name, value)), None)
    return None if name is None else write(example.answer.name, {**arguments, name: change(arguments[name])})


def dropped(example: Example, names: tuple[str, ...]) -> str | None:
    """The right call without the first of some arguments."""
    name = next((name for name in names if name in example.answer.arguments), None)
    return None if name is None else write(example.answer.name, {key: value for key, value in example.answer.arguments.items() if key != name})


def is_free(tool: Tool) -> Callable[[str, Any], bool]:
    """Whether a value is text that its schema does not choose from a list."""
    return lambda name, value: isinstance(value, str) and "enum" not in tool.properties[name]


def has_capitals_to_gain(tool: Tool) -> Callable[[str, Any], bool]:
    return lambda name, value: is_free(tool)(name, value) and value.isascii() and value.upper() != value


def is_chosen(tool: Tool) -> Callable[[str, Any], bool]:
    return lambda name, value: isinstance(value, str) and "enum" in tool.properties[name]


def is_list(_: str, value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def is_integer(_: str, value: Any) -> bool:
    return type(value) is int


def asks_for_integer(tool: Tool) -> Callable[[str, Any], bool]:
    return lambda name, _: tool.properties[name].get("type") == "integer"


def optional(example: Example, tool: Tool) -> tuple[str, ...]:
    return tuple(name for name in example.answer.arguments if name not in tool.required and name not in example.alternatives)


DAMAGES: dict[str, tuple[Damage, str, str]] = {
    "wrong name, in the set": (lambda e, _: write(e.tools[0].name, e.answer.arguments), "other_wrong_tool", "wrong_func_name"),
    "wrong name, in no set": (lambda e, t: write(t.name.title(), e.answer.arguments), "unknown_tool", "wrong_func_name"),
    "abstention": (lambda *_: write(GENERATE_RESPONSE, {}), "abstained_when_needed", "abstained_when_needed"),
    "missing required": (lambda e, t: dropped(e, t.required), "wrong_arguments", "missing_required"),
    "missing optional": (lambda e, t: dropped(e, optional(e, t)), "wrong_arguments", "missing_optional"),
    "unknown parameter": (lambda e, t: write(t.name, {**e.answer.arguments, "zzz": 1}), "wrong_arguments", "unexpected_param"),
    "wrong type": (lambda e, t: changed(e, is_free(t), lambda _: {"text": 1}), "wrong_arguments", "type_error:simple"),
    "5 for a string": (lambda e, t: changed(e, is_free(t), lambda _: 5), "wrong_arguments", "type_error:simple"),
    "'5' for 5": (lambda e, _: changed(e, is_integer, str), "wrong_arguments", "type_error:simple"),
    "5.5 for 5": (lambda e, t: changed(e, asks_for_integer(t), lambda value: value + 0.5), "wrong_arguments", "type_error:simple"),
    "value off": (lambda e, t: changed(e, is_free(t), lambda value: f"{value} elsewhere"), "wrong_arguments", "value_error:simple"),
    "number off": (lambda e, _: changed(e, is_integer, lambda value: value + 1), "wrong_arguments", "value_error:simple"),
    "case": (lambda e, t: changed(e, has_capitals_to_gain(t), str.upper), "wrong_arguments", "value_error:spelling"),
    "enum": (lambda e, t: changed(e, is_chosen(t), lambda _: "zzz"), "wrong_arguments", "value_error:enum"),
    "nested field": (lambda e, _: changed(e, is_list, lambda value: ["zzz", *value[1:]]), "wrong_arguments", "value_error:nested"),
    "nested type": (lambda e, _: changed(e, is_list, lambda value: [5, *value[1:]]), "wrong_arguments", "type_error:nested"),
    "nested field too many": (lambda e, _: changed(e, is_list, lambda value: [*value, "zzz"]), "wrong_arguments", "value_error:nested"),
    "extra call": (lambda e, _: f"[{right(e)}, {write(e.tools[0].name, {})}]", "wrong_number_of_calls", "wrong_count"),
    "the same call twice": (lambda e, _: f"{right(e)}\n{right(e)}", "wrong_number_of_calls", "wrong_count"),
    "prose": (lambda _, t: f"I would call {t.name} for that.", "unparsable", "unparsable"),
    "no calls": (lambda *_: "[]", "unparsable", "unparsable"),
    "broken JSON": (lambda e, _: right(e)[:-1], "unparsable", "unparsable"),
    "broken JSON inside": (lambda e, _: right(e).replace('"arguments":', '"arguments"'), "unparsable", "unparsable"),
    "an extra call that is broken": (lambda e, _: f"[{right(e)}, {right(e)[:-1]}]", "unparsable", "unparsable"),
}
NORMALISED = {"case", "'5' for 5"}
COERCED = {"'5' for 5"}


@pytest.mark.parametrize("kind", DAMAGES)
def test_each_kind_of_damage_has_its_verdict_and_its_reason(kind: str, examples: list[tuple[Example, Tool]]) -> None:
    damage, error, code = DAMAGES[kind]
    seen = 0
    for example, tool in examples:
        text = damage(example, tool)
        if text is None:
            continue
        seen += 1
        verdict = judge(example, Prediction(id=example.id, select=text, rank=""))
        assert (verdict.error, verdict.reason_code, verdict.call, verdict.parameter_values) == (error, code, False, False), (text, verdict.reason)
        assert verdict.selection is (error == "wrong_arguments")
        assert verdict.parameter_values_normalised is (kind in NORMALISED), (text, example.answer)
        assert verdict.parameter_values_coerced is (kind in COERCED), (text, example.answer)
        assert verdict.parameter_values_levenshtein is not None and 0 <= verdict.parameter_values_levenshtein <= 1
        assert verdict.parameter_values_levenshtein == 0 or error in ("wrong_arguments", "wrong_number_of_calls")
        assert verdict.reason
    assert seen >= 15, f"{kind} was tried {seen} times"


def test_undamaged_calls_are_right(examples: list[tuple[Example, Tool]]) -> None:
    for example, _ in examples:
        verdict = judge(example, Prediction(id=example.id, select=right(example), rank=""))
        assert (verdict.call, verdict.error, verdict.reason, verdict.reason_code) == (True, None, "", None)
        assert verdict.parameter_names and verdict.parameter_values_coerced and verdict.parameter_values_levenshtein == 1.0


def test_the_rules_of_arguments_are_asked_in_their_order(make_example: Callable[..., Example]) -> None:
    example = make_example("one", Call(name="forecast", arguments={"city": "Bern", "days": 5, "options": {"units": "metric"}}))

    def code(**arguments: Any) -> str | None:
        return judge(example, Prediction(id=example.id, select=write("forecast", arguments), rank="")).reason_code

    assert code(zzz=1, days="5") == "missing_required"
    assert code(city="Bern", days="5", zzz=1) == "unexpected_param"
    assert code(city="bern", days="5") == "value_error:spelling", "values in the order in which they were given"
    assert code(days="5", city="bern") == "type_error:simple"
    assert code(city="Bern", days=5, options={"units": "imperial"}) == "value_error:nested"
    assert code(city="Bern", days=5, options={"units": 1}) == "type_error:nested"
    assert code(city="Bern", days=5, options={}) == "value_error:nested"
    assert code(city="Bern", days=5) == "missing_optional"


@pytest.mark.parametrize(
    ("value", "right", "schema", "code"),
    [
        (6, [5, "five"], {"type": ["integer", "string"]}, "value_error:simple"),
        ("six", [5, "five"], {"type": ["integer", "string"]}, "value_error:simple"),
        ([6], [5, "five"], None, "type_error:simple"),
        (5.5, [5], {"type": "number"}, "value_error:simple"),
        (5.5, [5], {"type": "integer"}, "type_error:simple"),
        (6.0, [5], {"type": "integer"}, "value_error:simple"),
        (True, [1], {"type": "integer"}, "type_error:simple"),
        (None, ["x"], {"type": "string"}, "type_error:simple"),
        (3, [5], {"enum": [5, 7]}, "value_error:enum"),
        (7, [5], {"enum": [5, 7]}, "value_error:simple"),
        ([{"a": "x"}], [[{"a": 1}]], None, "type_error:nested"),
        ([{"a": 2}], [[{"a": 1}]], None, "value_error:nested"),
        ([1], [["a"], [2]], None, "value_error:nested"),
    ],
)
def test_what_is_wrong_with_a_value(value: Any, right: list[Any], schema: Any, code: str) -> None:
    assert judge_value(value, right, schema) == code


def test_every_code_is_tried_above() -> None:
    assert {code for _, _, code in DAMAGES.values()} == {*REASON_CODES} - {"called_when_none"}


def test_a_needless_call_has_a_code_of_its_own(make_example: Callable[..., Example]) -> None:
    verdict = judge(make_example("zero"), Prediction(id="f-zero", select=write("book_table", {}), rank=""))
    assert (verdict.error, verdict.reason_code) == ("called_when_none", "called_when_none")
    assert verdict.reason == 'wrong_func_name: "book_table" instead of "generate_response"'


def test_a_verdict_of_an_earlier_version_is_read() -> None:
    old = {"id": "e", "format": True, "selection": True, "selection_lenient": True, "call": False, "error": "wrong_arguments", "reason": "value: ..."}
    verdict = Verdict.model_validate(old)
    assert (verdict.reason_code, verdict.parameter_values_coerced, verdict.by_scores) == (None, None, None)
