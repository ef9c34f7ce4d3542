"""The openai engine against a slow and faulty server: throughput, processor time and memory, with nothing lost or paid for twice.

The server (tests/engines/teacher_server.py, a process of its own) draws log-normal latencies and refuses, fails, garbles or
hangs. It computes the time in which a client without any cost of its own could have got the same answers: the limit.

    python benchmarks/teacher.py [--requests 5000] [--concurrency 256] [--latency 1.0]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from gentool.engines.engine import Request
from gentool.engines.openai import OpenAIEngine, OpenAISettings

SERVER = Path(__file__).parent.parent / "tests" / "engines" / "teacher_server.py"
CONTEXT = "You write queries that people would ask of a tool. " * 40


def make_requests(count: int) -> list[Request]:
    """Requests of about 2 kB, a common head first, as the pipeline's are."""
    schema = {"type": "object", "properties": {"queries": {"type": "array", "items": {"type": "string"}}}}
    return [
        Request(str(number), "queries", ({"role": "system", "content": CONTEXT}, {"role": "user", "content": f"Tool {number}"}), schema=schema)
        for number in range(count)
    ]


def resident_megabytes() -> float:
    """The memory of this process that is in use now."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def measure(engine: OpenAIEngine, requests: list[Request]) -> dict[str, float]:
    """Work through the requests; times and memory from the tenth part on, when connections and caches are there."""
    start, processor, failed, most = time.perf_counter(), time.process_time(), 0, 0.0
    settled = resident_megabytes()
    for number, reply in enumerate(engine.reply(requests), start=1):
        failed += reply.error is not None
        if number == len(requests) // 10:
            settled = resident_megabytes()
        if number % 100 == 0:
            most = max(most, resident_megabytes())
    seconds = time.perf_counter() - start
    processor = time.process_time() - processor
    return {"seconds": seconds, "processor": processor, "failed": failed, "growth": most - settled, "most": most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--timeout", type=float, default=10.0)
    options = parser.parse_args()
    behaviour = {"latency": options.latency, "too_many": 0.05, "retry_after": 1.0, "broken": 0.03, "malformed": 0.05, "hanging": 0.01}
    command = [sys.executable, str(SERVER), json.dumps(behaviour)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server, tempfile.TemporaryDirectory() as folder:
        assert server.stdin is not None and server.stdout is not None
        base_url = server.stdout.readline().strip()
        settings = OpenAISettings(base_url=base_url, concurrency=options.concurrency, timeout=options.timeout)
        with OpenAIEngine("teacher", settings, Path(folder) / "replies.sqlite") as engine:
            warm_up(engine)
            before = count(base_url, options.concurrency)
            measured = measure(engine, make_requests(options.requests))
            print_results(measured, options.requests, engine.spent.requests - 1, count(base_url, options.concurrency), before)
        server.stdin.close()


def warm_up(engine: OpenAIEngine) -> None:
    """One request, so that libraries are loaded before the clock starts."""
    list(engine.reply([Request("warm", "warm", ({"role": "user", "content": "warm up"},))]))


def count(base_url: str, concurrency: int) -> dict[str, Any]:
    address = base_url.removesuffix("/v1") + f"/count?concurrency={concurrency}"
    with urllib.request.urlopen(address) as answer:
        counted: dict[str, Any] = json.load(answer)
        return counted


def print_results(measured: dict[str, float], requests: int, attempts: int, counted: dict[str, Any], before: dict[str, Any]) -> None:
    reached, limit = requests / measured["seconds"], requests / (counted["ideal_seconds"] - before["ideal_seconds"])
    print(f"replies     {requests} ({measured['failed']:.0f} with an error), {attempts} attempts: {counted['outcomes']}")
    print(f"twice       {counted['answered_twice']} answered twice; at most {counted['most_at_once']} at once")
    print(f"throughput  {reached:.1f} a second, {100 * reached / limit:.1f}% of the server's limit of {limit:.1f}")
    print(f"processor   {1000 * measured['processor'] / requests:.2f} ms a request, {1000 * measured['processor'] / attempts:.2f} ms an attempt")
    print(f"memory      grew by {measured['growth']:.1f} MB, at most {measured['most']:.1f} MB")


if __name__ == "__main__":
    main()
