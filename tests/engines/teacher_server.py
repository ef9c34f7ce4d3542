"""A real HTTP server on loopback that plays an OpenAI-compatible teacher: slow, wrong, rate-limited, hanging or dead, as asked.

In a test, in a thread of its own (the counts are attributes):

    with TeacherServer(Behaviour(latency=0.01, too_many=0.05), content=answer) as server:
        settings = OpenAISettings(base_url=server.base_url)
        ...
        assert server.requests == 12 and server.answered_twice == 0

As a process of its own (it prints its base URL, serves until its standard input ends, and gives its counts at GET /count):

    python tests/engines/teacher_server.py '{"latency": 1.0, "too_many": 0.05}'

`content` decides what is said: a function of the request's body (a dict with `model`, `messages`, perhaps `response_format`)
that returns a text, or an `Answer` for anything else (tool calls, a refusal, a status, headers). Without it, the server says JSON made
from the request. Latencies and failures are drawn from the seed, the request's canonical hash and how often it was seen, so they do
not depend on the order in which requests arrive. Requests of one body are one request to the server, whatever their sample.

`usage` counts tokens as bytes of UTF-8 divided by four, rounded up, over the messages' texts, the tools and the answer's text and calls.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import random
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gentool.core.canonical import content_hash

Body = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """What the server says to one request; `status` other than 200 is an error with `text` as its message and `code` as its code.

    `calls` are names and arguments, these as the text that a model wrote.
    """

    text: str | None
    status: int = 200
    code: str | None = None
    refusal: str | None = None
    calls: Sequence[tuple[str, str]] = ()
    finish_reason: str = "stop"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """How the server behaves. Shares are of the attempts, drawn independently.

    latency: mean seconds until an answer, log-normal; spread: the standard deviation of its logarithm (0: always the mean).
    too_many: share that is refused at once with 429 and a Retry-After of `retry_after` seconds (also as retry-after-ms).
    broken: share of 500, after the latency. malformed: share of answers of status 200 whose body is cut off in the middle.
    garbled: share of well-formed answers whose text is cut off in the middle, so that it is no JSON.
    hanging: share that never gets an answer. dies_after: the server ends for good after so many answers of status 200.
    key: the key that every request must bring, else 401. usage: whether answers count their tokens.
    """

    seed: int = 0
    latency: float = 0.0
    spread: float = 0.5
    too_many: float = 0.0
    retry_after: float = 0.05
    broken: float = 0.0
    malformed: float = 0.0
    garbled: float = 0.0
    hanging: float = 0.0
    dies_after: int | None = None
    key: str | None = None
    usage: bool = True


@dataclass(frozen=True)
class Attempt:
    """One request as the server saw it: how it ended, the seconds it was held, and the seconds it asked to wait before the next."""

    outcome: str
    held: float
    wait: float = 0.0


def echo(body: Body) -> str:
    """JSON made from the request: equal requests get equal answers, others get others."""
    return json.dumps({"model": body["model"], "said": content_hash(body["messages"]), "last": body["messages"][-1]["content"][:40]})


def count_tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)


class TeacherServer:
    """The server. `requests`, `outcomes`, `seen` and `answered` (both by canonical hash) and `bodies` (the last 1,000) may be read at any time."""

    def __init__(self, behaviour: Behaviour | None = None, content: Callable[[Body], str | Answer] = echo, port: int = 0) -> None:
        self.behaviour = behaviour or Behaviour()
        self.port = port
        self.seen: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.attempts: dict[str, list[Attempt]] = {}
        self.bodies: deque[Body] = deque(maxlen=1000)
        self.most_at_once = 0
        self._at_once = 0
        self._dead = False
        self._content = content
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> int:
        return sum(self.seen.values())

    @property
    def answered_twice(self) -> int:
        """Requests that got more than one whole answer: paid for twice."""
        return sum(count > 1 for count in self.answered.values())

    def ideal_seconds(self, concurrency: int) -> float:
        """The time in which a client without any cost of its own could have got the same answers: see `schedule`."""
        return schedule(list(self.attempts.values()), concurrency)

    def count(self, concurrency: int = 1) -> dict[str, Any]:
        """What GET /count?concurrency=N gives."""
        return {
            "requests": self.requests,
            "distinct": len(self.seen),
            "answered": len(self.answered),
            "answered_twice": self.answered_twice,
            "outcomes": dict(self.outcomes),
            "most_at_once": self.most_at_once,
            "ideal_seconds": self.ideal_seconds(concurrency),
        }

    def __enter__(self) -> TeacherServer:
        import uvicorn

        quiet: dict[str, Any] = {"log_level": "error", "access_log": False, "lifespan": "off"}
        config = uvicorn.Config(self._app, host="127.0.0.1", port=self.port, interface="asgi3", timeout_graceful_shutdown=1, **quiet)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server could not start"
            time.sleep(0.002)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        assert self._thread is not None
        self._thread.join()

    async def _app(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if body is None:
            return
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            match scope["method"], scope["path"]:
                case "POST", "/v1/chat/completions":
                    await self._complete(scope, json.loads(body), receive, send)
                case "GET", "/count":
                    query = dict(part.split("=") for part in scope["query_string"].decode().split("&") if part)
                    await _send_bytes(send, 200, json.dumps(self.count(int(query.get("concurrency", 1)))).encode(), {})
                case _:
                    await _send_bytes(send, 404, _error("no such path"), {})
        finally:
            self._at_once -= 1

    async def _complete(self, scope: dict[str, Any], body: Body, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        key = content_hash(body)
        self.seen[key] += 1
        self.bodies.append(body)
        behaviour = self.behaviour
        draw = random.Random(f"{behaviour.seed}/{key}/{self.seen[key]}")
        outcome = _draw_outcome(draw.random(), behaviour)
        if behaviour.key is not None and dict(scope["headers"]).get(b"authorization") != f"Bearer {behaviour.key}".encode():
            outcome = "unauthorized"
        if outcome not in ("too_many", "unauthorized") and behaviour.latency:
            await asyncio.sleep(_draw_latency(draw, behaviour))
        if self._dead:
            outcome = "dead"
        if outcome == "hanging":
            await receive()
        outcome, status, content, headers = self._say(outcome, body)
        wait = behaviour.retry_after if outcome == "too_many" else 0.0
        self.outcomes[outcome] += 1
        self.attempts.setdefault(key, []).append(Attempt(outcome, time.monotonic() - started, wait))
        self.answered[key] += outcome in ("ok", "garbled")
        if outcome not in ("hanging", "dead"):
            await _send_bytes(send, status, content, headers)
        if behaviour.dies_after is not None and sum(self.answered.values()) >= behaviour.dies_after:
            self._die()

    def _die(self) -> None:
        """Answer nothing any more, break every connection and refuse new ones, as a process that is killed."""
        self._dead = True
        for listening in self._server.servers:
            listening.close()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()

    def _say(self, outcome: str, body: Body) -> tuple[str, int, bytes, Mapping[str, str]]:
        """What was drawn, as the outcome that is counted, a status, a body and headers."""
        match outcome:
            case "too_many":
                wait = self.behaviour.retry_after
                headers = {"retry-after": str(round(wait)), "retry-after-ms": str(wait * 1000)}
                return outcome, 429, _error("rate limit reached", "rate_limit_exceeded"), headers
            case "unauthorized":
                return outcome, 401, _error("Incorrect API key provided", "invalid_api_key"), {}
            case "broken":
                return outcome, 500, _error("the server had an error"), {}
            case "hanging" | "dead":
                return outcome, 0, b"", {}
        return self._answer(outcome, body)

    def _answer(self, outcome: str, body: Body) -> tuple[str, int, bytes, Mapping[str, str]]:
        said = self._content(body)
        answer = Answer(said) if isinstance(said, str) else said
        if answer.status != 200:
            return str(answer.status), answer.status, _error(answer.text, answer.code), answer.headers
        text = answer.text[: len(answer.text) // 2] if outcome == "garbled" and answer.text else answer.text
        reply = json.dumps(_completion(body, text, answer, self.behaviour.usage)).encode()
        return outcome, 200, reply[: len(reply) // 2] if outcome == "malformed" else reply, answer.headers


def _error(message: str | None, code: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "code": code}}).encode()


def _draw_outcome(chance: float, behaviour: Behaviour) -> str:
    for name in ("too_many", "broken", "malformed", "garbled", "hanging"):
        chance -= getattr(behaviour, name)
        if chance < 0:
            return name
    return "ok"


def _draw_latency(draw: random.Random, behaviour: Behaviour) -> float:
    """Log-normal with the mean that was asked for."""
    return behaviour.latency * draw.lognormvariate(-(behaviour.spread**2) / 2, behaviour.spread)


def _completion(body: Body, text: str | None, answer: Answer, usage: bool) -> Body:
    functions = [{"name": name, "arguments": arguments} for name, arguments in answer.calls]
    calls = [{"id": f"call_{number}", "type": "function", "function": function} for number, function in enumerate(functions)]
    message = {"role": "assistant", "content": text, "refusal": answer.refusal} | ({"tool_calls": calls} if calls else {})
    tools = count_tokens(json.dumps(body["tools"], ensure_ascii=False)) if "tools" in body else 0
    prompt = sum(count_tokens(turn["content"]) for turn in body["messages"]) + tools
    completion = count_tokens(text or "") + sum(count_tokens(json.dumps(function)) for function in functions)
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason, "logprobs": None}],
        "usage": counted if usage else None,
    }


async def _read_body(receive: Receive) -> bytes | None:
    """The request's body, None where the client went away before all of it came."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        if not event.get("more_body"):
            return bytes(body)


async def _send_bytes(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    given = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    await send({"type": "http.response.start", "status": status, "headers": [(name.encode(), value.encode()) for name, value in given.items()]})
    await send({"type": "http.response.body", "body": body})


def schedule(chains: Sequence[Sequence[Attempt]], concurrency: int) -> float:
    """Seconds in which `concurrency` slots could work through all attempts: the limit that the server's own behaviour allows.

    Each attempt takes its slot for as long as the server held it; the next of the same request comes at the earliest after
    the wait that the server asked for, in any free slot. New requests start in their order, attempts that are due before them.
    """
    slots = [0.0] * concurrency
    due: list[tuple[float, int, int]] = []
    fresh, end = 0, 0.0
    while fresh < len(chains) or due:
        free = heapq.heappop(slots)
        if fresh < len(chains) and not (due and due[0][0] <= free):
            ready, chain, number = free, fresh, 0
            fresh += 1
        else:
            ready, chain, number = heapq.heappop(due)
        attempt = chains[chain][number]
        finish = max(free, ready) + attempt.held
        heapq.heappush(slots, finish)
        if number + 1 < len(chains[chain]):
            heapq.heappush(due, (finish + attempt.wait, chain, number + 1))
        end = max(end, finish)
    return end


def main() -> None:
    """Serve with the behaviour of the first argument (JSON) until standard input ends."""
    behaviour = Behaviour(**json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"))
    with TeacherServer(behaviour) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
