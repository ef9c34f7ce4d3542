"""Judging: which queries are read before which tools, and what follows where judge and teacher differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gentool.core.call import Call
from gentool.core.family import Family, Fit, Query, Unserved, WeakTool
from gentool.core.tool import Tool
from gentool.engines.engine import Reply, Request
from gentool.synth.judging import JudgeSettings, choose_questions, judge_records
from gentool.synth.pipeline import SynthSettings
from gentool.synth.teacher import Teacher
from gentool.synth.verify import Rejection


def make_family(number: int, fits: Sequence[Fit]) -> Family:
    strong, weak = (Tool(name=f"{kind}_{number}", description=f"find rooms {kind} {number}") for kind in ("strong", "weak"))
    queries = []
    for index, fit in enumerate(fits):
        calls = {strong.id: Call(name=strong.name)} | ({weak.id: Call(name=weak.name)} if fit != "none" else {})
        known: dict[str, Fit] = {strong.id: "full", weak.id: fit}
        queries.append(Query(id=f"q{number}-{index}", text=f"query {number} {index}", strong=strong.id, weak=weak.id, fits=known, calls=calls))
    return Family(id=strong.id, strong=strong, weak=(WeakTool(id=weak.id, strong=strong.id, tool=weak),), queries=tuple(queries))


FAMILIES = [make_family(number, ["full", "partial", "none"]) for number in range(5)]
UNSERVED = [Unserved(id="u0", text="sing to me", near=("strong_1",)), Unserved(id="u1", text="dance")]


class Judge:
    """Reads as the families were written, but for what `otherwise` says: by query, the fit of each tool by its name."""

    name = "judge"

    def __init__(self, otherwise: dict[str, dict[str, Fit]]) -> None:
        self.otherwise = otherwise
        self.asked: list[Request] = []

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        known = {query.id: query for family in FAMILIES for query in family.queries}
        for request in requests:
            self.asked.append(request)
            query = known.get(request.inputs["query"])
            fits: dict[str, str] = {tool.name: query.fits.get(tool.id, "none") if query else "none" for tool in request.inputs["tools"]}
            fits |= {name: fit for name, fit in self.otherwise.get(request.inputs["query"], {}).items() if name in fits}
            answer = {fit: [name for name, given in fits.items() if given == fit] for fit in ("full", "partial")}
            yield Reply(request.id, json.dumps(answer))


def judge(
    tmp_path: Path, otherwise: dict[str, dict[str, Fit]] | None = None, **settings: Any
) -> tuple[list[Family], list[Unserved], dict[str, Any], list[Rejection], Judge]:
    engine, rejections = Judge(otherwise or {}), list[Rejection]()
    found = judge_records(FAMILIES, UNSERVED, JudgeSettings(**settings), 0, Teacher(engine), tmp_path / "votes.jsonl", rejections)
    return *found, rejections, engine


def test_a_judge_that_agrees_changes_nothing(tmp_path: Path) -> None:
    families, unserved, figures, rejections, engine = judge(tmp_path)
    assert families == FAMILIES and unserved == UNSERVED and rejections == []
    assert (figures["queries"], figures["queries_agreed"], figures["unserved"], figures["unserved_agreed"]) == (15, 15, 2, 2)
    assert figures["asked"] == len(engine.asked) == len((tmp_path / "votes.jsonl").read_text().splitlines()) == 17
    assert figures["distractors"] == 45 and figures["distractors_serving"] == 0


def test_another_fit_of_either_tool_refuses_the_query_with_the_reason(tmp_path: Path) -> None:
    otherwise: dict[str, dict[str, Fit]] = {"q0-0": {"strong_0": "partial"}, "q1-1": {"weak_1": "full"}, "q1-2": {"weak_1": "partial"}}
    families, _, figures, rejections, _ = judge(tmp_path, otherwise)
    assert [(one.id, one.kind, one.check) for one in rejections] == [
        ("q0-0", "query", "judge_strong"),
        ("q1-1", "query", "judge_weak"),
        ("q1-2", "query", "judge_weak"),
    ]
    assert rejections[0].reason.endswith("serves it in part, not fully")
    assert rejections[1].reason.endswith("serves it fully, the teacher in part")
    assert Query.model_validate(rejections[0].record) == FAMILIES[0].queries[0]
    assert [len(family.queries) for family in families] == [2, 1, 3, 3, 3]
    assert (figures["queries_agreed"], figures["strong_not_full"], figures["weak_fit_other"]) == (12, 1, 2)


def test_a_family_without_a_query_left_is_refused(tmp_path: Path) -> None:
    otherwise: dict[str, dict[str, Fit]] = {f"q0-{number}": {"strong_0": "none"} for number in range(3)}
    families, _, _, rejections, _ = judge(tmp_path, otherwise)
    assert [family.id for family in families] == [family.id for family in FAMILIES[1:]]
    assert (rejections[-1].kind, rejections[-1].check, rejections[-1].id) == ("tool", "no_queries", FAMILIES[0].id)


def test_a_neighbour_that_serves_a_query_is_noted_with_it(tmp_path: Path) -> None:
    shown = next(question for question in choose_questions(FAMILIES, [], JudgeSettings(), 0) if question.id == "q2-0").tools[2:]
    assert len(shown) == 3 and all(not tool.name.endswith("_2") for tool in shown)
    families, _, figures, rejections, _ = judge(tmp_path, {"q2-0": {shown[1].name: "partial"}})
    assert families[2].queries[0].also == (shown[1].name,) and families[2].queries[1].also == ()
    assert figures["distractors_serving"] == 1 and rejections == []


def test_an_unserved_query_that_a_tool_serves_is_refused(tmp_path: Path) -> None:
    _, unserved, figures, rejections, _ = judge(tmp_path, {"u0": {"strong_1": "partial"}})
    assert [query.id for query in unserved] == ["u1"] and figures["unserved_agreed"] == 1
    assert (rejections[0].check, rejections[0].kind) == ("judge_served", "unserved") and FAMILIES[1].id in rejections[0].reason


def test_a_sample_is_read_and_the_others_stay(tmp_path: Path) -> None:
    otherwise: dict[str, dict[str, Fit]] = {query.id: {family.strong.name: "none"} for family in FAMILIES for query in family.queries}
    families, _, figures, rejections, engine = judge(tmp_path, otherwise, sample=0.4)
    assert 0 < figures["queries"] < 15 and figures["queries"] == sum(one.check == "judge_strong" for one in rejections)
    assert sum(len(family.queries) for family in families) == 15 - figures["queries"]
    assert {request.inputs["query"] for request in engine.asked} == {
        question.id for question in choose_questions(FAMILIES, UNSERVED, JudgeSettings(sample=0.4), 0)
    }


def test_votes_are_asked_for_each_and_their_agreement_is_counted(tmp_path: Path) -> None:
    _, _, figures, _, engine = judge(tmp_path, votes=3)
    assert len(engine.asked) == 3 * 17 and (figures["several_votes"], figures["votes_agreed"]) == (17, 17)


@pytest.mark.parametrize("settings", [{"sample": 0}, {"votes": 0}, {"model": "rules"}, {"model": "gpt"}, {"distractors": 99}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JudgeSettings.model_validate(settings)


def test_an_offline_teacher_needs_a_model_to_judge() -> None:
    with pytest.raises(ValidationError, match=r"judge\.model: the teacher rules cannot judge; name a model as openai:MODEL"):
        SynthSettings.model_validate({"judge": {}})
    assert SynthSettings.model_validate({"judge": {"model": "openai:m"}}).models == ("openai:m",)
