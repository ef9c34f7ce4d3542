"""What a server says that knows every right answer: the content of a teacher_server.TeacherServer, in JSON or as tool calls.

`said` replaces the answers to some examples' calls, by their ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from teacher_server import Answer, Body

from gentool.core.canonical import content_hash
from gentool.core.example import Example
from gentool.engines.completion import make_body
from gentool.engines.tool_calls import choose_sent_names
from gentool.evaluate.predict import make_request
from gentool.prompts import TASKS, PromptSettings, Task, render_answer


class GoldServer:
    def __init__(self, examples: Sequence[Example], prompts: PromptSettings, said: Mapping[str, Answer] | None = None) -> None:
        self.said = said or {}
        self.asked: list[str] = []
        self._prompts = prompts
        self._known: dict[str, tuple[Example, Task]] = {}
        for example in examples:
            for task in TASKS:
                self._known[_key(make_body(make_request(example, task, prompts), "m", None, 1, False, False))] = example, task

    def __call__(self, body: Body) -> Answer:
        example, task = self._known[_key(body)]
        self.asked.append(f"{task}/{example.id}")
        names = choose_sent_names(example.tools.names)
        if task == "rank":
            return Answer(json.dumps([names.get(name, name) for name in example.ranking] if self._native else example.ranking))
        if example.id in self.said:
            return self.said[example.id]
        if not self._native:
            return Answer(render_answer("select", example.ranking, example.answer))
        if example.answer.abstains:
            return Answer("I have no tool for that.")
        return Answer(None, calls=[(names[example.answer.name], json.dumps(example.answer.arguments))], finish_reason="tool_calls")

    @property
    def _native(self) -> bool:
        return self._prompts.answer == "native"


def _key(body: Mapping[str, Any]) -> str:
    return content_hash(body["messages"], body.get("tools"))
