"""Reading ToolAlpaca: made-up files in its format, and the real sample."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.example import Example, Verdict
from gentool.formats.bench import Bench
from gentool.formats.bench_toolalpaca import read_toolalpaca

Check = Callable[[Bench, int], None]

SAIL = (
    'Rent a boat.\nParameters: {"boat": "Required. string. The boat.", "sail": "string. One of: [red, white].", "crew": "Array[string]. "}'
    "\nOutput: The boat.\n - Format: application/json\n - Structure: Object{id}"
)
FIND = 'Find a boat.\nParameters: {"text": "string. ", "day": "string. "}\nOutput: Boats.\n - Format: application/json\n - Structure: Array[#Boat]'
KEYED = 'Parameters: {"key": "Required. string. Your key.", "text": "Required. string. "}\nOutput: OK.\n - Format: \n - Structure:'


def step(action: str, text: str) -> dict[str, str]:
    return {"Action": action, "Action_Input": text}


def api(*golds: Any, **changes: Any) -> dict[str, Any]:
    """An API with an instruction for each gold."""
    return {
        "Name": "Boats",
        "Category": "Sea",
        "Function_Description": {"rentBoat": SAIL, "findBoat": FIND, "components": "#Boat: Object{id}"},
        "Instructions": [f"Instruction {number}" for number in range(len(golds))],
        "Golden_Answers": list(golds),
        **changes,
    }


def read(folder: Path, *apis: Any, name: str = "eval_simulated.json") -> Bench:
    (folder / name).write_text(json.dumps(list(apis)), encoding="utf-8")
    return read_toolalpaca(folder)


def test_an_instruction_stands_before_the_functions_of_its_api(tmp_path: Path, check_bench: Check) -> None:
    gold = [step("rentBoat", '{"boat": "Gull", "sail": "red"}')]
    bench = read(tmp_path, api(gold), api([step("findBoat", "{}")], gold))
    check_bench(bench, 3)
    first = bench.examples[0]
    assert [example.id for example in bench.examples] == [f"toolalpaca/simulated_{place}" for place in ("0_0", "1_0", "1_1")]
    assert (first.category, first.query, first.tools.names) == ("simulated", "Instruction 0", ("rentBoat", "findBoat"))
    assert first.answer == Call(name="rentBoat", arguments={"boat": "Gull", "sail": "red"})
    assert first.source == {"Name": "Boats", "Golden_Answer": gold}
    tool = first.tools[0]
    assert (tool.required, tool.domain, tool.source) == (("boat",), "Sea", "ToolAlpaca")
    assert tool.properties == {
        "boat": {"type": "string", "description": "The boat."},
        "sail": {"type": "string", "enum": ["red", "white"]},
        "crew": {"type": "array", "items": {"type": "string"}},
    }
    assert tool.description.startswith("Rent a boat.\nOutput: The boat.")
    assert bench.oddities == ()


def test_an_empty_argument_that_may_be_left_out_is_right_either_way(tmp_path: Path, check_bench: Check) -> None:
    bench = read(tmp_path, api([step("rentBoat", '{"boat": "", "sail": "", "crew": []}')]))
    check_bench(bench, 1)
    example = bench.examples[0]
    assert (example.answer.arguments, example.alternatives) == ({"boat": "", "crew": []}, {"sail": ("",)})
    assert [oddity.what for oddity in bench.oddities] == ["'' in the gold counts as left out, both are right: rentBoat.sail"]


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ('{"boat": ${a boat}, "sail": "red"}', "rentBoat.boat"),
        ('{"boat": "${a boat}", "sail": "${a sail}"}', "rentBoat.boat, rentBoat.sail"),
        ('{"boat": ${a boat}", "sail": "red"}', "rentBoat.boat"),
        ('{"boat": "{a boat}"}', "rentBoat.boat"),
        ('{"boat": "the ${colour} one"}', "rentBoat.boat"),
        ('{"boat": "Gull", "crew": [${some name}]}', "rentBoat.crew"),
        ('{"boat": "Gull", "crew": [{"name": "${string}"}]}', "rentBoat.crew"),
    ],
)
def test_values_that_are_not_literal_leave_the_tools_as_the_gold(tmp_path: Path, check_bench: Check, text: str, unknown: str) -> None:
    bench = read(tmp_path, api([step("rentBoat", text)]))
    check_bench(bench, 1)
    example = bench.examples[0]
    assert (example.gold, example.answer) == ("tool", Call(name="rentBoat"))
    assert [oddity.what for oddity in bench.oddities] == [f"no literal value in the gold, the tools alone are the gold: {unknown}"]
    assert example.source == {"Name": "Boats", "Golden_Answer": [step("rentBoat", text)]}


def test_one_value_that_is_not_literal_leaves_all_tools_of_several(tmp_path: Path) -> None:
    bench = read(tmp_path, api([step("findBoat", '{"day": ${a day}}'), step("rentBoat", '{"boat": "Gull"}')]))
    example = bench.examples[0]
    assert (example.gold, example.calls) == ("tool", (Call(name="findBoat"), Call(name="rentBoat")))


def test_several_steps_are_all_wanted(tmp_path: Path, gold_verdict: Callable[[Example], Verdict]) -> None:
    bench = read(tmp_path, api([step("findBoat", '{"text": "Gull"}'), step("rentBoat", '{"boat": "Gull", "sail": ""}'), step("findBoat", "{}")]))
    example = bench.examples[0]
    assert [call.name for call in example.calls] == ["findBoat", "rentBoat", "findBoat"]
    assert example.further[0].alternatives == {"sail": ("",)}
    assert gold_verdict(example).call


def test_keys_are_shown_and_are_the_gold(tmp_path: Path, check_bench: Check) -> None:
    keyed = {"Function_Description": {"ask": KEYED}, "Authentication": {"key": "***"}}
    bench = read(tmp_path, api([step("ask", '{"key": "AB-12", "text": "Gull"}')], **keyed), name="eval_real.json")
    check_bench(bench, 1)
    example = bench.examples[0]
    assert (example.id, example.category) == ("toolalpaca/real_0_0", "real")
    assert example.query == "Instruction 0\nAuthentication information: key=***"
    assert example.answer.arguments == {"key": "***", "text": "Gull"}
    assert "AB-12" not in str(example)
    assert [oddity.what for oddity in bench.oddities] == ["key in the gold replaced by the one that is shown: ask.key"]


@pytest.mark.parametrize(
    ("gold", "reason"),
    [
        (
            [step("findBoat", "{}"), step("rentBoat", '{"boat": ${id from findBoat}}')],
            "from an earlier step, which is not known in one turn: rentBoat id",
        ),
        ([step("getDetails", '{"Question": "Which?"}'), step("rentBoat", '{"boat": "Gull"}')], "has a step that asks the user: getDetails"),
        ([step("[Optional]rentBoat", '{"boat": "Gull"}')], "has a step that is no function of its API: [Optional]rentBoat"),
        ([step("components", "{}")], "no function of its API"),
        ([step("rentBoat", '{"boat": "Gull"')], "input is no JSON object: rentBoat"),
        ([step("rentBoat", '["Gull"]')], "input is no JSON object: rentBoat"),
        ([step("rentBoat", '{"boat": ${a, "sail": ${b}}')], "input is no JSON object: rentBoat"),
        ([{"Action": "rentBoat"}], "without the texts 'Action' and 'Action_Input'"),
        ([], "has no steps"),
        ("findBoat", "has no steps"),
    ],
)
def test_what_is_no_single_turn_is_refused(tmp_path: Path, gold: Any, reason: str) -> None:
    bench = read(tmp_path, api([step("findBoat", "{}")], gold))
    assert [example.id for example in bench.examples] == ["toolalpaca/simulated_0_0"]
    assert [refusal.where for refusal in bench.refused] == ["eval_simulated.json, API 0, instruction 1"]
    assert reason in bench.refused[0].reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Instructions": [" "]}, "has no query"),
        ({"Instructions": [None]}, "has no query"),
        ({"Function_Description": None}, "no object 'Function_Description'"),
        ({"Function_Description": {"findBoat": None}}, "the description of its function findBoat is no text"),
        ({"Function_Description": {"generate_response": FIND}}, "reserved name"),
        ({"Golden_Answers": []}, "as many 'Golden_Answers'"),
        ({"Golden_Answers": None}, "eval_simulated.json and eval_real.json can be read"),
    ],
)
def test_an_api_that_cannot_be_read_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    bench = read(tmp_path, api([step("findBoat", "{}")], **changes))
    assert bench.examples == ()
    assert len(bench.refused) == 1 and reason in bench.refused[0].reason


def test_parameters_that_cannot_be_read_are_said(tmp_path: Path, check_bench: Check) -> None:
    bench = read(tmp_path, api([step("findBoat", '{"any": 1}')], Function_Description={"findBoat": "Find.\nParameters: {#Boat}\nOutput: OK."}))
    check_bench(bench, 1)
    assert [oddity.what for oddity in bench.oddities] == ["parameters that cannot be read, so any are allowed: findBoat"]


def test_files_that_are_none_of_the_benchmark_raise(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"eval_simulated\.json or eval_real\.json"):
        read_toolalpaca(tmp_path)
    (tmp_path / "eval_simulated.json").write_text("{}")
    with pytest.raises(RecordError, match="is not a list of APIs"):
        read_toolalpaca(tmp_path)


def test_one_file_can_be_given(tmp_path: Path) -> None:
    read(tmp_path, api([step("findBoat", "{}")]))
    read(tmp_path, api([step("findBoat", "{}")]), name="eval_real.json")
    assert len(read_toolalpaca(tmp_path).examples) == 2
    assert [example.category for example in read_toolalpaca(tmp_path / "eval_real.json").examples] == ["real"]


ANY_FILTER = "toolalpaca/simulated_1_1"
"""Its gold gives `filter`, which searchAnime does not have, and not the required `query`."""


def test_the_real_sample(real_data: Callable[[str], Path], check_bench: Check) -> None:
    bench = read_toolalpaca(real_data("toolalpaca"))
    check_bench(bench, 100)
    assert Counter(refusal.reason.split(":")[0] for refusal in bench.refused) == {
        "takes a value from an earlier step, which is not known in one turn": 15,
        "has a step that asks the user": 8,
        "has a step that is no function of its API": 1,
    }
    assert Counter((example.gold, len(example.further) > 0) for example in bench.examples) == {
        ("call", False): 50,
        ("call", True): 16,
        ("tool", False): 7,
        ("tool", True): 3,
    }
    assert {oddity.id for oddity in bench.oddities if oddity.what.startswith("gold not valid")} == {ANY_FILTER}
    assert len({tool.id for example in bench.examples for tool in example.tools}) == 54


def test_the_real_golds_of_several_steps_are_right(real_data: Callable[[str], Path], gold_verdict: Callable[[Example], Verdict]) -> None:
    several = [example for example in read_toolalpaca(real_data("toolalpaca")).examples if example.further]
    assert [(verdict.id, verdict.reason) for verdict in map(gold_verdict, several) if not verdict.call] == []
