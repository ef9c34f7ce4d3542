"""Asking a teacher for one kind of record: requests in, records and rejections out; no request is lost in silence.

A reply that cannot be used is asked for again, with the model's own answer and what is wrong with it, a bounded number of
times. Records are appended as they come; at the end the file is put in the order of the requests, whatever order the
replies came in. Called by gentool.synth.pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from gentool.core.jsonl import appended, resume_records, write_records
from gentool.core.message import Message
from gentool.core.progress import track
from gentool.engines.engine import Reply, Request
from gentool.synth.replies import UnreadableReplyError
from gentool.synth.teacher import Teacher
from gentool.synth.verify import Rejection

AnyRecord = TypeVar("AnyRecord", bound=BaseModel)
SAMPLES = 1000
"""More than the samples that are asked for of one request."""
MOST_SHOWN = 4000
"""Characters of an unusable answer that the model is shown again."""


def find_nothing(request: Request, records: Sequence[Any]) -> None:
    """Nothing is wrong with records that can be read, and nothing is missing."""
    del request, records


@dataclass(frozen=True)
class Task(Generic[AnyRecord]):
    """One kind of record: how a reply is read (raises UnreadableReplyError), and what is wrong with records that can be read.

    What `object_to` finds is a reason to ask again, not to refuse: verification refuses, with the check's name.
    `note_lack` may say what is missing in what was finally read.
    """

    label: str
    model: type[AnyRecord]
    read: Callable[[Request, str], list[AnyRecord]]
    object_to: Callable[[Request, Sequence[AnyRecord]], str | None] = find_nothing
    note_lack: Callable[[Request, Sequence[AnyRecord]], Rejection | None] = find_nothing


@dataclass
class Outcome(Generic[AnyRecord]):
    """What came of a request: records, or the fault for which there are none, with the last text."""

    records: list[AnyRecord] = field(default_factory=list)
    fault: str | None = None
    text: str = ""


def collect(task: Task[AnyRecord], requests: list[Request], teacher: Teacher, path: Path, rejections: list[Rejection]) -> list[AnyRecord]:
    """Ask, and append each record that the file does not hold yet; returns all that it then holds, in the order of the requests."""
    held = resume_records(path, task.model)
    known = {_id(record) for record in held}
    outcomes: dict[str, Outcome[AnyRecord]] = {}
    with appended(path) as file:
        for request, outcome in _ask(task, requests, teacher):
            outcomes[request.id] = outcome
            for record in outcome.records:
                if _id(record) not in known:
                    known.add(_id(record))
                    held.append(record)
                    file.append(record)
    records = _put_in_order(task, requests, outcomes, held, rejections)
    if records != held:
        write_records(path, records)
    return records


def _id(record: Any) -> str:
    return str(record.id)


def _ask(task: Task[AnyRecord], requests: Sequence[Request], teacher: Teacher) -> Iterator[tuple[Request, Outcome[AnyRecord]]]:
    """The outcome of every request, as each becomes final."""
    asked = {request.id: request for request in requests}
    originals = dict(asked)
    readable: dict[str, Outcome[AnyRecord]] = {}
    for number in range(teacher.reasks + 1):
        again: list[Request] = []
        label = partial(teacher.label, task.label + (", asked again" if number else ""))
        for reply in track(teacher.engine.reply(list(asked.values())), label, len(asked)):
            question, request = asked.pop(reply.id), originals[reply.id]
            outcome, complaint = _examine(task, request, reply)
            if complaint and outcome.fault is None:
                readable[request.id] = outcome
            if complaint and number < teacher.reasks:
                again.append(_follow_up(question, reply, complaint, f"{request.id}/{number + 1}"))
                originals[again[-1].id] = request
            else:
                yield request, outcome if outcome.fault is None else readable.get(request.id, outcome)
        for identifier in asked:
            yield originals[identifier], Outcome(fault="the teacher gave no reply")
        asked = {question.id: question for question in again}
        if not asked:
            return


def _examine(task: Task[AnyRecord], request: Request, reply: Reply) -> tuple[Outcome[AnyRecord], str | None]:
    """What a reply comes to, and what the model is told where it is to be asked again."""
    if reply.error is not None:
        return Outcome(fault=reply.error, text=reply.text), reply.error
    try:
        records = task.read(request, reply.text)
    except UnreadableReplyError as error:
        return Outcome(fault=str(error), text=reply.text), str(error)
    return Outcome(records), task.object_to(request, records)


def _follow_up(question: Request, reply: Reply, complaint: str, identifier: str) -> Request:
    """The same question with the answer and the complaint; where no answer came, a sample of its own, since the failure may be in the cache."""
    if reply.error is not None:
        return replace(question, id=identifier, sample=question.sample + SAMPLES)
    answer = Message(role="assistant", content=reply.text[:MOST_SHOWN] or "(nothing)")
    told = Message(role="user", content=f"This cannot be used: {complaint}. Answer again with the whole JSON object, mended, and nothing else.")
    return replace(question, id=identifier, messages=(*question.messages, answer, told))


def _put_in_order(
    task: Task[AnyRecord],
    requests: Sequence[Request],
    outcomes: dict[str, Outcome[AnyRecord]],
    held: Sequence[AnyRecord],
    rejections: list[Rejection],
) -> list[AnyRecord]:
    """The records in the order of the requests, then those that an earlier start wrote and no reply of this one repeats."""
    kind, before = task.model.__name__, {_id(record): record for record in held}
    chosen: dict[str, AnyRecord] = {}
    for request in requests:
        outcome = outcomes[request.id]
        if outcome.fault is not None:
            rejections.append(Rejection(id=request.id, kind=kind, check="reply", reason=outcome.fault, record={"reply": outcome.text}))
            continue
        lack = task.note_lack(request, outcome.records)
        rejections.extend([lack] if lack else [])
        for record in outcome.records:
            first = chosen.setdefault(_id(record), record)
            if first != record:
                reason = "another record of other content has its id"
                rejections.append(Rejection(id=_id(record), kind=kind, check="repeated", reason=reason, record=record.model_dump(mode="json")))
    return [*chosen.values(), *(record for identifier, record in before.items() if identifier not in chosen)]
