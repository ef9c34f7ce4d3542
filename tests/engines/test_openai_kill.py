"""The openai engine in a process that is killed at several moments and started again: nothing that was completed is asked for again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from teacher_server import Behaviour, Body, TeacherServer

COUNT, CONCURRENCY = 200, 16

ASKS = """
import json, sys
from pathlib import Path
from gentool.engines.engine import Request
from gentool.engines.openai import OpenAIEngine, OpenAISettings
base_url, cache, count, concurrency = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
settings = OpenAISettings(base_url=base_url, api_key_env="TEACHER_KEY", concurrency=concurrency, timeout=1)
with OpenAIEngine("m", settings, Path(cache)) as engine:
    requests = [Request(str(number), "queries", ({"role": "user", "content": f"tool {number}"},)) for number in range(count)]
    for reply in engine.reply(requests):
        print(json.dumps([reply.id, reply.text, reply.error]), flush=True)
"""


def start(base_url: str, cache: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ASKS, base_url, str(cache), str(COUNT), str(CONCURRENCY)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill_after(process: subprocess.Popen[str], replies: int) -> list[str]:
    """The lines of a process that is killed when it has printed so many."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(replies)]
    process.kill()
    lines += [line for line in process.communicate()[0].splitlines() if line.endswith("]")]
    assert process.returncode == -signal.SIGKILL
    return lines


def finish(process: subprocess.Popen[str]) -> dict[str, list[str | None]]:
    lines = process.communicate()[0].splitlines()
    assert process.returncode == 0
    return {name: rest for name, *rest in map(json.loads, lines)}


def test_killed_three_times_and_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", "sk-secret-0123456789")
    asked: Counter[str] = Counter()

    def answer(body: Body) -> str:
        number = body["messages"][-1]["content"].split()[1]
        asked[number] += 1
        return f"to {number}"

    behaviour = Behaviour(latency=0.05, too_many=0.03, broken=0.03, malformed=0.03, key="sk-secret-0123456789")
    with TeacherServer(behaviour, answer) as server:
        for moment in (10, 60, 130):
            handed_on = {json.loads(line)[0] for line in kill_after(start(server.base_url, tmp_path / "c"), moment)}
            before = {name: asked[name] for name in handed_on}
            assert moment <= len(handed_on) < COUNT
        replies = finish(start(server.base_url, tmp_path / "c"))
        assert {name: asked[name] for name in handed_on} == before, "what was handed on before the kill was not asked for again"
        assert server.answered_twice <= 3 * CONCURRENCY, "at most what was in flight at the kills"
        assert finish(start(server.base_url, tmp_path / "unbroken")) == replies
    assert len(replies) == COUNT and all(error is None for _, error in replies.values())
    assert all(b"sk-secret" not in path.read_bytes() for path in tmp_path.iterdir())
