"""`gentool probe` from a run folder to the page: what engines of known habits show, and that a second start asks for nothing again."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))

from teacher_server import TeacherServer

from gentool.core.errors import RecipeError, RunError
from gentool.core.example import Prediction
from gentool.core.jsonl import read_json, read_records
from gentool.core.recipe import check_recipe
from gentool.engines.engine import Engine
from gentool.evaluate.predictors import Predictor
from gentool.probe import pipeline
from gentool.probe.altered import QUESTIONS, Altered
from gentool.probe.pipeline import ProbeSettings, probe
from gentool.run import load_run

Gentool = Callable[..., Any]
Refused = Callable[..., str]


def shares(result: dict[str, Any], question: str, group: str) -> dict[str, float]:
    return {row["variant"]: row["selection"]["value"] for row in result["questions"][question]["groups"][group]["rows"]}


def run_with(engine: Engine, run: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> dict[str, Any]:
    """The result of a probe in which `engine` stands behind the name `tfidf`."""
    monkeypatch.setattr(pipeline, "open_predictor", lambda *_: Predictor("tfidf", engine, engine, reads_prompts=False))
    return probe(load_run(run), ProbeSettings(engines=("tfidf",), **settings)).results[0]


def test_an_engine_that_takes_the_first_tool_shows_it_by_position(run_copy: Path, first_slot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_with(first_slot, run_copy, monkeypatch, questions=("position", "candidates"), sample=30)
    assert shares(result, "position", "call") == {"1": 1.0, "2": 0.0, "3": 0.0}
    group = result["questions"]["position"]["groups"]["call"]
    assert (group["always"]["value"], group["ever"]["value"]) == (0.0, 1.0)
    assert [row["difference"] for row in group["rows"][1:]] == [{"value": -1, "low": -1, "high": -1}] * 2
    assert "abstain" not in result["questions"]["position"]["groups"]
    called = shares(result, "candidates", "call")
    assert list(called) == ["5", "10", "20"]
    assert called["20"] < 0.3
    assert set(shares(result, "candidates", "abstain").values()) == {0.0}
    assert result["questions"]["candidates"]["notes"] == ["not every example can stand before 35, 50 candidates: the catalogue has too few tools"]


def test_an_engine_that_knows_names_by_heart_shows_it_by_names(run_copy: Path, memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_with(memory, run_copy, monkeypatch, sample=20)
    assert set(shares(result, "position", "call").values()) == {1.0}
    assert set(shares(result, "similarity", "call").values()) == {1.0}
    assert shares(result, "names", "call") == {"as they are": 1.0, "slight": 0.0, "medium": 0.0, "heavy": pytest.approx(0.0)}
    said = shares(result, "paraphrase", "call")
    assert said["as it is"] == said["instruction: elaborate"] == 1.0
    assert said["polite"] == said["lower case"] == 0.0
    assert shares(result, "names", "abstain")["slight"] == 1.0


def test_tfidf_on_a_small_catalogue_from_end_to_end(run_copy: Path, gentool: Gentool) -> None:
    outcome = gentool("probe", run_copy, "--engine", "tfidf", "--engine", "random", "--sample", "6")
    assert (outcome.status, outcome.err) == (0, "")
    folder = run_copy / "probe"
    result = read_json(folder / "tfidf.json")
    assert (result["name"], result["sample"], result["seed"]) == ("tfidf", 6, 0)
    assert list(result["questions"]) == list(QUESTIONS)
    assert len(set(shares(result, "position", "call").values())) == 1, "it does not read the order"
    instructed = [value for variant, value in shares(result, "paraphrase", "call").items() if variant.startswith("instruction")]
    assert instructed == [shares(result, "paraphrase", "call")["as it is"]] * 3, "nor instructions"
    for question in QUESTIONS:
        altered = list(read_records(folder / f"{question}.jsonl", Altered))
        files = (folder / "predict" / "tfidf").glob(f"{question}*.jsonl")
        assert {one.example.id for one in altered} == {one.id for file in files for one in read_records(file, Prediction)}
    for row in result["questions"]["names"]["groups"]["call"]["rows"]:
        share = row["selection"]
        assert f"{100 * share['value']:.1f} ({100 * share['low']:.0f}-{100 * share['high']:.0f})" in outcome.out
    assert outcome.out.splitlines()[-1] == f"page:    {run_copy / 'probe.html'}"
    page = (run_copy / "probe.html").read_text(encoding="utf-8")
    assert all(f'id="figure-{question}"' in page for question in QUESTIONS)


def test_a_second_start_asks_for_nothing_again_and_leaves_the_same_bytes(
    run_copy: Path, contents: Callable[[Path], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, memory: Any
) -> None:
    settings: dict[str, Any] = {"questions": ("names", "paraphrase"), "sample": 5}
    run_with(memory, run_copy, monkeypatch, **settings)
    first = contents(run_copy)

    def refuse(*_: Any) -> Predictor:
        raise AssertionError("opened again")

    monkeypatch.setattr(pipeline, "open_predictor", refuse)
    probe(load_run(run_copy), ProbeSettings(engines=("tfidf",), **settings))
    assert contents(run_copy) == first
    path = run_copy / "probe" / "predict" / "tfidf" / "names.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    run_with(memory, run_copy, monkeypatch, **settings)
    assert contents(run_copy) == first


def test_rankings_are_not_asked_for(run_copy: Path, memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Watched(type(memory)):  # type: ignore[misc]
        def reply(self, requests: Any) -> Any:
            asked.extend(request.task for request in requests)
            return super().reply(requests)

    watched = Watched([])
    watched.names, watched.strong = memory.names, memory.strong
    run_with(watched, run_copy, monkeypatch, questions=("position",), sample=3)
    assert set(asked) == {"select"}
    assert {one.rank for one in read_records(run_copy / "probe" / "predict" / "tfidf" / "position.jsonl", Prediction)} == {""}


def test_the_trained_student_answers_in_the_wordings_of_the_instruction(run_copy: Path, gentool: Gentool) -> None:
    outcome = gentool("probe", run_copy, "--engine", "trained", "--what", "paraphrase", "--sample", "1")
    assert outcome.status == 0
    assert sorted(path.name for path in (run_copy / "probe" / "predict" / "trained").iterdir()) == [
        "paraphrase+brief.jsonl",
        "paraphrase+elaborate.jsonl",
        "paraphrase+polite.jsonl",
        "paraphrase.jsonl",
    ]
    assert list(read_json(run_copy / "probe" / "trained.json")["questions"]) == ["paraphrase"]


def test_answers_that_failed_are_said(run_copy: Path, memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_with(memory, run_copy, monkeypatch, questions=("position",), sample=2)
    path = run_copy / "probe" / "predict" / "tfidf" / "position.jsonl"
    lines = [one.model_copy(update={"select": "", "error": "the server is gone"}) for one in read_records(path, Prediction)]
    path.write_text("".join(line.model_dump_json(exclude_defaults=True) + "\n" for line in lines), encoding="utf-8")
    result = run_with(memory, run_copy, monkeypatch, questions=("position",), sample=2)
    assert result["questions"]["position"]["notes"] == [f"{len(lines)} answers are missing and count as wrong, the first: the server is gone"]


def test_questions_are_checked_and_put_in_order(finished: Path, refused: Refused) -> None:
    assert ProbeSettings(questions=("paraphrase", "names", "names")).questions == ("names", "paraphrase")
    with pytest.raises(RecipeError, match="name one question at least"):
        check_recipe({"questions": ()}, "gentool probe", ProbeSettings)
    assert "questions.1" in refused("probe", finished, "--what", "names,colour")
    assert "unknown engine 'tfdif'" in refused("probe", finished, "--engine", "tfdif")


def test_a_run_without_pairs_or_families_is_refused(run_copy: Path) -> None:
    (run_copy / "pairs" / "build.json").unlink()
    with pytest.raises(RunError, match="is not complete: run `gentool pairs"):
        probe(load_run(run_copy), ProbeSettings())
    shutil.rmtree(run_copy / "synth")
    (run_copy / "pairs" / "build.json").write_text("{}")
    with pytest.raises(RunError, match=r"verified.jsonl is missing: run `gentool synth"):
        probe(load_run(run_copy), ProbeSettings())


def test_a_server_is_asked_for_the_calls_of_every_question_and_paid_for_no_ranking(run_copy: Path, gentool: Gentool) -> None:
    with TeacherServer(content=lambda _: '{"name": "generate_response", "arguments": {}}') as server:
        recipe = yaml.safe_load((run_copy / "recipe.yaml").read_text(encoding="utf-8"))
        recipe["predict"]["openai"]["base_url"] = server.base_url
        (run_copy / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
        assert gentool("probe", run_copy, "--engine", "openai:m", "--what", "position,names", "--sample", "2").status == 0
        asked = [body["messages"][-1]["content"] for body in server.bodies]
    assert asked and not [text for text in asked if text.startswith("Rank")]
    result = read_json(run_copy / "probe" / "m.json")
    assert set(result["questions"]) == {"position", "names"}
    assert set(shares(result, "names", "abstain").values()) == {1.0}
