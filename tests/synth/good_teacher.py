"""A scripted teacher that answers well: it reads prompts as a model would see them, and lets the rules teacher find the answers.

`GoodTeacher()` is the content of a teacher server (tests/engines/teacher_server.py). `clumsy` is the share of questions whose
first answer cannot be used; `hopeless` that of calls that never get an answer that can.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from typing import Any

from gentool.core.canonical import content_hash
from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.synth import calls, judge, queries, unserved, weaken
from gentool.synth.rules import RulesTeacher

TASKS = {
    weaken.INSTRUCTIONS: "weaken",
    queries.INSTRUCTIONS: "queries",
    calls.INSTRUCTIONS: "calls",
    unserved.INSTRUCTIONS: "unserved",
    judge.INSTRUCTIONS: "judge",
}
BROKEN = ("I am sorry, I cannot.", "{}", '{"queries": [', '```json\n{"name": 3}\n```')
Pair = tuple[Tool, Tool | None, int]


class GoodTeacher:
    """Answers the body of a chat completion with text. `asked` counts by task, `told` holds the complaints that it was shown."""

    def __init__(self, clumsy: float = 0.0, hopeless: float = 0.0) -> None:
        self.clumsy, self.hopeless = clumsy, hopeless
        self.asked: Counter[str] = Counter()
        self.told: list[str] = []
        self._rules = RulesTeacher()
        self._pairs: dict[str, tuple[Pair, dict[str, Any]]] = {}

    def __call__(self, body: dict[str, Any]) -> str:
        system, user, *rest = (message["content"] for message in body["messages"])
        task, draw = TASKS[system], random.Random(content_hash(user))
        self.asked[task] += 1
        self.told += rest[1::2]
        if (draw.random() < self.clumsy and not rest) or (task == "calls" and draw.random() < self.hopeless):
            return draw.choice(BROKEN)
        return self._answer(task, user)

    def _answer(self, task: str, user: str) -> str:
        tools = [Tool.model_validate_json(line) for line in user.splitlines() if line.startswith('{"name"')]
        match task:
            case "weaken":
                return self._ask(task, tool=tools[0], number=0, seed=0)
            case "queries":
                return self._write_queries(tools[0], tools[1] if len(tools) > 1 else None, int(re.findall(r"Write (\d+) queries", user)[-1]))
            case "unserved":
                names = re.findall(r"^- (\w+)", user, re.MULTILINE)[:2]
                return json.dumps({"queries": [{"text": f"Tell me a joke about {name.replace('_', ' ')}", "near": [name]} for name in names]})
        query = user.split("The query:\n")[1]
        if query not in self._pairs:
            return json.dumps({"full": [], "partial": []})
        (strong, weak, count), written = self._pairs[query]
        if task == "judge":
            weak_name = [weak.name] if weak else []
            fits = {"full": [strong.name], "partial": [], "none": []}
            fits[written["weak_fit"]] += weak_name
            return json.dumps({"full": fits["full"], "partial": fits["partial"]})
        return self._ask(task, query=query, strong=strong, weak=weak, target=tools[0].id, count=count, seed=0)

    def _write_queries(self, strong: Tool, weak: Tool | None, count: int) -> str:
        text = self._ask("queries", strong=strong, weak=weak, count=count, seed=0)
        if text.startswith("{"):
            for written in json.loads(text)["queries"]:
                self._pairs[written["text"]] = (strong, weak, count), written
        return text

    def _ask(self, task: str, **inputs: Any) -> str:
        (reply,) = self._rules.reply([Request("one", task, inputs=inputs)])
        return reply.text
