"""The engine that nobody asks."""

from __future__ import annotations

from gentool.engines.engine import Reply, Request
from gentool.engines.unasked import UnaskedEngine


def test_every_request_gets_an_empty_reply() -> None:
    assert list(UnaskedEngine().reply([Request("a", "rank"), Request("b", "rank")])) == [Reply("a", ""), Reply("b", "")]
