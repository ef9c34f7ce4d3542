"""The engine that is not asked for rankings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gentool.engines.calls_alone import CallsAlone
from gentool.engines.engine import Reply, Request


class Counting:
    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        self.asked += [request.id for request in requests]
        yield from (Reply(request.id, f"{request.task}!") for request in requests)


def test_calls_go_through_and_rankings_are_answered_at_once() -> None:
    engine = Counting()
    alone = CallsAlone(engine)
    replies = {reply.id: reply.text for reply in alone.reply([Request("a", "select"), Request("b", "rank"), Request("c", "joint")])}
    assert replies == {"a": "select!", "b": "", "c": "joint!"}
    assert engine.asked == ["a", "c"]
    assert alone.name == "counting"
