"""`gentool drift` against a real OpenAI-compatible server on loopback: planted regressions, stops, costs, a paid teacher."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from gentool.core.drift import DriftRecord
from gentool.core.jsonl import read_json, read_records, write_records
from gentool.core.tool import GENERATE_RESPONSE, Tool
from gentool.engines import limits
from gentool.starter import read_starter_queries, read_starter_tools

sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))
sys.path.insert(0, str(Path(__file__).parents[1] / "synth"))
from good_teacher import TASKS, GoodTeacher
from teacher_server import Answer, Behaviour, Body, TeacherServer

Gentool = Callable[..., Any]
Refused = Callable[..., str]

STARTER = read_starter_tools()
TOOLS = STARTER[::5][:60]
ADDED = STARTER[1], STARTER[6]
NEW = ADDED[0].name
QUERIES = {tool.name: [query for query in read_starter_queries() if query.strong == tool.name and not query.also] for tool in (*TOOLS, *ADDED)}
ASKED = {query.text: (name, query.call) for name in [*QUERIES][:12] + [tool.name for tool in ADDED] for query in QUERIES[name][:2]}
PULLED = [QUERIES[name][0].text for name in [*QUERIES][3:6]]
"""Three queries that the first added tool takes from their right tools."""
SMALL_TALK = ["Good morning to you!", "Why is the sky blue?"]


class Assistant:
    """What the served model says: the right call where its tool is shown, else that it has none; and the planted three."""

    def __init__(self) -> None:
        self.teacher = GoodTeacher()
        self.calls = 0

    def __call__(self, body: Body) -> str | Answer:
        if body["messages"][0]["content"] in TASKS:
            return self.teacher(body)
        self.calls += 1
        native, said = "tools" in body, body["messages"][-1]["content"]
        query = next(text for text in (*ASKED, *SMALL_TALK, said) if said.endswith(text))
        shown = [tool["function"]["name"] for tool in body["tools"]] if native else self._shown(body)
        name, arguments = ASKED.get(query, (GENERATE_RESPONSE, {}))
        if query in PULLED and NEW in shown:
            name, arguments = NEW, {"origin": "OSL"}
        if name not in shown:
            return "I have no tool for that." if native else json.dumps({"name": GENERATE_RESPONSE, "arguments": {}})
        if native:
            return Answer(None, calls=[(name, json.dumps(arguments))], finish_reason="tool_calls")
        return json.dumps({"name": name, "arguments": arguments})

    def _shown(self, body: Body) -> list[str]:
        assert body["messages"][0]["content"].startswith("Tools:\n")
        return [json.loads(line)["name"] for line in body["messages"][0]["content"].splitlines()[1:]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short back-off."""
    monkeypatch.setattr(limits, "SHORTEST_PAUSE", 0.01)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str | Path]:
    """The command but for the server: 60 tools before, 62 after, and what is right for 30 queries."""
    write_records(tmp_path / "old.jsonl", TOOLS)
    write_records(tmp_path / "new.jsonl", [*TOOLS[:20], ADDED[0], *TOOLS[20:], ADDED[1]])
    gold = [{"query": query, "after": name, "arguments": arguments} for query, (name, arguments) in ASKED.items()]
    gold += [{"query": query, "before": GENERATE_RESPONSE, "after": GENERATE_RESPONSE} for query in SMALL_TALK]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(value) + "\n" for value in gold), encoding="utf-8")
    return ["drift", "--before", tmp_path / "old.jsonl", "--after", tmp_path / "new.jsonl", "--model", "openai:small", "--out", tmp_path / "out"]


def at(server: TeacherServer, *more: str | Path) -> list[str | Path]:
    settings = [f"predict.openai.base_url={server.base_url}", "predict.openai.concurrency=4", *more]
    return [part for setting in settings for part in ("--set", setting)]


@pytest.mark.parametrize("interface", ["json", "native"])
def test_a_new_tool_pulls_exactly_the_planted_queries_away(interface: str, arguments: list[str | Path], tmp_path: Path, gentool: Gentool) -> None:
    files = ["--queries", tmp_path / "q.jsonl", "--junit", tmp_path / "drift.xml", "--min-adoption", "100%"]
    with TeacherServer(content=Assistant()) as server:
        outcome = gentool(*arguments, *files, *at(server, f"prompts.answer={interface}"))
        assert (outcome.status, outcome.err) == (1, "")
        assert server.requests == 2 * 30, "a call before and one after, and no ranking"
        assert gentool(*arguments, *files, "--max-regressions", "3", *at(server, f"prompts.answer={interface}")).status == 0
        assert server.requests == 2 * 30
    summary = read_json(tmp_path / "out" / "drift.json")
    assert summary["outcomes"] == {"adopted": 4, "stayed_right": 23, "pulled_away": 3}
    assert summary["added"][0]["attracted"]["count"] == 3
    assert summary["added"][0]["faulty"]["count"] == 3
    records = {record.query: record for record in read_records(tmp_path / "out" / "outcomes.jsonl", DriftRecord)}
    assert {query for query, record in records.items() if record.pulled_by == NEW} == set(PULLED)
    assert f"  3 to {NEW} (added)" in outcome.out.splitlines()
    assert "passed     adoption: 4 of 4 queries for added tools (100.0%); at least 100% wanted" in outcome.out
    cases = ElementTree.parse(tmp_path / "drift.xml").getroot().iter("testcase")
    assert sum(case.find("failure") is not None for case in cases) == 3


def test_a_server_that_dies_is_gone_on_with_and_nothing_is_paid_twice(
    arguments: list[str | Path], tmp_path: Path, gentool: Gentool, refused: Refused
) -> None:
    command = [*arguments, "--queries", tmp_path / "q.jsonl", "--max-regressions", "3"]
    with TeacherServer(Behaviour(dies_after=11), content=Assistant()) as dying:
        assert "cannot be reached" in refused(*command, *at(dying, "predict.openai.max_retries=0"))
        answered = len(dying.answered)
    with TeacherServer(content=Assistant(), port=dying.port) as server:
        outcome = gentool(*command, *at(server))
        assert outcome.status == 0, outcome.err
        assert 60 - answered <= server.requests <= 60 - answered + 4, "but for what was under way when it died"
    assert read_json(tmp_path / "out" / "drift.json")["outcomes"] == {"adopted": 4, "stayed_right": 23, "pulled_away": 3}


def test_the_price_is_known_before_and_after(arguments: list[str | Path], tmp_path: Path, gentool: Gentool) -> None:
    command = [*arguments, "--queries", tmp_path / "q.jsonl", "--max-regressions", "3"]
    prices = "predict.openai.prices={small: {input: 1.0, output: 2.0}}"
    with TeacherServer(content=Assistant()) as server:
        dry = gentool(*command, "--dry-run", *at(server, prices))
        assert (dry.status, server.requests) == (0, 0)
        assert "still to be sent: 60 requests, about " in dry.out
        outcome = gentool(*command, *at(server, prices))
        assert outcome.status == 0, outcome.err
        again = gentool(*command, "--dry-run", *at(server, prices))
    assert "still to be sent: 0 requests" in again.out
    guessed, paid = (
        float(text.rpartition("cost ")[2].split()[0])
        for text in (dry.out.split("dry run:")[1].splitlines()[0], outcome.out.split("paid:")[1].splitlines()[0])
    )
    assert guessed == pytest.approx(paid, rel=0.1)
    assert "paid:      60 answers, " in outcome.out


def test_a_prompt_that_the_server_does_not_take_can_count_as_unreadable(
    arguments: list[str | Path], tmp_path: Path, gentool: Gentool, refused: Refused
) -> None:
    """A catalogue that has grown too long for the model's context is what breaks."""
    assistant = Assistant()

    def say(body: Body) -> str | Answer:
        too_long = NEW in body["messages"][0]["content"] and body["messages"][-1]["content"].endswith(SMALL_TALK[0])
        return Answer("the prompt has 9000 tokens, the most are 8192", status=400) if too_long else assistant(body)

    command = [*arguments, "--queries", tmp_path / "q.jsonl", "--max-regressions", "3"]
    with TeacherServer(content=say) as server:
        assert "predict.count_refused=true" in refused(*command, *at(server))
        outcome = gentool(*command, *at(server, "predict.count_refused=true"))
    assert outcome.status == 1
    assert "FAILED     regressions: 4 of 30" in outcome.out
    assert "status 400: the prompt has 9000 tokens" in outcome.out


def test_a_paid_teacher_writes_the_queries_once(arguments: list[str | Path], tmp_path: Path, gentool: Gentool, refused: Refused) -> None:
    assistant = Assistant()
    with TeacherServer(content=assistant) as server:
        few = [f"synth.openai.base_url={server.base_url}", "synth.queries_per_tool=3", "synth.unchanged_tools=4"]
        command = [*arguments, "--teacher", "openai:writer", "--max-regressions", "100%", *at(server, *few)]
        assert "give some with --queries" in refused(*command, "--dry-run")
        outcome = gentool(*command)
        assert outcome.status == 0, outcome.err
        asked = dict(assistant.teacher.asked)
        assert asked["queries"] == 2 + 4
        gentool(*command)
        assert dict(assistant.teacher.asked) == asked
    queries = [json.loads(line) for line in (tmp_path / "out" / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {NEW, ADDED[1].name} < {query["after"] for query in queries}
    assert "written by the teacher openai:writer" in outcome.out


def test_another_server_or_model_needs_another_folder(arguments: list[str | Path], tmp_path: Path, gentool: Gentool, refused: Refused) -> None:
    command = [*arguments, "--queries", tmp_path / "q.jsonl", "--max-regressions", "3"]
    with TeacherServer(content=Assistant()) as server:
        assert gentool(*command, *at(server)).status == 0
        assert "different: predict.openai.temperature" in refused(*command, *at(server, "predict.openai.temperature=1"))
        other = [part if part != "openai:small" else "openai:large" for part in command]
        assert "(different: model)" in refused(*other, *at(server))
        assert gentool(*command, *at(server, "predict.openai.max_retries=1")).status == 0


def test_queries_may_be_added_and_only_what_is_new_is_asked(arguments: list[str | Path], tmp_path: Path, gentool: Gentool) -> None:
    command = [*arguments, "--queries", tmp_path / "q.jsonl", "--max-regressions", "3"]
    with TeacherServer(content=Assistant()) as server:
        assert gentool(*command, *at(server)).status == 0
        lines = (tmp_path / "q.jsonl").read_text(encoding="utf-8").splitlines()
        (tmp_path / "q.jsonl").write_text("\n".join(['{"query": "And another thing"}', *lines[1:]]) + "\n", encoding="utf-8")
        assert gentool(*command, *at(server)).status == 0
        assert server.requests == 60 + 2
    assert read_json(tmp_path / "out" / "drift.json")["queries"] == 30


def test_a_tool_of_the_starter_set_is_what_the_tests_take_it_for() -> None:
    assert len(ASKED) == 28
    assert all(isinstance(tool, Tool) for tool in ADDED)
