"""An engine that stands where nobody asks anything: empty replies, at once. Used where a predictor's rankings are not wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gentool.engines.engine import Reply, Request


class UnaskedEngine:
    """Says nothing to everything."""

    name = "unasked"

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            yield Reply(request.id, "")
