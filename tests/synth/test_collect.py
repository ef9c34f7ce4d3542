"""Asking: what cannot be used is asked for again with what is wrong, nothing is lost, and the order of replies does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gentool.core.jsonl import read_records
from gentool.core.tool import Tool
from gentool.engines.engine import Reply, Request
from gentool.synth.collect import SAMPLES, Task, collect
from gentool.synth.replies import UnreadableReplyError
from gentool.synth.teacher import Teacher
from gentool.synth.verify import Rejection

Answer = Callable[[Request], Reply | None]


class Scripted:
    """An engine that answers by a function, last request first; `asked` keeps the requests."""

    name = "scripted"

    def __init__(self, answer: Answer) -> None:
        self.asked: list[Request] = []
        self._answer = answer

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in reversed(requests):
            self.asked.append(request)
            reply = self._answer(request)
            if reply is not None:
                yield reply


def read(request: Request, text: str) -> list[Tool]:
    del request
    if text.startswith("bad"):
        raise UnreadableReplyError(f"{text} is no tool")
    return [Tool(name=name) for name in text.split()]


def object_to(request: Request, tools: Sequence[Tool]) -> str | None:
    del request
    return "one is not enough" if len(tools) == 1 else None


TASK = Task("tools", Tool, read, object_to)


def ask(count: int) -> list[Request]:
    return [Request(f"r{number}", "t", ({"role": "user", "content": f"question {number}"},)) for number in range(count)]


def run(folder: Path, answer: Answer, reasks: int = 2, count: int = 3) -> tuple[list[str], list[Rejection], Scripted]:
    engine, rejections = Scripted(answer), list[Rejection]()
    found = collect(TASK, ask(count), Teacher(engine, reasks), folder / "tools.jsonl", rejections)
    return [tool.name for tool in found], rejections, engine


def test_records_are_in_the_order_of_the_requests_in_the_file_too(tmp_path: Path) -> None:
    names, rejections, _ = run(tmp_path, lambda request: Reply(request.id, f"{request.id}a {request.id}b"))
    assert names == ["r0a", "r0b", "r1a", "r1b", "r2a", "r2b"] and rejections == []
    assert [tool.name for tool in read_records(tmp_path / "tools.jsonl", Tool)] == names


def test_what_cannot_be_read_is_asked_again_with_the_answer_and_the_fault(tmp_path: Path) -> None:
    answers = {"r1": "bad one", "r1/1": "bad two", "r1/2": "c d"}
    names, rejections, engine = run(tmp_path, lambda request: Reply(request.id, answers.get(request.id, f"{request.id}a {request.id}b")))
    assert names == ["r0a", "r0b", "c", "d", "r2a", "r2b"] and rejections == []
    again = {request.id: [turn["content"] for turn in request.messages] for request in engine.asked if "/" in request.id}
    assert set(again) == {"r1/1", "r1/2"}
    assert again["r1/2"][:2] == again["r1/1"][:2] == ["question 1", "bad one"]
    assert "bad one is no tool" in again["r1/1"][2] and again["r1/2"][3] == "bad two" and "bad two is no tool" in again["r1/2"][4]


def test_after_the_last_time_it_is_refused_with_the_reason_and_the_text(tmp_path: Path) -> None:
    names, rejections, engine = run(tmp_path, lambda request: Reply(request.id, "bad" if request.id.startswith("r0") else "a b"), count=2)
    assert names == ["a", "b"] and len(engine.asked) == 4
    assert [(one.id, one.kind, one.check, one.reason, one.record) for one in rejections] == [
        ("r0", "Tool", "reply", "bad is no tool", {"reply": "bad"})
    ]


def test_without_reasks_the_first_reply_is_final(tmp_path: Path) -> None:
    names, rejections, engine = run(tmp_path, lambda request: Reply(request.id, "bad" if request.id == "r0" else "a"), reasks=0, count=2)
    assert names == ["a"] and len(engine.asked) == 2 and len(rejections) == 1


def test_an_objection_asks_again_and_the_last_readable_answer_counts(tmp_path: Path) -> None:
    answers = {"r0": "a", "r0/1": "b", "r0/2": "bad"}
    names, rejections, engine = run(tmp_path, lambda request: Reply(request.id, answers[request.id]), count=1)
    assert names == ["b"] and rejections == []
    assert "one is not enough" in engine.asked[1].messages[-1]["content"]


def test_an_error_is_asked_again_as_another_sample_and_then_refused_with_its_words(tmp_path: Path) -> None:
    names, rejections, engine = run(tmp_path, lambda request: Reply(request.id, "", error="no answer in 3 s"), count=1)
    assert names == [] and rejections[0].reason == "no answer in 3 s"
    assert [request.sample for request in engine.asked] == [0, SAMPLES, 2 * SAMPLES]
    assert all(request.messages == engine.asked[0].messages for request in engine.asked)


def test_a_request_without_a_reply_is_refused(tmp_path: Path) -> None:
    names, rejections, _ = run(tmp_path, lambda request: None if request.id == "r0" else Reply(request.id, "a b"), count=2)
    assert names == ["a", "b"] and [(one.id, one.reason) for one in rejections] == [("r0", "the teacher gave no reply")]


def test_of_two_records_of_one_id_the_first_request_s_counts(tmp_path: Path) -> None:
    class Named(Tool):
        @property
        def id(self) -> str:
            return self.name

    def read_named(request: Request, text: str) -> list[Named]:
        return [Named(name="same", description=f"{text} for {request.id}")]

    task = Task("tools", Named, read_named)
    rejections: list[Rejection] = []
    engine = Scripted(lambda request: Reply(request.id, request.id))
    found = collect(task, ask(2), Teacher(engine), tmp_path / "tools.jsonl", rejections)
    assert [tool.description for tool in found] == ["r0 for r0"]
    assert [(one.check, one.record["description"]) for one in rejections] == [("repeated", "r1 for r1")]
    again = collect(task, ask(2), Teacher(engine), tmp_path / "tools.jsonl", rejections)
    assert again == found


def test_records_of_an_earlier_start_stay_at_the_end(tmp_path: Path) -> None:
    run(tmp_path, lambda request: Reply(request.id, "old older"), count=1)
    names, _, _ = run(tmp_path, lambda request: Reply(request.id, "new newer"), count=1)
    assert names == ["new", "newer", "old", "older"]
