"""An engine that is asked for calls alone: rankings, which nobody wants here, get an empty reply at once and cost nothing.

Called by gentool.evaluate.predictors, for gentool.drift and gentool.probe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gentool.engines.engine import Engine, Reply, Request


class CallsAlone:
    """Hands everything but rankings to another engine."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self._engine = engine

    @property
    def notices(self) -> tuple[str, ...]:
        """What the other engine turned out not to do, in words."""
        return getattr(self._engine, "notices", ())

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        wanted = []
        for request in requests:
            if request.task == "rank":
                yield Reply(request.id, "")
            else:
                wanted.append(request)
        yield from self._engine.reply(wanted)
