"""What the readers of benchmarks share, on tools and records made up here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Wanted
from gentool.core.tool import GENERATE_RESPONSE, Tool
from gentool.formats.bench import Oddity, Refusal
from gentool.formats.bench_records import BenchCollector, BenchTool, Case, draw_names, find_files, fit_arguments, read_tool, refuse_path

SAIL = Tool(
    name="sail",
    parameters={
        "type": "object",
        "properties": {
            "boat": {"type": "string"},
            "hours": {"type": "integer"},
            "price": {"type": "number"},
            "calm": {"type": "boolean"},
            "crew": {"type": "array"},
            "note": {},
        },
        "required": ["boat"],
    },
)
ROW = Tool(name="row")


def wanted(name: str, **arguments: Any) -> Wanted:
    return Wanted(call=Call(name=name, arguments=arguments))


def case(**changes: Any) -> Case:
    given: dict[str, Any] = {"id": "a_0", "category": "a", "query": "Sail!", "tools": [BenchTool(SAIL), BenchTool(ROW)]}
    return Case(**{**given, "wanted": [wanted("sail", boat="Gull")], **changes})


@pytest.mark.parametrize(
    ("name", "given", "fitted"),
    [
        ("hours", "63", 63),
        ("hours", "-2", -2),
        ("hours", "3.5", "3.5"),
        ("hours", "three", "three"),
        ("hours", True, True),
        ("price", "19.0", 19.0),
        ("price", "7", 7),
        ("price", 7, 7),
        ("calm", "True", True),
        ("calm", "no", "no"),
        ("boat", 44, "44"),
        ("boat", 2.5, "2.5"),
        ("boat", True, True),
        ("boat", "63", "63"),
        ("crew", "Ann", "Ann"),
        ("note", "63", "63"),
        ("sail", "63", "63"),
    ],
)
def test_values_take_their_declared_type_where_that_has_one_meaning(name: str, given: Any, fitted: Any) -> None:
    arguments, changes = fit_arguments({name: given}, SAIL)
    assert (arguments, type(arguments[name])) == ({name: fitted}, type(fitted))
    assert len(changes) == (type(given) is not type(fitted))
    assert all(change.startswith(f"value of the gold read as its declared type: {name} = ") for change in changes)


def test_a_tool_is_made_valid_and_says_how() -> None:
    found = read_tool(
        name="sail",
        description=None,
        parameters={"type": "dict", "properties": {"boat": {"type": "str"}, "wind": {"type": "breeze"}}},
        returns={"type": "object", "required": "port"},
    )
    assert found.tool.parameters == {"type": "object", "properties": {"boat": {"type": "string"}, "wind": {}}}
    assert found.tool.returns is None
    assert found.changes == (
        "returns that are no JSON Schema left out",
        "type name replaced: 'dict' -> 'object'",
        "type name replaced: 'str' -> 'string'",
        "type names without a meaning in JSON Schema left out",
    )


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ({"name": ""}, "has no name"),
        ({"name": GENERATE_RESPONSE}, "reserved name"),
        ({"parameters": [1]}, "JSON Schema of type object, not a list"),
        ({"parameters": {"type": "object", "required": "boat"}}, "not a usable JSON Schema"),
    ],
)
def test_a_tool_that_cannot_be_made_says_why(definition: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_tool(**{"name": "sail", "description": "", "parameters": None, **definition})


def test_drawn_names_hold_the_wanted_ones_and_follow_the_seed() -> None:
    pool = [f"tool_{number}" for number in range(50)]
    drawn = draw_names(pool, ["tool_7"], 5, "0/a")
    assert len(set(drawn)) == 5 and "tool_7" in drawn and set(drawn) <= set(pool)
    assert drawn == draw_names(pool, ["tool_7"], 5, "0/a") != draw_names(pool, ["tool_7"], 5, "1/a")
    assert {draw_names(pool, ["tool_7"], 5, str(seed)).index("tool_7") for seed in range(40)} == set(range(5))
    assert sorted(draw_names(pool[:3], ["tool_1"], 5, "")) == pool[:3]
    assert sorted(draw_names(pool, pool[:4] * 2, 3, "")) == pool[:4]
    with pytest.raises(ValueError, match="does not hold: tool_50, tool_51"):
        draw_names(pool, ["tool_50", "tool_1", "tool_51"], 5, "")


def test_an_example_is_its_own_pair_and_family() -> None:
    collector = BenchCollector("harbour")
    collector.add("line 1", lambda: case(wanted=[wanted("sail", boat="Gull", hours="2"), wanted("row")], source={"gold": 1}, oddities=["odd"]))
    collector.add("line 2", lambda: case(id="a_1", wanted=[]))
    bench = collector.result()
    first, second = bench.examples
    assert (bench.name, first.id, first.kind, first.category, first.source) == ("harbour", "harbour/a_0", "given", "a", {"gold": 1})
    assert {first.pair, first.family, first.query_id} == {first.id}
    assert first.calls == (Call(name="sail", arguments={"boat": "Gull", "hours": 2}), Call(name="row"))
    assert (first.ranking, second.ranking, second.answer) == (("sail", GENERATE_RESPONSE), (GENERATE_RESPONSE,), ABSTAIN)
    assert bench.oddities == (
        Oddity("harbour/a_0", "odd"),
        Oddity("harbour/a_0", 'value of the gold read as its declared type: hours = "2" as integer'),
    )
    assert bench.refused == ()


def test_golds_that_are_not_valid_are_odd_unless_the_tool_alone_is_gold() -> None:
    collector = BenchCollector("harbour")
    collector.add("line 1", lambda: case(wanted=[wanted("sail", sails=2)]))
    collector.add("line 2", lambda: case(id="a_1", wanted=[wanted("sail")], gold="tool"))
    bench = collector.result()
    assert [example.gold for example in bench.examples] == ["call", "tool"]
    assert [oddity.id for oddity in bench.oddities] == ["harbour/a_0"] * 2
    assert all(oddity.what.startswith("gold not valid under its tool's schema: sail $: ") for oddity in bench.oddities)


def test_changes_of_tools_are_said_once_an_example() -> None:
    change = "type name replaced: 'str' -> 'string'"
    collector = BenchCollector("harbour")
    collector.add("line 1", lambda: case(tools=[BenchTool(SAIL, (change,)), BenchTool(ROW, (change,)), BenchTool(SAIL, (change,))]))
    bench = collector.result()
    assert bench.examples[0].tools.names == ("sail", "row")
    assert [oddity.what for oddity in bench.oddities] == [change, "tool given twice, taken once: sail"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"query": " "}, "has no query"),
        ({"query": None}, "has no query"),
        ({"wanted": [wanted("swim")]}, "wants a tool that is not among its candidates: swim"),
        ({"tools": [BenchTool(SAIL), BenchTool(Tool(name="sail"))]}, "cannot hold two tools of one name: sail"),
        ({"id": "taken"}, "repeats an id: taken"),
    ],
)
def test_what_cannot_be_an_example_is_refused(changes: dict[str, Any], reason: str) -> None:
    collector = BenchCollector("harbour")
    collector.add("line 1", lambda: case(id="taken"))
    collector.add("line 2", lambda: case(**changes))
    bench = collector.result()
    assert [example.id for example in bench.examples] == ["harbour/taken"]
    assert [refusal.where for refusal in bench.refused] == ["line 2"]
    assert reason in bench.refused[0].reason


def test_a_reader_that_objects_is_a_refusal() -> None:
    def read() -> Case:
        raise ValueError("has no sails")

    collector = BenchCollector("harbour")
    collector.add("line 1", read)
    assert collector.result().refused == (Refusal("line 1", "has no sails"),)


def test_files_are_found_in_the_named_folders(tmp_path: Path) -> None:
    (tmp_path / "data" / "other").mkdir(parents=True)
    for name in ("test_b.json", "data/test_a.json", "data/other/test_c.json", "data/train.json"):
        (tmp_path / name).touch()
    assert [str(file.relative_to(tmp_path)) for file in find_files(tmp_path, ("test*.json",), ("", "data"))] == ["data/test_a.json", "test_b.json"]
    assert "give a boat" in str(refuse_path(tmp_path, "a boat"))
