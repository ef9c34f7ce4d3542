"""How fast requests may go out: so many at once, so many requests and tokens a minute, and slower where the server refuses.

gentool.engines.openai asks a `Pace` before it sends, and tells it what came of it. Everything here belongs to one asyncio loop.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LAST_ANSWERS = 20
"""Over so many of the latest answers, or as many as there are slots, the share of refusals (429, 503) is taken: refusals come
sooner than answers, so that fewer would be refusals alone where many requests begin at once."""

WIDENING = 0.05
"""Slots that each answer gives back after a halving: 5% more for each round of answers."""

SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds between two attempts where the server does not say: the first pause, and the most that doubling makes of it."""


def estimate_tokens(text: str) -> int:
    """About as many tokens as a text has: its bytes of UTF-8 divided by four, rounded up. For limits and prices before a server has counted."""
    return -(-len(text.encode(errors="replace")) // 4)


def back_off(attempt: int, draw: random.Random) -> float:
    """Seconds to wait after the attempt of that number (from 0): doubled each time, of which a random half to whole, so that clients part."""
    longest: float = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**attempt)
    return longest * draw.uniform(0.5, 1.0)


class TokenBucket:
    """At most `per_minute` of something: a second's worth at once, then evenly. What is taken beyond what is there is waited for.

    Takers are served in their order, and one that needs more than a second's worth waits longer instead of for ever.
    """

    def __init__(self, per_minute: float) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate)
        self._level = self._most
        self._filled: float | None = None

    async def take(self, amount: float) -> None:
        """Return when `amount` may be used."""
        now = asyncio.get_running_loop().time()
        if self._filled is not None:
            self._level = min(self._most, self._level + (now - self._filled) * self._rate)
        self._filled = now
        self._level -= amount
        if self._level < 0:
            await asyncio.sleep(-self._level / self._rate)

    def correct(self, reserved: float, used: float) -> None:
        """Give back what was reserved too much, or take what was reserved too little."""
        self._level += reserved - used


class Slots:
    """At most `limit` holders at once. `halve` lowers the limit, each `widen` raises it a little, up to where it began."""

    def __init__(self, limit: int) -> None:
        self._most = limit
        self._limit = float(limit)
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        return math.floor(self._limit)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it."""
        while self._held >= self.limit:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._wake()

    def halve(self) -> None:
        self._limit = max(1.0, self._limit / 2)

    def widen(self) -> None:
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + WIDENING)
            self._wake()

    def _wake(self) -> None:
        """Let as many go on as there is room for."""
        room = self.limit - self._held
        while room > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                room -= 1


class Pace:
    """The limits of one server together.

    A refusal makes its own request wait. Where half of the latest answers were refusals, the server means everyone: all wait
    for that time, and half as many go on at once, a few more with each answer.
    """

    def __init__(self, concurrency: int, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self.slots = Slots(concurrency)
        self._requests = TokenBucket(requests_per_minute) if requests_per_minute else None
        self._tokens = TokenBucket(tokens_per_minute) if tokens_per_minute else None
        self._refused = deque([False] * max(LAST_ANSWERS, concurrency), maxlen=max(LAST_ANSWERS, concurrency))
        self._refusals = 0
        self._resumes = 0.0

    @asynccontextmanager
    async def hold(self, tokens: int) -> AsyncIterator[None]:
        """Hold a slot for a request of about so many tokens, from when it may be sent."""
        while True:
            await asyncio.sleep(self._pause())
            async with self.slots.hold():
                if self._pause() > 0:
                    continue
                if self._requests:
                    await self._requests.take(1)
                if self._tokens:
                    await self._tokens.take(tokens)
                yield
                return

    def _pause(self) -> float:
        """Seconds for which everyone still has to wait."""
        return max(0.0, self._resumes - asyncio.get_running_loop().time())

    def answered(self, reserved: int, used: int) -> None:
        """A request was answered and took so many tokens."""
        self._note(False)
        self.slots.widen()
        if self._tokens:
            self._tokens.correct(reserved, used)

    def refused(self, seconds: float) -> None:
        """A request was refused because of too many, and is to wait so long."""
        self._note(True)
        if 2 * self._refusals < len(self._refused):
            return
        if self._pause() == 0:
            self.slots.halve()
        self._resumes = max(self._resumes, asyncio.get_running_loop().time() + seconds)

    def _note(self, refused: bool) -> None:
        self._refusals += refused - self._refused[0]
        self._refused.append(refused)
