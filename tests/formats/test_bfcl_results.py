"""Result files for BFCL's own evaluator: where they lie, what they hold, and how they read back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example
from gentool.formats.bench_bfcl import read_bfcl
from gentool.formats.bfcl_results import read_results, write_java, write_javascript, write_results

sys.path.insert(0, str(Path(__file__).parent))
from bfcl_files import write_bfcl


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return list(read_bfcl(write_bfcl(tmp_path / "bfcl")).examples)


def test_results_lie_where_bfcl_looks_for_them_and_read_back(examples: list[Example], tmp_path: Path) -> None:
    paths = write_results(tmp_path / "out", "org/model", [(example, example.calls, "") for example in examples])
    assert [str(path.relative_to(tmp_path / "out" / "result")) for path in paths] == [
        "org_model/non_live/BFCL_v4_simple_python_result.json",
        "org_model/non_live/BFCL_v4_simple_java_result.json",
        "org_model/non_live/BFCL_v4_multiple_result.json",
        "org_model/non_live/BFCL_v4_parallel_multiple_result.json",
        "org_model/non_live/BFCL_v4_irrelevance_result.json",
        "org_model/live/BFCL_v4_live_irrelevance_result.json",
        "org_model/live/BFCL_v4_live_relevance_result.json",
    ]
    read = read_results(tmp_path / "out")
    for example in examples:
        if example.category == "simple_java":
            continue
        wanted = [call.model_copy(update={"name": call.name.replace(".", "_")}) for call in example.calls if not call.abstains]
        assert read[(example.source or {})["id"]] == wanted


def test_a_record_is_what_a_model_with_tool_calls_gives(examples: list[Example], tmp_path: Path) -> None:
    answers: list[Any] = [
        (examples[0], [Call(name="table.book", arguments={"place": "Café", "guests": 5, "note": None})], ""),
        (examples[4], [ABSTAIN], '{"name": "generate_response"}'),
        (examples[2], None, "I would say: [play_song(title='Blue')]"),
    ]
    lines = [json.loads(path.read_text(encoding="utf-8")) for path in write_results(tmp_path, "m", answers)]
    assert lines == [
        {"id": "simple_python_0", "result": [{"table_book": '{"place": "Café", "guests": 5, "note": null}'}]},
        {"id": "irrelevance_0", "result": []},
        {"id": "multiple_0", "result": "I would say: [play_song(title='Blue')]"},
    ]
    assert read_results(tmp_path)["multiple_0"] is None, "what could not be read here cannot be read there"


def test_values_of_java_are_written_as_source_text(examples: list[Example], tmp_path: Path) -> None:
    java = next(example for example in examples if example.category == "simple_java")
    write_results(tmp_path, "m", [(java, java.calls, "")])
    (call,) = read_results(tmp_path)["simple_java_0"] or []
    assert call == Call(
        name="Buffer_fill",
        arguments={
            "size": "5L",
            "names": 'new ArrayList<>(Arrays.asList("a", "b"))',
            "options": 'new HashMap<String, Object>() {{ put("mode", "fast"); }}',
        },
    )


@pytest.mark.parametrize(
    ("value", "schema", "text"),
    [
        (5, {"type": "integer"}, "5"),
        (5, {"type": "long"}, "5L"),
        (5, {"type": "float"}, "5f"),
        (2.5, {"type": "double"}, "2.5"),
        (True, {"type": "boolean"}, "true"),
        ("name", {"type": "any"}, "name"),
        ([], {"type": "ArrayList", "items": {"type": "String"}}, "new ArrayList<>()"),
        ([1, 2], {"type": "Array", "items": {"type": "long"}}, "new Object[]{1L, 2L}"),
        ({}, {"type": "HashMap"}, "new HashMap<>()"),
        ({"a": 1, "b": "x"}, {"type": "HashMap"}, 'new HashMap<String, Object>() {{ put("a", 1); put("b", "x"); }}'),
    ],
)
def test_java(value: Any, schema: dict[str, Any], text: str) -> None:
    assert write_java(value, schema) == text


@pytest.mark.parametrize(
    ("value", "schema", "text"),
    [
        (5, {"type": "integer"}, "5"),
        (5, {"type": "Bigint"}, "5n"),
        (False, {"type": "Boolean"}, "false"),
        ("name", {"type": "String"}, "name"),
        ('"name"', {"type": "String"}, '""name""'),
        (["x", "y"], {"type": "array", "items": {"type": "String"}}, '["x", "y"]'),
        ({"a": "b", "c": [1, 2]}, {"type": "dict"}, '{"a": "b", "c": [1, 2]}'),
    ],
)
def test_javascript(value: Any, schema: dict[str, Any], text: str) -> None:
    assert write_javascript(value, schema) == text
