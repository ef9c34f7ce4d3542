"""The stage synth with a language model behind a real server: re-asks, no second payment, budget, dry run, audit; and a model that knows nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import TeacherError
from gentool.core.family import Family, WeakTool
from gentool.core.jsonl import read_records, write_records
from gentool.core.tool import Tool
from gentool.synth.estimate import estimate
from gentool.synth.pipeline import SynthSettings, synthesise
from gentool.synth.verify import Rejection

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))
from good_teacher import GoodTeacher
from teacher_server import Behaviour, TeacherServer
from transformers_server import serve

PRICES = {"m": {"input": 1.0, "output": 4.0}}
RECORDS = ("weak", "queries", "calls", "unserved", "votes", "verified", "verified_unserved", "rejected")


def settings_for(server: TeacherServer, **changes: Any) -> SynthSettings:
    openai = {"base_url": server.base_url, "prices": PRICES, "concurrency": 4} | changes.pop("openai", {})
    return SynthSettings.model_validate({"teacher": "openai:m", "openai": openai, "queries_per_pair": 5} | changes)


def begin(folder: Path, tools: list[Tool]) -> Path:
    write_records(folder / "tools.jsonl", tools)
    return folder


def used(build: dict[str, Any]) -> int:
    model = build["spending"]["models"]["openai:m"]
    return int(model["prompt_tokens"] + model["completion_tokens"])


def results(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "synth" / f"{name}.jsonl").read_bytes() for name in RECORDS if (folder / "synth" / f"{name}.jsonl").exists()}


@pytest.fixture(scope="module")
def few(starter_tools: list[Tool]) -> list[Tool]:
    return starter_tools[:6]


@pytest.fixture(scope="module")
def clumsy(
    few: list[Tool], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, Any], GoodTeacher, TeacherServer, SynthSettings]]:
    """A judged run whose teacher often fails at first and sometimes for good; the server still runs."""
    teacher = GoodTeacher(clumsy=0.2, hopeless=0.05)
    with TeacherServer(Behaviour(), content=teacher) as server:
        folder, settings = begin(tmp_path_factory.mktemp("clumsy"), few), settings_for(server, judge={"sample": 0.5})
        yield folder, synthesise(folder, settings, 0), teacher, server, settings


def test_unusable_answers_are_asked_again_and_the_rest_is_refused_with_reasons(clumsy: Any) -> None:
    folder, build, teacher, server, _ = clumsy
    families = list(read_records(folder / "synth" / "verified.jsonl", Family))
    rejected = list(read_records(folder / "synth" / "rejected.jsonl", Rejection))
    assert len(families) == 6 and build["verified"]["queries"] == sum(len(family.queries) for family in families) > 20
    assert any("the reply is not what was asked for" in told for told in teacher.told)
    hopeless = [one for one in rejected if one.kind == "QueryCall"]
    assert hopeless and all(one.check == "reply" and one.reason and one.record["reply"] for one in hopeless)
    refused = [one for one in rejected if one.kind == "query"]
    assert any(one.check == "call_schema" and one.reason.startswith("no call for ") for one in refused)
    assert build["verified"]["queries"] + len(refused) == build["written"]["queries"]
    assert server.requests == build["spending"]["models"]["openai:m"]["answers"] and server.answered_twice == 0


def test_every_request_is_a_record_or_a_rejection(clumsy: Any) -> None:
    folder, build, _, _, _ = clumsy
    rejected = list(read_records(folder / "synth" / "rejected.jsonl", Rejection))
    written = build["written"]
    replies = {kind: sum(one.check == "reply" and one.kind == kind for one in rejected) for kind in ("WeakTool", "QueryCall")}
    queries = [json.loads(line) for line in (folder / "synth" / "queries.jsonl").read_text().splitlines()]
    asked = sum(fit != "none" for query in queries for fit in query["fits"].values())
    assert written["weak_tools"] + replies["WeakTool"] == written["tools"] and written["calls"] + replies["QueryCall"] == asked


def test_the_cost_of_each_accepted_query_is_counted(clumsy: Any) -> None:
    _, build, _, _, _ = clumsy
    spending = build["spending"]
    model = spending["models"]["openai:m"]
    assert spending["cost"] == pytest.approx((model["prompt_tokens"] + 4 * model["completion_tokens"]) / 1e6)
    assert spending["accepted"] == build["verified"]["queries"] + build["verified"]["unserved"]
    assert spending["cost_per_accepted"] == pytest.approx(spending["cost"] / spending["accepted"])
    assert sum(counts["queries_verified"] for counts in build["by_domain"].values()) == build["verified"]["queries"]


def test_a_second_run_sends_nothing_and_writes_the_same(clumsy: Any) -> None:
    folder, build, _, server, settings = clumsy
    before, sent = results(folder), server.requests
    (folder / "synth" / "build.json").unlink()
    assert synthesise(folder, settings, 0) == build
    assert server.requests == sent and results(folder) == before
    assert estimate(folder, settings, 0).requests == 0


def test_a_run_that_the_budget_stops_goes_on_to_the_same_records(clumsy: Any, few: list[Tool], tmp_path: Path) -> None:
    whole, build, _, _, _ = clumsy
    teacher = GoodTeacher(clumsy=0.2, hopeless=0.05)
    with TeacherServer(Behaviour(), content=teacher) as server:
        folder, budget = begin(tmp_path, few), build["spending"]["cost"] / 3
        poor = settings_for(server, judge={"sample": 0.5}, openai={"budget": budget})
        with pytest.raises(TeacherError, match=r"the budget of .* is used up .*raise synth\.openai\.budget"):
            synthesise(folder, poor, 0)
        assert not (folder / "synth" / "build.json").exists()
        rich = settings_for(server, judge={"sample": 0.5}, openai={"budget": 100.0})
        left = estimate(folder, rich, 0)
        assert left.paid == pytest.approx(budget, rel=0.15) and 0 < left.requests < server.requests * 3
        finished = synthesise(folder, rich, 0)
        assert server.answered_twice == 0 and results(folder) == results(whole)
        assert finished == build
        assert (left.paid or 0) + (left.cost or 0) == pytest.approx(finished["spending"]["cost"], rel=0.15)


@pytest.mark.parametrize("changes", [{}, {"judge": {"sample": 0.3, "votes": 3}}, {"weak_per_tool": 0}])
def test_a_dry_run_sends_nothing_and_comes_near_what_is_then_used(starter_tools: list[Tool], tmp_path: Path, changes: dict[str, Any]) -> None:
    with TeacherServer(Behaviour(), content=GoodTeacher(clumsy=0.03)) as server:
        folder, settings = begin(tmp_path, starter_tools[40:52]), settings_for(server, **changes)
        expected = estimate(folder, settings, 0)
        assert server.requests == 0 and not (folder / "synth").exists()
        build = synthesise(folder, settings, 0)
        print(f"{changes}: expected {expected.tokens} tokens in {expected.requests} requests, used {used(build)} in {server.requests}")
        assert expected.tokens == pytest.approx(used(build), rel=0.15) and expected.requests == pytest.approx(server.requests, rel=0.15)
        assert expected.cost == pytest.approx(build["spending"]["cost"], rel=0.2)


def test_the_ways_of_weak_tools_are_asked_for(clumsy: Any) -> None:
    folder, _, _, server, _ = clumsy
    asked = [body["messages"][1]["content"] for body in server.bodies if "The weak tool is weaker in these ways" in body["messages"][1]["content"]]
    assert len({text.partition("in these ways:")[2] for text in asked}) > 2
    assert len(list(read_records(folder / "synth" / "weak.jsonl", WeakTool))) == 6


RECIPE = """
catalogue: {catalogue}
synth:
  teacher: openai:m
  queries_per_pair: 4
  openai: {{base_url: {url}, concurrency: 2, prices: {{m: {{input: 1, output: 4}}}}}}
pairs: {{k: 3}}
"""


def write_recipe(folder: Path, tools: list[Tool], server: TeacherServer) -> Path:
    write_records(folder / "tools.jsonl", tools)
    (folder / "mine.yaml").write_text(RECIPE.format(catalogue=folder / "tools.jsonl", url=server.base_url), encoding="utf-8")
    return folder / "mine.yaml"


def test_the_command_says_the_price_stops_at_the_budget_and_goes_on(few: list[Tool], tmp_path: Path, gentool: Callable[..., Any]) -> None:
    with TeacherServer(Behaviour(), content=GoodTeacher()) as server:
        recipe, run = write_recipe(tmp_path, few, server), tmp_path / "run"
        dry = gentool("synth", run, "--recipe", recipe, "--set", "synth.openai.budget=0.02", "--dry-run")
        assert dry.status == 0 and server.requests == 0
        assert dry.out.startswith(f"dry run: nothing was sent ({run})") and "budget: 0.02 for about" in dry.out and "is not enough" in dry.out
        stopped = gentool("synth", run)
        assert stopped.status == 2 and stopped.err.count("\n") == 1 and "the budget of 0.02 is used up" in stopped.err
        again = gentool("synth", run, "--set", "synth.openai.budget=5", "--dry-run")
        assert "is enough" in again.out and "paid so far: 0.02" in again.out
        done = gentool("synth", run)
        assert done.status == 0 and server.answered_twice == 0
        assert done.out.splitlines()[1].startswith(f"teacher: openai:m: {server.requests} answers, ")
        assert "for each of" in done.out.splitlines()[2]
        other = gentool("synth", run, "--set", "synth.queries_per_pair=5")
        assert other.status == 2 and "another recipe (different: synth.queries_per_pair)" in other.err


def test_a_run_that_is_killed_three_times_pays_for_nothing_twice_and_ends_alike(
    few: list[Tool], tmp_path: Path, gentool: Callable[..., Any], start: Callable[..., subprocess.Popen[str]]
) -> None:
    teacher = GoodTeacher(clumsy=0.1)
    with TeacherServer(Behaviour(latency=0.02), content=teacher) as server:
        recipe = write_recipe(tmp_path, few[:4], server)
        for moment in (3, 17, 31):
            process = start("synth", tmp_path / "run", "--recipe", recipe)
            while server.requests < moment and process.poll() is None:
                time.sleep(0.002)
            assert process.poll() is None, process.communicate()
            process.kill()
            process.wait()
        assert gentool("synth", tmp_path / "run").status == 0
        assert server.answered_twice <= 3 * 2, "only what was in flight may be answered again"
    with TeacherServer(Behaviour(), content=teacher, port=server.port):
        assert gentool("synth", tmp_path / "whole", "--recipe", recipe).status == 0
    assert results(tmp_path / "run") == results(tmp_path / "whole")


def test_the_key_stands_in_no_file_and_in_no_line_that_is_printed(
    few: list[Tool], tmp_path: Path, gentool: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = "sk-planted-0451-never-to-be-seen"
    with TeacherServer(Behaviour(key=planted), content=GoodTeacher(clumsy=0.2)) as server:
        recipe, run = write_recipe(tmp_path, few, server), tmp_path / "run"
        recipe.write_text(recipe.read_text(encoding="utf-8").replace("concurrency: 2", "concurrency: 2, api_key_env: PLANTED"), encoding="utf-8")
        monkeypatch.setenv("PLANTED", "sk-wrong-" + planted)
        refused = gentool("synth", run, "--recipe", recipe)
        assert refused.status == 2 and "PLANTED" in refused.err
        monkeypatch.setenv("PLANTED", planted)
        done = [gentool(stage, run) for stage in ("synth", "audit", "pairs")]
        assert [outcome.status for outcome in done] == [0, 0, 0] and server.requests > 10
    files = [path for path in run.rglob("*") if path.is_file()]
    assert len(files) > 8 and not [path for path in files if planted.encode() in path.read_bytes()]
    assert not [outcome for outcome in (refused, *done) if planted in outcome.out + outcome.err]


@pytest.fixture
def transformers_server(small_chat_model: Path) -> Iterator[str]:
    """The base URL of `transformers serve` with a model of random weights."""
    with serve(small_chat_model) as url:
        yield url


def test_a_model_that_knows_nothing_leaves_rejections_with_reasons(
    transformers_server: str, small_chat_model: Path, starter_tools: list[Tool], tmp_path: Path
) -> None:
    folder = begin(tmp_path, starter_tools[:2])
    openai = {"base_url": transformers_server, "max_tokens": 12, "concurrency": 2}
    settings = {"teacher": f"openai:{small_chat_model}", "openai": openai, "reasks": 1, "judge": {"sample": 1.0}}
    build = synthesise(folder, SynthSettings.model_validate(settings), 0)
    rejected = list(read_records(folder / "synth" / "rejected.jsonl", Rejection))
    assert build["verified"]["families"] == build["verified"]["queries"] == build["verified"]["unserved"] == 0
    assert {(one.kind, one.check) for one in rejected} == {("WeakTool", "reply"), ("Query", "reply"), ("Unserved", "reply"), ("tool", "no_queries")}
    assert all(one.reason for one in rejected) and build["spending"]["models"][f"openai:{small_chat_model}"]["answers"] > 4
