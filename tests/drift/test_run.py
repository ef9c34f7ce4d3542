"""`gentool drift` from end to end: a real model before two catalogues of 60 tools, files for CI, stops and what is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gentool.core.drift import DriftRecord
from gentool.core.example import Prediction
from gentool.core.jsonl import read_json, read_records, write_records
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.starter import read_starter_tools

from .small_chooser import train_chooser

Gentool = Callable[..., Any]
Refused = Callable[..., str]
Contents = Callable[[Path], dict[str, bytes]]
Start = Callable[..., subprocess.Popen[str]]

NONE = GENERATE_RESPONSE
WORDS = """
amber basil cedar delta ember fjord grove haven ivory jolly karma lemon mango noble ocean pearl quilt raven sable tulip
umbra velvet willow xenon yacht zebra acorn birch cobra daisy eagle flint giant honey inlet joker knack lunar maple night
olive panda queen river stone tiger union viola wheat young azure brass coral dingo elbow frost glass husky igloo jumbo
"""
TOOLS = [Tool(name=word, description=word.title()) for word in WORDS.split()]
AFTER = [
    *(Tool(name="ambre", description="Amber") if tool.name == "amber" else tool for tool in TOOLS if tool.name != "jumbo"),
    Tool(name="zenith", description="Zenith"),
]
"""Sixty tools: one renamed, one removed, one added."""
CHOICES: dict[str, tuple[str, str]] = {
    "use basil": ("basil", "zenith"),
    "use cedar": ("cedar", "cedar"),
    "use delta": ("delta", "zenith"),
    "use ember": ("ember", "zenith"),
    "use fjord": ("fjord", "fjord"),
    "use amber": ("amber", "ambre"),
    "use jumbo": ("jumbo", NONE),
    "use summit": (NONE, "zenith"),
    "say hello": (NONE, NONE),
    "use grove": ("grove", "I do not know."),
}
"""What the model learns to choose, before and after; the last is no call."""
RIGHT = {query: {"before": before} for query, (before, _) in CHOICES.items()} | {
    "use summit": {"after": "zenith"},
    "say hello": {"before": NONE, "after": NONE},
    "use jumbo": {"before": "jumbo", "after": NONE},
}
OUTCOMES = {"adopted": 1, "stayed_right": 4, "lost": 1, "pulled_away": 3, "unreadable_after": 1}


def answer(name: str) -> str:
    return name if " " in name else json.dumps({"name": name, "arguments": {}})


def write_lines(path: Path, values: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Setting:
    """Two catalogues, queries, and a model that knows them."""

    before: Path
    after: Path
    queries: Path
    model: Path

    def arguments(self, out: Path, *more: str | Path) -> list[str | Path]:
        files: list[str | Path] = ["drift", "--before", self.before, "--after", self.after, "--queries", self.queries, "--out", out]
        return [*files, "--model", f"hf:{self.model}", "--set", "prompts.tools=signature", "--set", "predict.generation.max_new_tokens=16", *more]


@pytest.fixture(scope="session")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder = tmp_path_factory.mktemp("drift")
    write_records(folder / "old.jsonl", TOOLS)
    write_records(folder / "new.jsonl", AFTER)
    queries = write_lines(folder / "queries.jsonl", [{"query": query, **RIGHT[query]} for query in CHOICES])
    answers = {query: (answer(before), answer(after)) for query, (before, after) in CHOICES.items()}
    model = train_chooser(folder / "chooser", (ToolSet.of(TOOLS), ToolSet.of(AFTER)), answers)
    return Setting(folder / "old.jsonl", folder / "new.jsonl", queries, model)


@pytest.fixture(scope="session")
def done(setting: Setting, tmp_path_factory: pytest.TempPathFactory, gentool: Gentool) -> tuple[Path, Any]:
    """The folder of a whole drift with its files for CI, and how the command ended."""
    out = tmp_path_factory.mktemp("done") / "out"
    outcome = gentool(*setting.arguments(out, "--junit", out.parent / "drift.xml", "--markdown", out.parent / "drift.md"))
    return out, outcome


def records_of(out: Path) -> dict[str, DriftRecord]:
    return {record.query: record for record in read_records(out / "outcomes.jsonl", DriftRecord)}


def test_a_real_model_is_pulled_away_by_the_new_tool_on_exactly_the_planted_queries(done: tuple[Path, Any]) -> None:
    out, outcome = done
    assert (outcome.status, outcome.err) == (1, "")
    summary, records = read_json(out / "drift.json"), records_of(out)
    assert summary["outcomes"] == OUTCOMES
    assert {query for query, record in records.items() if record.pulled_by == "zenith"} == {"use basil", "use delta", "use ember"}
    assert records["use amber"].outcome == "stayed_right", "a renamed tool is the same tool"
    assert records["use grove"].after.chosen is None
    assert records["use grove"].regression
    assert (summary["regressions"]["count"], summary["regressions"]["of"]) == (4, 10)
    assert (summary["adoption"]["count"], summary["adoption"]["of"]) == (1, 1)
    assert summary["added"][0]["attracted"]["count"] == 3
    assert summary["passed"] is False


def test_the_terminal_says_what_changed_and_what_broke(done: tuple[Path, Any]) -> None:
    said = done[1].out
    for line in (
        "catalogue: 60 tools before, 60 after: 1 added, 1 removed, 1 renamed, 58 unchanged",
        "  - jumbo",
        "  > amber is now ambre",
        "queries:   10 (all with known right answers)",
        "  3 to zenith (added)",
        "          basil before, zenith (added) after; right would be basil",
        "  1 to an answer that cannot be read",
        "FAILED     regressions: 4 of 10 answers that were right before (40.0%); at most 0 allowed",
        "result:    FAILED",
    ):
        assert line in said.splitlines()
    assert said.splitlines()[-3:] == [
        f"page:      {done[0] / 'drift.html'}",
        f"junit:     {done[0].parent / 'drift.xml'}",
        f"markdown:  {done[0].parent / 'drift.md'}",
    ]


def test_the_files_for_ci_are_read_back(done: tuple[Path, Any]) -> None:
    root = ElementTree.parse(done[0].parent / "drift.xml").getroot()
    failures = {case.get("name", "").split(" [")[0]: case.find("failure") for case in root.iter("testcase")}
    pulled = {name for name, failure in failures.items() if failure is not None and failure.get("type") == "pulled_away"}
    assert pulled == {"use basil", "use delta", "use ember"}
    assert root.get("failures") == "5", "three pulled away, one unreadable, one threshold"
    assert root.get("tests") == "11"
    text = (done[0].parent / "drift.md").read_text(encoding="utf-8")
    assert text.startswith("## Catalogue change: FAILED\n")
    assert "| `use basil` | `basil` | `zenith` | pulled\\_away |" in text
    assert "use basil" in (done[0] / "drift.html").read_text(encoding="utf-8")


def test_thresholds_may_change_and_nothing_is_asked_again(done: tuple[Path, Any], setting: Setting, gentool: Gentool) -> None:
    out = done[0]
    asked = [(out / name).stat().st_mtime_ns for name in ("predict_before.jsonl", "predict_after.jsonl")]
    outcome = gentool(*setting.arguments(out, "--max-regressions", "4", "--min-adoption", "100%"))
    assert outcome.status == 0
    assert "passed     adoption: 1 of 1 queries for added tools (100.0%); at least 100% wanted" in outcome.out
    assert gentool(*setting.arguments(out, "--max-regressions", "39%")).status == 1
    assert gentool(*setting.arguments(out, "--max-regressions", "40%")).status == 0
    assert [(out / name).stat().st_mtime_ns for name in ("predict_before.jsonl", "predict_after.jsonl")] == asked


def test_another_prompt_or_catalogue_needs_another_folder(done: tuple[Path, Any], setting: Setting, refused: Refused) -> None:
    out = done[0]
    assert "different: prompts.tools" in refused(*setting.arguments(out, "--set", "prompts.tools=json"))
    swapped = Setting(setting.after, setting.before, setting.after.with_name("none.jsonl"), setting.model)
    write_lines(swapped.queries, [{"query": "use basil"}])
    assert "(different: before, after)" in refused(*swapped.arguments(out))


def test_without_gold_it_says_what_changed_and_judges_nothing(setting: Setting, tmp_path: Path, gentool: Gentool) -> None:
    plain = Setting(setting.before, setting.after, write_lines(tmp_path / "q.jsonl", [{"query": query} for query in CHOICES]), setting.model)
    outcome = gentool(*plain.arguments(tmp_path / "out", "--set", "max_changed=4"))
    assert outcome.status == 1
    assert read_json(tmp_path / "out" / "drift.json")["outcomes"] == {"unreadable_after": 1, "changed": 5, "unchanged": 4}
    assert "-          regressions: not judged: there are no answers that were right before; at most 0 allowed" in outcome.out
    assert "FAILED     changed answers: 5 of 9 answers that can be compared (55.6%); at most 4 allowed" in outcome.out
    assert "queries:   10 (0 with known right answers)" in outcome.out


def test_control_c_and_a_second_start_end_with_the_files_of_an_unbroken_one(
    setting: Setting, tmp_path: Path, gentool: Gentool, start: Start, contents: Contents
) -> None:
    many = write_lines(
        tmp_path / "q.jsonl", [{"query": f"use {word} {number}", "before": word} for number in range(2) for word in WORDS.split()[1:56]]
    )
    long = Setting(setting.before, setting.after, many, setting.model)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    expected = gentool(*long.arguments(whole))
    process = start(*long.arguments(broken))
    end = time.monotonic() + 120
    while not (broken / "predict_before.jsonl").exists() or b"\n" not in (broken / "predict_before.jsonl").read_bytes():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, "gentool: stopped; the same command goes on from here\n")
    assert not (broken / "drift.json").exists()
    assert gentool(*long.arguments(broken)).status == expected.status
    assert contents(broken) == contents(whole)


# Without a model's weights


def test_equal_catalogues_change_nothing_and_no_model_is_asked(setting: Setting, tmp_path: Path, gentool: Gentool) -> None:
    write_records(tmp_path / "new.jsonl", list(reversed(TOOLS)))
    same = ["drift", "--before", setting.before, "--after", tmp_path / "new.jsonl", "--model", "hf:no/such", "--out", tmp_path / "out"]
    outcome = gentool(*same, "--junit", tmp_path / "drift.xml", "--min-adoption", "90%")
    assert outcome.status == 0
    assert outcome.out.splitlines()[0] == "catalogue: 60 tools, the same before and after: nothing changes but their order"
    assert outcome.out.splitlines()[-3] == "result:    passed"
    assert not list((tmp_path / "out").glob("predict_*"))
    root = ElementTree.parse(tmp_path / "drift.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("3", "0")
    assert "no model was asked" in (tmp_path / "out" / "drift.html").read_text(encoding="utf-8")


def starter_catalogues(folder: Path) -> tuple[Path, Path]:
    """Sixty tools of the starter set; after, two more, and one whose parameters changed."""
    tools = read_starter_tools()
    before = tools[::5][:60]
    changed = before[3].model_dump()
    changed["parameters"] = {**before[3].parameters, "required": []}
    write_records(folder / "old.jsonl", before)
    write_records(folder / "new.jsonl", [*before[:3], Tool(**changed), *before[4:], tools[1], tools[6]])
    return folder / "old.jsonl", folder / "new.jsonl"


def test_missing_queries_are_written_once_and_used_again(tmp_path: Path, gentool: Gentool) -> None:
    before, after = starter_catalogues(tmp_path)
    few = ["--set", "synth.queries_per_tool=3", "--set", "synth.unchanged_tools=6"]
    command = ["drift", "--before", before, "--after", after, "--model", "random", "--out", tmp_path / "out", "--max-regressions", "100%", *few]
    outcome = gentool(*command)
    assert outcome.status == 0, outcome.err
    written = tmp_path / "out" / "queries.jsonl"
    queries = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert "written by the teacher rules" in outcome.out
    added = [query for query in queries if query["before"] == NONE]
    assert {query["after"] for query in added} == {tool.name for tool in (read_starter_tools()[1], read_starter_tools()[6])}
    assert len(added) == 6
    assert len({query["after"] for query in queries}) == 2 + 1 + 6
    assert all(query["arguments"] is not None for query in queries)
    write_lines(written, queries[:5])
    assert "queries:   5 (all with known right answers), written by the teacher rules" in gentool(*command).out


def test_queries_that_see_the_same_tools_are_asked_once(tmp_path: Path, gentool: Gentool) -> None:
    before, after = starter_catalogues(tmp_path)
    few = ["--set", "synth.queries_per_tool=2", "--candidates", "4", "--max-regressions", "100%"]
    outcome = gentool("drift", "--before", before, "--after", after, "--model", "random", "--out", tmp_path / "out", *few)
    assert "shown the 4 tools nearest to each query" in outcome.out
    records = records_of(tmp_path / "out").values()
    changed = read_starter_tools()[15].name
    same = [record for record in records if record.before.shown == record.after.shown and changed not in (record.before.shown or ())]
    assert 0 < len(same) < len(records)
    assert all(record.before.raw == record.after.raw for record in same)
    asked = [sum(1 for _ in read_records(tmp_path / "out" / f"predict_{side}.jsonl", Prediction)) for side in ("before", "after")]
    assert asked[0] == len(records)
    assert asked[1] < len(records)


def test_a_name_of_several_tools_is_told_and_works(tmp_path: Path, gentool: Gentool) -> None:
    write_records(tmp_path / "old.jsonl", TOOLS[:5])
    write_records(tmp_path / "new.jsonl", [*TOOLS[:5], Tool(name="basil", description="Another basil")])
    queries = write_lines(tmp_path / "q.jsonl", [{"query": "another one", "before": "basil"}])
    outcome = gentool(
        "drift", "--before", tmp_path / "old.jsonl", "--after", tmp_path / "new.jsonl", "--queries", queries, "--model", "random",
        "--out", tmp_path / "out", "--max-regressions", "1",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "  ~ basil: 1 definitions of this name before, 2 after" in outcome.out
    assert "  ! basil stands for several tools; the one nearest to the query is shown" in outcome.out


@pytest.mark.parametrize("engine", ["trained", "tfidf"])
def test_an_engine_of_a_run_answers_as_it_was_trained(engine: str, finished: Path, tmp_path: Path, gentool: Gentool) -> None:
    tools = list(read_records(finished / "tools.jsonl", Tool))
    write_records(tmp_path / "old.jsonl", tools[:-1])
    queries = write_lines(tmp_path / "q.jsonl", [{"query": f"I need to {tool.description}", "before": tool.name} for tool in tools[:4]])
    command = ["drift", "--before", tmp_path / "old.jsonl", "--after", finished / "tools.jsonl", "--queries", queries, "--model", engine]
    outcome = gentool(*command, "--run", finished, "--out", tmp_path / "out", "--max-regressions", "100%")
    assert outcome.status == 0, outcome.err
    assert "prompts:\n  tools: signature" in (tmp_path / "out" / "drift.yaml").read_text()
    assert len(records_of(tmp_path / "out")) == 4
    if engine == "tfidf":
        assert read_json(tmp_path / "out" / "drift.json")["right_before"]["count"] >= 3


# What is refused


def test_bad_input_is_refused_in_one_line(setting: Setting, tmp_path: Path, refused: Refused) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")

    def refuse(before: Path = setting.before, after: Path = setting.after, model: str = "random", **more: str | Path) -> str:
        flags = [part for name, value in more.items() for part in (f"--{name}", value)]
        return refused(
            "drift", "--before", before, "--after", after, "--model", model, *flags, *([] if "out" in more else ["--out", tmp_path / "out"])
        )

    assert refuse(before=empty).startswith(f"{empty}: holds no tools")
    assert "no such file" in refuse(after=tmp_path / "nosuch.jsonl")
    assert "holds no queries" in refuse(queries=empty)
    bad = write_lines(tmp_path / "bad.jsonl", [{"query": "Hi", "after": "basill"}])
    assert refuse(queries=bad) == f"{bad}, line 1: after: the catalogue after has no tool 'basill'; did you mean 'basil'?"
    assert "unknown engine 'gpt'" in refuse(model="gpt")
    assert "name the run folder with --run RUN" in refuse(model="tfidf")
    assert "holds no model" in refuse(model=f"hf:{tmp_path}", queries=setting.queries)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    assert "is not empty and holds no drift" in refuse(out=tmp_path / "full")
    assert "min_adoption: write a percentage, as 80%" in refuse(**{"min-adoption": "'80'"})
    assert "max_regressions: write a count" in refuse(**{"max-regressions": "few"})
    assert "unknown key 'candidate'" in refuse(set="candidate=3")


def test_a_teacher_without_a_query_to_give_is_told(tmp_path: Path, refused: Refused) -> None:
    write_records(tmp_path / "old.jsonl", TOOLS[:3])
    write_records(tmp_path / "new.jsonl", TOOLS[:4])
    command = ["drift", "--before", tmp_path / "old.jsonl", "--after", tmp_path / "new.jsonl", "--model", "random", "--out", tmp_path / "out"]
    assert "the teacher starter could write no query" in refused(*command, "--teacher", "starter")
