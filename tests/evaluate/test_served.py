"""Predictions of a real server on loopback: both interfaces, every failure, resume, the budget and the dry run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gentool.core.example import Example
from gentool.core.jsonl import write_records
from gentool.engines import limits
from gentool.engines.tool_calls import SENDABLE
from gentool.evaluate.predict import predict_block
from gentool.evaluate.predictors import PredictSettings, open_predictor
from gentool.prompts import PromptSettings, read_call, read_ranking

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))
from gold_server import GoldServer
from served_runs import COUNT, Gentool, configure, edit_recipe, examples_of, predictions_of, prepare, verdicts_of
from teacher_server import Answer, Behaviour, TeacherServer
from transformers_server import serve

Refused = Callable[..., str]
JSON, NATIVE = PromptSettings(tools="signature"), PromptSettings(answer="native")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short back-off."""
    monkeypatch.setattr(limits, "SHORTEST_PAUSE", 0.01)


@pytest.fixture
def run(run_copy: Path) -> Path:
    return prepare(run_copy)


def with_dots(example: Example) -> Example:
    """The example with names that OpenAI's server does not take."""
    value = example.model_dump(mode="json")

    def rename(name: str) -> str:
        return name.replace("_", ".", 1) if name in example.tools.names else name

    for item in (*value["tools"], value["answer"], *value["acceptable"]):
        item["name"] = rename(item["name"])
    return Example.model_validate(value | {"ranking": [rename(name) for name in value["ranking"]]})


@pytest.mark.parametrize("native", [False, True])
def test_a_server_that_knows_all_is_right_in_all(run: Path, gentool: Gentool, native: bool) -> None:
    write_records(run / "pairs" / "test.jsonl", [with_dots(example) for example in examples_of(run)])
    examples = examples_of(run)
    assert any(not SENDABLE.fullmatch(name) for example in examples for name in example.tools.names)
    with TeacherServer(content=GoldServer(examples, NATIVE if native else JSON)) as server:
        configure(run, server, native)
        done = gentool("predict", run, "--engine", "openai:m")
        assert done.status == 0, done.err
        assert server.requests == 2 * COUNT and server.answered_twice == 0
        assert f"server:  openai:m: {2 * COUNT} answers, " in done.out and "no price in predict.openai.prices" in done.out
        bodies = list(server.bodies)
    assert {body["temperature"] for body in bodies} == {0.0} and not any("response_format" in body for body in bodies)
    if native:
        assert all(SENDABLE.fullmatch(tool["function"]["name"]) for body in bodies for tool in body["tools"])
        assert Counter(body["tool_choice"] for body in bodies) == {"auto": COUNT, "none": COUNT}
    else:
        assert not any("tools" in body for body in bodies)
    assert {prediction.answer for prediction in predictions_of(run).values()} == {"native" if native else "json"}
    verdicts = verdicts_of(run, gentool)
    assert len(verdicts) == COUNT and all(verdict.call and verdict.ranking_exact and not verdict.repairs for verdict in verdicts.values())


def test_the_schema_of_an_answer_goes_out_where_it_is_asked_for(run: Path, gentool: Gentool, refused: Refused) -> None:
    with TeacherServer(content=GoldServer(examples_of(run), JSON)) as server:
        configure(run, server)
        edit_recipe(run, constrain="schema")
        assert gentool("predict", run, "--engine", "openai:m").status == 0
        formats = [body.get("response_format") for body in server.bodies]
        sent = server.requests
        edit_recipe(run, constrain="names")
        assert "names cannot hold the answers of a server" in refused("predict", run, "--engine", "openai:m")
        edit_recipe(run, constrain="schema")
        configure(run, server, native=True)
        (run / "predict" / "m+schema.jsonl").unlink()
        assert "predict.constrain: schema holds calls that are asked for as JSON" in refused("predict", run, "--engine", "openai:m", "--dry-run")
        assert "predict.constrain: schema holds calls that are asked for as JSON" in refused("predict", run, "--engine", "openai:m")
        assert server.requests == sent
    assert len([one for one in formats if one and one["json_schema"]["schema"]["anyOf"]]) == COUNT and formats.count(None) == COUNT


NATIVE_ANSWERS = {
    "abstention": Answer("I am sorry, nothing here does that."),
    "broken arguments": Answer(None, calls=[("TOOL", '{"city": "Be')]),
    "broken arguments after words": Answer("I will call it.", calls=[("TOOL", "oops")]),
    "two calls": Answer(None, calls=[("TOOL", "{}"), ("other", "{}")]),
    "unknown tool": Answer(None, calls=[("no_such_tool", "{}")]),
    "empty": Answer(None),
    "blank": Answer(" \n"),
    "refusal": Answer(None, refusal="I must not."),
    "filtered": Answer("I am sorry", finish_reason="content_filter"),
    "cut off": Answer("Let me think about all of this", finish_reason="length"),
    "withheld": Answer("filtered", status=400, code="content_filter"),
}


@pytest.mark.parametrize("kind", ["zero", "one"])
def test_native_answers_are_what_they_are(run: Path, gentool: Gentool, kind: str) -> None:
    """Of all these only words without a call are abstention."""
    examples = [example for example in examples_of(run) if example.kind == kind] * 3
    examples = [example.model_copy(update={"id": f"{number}", "query": f"{number}: {example.query}"}) for number, example in enumerate(examples)]
    examples = [example.model_copy(update={"pair": example.id}) for example in examples[: len(NATIVE_ANSWERS)]]
    write_records(run / "pairs" / "test.jsonl", examples)
    said = {}
    for example, answer in zip(examples, NATIVE_ANSWERS.values(), strict=True):
        calls = [(example.tools.names[0] if name == "TOOL" else name, arguments) for name, arguments in answer.calls]
        said[example.id] = Answer(**{**vars(answer), "calls": calls})
    with TeacherServer(content=GoldServer(examples, NATIVE, said)) as server:
        configure(run, server, native=True)
        assert gentool("predict", run, "--engine", "openai:m").status == 0
    predictions, verdicts = predictions_of(run), verdicts_of(run, gentool)
    by_name = dict(zip(NATIVE_ANSWERS, [(predictions[example.id], verdicts[example.id]) for example in examples], strict=True))
    for name, (prediction, verdict) in by_name.items():
        assert (verdict.selected == "generate_response") == (name == "abstention"), name
        assert verdict.call == (name == "abstention" and kind == "zero"), name
        assert bool(prediction.error) == (prediction.select == ""), name
        assert read_ranking(prediction.rank).names is not None, name
    errors = {name: prediction.error for name, (prediction, _) in by_name.items() if prediction.error}
    assert errors == {
        "empty": "the answer is empty",
        "blank": "the answer is empty",
        "refusal": "the model refused: I must not.",
        "filtered": "the provider's content filter held the answer back",
        "cut off": "the answer was cut off at max_tokens",
        "withheld": "status 400: filtered",
    }
    assert by_name["unknown tool"][1].error == "unknown_tool"
    assert all(by_name[name][1].error == "unparsable" for name in (*errors, "broken arguments", "broken arguments after words"))
    kept = [json.loads(part.partition("</tool_call>")[0]) for part in by_name["two calls"][0].select.split("<tool_call>")[1:]]
    assert [call["name"] for call in kept] == [said[examples[3].id].calls[0][0], "other"]


def test_a_server_that_is_slow_refuses_and_breaks_is_asked_until_it_answers(run: Path, gentool: Gentool) -> None:
    behaviour = Behaviour(latency=0.005, too_many=0.15, broken=0.1, malformed=0.05, retry_after=0.01)
    with TeacherServer(behaviour, GoldServer(examples_of(run), JSON)) as server:
        configure(run, server, max_retries=8)
        assert gentool("predict", run, "--engine", "openai:m").status == 0
        assert server.answered_twice == 0 and {"too_many", "broken", "malformed"} <= set(server.outcomes)
    assert all(verdict.call for verdict in verdicts_of(run, gentool).values())


@pytest.mark.parametrize("status", [429, 500])
def test_what_is_given_up_leaves_its_example_open_and_all_others_written(run: Path, gentool: Gentool, refused: Refused, status: int) -> None:
    examples = examples_of(run)
    gold = GoldServer(examples, JSON, {examples[5].id: Answer("not now", status=status, headers={"retry-after-ms": "1"})})
    with TeacherServer(content=gold) as server:
        configure(run, server)
        said = refused("predict", run, "--engine", "openai:m")
        assert said.startswith(
            f"openai:m: 1 of {COUNT} test examples were not answered and have no prediction; the last: status {status}: not now; given"
        )
        assert said.endswith("run the same command again: what was answered is kept")
        assert set(predictions_of(run)) == {example.id for example in examples} - {examples[5].id}
        assert "predictions are missing for 1 of" in refused("score", run)
        gold.said, gold.asked = {}, []
        assert gentool("predict", run, "--engine", "openai:m").status == 0
        assert gold.asked == [f"select/{examples[5].id}"] and server.answered_twice == 0
    assert all(verdict.call for verdict in verdicts_of(run, gentool).values())


def test_requests_that_a_server_does_not_take_count_as_wrong_only_where_that_is_said(run: Path, gentool: Gentool, refused: Refused) -> None:
    examples = examples_of(run)
    zero = next(example for example in examples if example.kind == "zero")
    with TeacherServer(content=GoldServer(examples, NATIVE, {zero.id: Answer("the prompt is too long", status=400)})) as server:
        configure(run, server, native=True)
        said = refused("predict", run, "--engine", "openai:m")
        assert f"1 of {COUNT} test examples" in said and "the server does not take the requests of 1, now or later (status 400: the prompt" in said
        assert "--set predict.count_refused=true" in said
        assert gentool("predict", run, "--engine", "openai:m", "--set", "predict.count_refused=true").status == 0
    assert predictions_of(run)[zero.id].error == "status 400: the prompt is too long"
    wrong = [verdict for verdict in verdicts_of(run, gentool).values() if not verdict.call]
    assert [(verdict.id, verdict.error) for verdict in wrong] == [(zero.id, "unparsable")]


def test_a_ranking_that_fails_leaves_the_call_as_it_is(run: Path, gentool: Gentool) -> None:
    examples = examples_of(run)
    gold = GoldServer(examples, JSON)

    def refuse_rankings(body: dict[str, Any]) -> Answer:
        return Answer(None, refusal="no") if "Rank the tools" in body["messages"][-1]["content"] else gold(body)

    with TeacherServer(content=refuse_rankings) as server:
        configure(run, server)
        assert gentool("predict", run, "--engine", "openai:m").status == 0
    predictions = predictions_of(run).values()
    assert {prediction.error for prediction in predictions} == {"ranking: the model refused: no"}
    assert all(read_call(prediction.select).call is not None and prediction.rank == "" for prediction in predictions)


def test_the_budget_stops_and_more_of_it_goes_on(run: Path, gentool: Gentool, refused: Refused) -> None:
    prices = {"m": {"input": 1000.0, "output": 1000.0}}
    with TeacherServer(content=GoldServer(examples_of(run), JSON)) as server:
        configure(run, server, prices=prices, budget=2.0)
        dry = gentool("predict", run, "--engine", "openai:m", "--dry-run")
        assert dry.status == 0 and server.requests == 0 and "budget: 2.00 for about" in dry.out and "is not enough" in dry.out
        said = refused("predict", run, "--engine", "openai:m")
        assert "the budget of 2.00 is used up" in said and "raise predict.openai.budget and run the same command" in said
        sent = server.requests
        assert 0 < sent < 2 * COUNT
        assert "is used up" in refused("predict", run, "--engine", "openai:m") and server.requests == sent
        done = gentool("predict", run, "--engine", "openai:m", "--set", "predict.openai.budget=1000")
        assert done.status == 0 and server.requests == 2 * COUNT and server.answered_twice == 0
        assert f"server:  openai:m: {2 * COUNT} answers, " in done.out and ", cost " in done.out
    assert all(verdict.call for verdict in verdicts_of(run, gentool).values())


def test_a_wrong_key_and_a_server_that_is_down_end_with_one_line(
    run: Path, gentool: Gentool, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", "sk-wrong-0451")
    with TeacherServer(Behaviour(key="sk-right-0451"), GoldServer(examples_of(run), JSON)) as server:
        configure(run, server, api_key_env="SERVER_KEY", max_retries=0)
        said = refused("predict", run, "--engine", "openai:m")
        assert "status 401" in said and "SERVER_KEY" in said and "sk-wrong" not in said
        monkeypatch.setenv("SERVER_KEY", "sk-right-0451")
        port = server.port
    said = refused("predict", run, "--engine", "openai:m")
    assert "the server cannot be reached" in said and "predict.openai.base_url" in said
    with TeacherServer(Behaviour(key="sk-right-0451"), GoldServer(examples_of(run), JSON), port=port):
        assert gentool("predict", run, "--engine", "openai:m").status == 0
    assert not [path for path in run.rglob("*") if path.is_file() and b"sk-right" in path.read_bytes()]


def test_a_file_of_another_server_or_engine_is_not_taken_for_this_one_s(run: Path, gentool: Gentool, refused: Refused) -> None:
    with TeacherServer(content=GoldServer(examples_of(run), JSON)) as one, TeacherServer(content=GoldServer(examples_of(run), JSON)) as other:
        configure(run, one)
        assert gentool("predict", run, "--engine", "openai:m").status == 0
        said = refused("predict", run, "--engine", "openai:m", "--set", f"predict.openai.base_url={other.base_url}")
        assert "m.jsonl: holds predictions that were made otherwise (different: base_url): move that file away" in said
        assert "(different: engine, base_url)" in refused("predict", run, "--engine", "hf:models/m")
        path = run / "predict" / "m.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        back = ("--set", f"predict.openai.base_url={one.base_url}")
        assert gentool("predict", run, "--engine", "openai:m", "--set", "predict.openai.temperature=0.5", *back).status == 0, "all is there"
        path.write_bytes(b"".join(lines[:5]))
        assert "(different: temperature)" in refused("predict", run, "--engine", "openai:m")
        path.unlink()
        assert gentool("predict", run, "--engine", "openai:m").status == 0
        assert other.requests == 0 and {body["temperature"] for body in one.bodies} == {0.0, 0.5}


def test_a_block_of_a_server_is_in_the_examples_order(run: Path) -> None:
    examples = examples_of(run)
    with TeacherServer(Behaviour(latency=0.01, spread=1.0), GoldServer(examples, JSON)) as server:
        settings = PredictSettings.model_validate({"openai": {"base_url": server.base_url}})
        with closing(open_predictor("openai:m", run, settings, 0)) as predictor:
            predictions = predict_block(predictor, examples, JSON, settings)
    assert [prediction.id for prediction in predictions] == [example.id for example in examples]


def test_all_that_is_missing_is_asked_at_once(finished: Path, tmp_path: Path) -> None:
    """No block of examples holds requests back; the engine's own limit does."""
    examples = examples_of(finished)
    with TeacherServer(Behaviour(latency=0.4, spread=0.0), GoldServer(examples, JSON)) as server:
        settings = PredictSettings.model_validate({"openai": {"base_url": server.base_url, "concurrency": 240}})
        with closing(open_predictor("openai:m", tmp_path, settings, 0)) as predictor:
            assert len(predict_block(predictor, examples, JSON, settings)) == len(examples) == 128
    assert 200 < server.most_at_once <= 240


def test_stopped_in_the_middle_and_started_again_nothing_is_sent_twice(
    run_copy: Path, start: Callable[..., subprocess.Popen[str]], gentool: Gentool
) -> None:
    run = run_copy
    for path in (run / "predict").iterdir():
        path.unlink()
    gold = GoldServer(examples_of(run), JSON)
    with TeacherServer(Behaviour(latency=0.03), gold) as server:
        configure(run, server)
        for moment, stop in ((40, signal.SIGKILL), (160, signal.SIGINT)):
            process = start("predict", run, "--engine", "openai:m")
            while server.requests < moment and process.poll() is None:
                time.sleep(0.002)
            assert process.poll() is None, process.communicate()
            process.send_signal(stop)
            said = process.communicate(timeout=20)[1]
            expected = (-9, "") if stop == signal.SIGKILL else (130, "gentool: stopped; the same command goes on from here\n")
            assert (process.returncode, said) == expected
            before, written = Counter(gold.asked), lines_of(run / "predict" / "m.jsonl")
        assert len(written) > 50 and gentool("predict", run, "--engine", "openai:m").status == 0
        assert server.answered_twice <= 2 * 4, "at most what was in flight at the stops"
        assert all(gold.asked.count(f"{task}/{name}") == before[f"{task}/{name}"] for name in written for task in ("select", "rank"))
    assert len(predictions_of(run)) == len(examples_of(run)) == 128
    assert all(verdict.call for verdict in verdicts_of(run, gentool).values())


def lines_of(path: Path) -> list[str]:
    """The ids of a file's whole lines."""
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]


def test_a_real_server_with_a_model_that_knows_nothing(run: Path, gentool: Gentool, finished: Path) -> None:
    """Every answer is classified, none is credited, through both interfaces."""
    write_records(run / "pairs" / "test.jsonl", examples_of(run)[:: COUNT // 4])
    model = finished / "train" / "nano-scratch"
    with serve(model) as url:
        for native in (False, True):
            configure(run, url, native, max_tokens=6)
            done = gentool("predict", run, "--engine", f"openai:{model}")
            assert done.status == 0, done.err
            (path,) = (run / "predict").glob("*.jsonl")
            verdicts = verdicts_of(run, gentool, path.stem)
            assert len(verdicts) == 4 and {verdict.error for verdict in verdicts.values()} == {"unparsable"}
            path.unlink()
