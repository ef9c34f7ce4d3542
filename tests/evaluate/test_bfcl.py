"""BFCL's own rules: on made-up records rule by rule, on gold that was damaged in twelve ways, and on the real samples."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example, Prediction
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.bfcl import PARALLEL, SIMPLE, UNDECODABLE, check_bfcl, read_source
from gentool.evaluate.verdict import judge
from gentool.formats.bench import Bench
from gentool.formats.bench_bfcl import read_bfcl
from gentool.formats.benches import read_bench
from gentool.prompts import read_calls

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from bfcl_files import SONG, TABLE, write_bfcl

Arguments = dict[str, Any]
GIVEN: Arguments = {"place": "Da Enzo", "guests": 5, "wishes": ["quiet", "by a window"], "contact": {"name": "Kim"}}
TRUTH: Arguments = {
    "place": ["Da Enzo"],
    "guests": [5],
    "budget": [80.0, ""],
    "area": ["", "inside"],
    "wishes": [["quiet", "by a window"]],
    "contact": [{"name": ["Kim"], "phone": ["", "123"]}],
    "note": ["", "x"],
}


def check(given: Arguments, truth: Arguments = TRUTH, name: str = "table.book", category: str = "simple_python") -> str:
    return check_bfcl([Call(name=name, arguments=given)], [TABLE], [{"table.book": truth}], category)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({}, ""),
        ({"place": "da-enzo"}, ""),
        ({"place": "DA ENZO."}, ""),
        ({"place": "Da Enzos"}, "value_error:string"),
        ({"place": 5}, "type_error:simple"),
        ({"guests": 6}, "value_error:others"),
        ({"guests": 5.0}, "type_error:simple"),
        ({"guests": "5"}, "type_error:simple"),
        ({"guests": True}, "type_error:simple"),
        ({"budget": 80}, ""),
        ({"budget": 80.5}, "value_error:others"),
        ({"budget": "80"}, "type_error:simple"),
        ({"area": "outside"}, "value_error:string"),
        ({"area": "on the roof"}, "value_error:string"),
        ({"area": "Inside"}, ""),
        ({"wishes": ["Quiet", "by a window"]}, ""),
        ({"wishes": ["by a window", "quiet"]}, "value_error:list/tuple"),
        ({"wishes": ["quiet", 1]}, "type_error:nested"),
        ({"wishes": "quiet"}, "type_error:simple"),
        ({"contact": {"name": "kim", "phone": "1-2-3"}}, ""),
        ({"contact": {"phone": "123"}}, "value_error:dict_key"),
        ({"contact": {"name": "Kim", "mail": "x"}}, "value_error:dict_key"),
        ({"contact": {"name": "Tim"}}, "value_error:dict_value"),
        ({"contact": []}, "type_error:simple"),
        ({"note": "X"}, ""),
        ({"note": ""}, ""),
        ({"note": 1}, "type_error:simple"),
        ({"unknown": 1}, f"{SIMPLE}:unexpected_param"),
    ],
)
def test_values(change: Arguments, error: str) -> None:
    assert check({**GIVEN, **change}) == error


@pytest.mark.parametrize(("missing", "error"), [("guests", "missing_required"), ("contact", "missing_optional"), ("wishes", "missing_optional")])
def test_missing_arguments(missing: str, error: str) -> None:
    assert check({name: value for name, value in GIVEN.items() if name != missing}) == f"{SIMPLE}:{error}"


def test_a_parameter_that_gold_does_not_name_is_unexpected() -> None:
    truth = {name: values for name, values in TRUTH.items() if name != "note"}
    assert check({**GIVEN, "note": "x"}, truth) == f"{SIMPLE}:unexpected_param"


def test_values_of_another_type_than_the_declared_one_pass_where_gold_has_that_type() -> None:
    """A variable's name in the place of a value."""
    truth = {**TRUTH, "wishes": ["wish_list"]}
    assert check({**GIVEN, "wishes": "wish_list"}, truth) == ""
    assert check({**GIVEN, "wishes": "Wish list"}, truth) == "value_error:others"
    assert check({**GIVEN, "wishes": ["wish_list"]}, truth) == "value_error:others"


def test_lists_of_objects_are_compared_in_their_order() -> None:
    function = {"name": "f", "parameters": {"properties": {"a": {"type": "array", "items": {"type": "dict"}}}, "required": []}}
    truth = [{"f": {"a": [[{"x": [1]}, {"x": [2, ""]}]]}}]

    def of(value: Any) -> str:
        return check_bfcl([Call(name="f", arguments={"a": value})], [function], truth, "simple_python")

    assert of([{"x": 1}, {}]) == ""
    assert of([{"x": 2}, {"x": 1}]) == "value_error:dict_value"
    assert of([{"x": 1}]) == "value_error:list_dict_count"
    assert of([{"x": 1}, 2]) == "type_error:nested"


def test_the_number_of_calls_and_the_name() -> None:
    right = Call(name="table.book", arguments=GIVEN)
    truth = [{"table.book": TRUTH}]
    for category, checker in (("simple_python", SIMPLE), ("live_multiple", "multiple_function_checker")):
        assert check_bfcl([right], [TABLE], truth, category) == ""
        assert check_bfcl([], [TABLE], truth, category) == f"{checker}:wrong_count"
        assert check_bfcl([ABSTAIN], [TABLE], truth, category) == f"{checker}:wrong_count"
        assert check_bfcl([right, right], [TABLE], truth, category) == f"{checker}:wrong_count"
        assert check_bfcl(None, [TABLE], truth, category) == UNDECODABLE
        assert check_bfcl([right.model_copy(update={"name": "table_book"})], [TABLE], truth, category) == f"{SIMPLE}:wrong_func_name"


def test_parallel_calls_are_matched_in_any_order_each_once() -> None:
    song = {"play_song": {"title": ["Blue"]}}
    truth = [song, song, {"table.book": TRUTH}]
    blue, table = Call(name="play_song", arguments={"title": "blue"}), Call(name="table.book", arguments=GIVEN)

    def of(*calls: Call) -> str:
        return check_bfcl(calls, [SONG, TABLE], truth, "parallel_multiple")

    assert of(table, blue, blue) == of(blue, table, blue) == ""
    assert of(blue, table) == f"{PARALLEL}:wrong_count"
    assert of(blue, table, table) == f"{PARALLEL}:cannot_find_match"


def test_relevance_asks_for_some_call_and_irrelevance_for_none() -> None:
    call = Call(name="anything", arguments={"at": "all"})
    assert check_bfcl([call], [SONG], None, "live_relevance") == ""
    assert check_bfcl([ABSTAIN], [SONG], None, "live_relevance") == "relevance_error:decoder_failed"
    assert check_bfcl(None, [SONG], None, "live_relevance") == "relevance_error:decoder_failed"
    assert check_bfcl([call], [SONG], None, "irrelevance") == "irrelevance_error:decoder_success"
    assert check_bfcl([ABSTAIN], [SONG], None, "live_irrelevance") == ""
    assert check_bfcl(None, [SONG], None, "live_irrelevance") == "", "an answer that cannot be read is credited by BFCL"


@pytest.mark.parametrize(
    ("value", "name", "language", "read"),
    [
        ("5", "integer", "java", 5),
        ("5L", "long", "java", 5),
        ("5", "long", "java", "5"),
        ("2.5f", "float", "java", 2.5),
        ("2.5", "double", "java", 2.5),
        ("true", "boolean", "java", True),
        ("9n", "Bigint", "javascript", 9),
        ("false", "Boolean", "javascript", False),
        ("5", "String", "java", "5"),
        ("5", "integer", "python", "5"),
        (5, "integer", "java", 5),
    ],
)
def test_source_text_is_read_as_bfcl_reads_it(value: Any, name: str, language: Any, read: Any) -> None:
    assert repr(read_source(value, name, language)) == repr(read)


def test_a_definition_that_bfcl_could_not_use_is_no_crash() -> None:
    for function in ({"name": "f"}, {"name": "f", "parameters": {"properties": {"a": {"type": "array"}, "b": {}}}}):
        for value in ({"a": [1]}, {"b": 2}, {}):
            assert isinstance(check_bfcl([Call(name="f", arguments=value)], [function], [{"f": {"a": [[1]], "b": [2, ""]}}], "simple_python"), str)
    assert check_bfcl([Call(name="g")], [SONG], [{"g": {}}], "multiple") == f"{SIMPLE}:wrong_func_name"


# Twelve kinds of damage

Damage = Callable[[Example], Sequence[Call] | str | None]
"""Gold damaged in one way: calls, or a text; None where an example has nothing to damage in that way."""


def _with(example: Example, arguments: Arguments) -> Sequence[Call]:
    return [example.answer.model_copy(update={"arguments": arguments}), *example.calls[1:]]


def _change(example: Example, kinds: tuple[type, ...], change: Callable[[Any], Any]) -> Sequence[Call] | None:
    """The first argument of one of the types, changed."""
    arguments = example.answer.arguments
    name = next((name for name, value in arguments.items() if type(value) in kinds), None)
    return None if name is None else _with(example, {**arguments, name: change(arguments[name])})


def _no_required(example: Example) -> Sequence[Call] | None:
    tool = example.tools.by_name(example.answer.name)
    name = next((name for name in (tool.required if tool else ()) if name in example.answer.arguments), None)
    return None if name is None else _with(example, {key: value for key, value in example.answer.arguments.items() if key != name})


def _no_enum(example: Example) -> Sequence[Call] | None:
    tool = example.tools.by_name(example.answer.name)
    name = next((name for name, schema in (tool.properties if tool else {}).items() if "enum" in schema), None)
    return None if name is None else _with(example, {**example.answer.arguments, name: "nowhere in the enum"})


def _other_case(example: Example) -> Sequence[Call] | None:
    arguments = example.answer.arguments
    texts = {name: value.swapcase() for name, value in arguments.items() if isinstance(value, str) and value.swapcase() != value}
    name = next((name for name, value in texts.items() if value not in example.alternatives.get(name, ())), None)
    return None if name is None else _with(example, {**arguments, name: texts[name]})


def _nested(value: Any) -> Any:
    """A value with something else in one of its fields."""
    if isinstance(value, dict):
        return {**value, next(iter(value)): "no such value"} if value else {"no_such": 1}
    return [*value[:-1], _nested(value[-1]) if isinstance(value[-1], dict) else "no such value"] if value else ["no such value"]


def _text(calls: Sequence[Call]) -> str:
    written = [{"name": call.name, "arguments": call.arguments} for call in calls]
    return json.dumps(written[0] if len(written) == 1 else written)


DAMAGES: dict[str, Damage] = {
    "wrong name": lambda example: [example.answer.model_copy(update={"name": "no_such_tool"}), *example.calls[1:]],
    "missing required": _no_required,
    "unknown parameter": lambda example: _with(example, {**example.answer.arguments, "no_such_parameter": 1}),
    "wrong type": lambda example: _change(example, (str, int, float, bool), lambda _: {"no": "such"}),
    "5 as text": lambda example: _change(example, (int, float), str),
    "value off": lambda example: _change(example, (int, float), lambda value: value + 1) or _change(example, (str,), lambda value: f"{value} or so"),
    "case": _other_case,
    "enum": _no_enum,
    "nested field": lambda example: _change(example, (dict, list), _nested),
    "extra call": lambda example: [*example.calls, Call(name=example.tools[0].name, arguments={"no_such_parameter": 1})],
    "prose": lambda _: "The tool that would help has to be called with those values.",
    "broken JSON": lambda example: _text(example.calls)[:-2],
}
FORGIVEN = {
    "case": "BFCL compares texts without case and punctuation, ours strictly (and without case in `parameter_values_normalised`)",
    "5 as text": "in Java and JavaScript BFCL reads values from source text, where 5 is written so",
}
"""Damage that BFCL's rules let pass by design."""
NO_ANSWER = ("irrelevance", "live_irrelevance", "live_relevance")


def _damaged(examples: Sequence[Example], kind: str) -> Iterator[tuple[Example, str]]:
    """Every example that has a right call, and its damaged answer's text."""
    for example in examples:
        if example.category in NO_ANSWER:
            continue
        damaged = DAMAGES[kind](example)
        if damaged is not None:
            yield example, damaged if isinstance(damaged, str) else _text(damaged)


def _compare(examples: Sequence[Example], kind: str) -> Counter[tuple[str, str]]:
    """How our verdict and BFCL's rules find the damaged answers: `right` or `wrong` by each, in this order."""
    found: Counter[tuple[str, str]] = Counter()
    for example, text in _damaged(examples, kind):
        theirs = check_bfcl(read_calls(text, tools=example.tools).calls, *_source(example), str(example.category))
        verdict = judge(example, Prediction(id=example.id, select=text, rank=json.dumps(example.ranking)))
        if theirs == "" and not verdict.call:
            assert kind in FORGIVEN, (example.id, text)
            assert kind == "case" or "java" in str(example.category)
        found["right" if verdict.call else "wrong", "wrong" if theirs else "right"] += 1
    return found


def _source(example: Example) -> tuple[Any, Any]:
    source = example.source or {}
    return source["function"], source["ground_truth"]


@pytest.fixture
def made(tmp_path: Path) -> Bench:
    return read_bfcl(write_bfcl(tmp_path))


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_gold_is_wrong_by_our_verdict_and_by_bfcl_unless_it_forgives_it(made: Bench, kind: str) -> None:
    found = _compare(made.examples, kind)
    assert found["right", "right"] == found["right", "wrong"] == 0
    assert found.total() >= (1 if kind == "enum" else 3)
    assert bool(found["wrong", "right"]) == (kind == "case")


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_real_gold(real_data: Callable[[str], Path], kind: str) -> None:
    found = _compare(read_bfcl(real_data("bfcl_v4")).examples, kind)
    assert found["right", "right"] == found["right", "wrong"] == 0
    assert found.total() >= 5
    assert bool(found["wrong", "right"]) == (kind in FORGIVEN)


def test_what_bfcl_says_of_each_damage(made: Bench) -> None:
    example = made.examples[0]
    found = {}
    for kind in DAMAGES:
        ((_, text),) = _damaged([example], kind)
        found[kind] = check_bfcl(read_calls(text, tools=example.tools).calls, *_source(example), "simple_python")
    assert found == {
        "wrong name": f"{SIMPLE}:wrong_func_name",
        "missing required": f"{SIMPLE}:missing_required",
        "unknown parameter": f"{SIMPLE}:unexpected_param",
        "wrong type": "type_error:simple",
        "5 as text": "type_error:simple",
        "value off": "value_error:others",
        "case": "",
        "enum": "value_error:string",
        "nested field": "value_error:list/tuple",
        "extra call": f"{SIMPLE}:wrong_count",
        "prose": UNDECODABLE,
        "broken JSON": UNDECODABLE,
    }


def test_where_no_call_is_right_bfcl_credits_what_cannot_be_read_and_we_do_not(made: Bench) -> None:
    example = next(example for example in made.examples if example.category == "irrelevance")
    for text, ours, theirs in (
        (json.dumps({"name": GENERATE_RESPONSE, "arguments": {}}), True, True),
        ("No tool here can do this.", False, True),
        ('{"name": "play_song", "argu', False, True),
        (json.dumps({"name": "play_song", "arguments": {"title": "x"}}), False, False),
    ):
        calls = read_calls(text, tools=example.tools).calls
        assert (check_bfcl(calls, *_source(example), "irrelevance") == "") is theirs
        assert judge(example, Prediction(id=example.id, select=text, rank="[]")).call is ours


# Gold

GOLD_DEFECTS = {
    "bfcl/live_multiple_862-181-3": "gold gives an argument that the function does not have",
    "bfcl/live_multiple_964-207-0": "gold gives an argument that the function does not have, and lacks a required one",
}
"""Records whose gold is wrong by BFCL's own rules."""


@pytest.mark.parametrize(("name", "folder"), [("bfcl", "bfcl_v4"), ("acebench", "acebench_en"), ("rotbench", "rotbench")])
def test_gold_of_every_real_sample_is_right(real_data: Callable[[str], Path], name: str, folder: str) -> None:
    for example in read_bench(f"{name}:{real_data(folder)}").examples:
        answer = Prediction(id=example.id, select=_text(example.calls), rank=json.dumps(example.ranking))
        verdict = judge(example, answer)
        assert (verdict.call, verdict.selection, verdict.ranking_exact) == (True, True, True), (example.id, verdict.reason)
        if name == "bfcl":
            calls = read_calls(answer.select, tools=example.tools).calls
            assert check_bfcl(calls, *_source(example), str(example.category)) == "" or example.id in GOLD_DEFECTS, example.id


def test_gold_of_made_up_records_is_right(made: Bench) -> None:
    for example in made.examples:
        verdict = judge(example, Prediction(id=example.id, select=_text(example.calls), rank=json.dumps(example.ranking)))
        assert verdict.call, (example.id, verdict.reason)
        assert check_bfcl(example.calls, *_source(example), str(example.category)) == ""
