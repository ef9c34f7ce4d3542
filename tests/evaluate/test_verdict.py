"""Each rule of judging by an answer that meets it and one that does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.core.call import Call
from gentool.core.errors import RunError
from gentool.core.example import Example, Gold, Prediction, Verdict, Wanted
from gentool.core.jsonl import to_line
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.evaluate.verdict import ScoreSettings, examine, judge

MakeExample = Callable[..., Example]
Ask = Callable[..., Verdict]


@pytest.fixture
def ask(make_example: MakeExample, write_answer: Callable[[str, Any], str]) -> Ask:
    """The verdict on a call (name and arguments) in an example of a kind."""

    def ask(kind: str, name: str, arguments: dict[str, Any] | None = None, target: dict[str, Any] | None = None) -> Verdict:
        example = make_example(kind)
        if target is not None:
            example = make_example(kind, Call(name=example.answer.name, arguments=target))
        return judge(example, Prediction(id=example.id, select=write_answer(name, arguments or {}), rank=""))

    return ask


def test_right_call(ask: Ask) -> None:
    verdict = ask("strong", "forecast", {"city": "New York", "days": 5})
    assert (verdict.format, verdict.selection, verdict.selection_lenient, verdict.call) == (True, True, True, True)
    assert (verdict.parameter_names, verdict.parameter_values, verdict.parameter_values_normalised) == (True, True, True)
    assert (verdict.selected, verdict.error, verdict.reason) == ("forecast", None, "")


def test_right_abstention_counts_as_right_call_whatever_it_says(ask: Ask) -> None:
    verdict = ask("zero", GENERATE_RESPONSE, {"response": "No tool fits."})
    assert (verdict.format, verdict.selection, verdict.call, verdict.error) == (True, True, True, None)
    assert (verdict.parameter_names, verdict.parameter_values, verdict.parameter_values_normalised) == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "name", "error", "format_right"),
    [
        ("zero", "search_web", "unknown_tool", False),
        ("one", "search_web", "unknown_tool", False),
        ("strong", "Forecast", "unknown_tool", False),
        ("zero", "book_table", "called_when_none", True),
        ("one", GENERATE_RESPONSE, "abstained_when_needed", True),
        ("weak", GENERATE_RESPONSE, "abstained_when_needed", True),
        ("strong", GENERATE_RESPONSE, "abstained_when_needed", True),
        ("strong", "temperature", "weak_instead_of_strong", True),
        ("one", "book_table", "other_wrong_tool", True),
        ("weak", "play_song", "other_wrong_tool", True),
        ("weak", "forecast", "unknown_tool", False),
        ("one", "forecast", "wrong_arguments", True),
    ],
)
def test_error_classes(ask: Ask, kind: str, name: str, error: str, format_right: bool) -> None:
    verdict = ask(kind, name)
    assert (verdict.error, verdict.format, verdict.call) == (error, format_right, False)
    assert verdict.reason
    assert verdict.parameter_names is (None if kind == "zero" else False)


def test_the_weak_tool_is_an_error_of_its_own_in_strong_examples_only(make_example: MakeExample, write_answer: Callable[[str, Any], str]) -> None:
    example = make_example("strong").model_copy(update={"kind": "one"})
    assert judge(example, Prediction(id=example.id, select=write_answer("temperature", {}), rank="")).error == "other_wrong_tool"


@pytest.mark.parametrize("kind", ["zero", "one", "weak", "strong"])
@pytest.mark.parametrize(
    "text", ["", "No tool fits.", "generate_response", '{"name": "forecast", "arguments": ', '{"name": "forecast", "arguments": 5}']
)
def test_unreadable_answers_get_no_credit_anywhere(make_example: MakeExample, kind: str, text: str) -> None:
    verdict = judge(make_example(kind), Prediction(id=f"f-{kind}", select=text, rank=text))
    assert (verdict.error, verdict.selected, verdict.format, verdict.ranked) == ("unparsable", None, False, None)
    assert not (verdict.selection or verdict.selection_lenient or verdict.call or verdict.ranking_exact or verdict.reciprocal_rank)
    assert not (verdict.parameter_names or verdict.parameter_values or verdict.parameter_values_normalised)
    assert verdict.kendall_tau == (None if kind == "zero" else 0.0)
    assert verdict.reason.startswith("unparsable: ")


def test_an_acceptable_tool_is_right_in_the_lenient_sense_only(ask: Ask) -> None:
    verdict = ask("strong", "temperature", {"place": "New York"})
    assert (verdict.selection, verdict.selection_lenient, verdict.call, verdict.parameter_values) == (False, True, False, False)


@pytest.mark.parametrize(
    ("given_days", "typed", "normalised"),
    [(5, True, True), (5.0, True, True), ("5", False, True), ("5.0", False, True), (True, False, False), (6, False, False), (None, False, False)],
)
def test_days_five(ask: Ask, given_days: Any, typed: bool, normalised: bool) -> None:
    verdict = ask("one", "forecast", {"city": "New York", "days": given_days})
    assert (verdict.parameter_names, verdict.parameter_values, verdict.parameter_values_normalised) == (True, typed, normalised)
    assert verdict.call is typed


def test_one_is_not_true(ask: Ask) -> None:
    verdict = ask("one", "forecast", {"city": "x", "days": True}, target={"city": "x", "days": 1})
    assert (verdict.parameter_values, verdict.parameter_values_normalised) == (False, False)


def test_spelling_counts_in_the_strict_sense_only(ask: Ask) -> None:
    verdict = ask("one", "forecast", {"city": "new-york.", "days": 5})
    assert (verdict.parameter_values, verdict.parameter_values_normalised, verdict.error) == (False, True, "wrong_arguments")


def test_an_alternative_counts_as_the_target(make_example: MakeExample, write_answer: Callable[[str, Any], str]) -> None:
    example = make_example("one").model_copy(update={"alternatives": {"city": ("NYC", "Big Apple"), "days": ("a work week",)}})

    def ask(arguments: dict[str, Any]) -> Verdict:
        return judge(example, Prediction(id=example.id, select=write_answer("forecast", arguments), rank=""))

    assert ask({"city": "Big Apple", "days": 5}).call and ask({"city": "Big Apple", "days": 5}).error is None
    assert (ask({"city": "nyc", "days": 5}).parameter_values, ask({"city": "nyc", "days": 5}).parameter_values_normalised) == (False, True)
    assert not ask({"city": "Boston", "days": 5}).parameter_values_normalised
    wrong = ask({"city": "NYC", "days": 6})
    assert wrong.error == "wrong_arguments" and "days" in wrong.reason and "city" not in wrong.reason
    assert not ask({"city": "NYC"}).parameter_values_normalised


def test_an_alternative_of_an_argument_that_the_target_leaves_out_may_be_given(
    make_example: MakeExample, write_answer: Callable[[str, Any], str]
) -> None:
    example = make_example("one", Call(name="forecast", arguments={"city": "Oslo"})).model_copy(update={"alternatives": {"days": (7,)}})

    def ask(arguments: dict[str, Any]) -> Verdict:
        return judge(example, Prediction(id=example.id, select=write_answer("forecast", arguments), rank=""))

    assert ask({"city": "Oslo"}).call and ask({"city": "Oslo", "days": 7}).call
    assert ask({"city": "Oslo", "days": 7}).parameter_names and ask({"city": "Oslo", "days": 7}).parameter_values_normalised
    assert not ask({"city": "Oslo", "days": 8}).parameter_names


def test_a_default_that_is_given_counts_in_the_strict_sense_only(ask: Ask) -> None:
    verdict = ask("one", "forecast", {"city": "Oslo", "days": 3}, target={"city": "Oslo"})
    assert (verdict.parameter_names, verdict.parameter_values, verdict.parameter_values_normalised) == (False, False, True)
    assert ask("one", "forecast", {"city": "Oslo", "days": 4}, target={"city": "Oslo"}).parameter_values_normalised is False
    assert ask("one", "forecast", {"city": "Oslo"}, target={"city": "Oslo", "days": 3}).parameter_values_normalised is True


def test_arguments_are_compared_inside_lists_and_objects(ask: Ask) -> None:
    target = {"city": "Oslo", "options": {"hours": [6, 12]}}
    assert ask("one", "forecast", {"options": {"hours": [6, 12]}, "city": "Oslo"}, target=target).call
    for hours, normalised in (([12, 6], False), ([6], False), (["6", 12], True), ([6, 12, 18], False)):
        verdict = ask("one", "forecast", {"city": "Oslo", "options": {"hours": hours}}, target=target)
        assert (verdict.parameter_names, verdict.parameter_values, verdict.parameter_values_normalised) == (True, False, normalised)
    with_default = {"city": "Oslo", "options": {"hours": [6, 12], "units": "Metric"}}
    assert ask("one", "forecast", with_default, target=target).parameter_values_normalised is True


def test_reasons_name_what_is_wrong_and_with_which_values(ask: Ask) -> None:
    verdict = ask("one", "forecast", {"town": "Oslo", "days": "5"})
    for part in ('missing: "city"', 'unexpected: "town" = "Oslo"', 'value: "days" is "5", not 5', "schema: ", "'city' is a required property"):
        assert part in verdict.reason
    assert ask("one", "book_table").reason == 'wrong_func_name: "book_table" instead of "forecast"'
    assert "not in the set" in ask("one", "search_web").reason


def test_what_is_long_is_cut_in_the_reason(ask: Ask) -> None:
    reason = ask("one", "forecast", {"city": "x" * 40_000, "days": 5}).reason
    assert '"city" is "xxx' in reason and len(reason) < 300
    assert len(ask("one", "forecast", {f"name{number}": number for number in range(1000)}).reason) == 1000


def test_lone_surrogates_and_deep_nesting_are_judged_and_written() -> None:
    tool = Tool(name="go", parameters={"type": "object", "properties": {"x": {}}})
    example = Example(
        id="e",
        pair="p",
        kind="one",
        family="f",
        query_id="q",
        query="?",
        tools=ToolSet.of([tool]),
        ranking=("go", GENERATE_RESPONSE),
        answer=Call(name="go", arguments={"x": 1}),
        strong="go",
    )
    for arguments in ('{"\\ud800": "\\udfff"}', '{"x": ' + "[" * 900 + "]" * 900 + "}"):
        verdict = judge(example, Prediction(id="e", select=f'{{"name": "go", "arguments": {arguments}}}', rank='["\\ud800"]'))
        assert verdict.error in ("wrong_arguments", "unparsable")
        assert to_line(verdict).encode()


def test_a_schema_that_cannot_be_applied_does_not_stop_judging(make_example: MakeExample) -> None:
    schema = {"type": "object", "properties": {"city": {"$ref": "#/$defs/none"}, "days": {"type": "string", "pattern": "("}}}
    example = make_example("one").model_copy(update={"tools": ToolSet.of([Tool(name="forecast", parameters=schema)])})
    verdict = judge(example, Prediction(id=example.id, select='{"name": "forecast", "arguments": {"city": "x", "days": "5"}}', rank="[]"))
    assert verdict.error == "wrong_arguments" and "the schema cannot be applied" in verdict.reason


def test_repairs_say_which_answer_they_mended(make_example: MakeExample) -> None:
    select = 'Sure: {"name": "forecast", "arguments": {"city": "New York", "days": 5}}'
    outcome = examine(make_example("one"), Prediction(id="f-one", select=select, rank='```json\n["forecast", "generate_response"]\n```'))
    assert outcome.mended and outcome.verdict.call and outcome.verdict.ranking_exact
    assert {repair.split(":")[0] for repair in outcome.verdict.repairs} == {"select", "rank"}


def test_the_format_that_was_asked_for_decides_how_an_answer_is_read(make_example: MakeExample) -> None:
    words, call = "No tool can do this.", '<tool_call>{"name": "forecast", "arguments": {"city": "New York", "days": 5}}</tool_call>'
    for answer, error in (("native", None), ("json", "unparsable")):
        verdict = judge(make_example("zero"), Prediction(id="f-zero", select=words, rank="", answer=answer))
        assert (verdict.error, verdict.selected) == (error, None if error else GENERATE_RESPONSE)
    assert judge(make_example("one"), Prediction(id="f-one", select=words, rank="", answer="native")).error == "abstained_when_needed"
    native = examine(make_example("one"), Prediction(id="f-one", select=call, rank="", answer="native"))
    assert native.verdict.call and not native.mended
    assert examine(make_example("one"), Prediction(id="f-one", select=call, rank="")).mended


def test_a_native_call_that_was_cut_off_is_unparsable(make_example: MakeExample) -> None:
    for text in ("", "<tool_call>", '<tool_call>\n{"name": "forecast"', "forecast"):
        assert judge(make_example("zero"), Prediction(id="f-zero", select=text, rank="", answer="native")).error == "unparsable"


def test_values_without_quotes_are_typed_by_the_examples_tools(make_example: MakeExample) -> None:
    text = "<function=forecast><parameter=city>New York</parameter><parameter=days>5</parameter></function>"
    assert judge(make_example("one"), Prediction(id="f-one", select=text, rank="", answer="native")).call
    example = make_example("one", Call(name="forecast", arguments={"city": "5"}))
    text = "<function=forecast><parameter=city>5</parameter></function>"
    assert judge(example, Prediction(id=example.id, select=text, rank="", answer="native")).call


def test_prediction_of_another_example_is_refused(make_example: MakeExample) -> None:
    with pytest.raises(RunError, match="f-one"):
        judge(make_example("zero"), Prediction(id="f-one", select="", rank=""))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gets_a_verdict(make_example: MakeExample, select: str, rank: str) -> None:
    verdict = judge(make_example("strong"), Prediction(id="f-strong", select=select, rank=rank))
    assert verdict.call is (verdict.error is None)


# Several calls

FORECAST, TEMPERATURE = (
    '{"name": "forecast", "arguments": {"city": "New York", "days": 5}}',
    '{"name": "temperature", "arguments": {"place": "New York"}}',
)


@pytest.fixture
def several(make_example: MakeExample) -> Callable[[str], Verdict]:
    """The verdict on an answer where the forecast and the temperature are both wanted."""
    wanted = Wanted(call=Call(name="temperature", arguments={"place": "New York"}), alternatives={"place": ("NYC",)})
    example = make_example("strong").model_copy(update={"further": (wanted,), "kind": "given"})
    return lambda text: judge(example, Prediction(id=example.id, select=text, rank=""))


@pytest.mark.parametrize("text", [f"[{FORECAST}, {TEMPERATURE}]", f"[{TEMPERATURE}, {FORECAST}]", f"{TEMPERATURE}\n{FORECAST.replace('5', '5.0')}"])
def test_several_calls_are_right_in_any_order(several: Callable[[str], Verdict], text: str) -> None:
    verdict = several(text)
    assert (verdict.call, verdict.selection, verdict.parameter_names, verdict.parameter_values, verdict.error) == (True, True, True, True, None)
    assert verdict.parameter_values_levenshtein == 1.0
    assert several(text.replace('"place": "New York"', '"place": "NYC"')).call


@pytest.mark.parametrize(
    ("text", "error", "code", "selection"),
    [
        (FORECAST, "wrong_number_of_calls", "wrong_count", False),
        (f"[{FORECAST}, {TEMPERATURE}, {TEMPERATURE}]", "wrong_number_of_calls", "wrong_count", False),
        (f"[{FORECAST}, {FORECAST}]", "other_wrong_tool", "wrong_func_name", False),
        (f'[{FORECAST}, {{"name": "generate_response"}}]', "other_wrong_tool", "wrong_func_name", False),
        (f"[{FORECAST}, {TEMPERATURE.replace('temp', 'Temp')}]", "unknown_tool", "wrong_func_name", False),
        ('{"name": "generate_response"}', "abstained_when_needed", "abstained_when_needed", False),
        (f"[{FORECAST}, {TEMPERATURE.replace('York', 'Yorck')}]", "wrong_arguments", "value_error:simple", True),
        (f"[{TEMPERATURE.replace('York', 'Yorck')}, {FORECAST.replace('5', 'true')}]", "wrong_arguments", "type_error:simple", True),
        ("[]", "unparsable", "unparsable", False),
        (f"[{FORECAST}, {TEMPERATURE[:-1]}]", "unparsable", "unparsable", False),
    ],
)
def test_several_calls_that_are_not_right(several: Callable[[str], Verdict], text: str, error: str, code: str, selection: bool) -> None:
    verdict = several(text)
    assert (verdict.error, verdict.reason_code, verdict.selection, verdict.selection_lenient, verdict.call) == (
        error,
        code,
        selection,
        selection,
        False,
    )


@pytest.mark.parametrize(
    ("calls", "error", "code", "likeness"),
    [
        ([("temperature", {"place": "NYC"}), ("forecast", {"city": "New York", "days": 5})], None, None, 1.0),
        ([("temperature", {"place": "NYC"}), ("forecast", {"city": "New York", "days": 6})], "wrong_arguments", "value_error:simple", 0.75),
        (
            [("temperature", {"place": "NYC"}), ("forecast", {"city": "New York", "days": 6}), ("forecast", {"city": "Oslo"})],
            "wrong_number_of_calls",
            "wrong_count",
            0.5,
        ),
        ([("temperature", {"place": "NYC"}), ("temperature", {"place": "NYC"})], "other_wrong_tool", "wrong_func_name", 0.5),
    ],
)
def test_the_docs_example_of_several_calls_by_hand(several: Callable[[str], Verdict], calls: Any, error: Any, code: Any, likeness: float) -> None:
    verdict = several(json.dumps([{"name": name, "arguments": arguments} for name, arguments in calls]))
    assert (verdict.error, verdict.reason_code) == (error, code)
    assert verdict.parameter_values_levenshtein == pytest.approx(likeness)
    assert verdict.parameter_names is (error in (None, "wrong_arguments"))


def test_the_reason_says_which_of_several_calls_is_wrong(several: Callable[[str], Verdict]) -> None:
    reason = several(f"[{TEMPERATURE.replace('York', 'Yorck')}, {FORECAST.replace('5', '6')}]").reason
    assert reason == 'call 2: value: "days" is 6, not 5; call 1: value: "place" is "New Yorck", not "New York"'
    assert several(FORECAST).reason == 'wrong_count: 1 calls ("forecast") instead of 2 ("forecast", "temperature")'


def test_names_of_several_calls_are_counted_call_by_call(make_example: MakeExample) -> None:
    wanted = Wanted(call=Call(name="temperature", arguments={"place": "New York"}))
    example = make_example("strong").model_copy(update={"further": (wanted,)})
    text = (
        f'[{TEMPERATURE}, {{"name": "forecast", "arguments": {{"city": "x", "zzz": 1}}}}, {{"name": "generate_response", "arguments": {{"a": 1}}}}]'
    )
    names = examine(example, Prediction(id=example.id, select=text, rank="")).names
    assert (names.matched, names.given, names.wanted) == (2, 3, 3)


def test_a_call_too_many_is_no_abstention_and_no_right_call(make_example: MakeExample) -> None:
    for kind, text, error in (
        ("one", f"[{FORECAST}, {FORECAST}]", "wrong_number_of_calls"),
        ("one", f'{FORECAST} {{"name": "generate_response"}}', "wrong_number_of_calls"),
        ("one", f"[{FORECAST}, {TEMPERATURE}]", "unknown_tool"),
        ("zero", '[{"name": "generate_response"}, {"name": "play_song", "arguments": {}}]', "called_when_none"),
        ("zero", '[{"name": "generate_response"}, {"name": "generate_response"}]', "wrong_number_of_calls"),
    ):
        verdict = judge(make_example(kind), Prediction(id=f"f-{kind}", select=text, rank=""))
        assert (verdict.error, verdict.selection, verdict.call) == (error, False, False), text
        assert verdict.selected == ("forecast" if kind == "one" else "play_song" if "play" in text else GENERATE_RESPONSE)


# Where less is known of the right answer


@pytest.mark.parametrize(
    ("gold", "text", "call", "error"),
    [
        ("tool", '{"name": "forecast", "arguments": {"zzz": 1}}', True, None),
        ("tool", f"[{FORECAST}, {FORECAST.replace('5', '6')}]", True, None),
        ("tool", TEMPERATURE, False, "weak_instead_of_strong"),
        ("tool", f"[{FORECAST}, {TEMPERATURE}]", False, "wrong_number_of_calls"),
        ("tool", '{"name": "generate_response"}', False, "abstained_when_needed"),
        ("tool", "forecast", False, "unparsable"),
        ("any_tool", TEMPERATURE, True, None),
        ("any_tool", f"[{FORECAST}, {TEMPERATURE}, {FORECAST}]", True, None),
        ("any_tool", '{"name": "generate_response"}', False, "abstained_when_needed"),
        ("any_tool", f'[{FORECAST}, {{"name": "generate_response"}}]', False, "wrong_number_of_calls"),
        ("any_tool", f"[{FORECAST}, {TEMPERATURE.replace('temp', 'Temp')}]", False, "unknown_tool"),
        ("any_tool", "", False, "unparsable"),
    ],
)
def test_where_no_arguments_are_known_tools_alone_are_judged(make_example: MakeExample, gold: Gold, text: str, call: bool, error: str | None) -> None:
    example = make_example("strong").model_copy(update={"gold": gold})
    outcome = examine(example, Prediction(id=example.id, select=text, rank=""))
    verdict = outcome.verdict
    assert (verdict.call, verdict.selection, verdict.error) == (call, call, error)
    assert (verdict.parameter_names, verdict.parameter_values, verdict.parameter_values_normalised) == (None, None, None)
    assert (verdict.parameter_values_coerced, verdict.parameter_values_levenshtein) == (None, None)
    assert (outcome.names.given, outcome.names.wanted) == (0, 0)
    assert bool(verdict.reason) is (error is not None)


def test_an_engines_error_is_unparsable_with_its_words(make_example: MakeExample) -> None:
    verdict = judge(make_example("zero"), Prediction(id="f-zero", select="", rank="", answer="native", error="HTTP 400: too long"))
    assert (verdict.error, verdict.reason, verdict.reason_code) == ("unparsable", "unparsable: HTTP 400: too long", "unparsable")
    answered = Prediction(id="f-zero", select='{"name": "generate_response"}', rank="", error="the ranking: HTTP 400")
    assert judge(make_example("zero"), answered).call


def test_defaults_count_as_left_out_where_that_is_set(make_example: MakeExample) -> None:
    example = make_example("one", Call(name="forecast", arguments={"city": "Oslo", "options": {}}))
    text = '{"name": "forecast", "arguments": {"city": "Oslo", "days": 3, "options": {"units": "metric"}}}'
    strict, equal = (judge(example, Prediction(id=example.id, select=text, rank=""), ScoreSettings(defaults=each)) for each in ("strict", "equal"))
    assert (strict.call, strict.parameter_names, strict.reason_code) == (False, False, "unexpected_param")
    assert (equal.call, equal.parameter_names, equal.reason_code) == (True, True, None)
    text = text.replace('"days": 3', '"days": 4')
    verdict = judge(example, Prediction(id=example.id, select=text, rank=""), ScoreSettings(defaults="equal"))
    assert (verdict.error, verdict.reason) == ("wrong_arguments", 'unexpected: "days" = 4')
