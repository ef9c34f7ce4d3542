"""The engine `openai:MODEL`: any OpenAI-compatible server, asked for many things at once, with nothing sent or paid for twice.

Requests in, replies out as they come. The asyncio loop runs in a thread of its own; two requests for each slot are open at
once, whatever the number of requests, so memory stays flat. gentool.synth.teacher and
gentool.evaluate.predictors make the engine and close it.
"""

from __future__ import annotations

import asyncio
import os
import queue
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator

from gentool.core.canonical import content_hash
from gentool.core.errors import RecipeError, TeacherError
from gentool.core.recipe import Settings
from gentool.engines.background import BackgroundLoop, cancel
from gentool.engines.cache import CachedReply, ReplyCache
from gentool.engines.completion import Failure, Kind, estimate_prompt, make_body, read_completion, read_connection_error, read_kept, read_status_error
from gentool.engines.connections import Connections
from gentool.engines.engine import Fault, Reply, Request
from gentool.engines.limits import Pace, back_off
from gentool.engines.prices import Price, Spending, spend

OPENAI_URL = "https://api.openai.com/v1"

FAILURES_IN_A_ROW = 8
"""So many requests that fail before the first answer, or later one for each slot, mean that something is wrong with all of them."""

LONGEST_RETRY_AFTER = 300.0
"""Seconds; a server that asks for more ends the run, which goes on when it is started again."""

FAULTS: dict[Kind, Fault] = {"final": "request", "withheld": "answer"}
"""Whose errors the failures are that no further attempt mends."""

FIRST_COMPLETION = 512
"""Tokens reserved for an answer before the first one has shown how long they are."""


class OpenAISettings(Settings):
    """How an OpenAI-compatible server is asked.

    base_url: where it is, as `http://127.0.0.1:8000/v1`; none: OpenAI's own. api_key_env: the environment variable that holds the key.
    concurrency: requests in flight at once. requests_per_minute, tokens_per_minute: the account's limits; none: as the server lets us.
    timeout: seconds for one attempt. max_retries: further attempts after a failure that may pass.
    temperature: none: the model's own. max_tokens: where an answer is cut off.
    json_schema: send the schema of the answer (`response_format`); turn it off for servers that refuse it.
    prices: by the model's name, for a million tokens. budget: the most to be spent, in the currency of the prices; all that the
        cache holds of the model counts.
    """

    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(default=16, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    timeout: float = Field(default=120.0, gt=0)
    max_retries: int = Field(default=6, ge=0)
    temperature: float | None = Field(default=0.7, ge=0)
    max_tokens: int = Field(default=4096, ge=1)
    json_schema: bool = True
    prices: dict[str, Price] = Field(default_factory=dict)
    budget: float | None = Field(default=None, gt=0)

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError(f"{value}: write the whole address, as http://127.0.0.1:8000/v1")
        return value.rstrip("/") if value else None


def identify_request(request: Request, model: str, settings: OpenAISettings) -> tuple[dict[str, Any], tuple[str, int]]:
    """The body that is sent for a request, and the key and sample under which the cache holds its reply."""
    url = settings.base_url or OPENAI_URL
    body = make_body(request, model, settings.temperature, settings.max_tokens, settings.json_schema, url == OPENAI_URL)
    return body, (content_hash(url, body, length=32), request.sample)


class _ExhaustedError(TeacherError):
    """Nothing more can be paid for; what is in flight is waited for."""


@dataclass
class _Round:
    """One call of `reply`: what is still to ask, what was answered, and which of its tasks have a request in flight."""

    requests: Iterator[Request]
    room: asyncio.Semaphore
    outbox: queue.SimpleQueue[Reply | BaseException | None] = field(default_factory=queue.SimpleQueue)
    sending: set[asyncio.Task[Any] | None] = field(default_factory=set)
    stopped: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class OpenAIEngine:
    """Answers requests with a model behind an OpenAI-compatible server; `cache` is the file of its replies.

    `table` is where the recipe holds the settings, for messages. Raises TeacherError where no request can succeed: no key or a
    wrong one, no server, the budget used up. A single request that is refused or given up on becomes a reply with an error.
    """

    def __init__(self, model: str, settings: OpenAISettings, cache: Path, table: str = "synth.openai") -> None:
        self.name = f"openai:{model}"
        self._table = table
        self._model = model
        self._settings = settings
        self._base_url = settings.base_url or OPENAI_URL
        self._key = _read_key(settings, table)
        self._price = settings.prices.get(model)
        if settings.budget is not None and self._price is None:
            lacking = "there is no price for the model, so the budget cannot be kept"
            raise RecipeError(f"{table}.budget: {lacking}: add prices.{model} (input, output)")
        self._cache = ReplyCache(cache)
        paid = self._cache.paid(model)
        self._earlier = spend(paid.usage, self._price, paid.answers, paid.estimated)
        self._spent = Spending(cost=None if self._price is None else 0.0)
        self._pace = Pace(settings.concurrency, settings.requests_per_minute, settings.tokens_per_minute)
        self._completion = float(min(FIRST_COMPLETION, settings.max_tokens))
        self._failed_in_a_row = 0
        self._flights: dict[tuple[str, int], asyncio.Event] = {}
        self._draw = random.Random()
        self._connections = Connections(self._base_url, self._key, settings.timeout, settings.concurrency)
        self._background: BackgroundLoop | None = None

    @property
    def spent(self) -> Spending:
        """What this engine has asked for and paid since it was made."""
        return self._spent

    @property
    def paid(self) -> Spending:
        """All that the cache holds of this model, earlier runs included: what the budget is held against."""
        return self._earlier.add(self._spent)

    def close(self) -> None:
        """End the connections, the thread and the cache."""
        if self._background is not None:
            self._background.close(self._connections.close())
            self._background = None
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        background = self._background = self._background or BackgroundLoop(self.name)
        current = _Round(iter(requests), asyncio.Semaphore(4 * self._settings.concurrency))
        tasks = min(len(requests), 2 * self._settings.concurrency)
        serving = background.start(self._serve(current, tasks))
        try:
            while (item := current.outbox.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
                background.tell(current.room.release)
        finally:
            serving.cancel()
            current.done.wait()

    async def _serve(self, current: _Round, tasks: int) -> None:
        """Work through a round; the last thing in its outbox is None, or what ended it early."""
        workers = [asyncio.create_task(self._work(current)) for _ in range(tasks)]
        fault: BaseException | None = RuntimeError(f"{self.name} was closed before all replies were there")
        try:
            finished = (await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION))[0] if workers else set()
            fault = next((worker.exception() for worker in finished if worker.exception()), None)
            current.stopped = True
            kept = current.sending if isinstance(fault, _ExhaustedError) else set()
            await cancel([worker for worker in workers if worker not in kept])
            await asyncio.gather(*workers, return_exceptions=True)
        finally:
            await cancel(workers)
            current.outbox.put(fault)
            current.done.set()

    async def _work(self, current: _Round) -> None:
        for request in current.requests:
            await current.room.acquire()
            reply = await self._answer(request, current)
            if reply is not None:
                current.outbox.put(reply)
            if current.stopped:
                return

    async def _answer(self, request: Request, current: _Round) -> Reply | None:
        """The reply from the cache, or from the server; None where the round was stopped before there was one."""
        body, identity = identify_request(request, self._model, self._settings)
        while (held := self._cache.get(*identity)) is None and identity in self._flights:
            await self._flights[identity].wait()
        if held is not None:
            self._spent = replace(self._spent, from_cache=self._spent.from_cache + 1)
            return read_kept(held, request)
        landed = self._flights[identity] = asyncio.Event()
        try:
            found = await self._ask(body, identity, current)
        finally:
            del self._flights[identity]
            landed.set()
        if found is None:
            return None
        if isinstance(found, Failure):
            return Reply(request.id, "", error=found.message, fault=FAULTS.get(found.kind, "server"))
        return read_kept(found, request)

    async def _ask(self, body: dict[str, Any], identity: tuple[str, int], current: _Round) -> CachedReply | Failure | None:
        """Send until there is an answer or no attempt is left. Refusals for too many count only while nothing else is answered."""
        failed, refused, answers = 0, 0, self._spent.answers
        while True:
            found = await self._send(body, identity, current)
            if isinstance(found, CachedReply):
                return found
            if current.stopped:
                return None
            self._raise_if_fatal(found)
            if found.kind == "too_many":
                refused = 1 if self._spent.answers > answers else refused + 1
                answers = self._spent.answers
            else:
                failed += 1
            if found.kind in FAULTS or max(failed, refused) > self._settings.max_retries:
                if found.kind == "unreachable":
                    raise TeacherError(self._hide(self._describe_unreachable(found)))
                return self._give_up(found, failed + refused)
            await asyncio.sleep(self._wait(found, failed + refused))

    async def _send(self, body: dict[str, Any], identity: tuple[str, int], current: _Round) -> CachedReply | Failure:
        """One attempt, within the limits and the budget; an answer is stored before anything else happens."""
        reserved = estimate_prompt(body) + round(self._completion)
        async with self._pace.hold(reserved):
            self._check_budget()
            task = asyncio.current_task()
            current.sending.add(task)
            try:
                self._spent = replace(self._spent, requests=self._spent.requests + 1)
                found = await self._post(body)
                if isinstance(found, CachedReply):
                    self._store(found, identity, reserved)
                elif found.kind == "too_many":
                    self._pace.refused(self._wait(found, 0))
                return found
            finally:
                current.sending.discard(task)

    async def _post(self, body: dict[str, Any]) -> CachedReply | Failure:
        from openai import APIConnectionError, APIStatusError

        self._connections.open()
        try:
            async with asyncio.timeout(self._settings.timeout):
                content = await self._connections.post(body)
        except TimeoutError:
            return Failure("passing", f"no answer within {self._settings.timeout:g} seconds")
        except APIStatusError as error:
            return read_status_error(error)
        except APIConnectionError as error:
            return read_connection_error(error)
        return read_completion(content, body)

    def _store(self, reply: CachedReply, identity: tuple[str, int], reserved: int) -> None:
        usage = reply.usage
        self._cache.put(*identity, self._model, reply)
        self._failed_in_a_row = 0
        self._spent = self._spent.add(spend(usage, self._price, estimated=reply.estimated))
        self._pace.answered(reserved, usage.prompt_tokens + usage.completion_tokens)
        self._completion += 0.1 * (usage.completion_tokens - self._completion)

    def _wait(self, failure: Failure, failed: int) -> float:
        """Seconds before the next attempt: what the server asks for and a little more, so that clients part, or the back-off."""
        wait = back_off(max(0, failed - 1), self._draw)
        return wait if failure.wait is None else failure.wait + self._draw.uniform(0, min(wait, 0.1 * failure.wait + 0.05))

    def _check_budget(self) -> None:
        budget, cost = self._settings.budget, self.paid.cost
        if budget is not None and cost is not None and cost >= budget:
            advice = f"raise {self._table}.budget and run the same command; what was paid for is kept"
            raise _ExhaustedError(f"the budget of {budget:.2f} is used up ({cost:.2f} spent): {advice}")

    def _raise_if_fatal(self, failure: Failure) -> None:
        said = f"{self._base_url}: {failure.message}"
        if failure.kind == "unauthorized":
            unset = "" if os.environ.get(self._settings.api_key_env) else ", which is not set"
            raise TeacherError(self._hide(f"{said}: check the key in the environment variable {self._settings.api_key_env}{unset}"))
        if failure.kind == "exhausted":
            raise _ExhaustedError(self._hide(f"{said}: pay in more and run the same command; what was paid for is kept"))
        if failure.wait is not None and failure.wait > LONGEST_RETRY_AFTER:
            raise _ExhaustedError(self._hide(f"{said}: the server asks to wait {failure.wait:.0f} seconds; run the same command again then"))

    def _give_up(self, failure: Failure, failed: int) -> Failure:
        """The failure as its reply tells it. Raises TeacherError where so many fail alike that it is not for the requests."""
        message = self._hide(failure.message if failure.kind in FAULTS else f"{failure.message}; given up after {failed} attempts")
        self._failed_in_a_row += 1
        answered = self.paid.answers > 0
        if answered and failure.kind not in FAULTS and self._failed_in_a_row >= max(FAILURES_IN_A_ROW, self._settings.concurrency):
            said = f"none of the last {self._failed_in_a_row} requests was answered; the last: {message}"
            raise TeacherError(f"{self._base_url}: {said}: run the same command again when the server is well; what was answered is kept")
        if not answered and self._failed_in_a_row >= FAILURES_IN_A_ROW:
            said = f"none of the first {self._failed_in_a_row} requests was answered; the last: {message}"
            advice = f"check the model's name and the settings in {self._table} (base_url, json_schema, temperature, max_tokens)"
            raise TeacherError(f"{self._base_url}: {said}: {advice}")
        return replace(failure, message=message)

    def _describe_unreachable(self, failure: Failure) -> str:
        advice = f"start the server or correct {self._table}.base_url, and run the same command; what was answered is kept"
        return f"{self._base_url}: the server cannot be reached ({failure.message}): {advice}"

    def _hide(self, message: str) -> str:
        """A message without the key, should a server repeat it."""
        return message.replace(self._key.get_secret_value(), "***") if self._key.get_secret_value() != NO_KEY else message


NO_KEY = "none"
"""What is sent to servers that need no key."""


def _read_key(settings: OpenAISettings, table: str) -> SecretStr:
    """The key of the environment. Raises TeacherError, which names the variable, where OpenAI's own server needs one."""
    key = os.environ.get(settings.api_key_env, "").strip()
    if not key and settings.base_url is None:
        raise TeacherError(f"the environment variable {settings.api_key_env} holds no key: set it, or name another in {table}.api_key_env")
    if not (key.isascii() and key.isprintable()):
        raise TeacherError(f"the environment variable {settings.api_key_env} holds characters that no key has: set it anew")
    return SecretStr(key or NO_KEY)
