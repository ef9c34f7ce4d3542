"""The server that plays a teacher: it behaves as it is told, counts what it sees, and knows the limit that it sets."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from teacher_server import Attempt, Behaviour, TeacherServer, schedule

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "teacher.py"


def ask(server: TeacherServer, text: str, timeout: float = 5) -> Any:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(f"{server.base_url}/chat/completions", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def outcome_of(server: TeacherServer, text: str) -> str:
    try:
        return "ok" if json.loads(ask(server, text))["choices"] else "empty"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.headers.get('retry-after-ms')}"
    except (ValueError, OSError) as error:
        return type(error).__name__


def test_the_same_seed_draws_the_same_failures_in_any_order() -> None:
    behaviour = Behaviour(seed=3, too_many=0.3, broken=0.2, malformed=0.2, retry_after=0.2)
    texts = [f"text {number}" for number in range(40)]
    outcomes = []
    for order in (texts, texts[::-1]):
        with TeacherServer(behaviour) as server:
            outcomes.append({text: outcome_of(server, text) for text in order})
            assert server.requests == 40 and sum(server.outcomes.values()) == 40
    assert outcomes[0] == outcomes[1]
    assert set(outcomes[0].values()) == {"ok", "429 200.0", "500 None", "JSONDecodeError"}


def test_requests_are_counted_by_what_they_say() -> None:
    with TeacherServer() as server:
        first = ask(server, "a")
        assert ask(server, "a") == first and ask(server, "b") != first
        with urllib.request.urlopen(server.base_url.removesuffix("/v1") + "/count?concurrency=2") as answer:
            counted = json.load(answer)
    assert (counted["requests"], counted["distinct"], counted["answered_twice"]) == (3, 2, 1)


def test_a_dead_server_answers_nothing_more() -> None:
    with TeacherServer(Behaviour(dies_after=2)) as server:
        assert outcome_of(server, "a") in ("ok", "RemoteDisconnected")
        outcome_of(server, "b")
        with pytest.raises(OSError):
            ask(server, "c")
        assert server.requests == 2


def test_the_limit_is_that_of_a_client_without_cost() -> None:
    one = [Attempt("ok", 1.0)]
    assert schedule([one] * 4, 1) == 4.0 and schedule([one] * 4, 2) == 2.0 and schedule([one] * 4, 9) == 1.0
    assert schedule([[Attempt("too_many", 0.0, 3.0), Attempt("ok", 1.0)]], 1) == 4.0
    again = [Attempt("too_many", 0.0, 3.0), Attempt("ok", 1.0)]
    assert schedule([again, one, one, one], 1) == 4.0, "a request that waits leaves its slot to others"
    assert schedule([[Attempt("hanging", 5.0), Attempt("ok", 1.0)], one, one], 2) == 6.0


def test_the_benchmark_runs() -> None:
    command = [sys.executable, str(BENCHMARK), "--requests", "60", "--concurrency", "16", "--latency", "0.02", "--timeout", "0.5"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "replies     60 (0 with an error)" in printed and "0 answered twice" in printed and "% of the server's limit" in printed
