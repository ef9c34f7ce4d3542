"""BFCL's records become examples with their own gold; nothing is left out in silence."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import RecordError
from gentool.core.example import Example
from gentool.formats.bench import Bench
from gentool.formats.bench_bfcl import CATEGORIES, read_bfcl

sys.path.insert(0, str(Path(__file__).parent))
from bfcl_files import FILES, SONG, TABLE, TRUTH, ask, write_bfcl, write_category


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return read_bfcl(write_bfcl(tmp_path))


def by_id(bench: Bench, name: str) -> Example:
    return next(example for example in bench.examples if example.id == f"bfcl/{name}")


def whats(bench: Bench, name: str) -> list[str]:
    return [oddity.what for oddity in bench.oddities if oddity.id == f"bfcl/{name}"]


def test_every_record_is_an_example_in_the_order_of_the_categories(bench: Bench) -> None:
    assert [example.category for example in bench.examples] == [category for category in CATEGORIES if category in FILES for _ in FILES[category][0]]
    assert not bench.refused
    example = by_id(bench, "simple_python_0")
    assert (example.kind, example.scenario, example.gold) == ("given", None, "call")
    assert {example.pair, example.family, example.query_id} == {example.id}
    assert example.ranking == ("table.book", "generate_response")
    assert example.source == {"id": "simple_python_0", "function": [TABLE], "ground_truth": [TRUTH]}


def test_the_first_acceptable_values_are_the_answer_and_the_others_alternatives(bench: Bench) -> None:
    example = by_id(bench, "simple_python_0")
    assert example.answer == Call(
        name="table.book",
        arguments={"place": "Da Enzo", "guests": 5, "wishes": ["quiet", "by a window"], "contact": {"name": "Kim"}},
    )
    assert example.alternatives == {
        "place": ("Trattoria da Enzo",),
        "budget": (80.0,),
        "area": ("inside", ""),
        "contact": ({"name": "Kim", "phone": "123"},),
    }


def test_types_of_bfcl_become_types_of_json_schema(bench: Bench) -> None:
    tool = by_id(bench, "simple_python_0").tools[0]
    assert tool.parameters["type"] == "object"
    assert {name: schema.get("type") for name, schema in tool.properties.items()} == {
        "place": "string",
        "guests": "integer",
        "budget": "number",
        "area": "string",
        "wishes": "array",
        "contact": "object",
        "note": None,
    }
    java = by_id(bench, "simple_java_0").tools[0]
    assert {name: schema.get("type") for name, schema in java.properties.items()} == {
        "size": "integer",
        "names": "array",
        "options": "object",
        "lazy": "boolean",
        "odd": None,
    }
    assert "type name '' has no meaning in JSON Schema: left out" in whats(bench, "simple_java_0")
    assert "type name replaced: 'HashMap' -> 'object'" in whats(bench, "simple_java_0")


def test_several_calls_are_wanted_in_any_order(bench: Bench) -> None:
    example = by_id(bench, "parallel_multiple_0")
    assert [call.name for call in example.calls] == ["play_song", "table.book", "play_song"]
    assert example.alternatives == {"title": ("blue",)}
    assert example.further[0].alternatives["place"] == ("Trattoria da Enzo",)
    assert example.further[1].call == Call(name="play_song", arguments={"title": "Red"})


def test_no_call_is_right_where_no_function_is_relevant(bench: Bench) -> None:
    example = by_id(bench, "irrelevance_0")
    assert (example.answer, example.ranking, example.acceptable) == (ABSTAIN, ("generate_response",), ())
    assert len(by_id(bench, "live_irrelevance_0-0-0").tools) == 0


def test_some_call_is_right_where_one_is_relevant(bench: Bench) -> None:
    example = by_id(bench, "live_relevance_0-0-0")
    assert example.gold == "any_tool"
    assert [call.name for call in example.acceptable] == ["play_song", "table.book"]


def test_equal_definitions_are_kept_once_and_a_system_message_is_folded(bench: Bench) -> None:
    example = by_id(bench, "live_irrelevance_1-1-0")
    assert example.tools.names == ("play_song",)
    assert example.query == "System: You help.\n\nUser: Hm."
    assert "a tool that stands twice with one definition is kept once" in whats(bench, "live_irrelevance_1-1-0")
    assert "a system message is folded into the query" in whats(bench, "live_irrelevance_1-1-0")


def test_gold_that_its_own_schema_refuses_is_said(tmp_path: Path) -> None:
    write_category(
        tmp_path, "simple_python", [ask("simple_python_1", [SONG])], [{"id": "simple_python_1", "ground_truth": [{"play_song": {"x": [1]}}]}]
    )
    bench = read_bfcl(tmp_path)
    assert [what.split(": ", 1)[1] for what in whats(bench, "simple_python_1") if "gold" in what] == [
        "$: 'title' is a required property",
        "$: Additional properties are not allowed ('x' was unexpected)",
    ]


def refusals(tmp_path: Path, questions: list[object], truths: list[object]) -> list[str]:
    write_category(tmp_path, "simple_python", questions, truths)
    bench = read_bfcl(tmp_path)
    assert not bench.examples
    return [f"{refusal.where}: {refusal.reason}" for refusal in bench.refused]


@pytest.mark.parametrize(
    ("record", "truth", "said"),
    [
        ({"id": "a", "question": [[]], "function": [SONG]}, [TRUTH], "does not end with words of the user"),
        (ask("a", [SONG]), [TRUTH], "calls 'table.book', which is not among its functions"),
        (ask("a", [SONG, {**SONG, "description": "Another."}]), [{"play_song": {"title": ["x"]}}], "two tools of the name 'play_song'"),
        (ask("a", [{**SONG, "name": "generate_response"}]), [{"generate_response": {}}], "reserved name of the default tool"),
        (ask("a", [SONG]), [{"play_song": {"title": []}}], "must be a list that is not empty"),
        (ask("a", [SONG]), [], "no acceptable answer is given"),
        ({**ask("a", [SONG]), "question": [[], []]}, [TRUTH], "is not a list of one turn"),
        ({"id": "a"}, [TRUTH], "must have a list 'function'"),
    ],
)
def test_what_cannot_be_an_example_is_refused_with_its_place(record: object, truth: object, said: str, tmp_path: Path) -> None:
    (refused,) = refusals(tmp_path, [record], [{"id": "a", "ground_truth": truth}])
    assert refused.startswith("BFCL_v4_simple_python.json, line 1, a: ")
    assert said in refused


def test_answers_without_a_question_and_files_that_are_not_read_are_refused(tmp_path: Path) -> None:
    write_category(tmp_path, "simple_python", [ask("a", [SONG])], [{"id": "b", "ground_truth": [TRUTH]}])
    write_category(tmp_path, "multi_turn_base", [], [])
    write_category(tmp_path, "multiple", [ask("m", [SONG])], None)
    assert [(refusal.where, refusal.reason.split(";")[0]) for refusal in read_bfcl(tmp_path).refused] == [
        ("BFCL_v4_simple_python.json, line 1, a", "no acceptable answer is given for it"),
        ("possible_answer/BFCL_v4_simple_python.json, b", "answers no question"),
        ("BFCL_v4_multiple.json", "has no acceptable answers: possible_answer/BFCL_v4_multiple.json is missing beside it"),
        ("BFCL_v4_multi_turn_base.json", "is no file of a single-turn category"),
    ]


def test_one_file_is_read_alone_and_broken_json_is_named_by_its_line(tmp_path: Path) -> None:
    file = write_bfcl(tmp_path) / "BFCL_v4_multiple.json"
    assert [example.id for example in read_bfcl(file).examples] == ["bfcl/multiple_0"]
    file.write_text(file.read_text(encoding="utf-8") + "{", encoding="utf-8")
    with pytest.raises(RecordError, match=r"multiple\.json, line 2: not valid JSON"):
        read_bfcl(tmp_path)


def test_the_real_samples(real_data: Callable[[str], Path]) -> None:
    bench = read_bfcl(real_data("bfcl_v4"))
    assert not bench.refused
    assert Counter(example.category for example in bench.examples) == {
        "simple_python": 20,
        "simple_java": 5,
        "simple_javascript": 5,
        "multiple": 20,
        "parallel": 10,
        "irrelevance": 20,
        "live_simple": 10,
        "live_multiple": 20,
        "live_irrelevance": 20,
    }
    assert sum(len(example.tools) == 0 for example in bench.examples) == 3
    at_odds = {oddity.id for oddity in bench.oddities if oddity.what.startswith("gold")}
    assert at_odds == {"bfcl/simple_java_45", "bfcl/simple_java_69", "bfcl/live_simple_71-35-0"}, "names of variables, and an enum on the list itself"
