"""Reading MetaTool: made-up files in its format, and the real sample."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import RecordError
from gentool.core.example import Example, Verdict
from gentool.formats.bench import Bench
from gentool.formats.bench_metatool import read_metatool

Check = Callable[[Bench, int], None]

DESCRIPTIONS = {f"tool{number}": f"Does the {number}th thing." for number in range(30)} | {"PDF&URLTool": "['Reads it.']"}


def prompt(tool: Any, listed: dict[str, str], **changes: Any) -> dict[str, Any]:
    lines = "".join(f"{number}. tool name: {name}, tool description: {text}\n" for number, (name, text) in enumerate(listed.items(), start=1))
    text = (
        f"Choose.\n[List of Tools with Names and Descriptions Start]\n{lines}\n[List of Tools with Names and Descriptions End]\nquery: x tool: tool1"
    )
    return {"action_prompt": text, "tool": tool, "query": "To sea!", "index": 3, **changes}


def write_prompts(folder: Path, number: int, *prompts: Any) -> Path:
    path = folder / "dataset" / "tmp_dataset" / f"Task2-Subtask{number}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(prompts)), encoding="utf-8")
    return path


def write_table(folder: Path, text: str) -> Path:
    path = folder / "dataset" / "data" / "all_clean_data.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    (folder / "dataset" / "plugin_des.json").write_text(json.dumps(DESCRIPTIONS), encoding="utf-8")
    return path


def test_the_table_gives_a_tool_among_drawn_ones(tmp_path: Path, check_bench: Check) -> None:
    path = write_table(tmp_path, 'Query,Tool\nTo sea!,tool3\n"Read, please.\nNow.",PDF&URLTool\n')
    bench = read_metatool(tmp_path)
    check_bench(bench, 2)
    first, second = bench.examples
    assert (first.id, first.category, first.gold, first.answer) == ("metatool/single_0", "single", "tool", Call(name="tool3"))
    assert (second.query, second.answer.name, second.source) == ("Read, please.\nNow.", "PDF&URLTool", {"Tool": "PDF&URLTool"})
    assert len(first.tools) == len(second.tools) == 10
    tool = second.tools.by_name("PDF&URLTool")
    assert tool is not None and (tool.description, tool.properties, tool.source) == ("Reads it.", {}, "MetaTool")
    assert [oddity.what for oddity in bench.oddities] == ["no candidates of its own, drawn from all tools: seed 0"] * 2
    assert read_metatool(tmp_path, seed=1).examples != bench.examples == read_metatool(path).examples


@pytest.mark.parametrize(
    ("row", "reason"),
    [("To sea!,tool99", "does not hold: tool99"), (",tool3", "has no query"), ("To sea!,", "has no 'Tool'"), ("To sea!", "has no 'Tool'")],
)
def test_a_row_without_a_known_tool_is_refused(tmp_path: Path, row: str, reason: str) -> None:
    write_table(tmp_path, f"Query,Tool\n{row}\nTo sea!,tool3\n")
    bench = read_metatool(tmp_path)
    assert [example.id for example in bench.examples] == ["metatool/single_1"]
    assert bench.refused[0].where == "all_clean_data.csv, line 2"
    assert reason in bench.refused[0].reason


def test_prompts_list_their_tools(tmp_path: Path, check_bench: Check) -> None:
    listed = {"sail": "Sails, mostly.\nAnd turns.", "row": "['Rows a boat.']", "fish": '["It\'s for fish."]', "dive": "[1, 2]", "swim": "[broken"}
    write_prompts(tmp_path, 1, prompt("row", listed))
    write_prompts(tmp_path, 2, prompt("sail", listed, scenario="elders"))
    write_prompts(tmp_path, 3, prompt("fly", listed), prompt("ride", listed))
    bench = read_metatool(tmp_path)
    check_bench(bench, 4)
    similar, scenario, *missing = bench.examples
    assert [tool.description for tool in similar.tools] == ["Sails, mostly.\nAnd turns.", "Rows a boat.", "It's for fish.", "[1, 2]", "[broken"]
    assert (similar.id, similar.category, similar.gold, similar.answer) == ("metatool/subtask1_0", "subtask1", "tool", Call(name="row"))
    assert (scenario.category, scenario.source) == ("subtask2", {"tool": "sail", "scenario": "elders"})
    assert [(example.id, example.answer, example.source) for example in missing] == [
        ("metatool/subtask3_0", ABSTAIN, {"tool": "fly"}),
        ("metatool/subtask3_1", ABSTAIN, {"tool": "ride"}),
    ]
    assert bench.oddities == ()


def test_two_tools_are_both_wanted(tmp_path: Path, gold_verdict: Callable[[Example], Verdict]) -> None:
    write_prompts(tmp_path, 4, prompt(["row", "sail"], {"sail": "Sails.", "fish": "Fishes.", "row": "Rows."}))
    example = read_metatool(tmp_path).examples[0]
    assert (example.gold, example.calls) == ("tool", (Call(name="row"), Call(name="sail")))
    assert (example.category, example.ranking) == ("subtask4", ("row", "generate_response"))
    assert gold_verdict(example).call


@pytest.mark.parametrize(
    ("number", "record", "reason"),
    [
        (1, prompt("fly", {"sail": "Sails."}), "not among its candidates: fly"),
        (3, prompt("sail", {"sail": "Sails."}), "its right tool should be missing, and is not: sail"),
        (1, prompt(None, {"sail": "Sails."}), "has no name or names under 'tool'"),
        (4, prompt(["sail", 5], {"sail": "Sails."}), "has no name or names under 'tool'"),
        (1, prompt("sail", {}), "holds no list of tools"),
        (1, prompt("sail", {"sail": "Sails."}, action_prompt="1. tool name: sail, tool description: Sails."), "holds no list of tools"),
        (1, prompt("sail", {"sail": "Sails."}, query=""), "has no query"),
        (1, {"tool": "sail"}, "has no text 'action_prompt'"),
        (1, "sail", "has no text 'action_prompt'"),
    ],
)
def test_a_prompt_that_cannot_be_read_is_refused(tmp_path: Path, number: int, record: Any, reason: str) -> None:
    write_prompts(tmp_path, number, record)
    bench = read_metatool(tmp_path)
    assert bench.examples == ()
    assert bench.refused[0].where == f"Task2-Subtask{number}.json, record 0"
    assert reason in bench.refused[0].reason


def test_the_task_without_tools_is_refused(tmp_path: Path) -> None:
    path = write_prompts(tmp_path, 1, prompt("sail", {"sail": "Sails."}))
    (path.parent / "Task1.json").write_text("[]")
    bench = read_metatool(tmp_path / "dataset")
    assert (len(bench.examples), [refusal.where for refusal in bench.refused]) == (1, ["Task1.json"])


def test_files_that_are_none_of_the_benchmark_raise(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"all_clean_data\.csv with plugin_des\.json"):
        read_metatool(tmp_path)
    path = write_prompts(tmp_path, 1)
    path.write_text("{}")
    with pytest.raises(RecordError, match="is not a list of prompts"):
        read_metatool(path)
    table = write_table(tmp_path, "Query,Tool\nTo sea!,tool3\n")
    (tmp_path / "dataset" / "plugin_des.json").write_text("[]")
    with pytest.raises(RecordError, match="is not an object with the description of each tool"):
        read_metatool(table)
    (tmp_path / "dataset" / "plugin_des.json").unlink()
    with pytest.raises(RecordError, match=r"its tools stand in plugin_des\.json"):
        read_metatool(table)
    (tmp_path / "dataset" / "plugin_des.json").write_text("{}")
    table.write_bytes(b"Query,Tool\n\xff,tool3\n")
    with pytest.raises(RecordError, match="is not UTF-8 text"):
        read_metatool(table)


def test_the_real_sample(real_data: Callable[[str], Path], check_bench: Check) -> None:
    bench = read_metatool(real_data("metatool"))
    check_bench(bench, 210)
    assert bench.refused == ()
    assert Counter((example.category, example.gold, len(example.tools)) for example in bench.examples) == {
        ("single", "tool", 10): 200,
        ("subtask3", "call", 10): 10,
    }
    assert not [tool for example in bench.examples for tool in example.tools if not tool.description or tool.description.startswith("[")]
