"""The offline teacher: weak tools, queries and calls by rules from names, descriptions and schemas alone.

An engine like any other, but it reads a request's structured inputs and never its messages. The same request gives the
same reply, so a second run writes the same bytes.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator, Sequence

from gentool.core.tool import Tool
from gentool.engines.engine import Reply, Request
from gentool.synth.cases import Case, draw_case, weak_arguments
from gentool.synth.values import UnsampleableError
from gentool.synth.ways import weaken_tool


class RulesTeacher:
    """Answers a teacher's tasks with JSON text; what it cannot do it says in words, which no reader accepts.

    It writes no unserved queries: what no tool serves cannot be read from schemas.
    """

    name = "rules"

    def __init__(self) -> None:
        self._drawn: tuple[str, list[Case]] = ("", [])

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            yield Reply(request.id, self._answer(request))

    def _answer(self, request: Request) -> str:
        match request.task:
            case "weaken":
                return _weaken(**request.inputs)
            case "queries":
                return self._write_queries(**request.inputs)
            case "calls":
                return self._fill_call(**request.inputs)
            case "unserved":
                return json.dumps({"queries": []})
        raise ValueError(f"the rules teacher knows no task '{request.task}'")

    def _write_queries(self, strong: Tool, weak: Tool | None, count: int, seed: int) -> str:
        cases = self._cases(strong, weak, count, seed)
        if not cases:
            return "cannot do this: no values satisfy the schema of the parameters"
        queries = [{"text": case.text, "weak_fit": case.weak_fit, "needs": [gap.label for gap in case.needs]} for case in cases]
        return json.dumps({"queries": queries}, ensure_ascii=False)

    def _fill_call(self, query: str, strong: Tool, weak: Tool | None, target: str, count: int, seed: int) -> str:
        case = next((case for case in self._cases(strong, weak, count, seed) if case.text == query), None)
        if case is None:
            return "cannot do this: the rules teacher fills calls for its own queries only"
        if weak is not None and target == weak.id:
            return json.dumps({"name": weak.name, "arguments": weak_arguments(case, strong, weak)}, ensure_ascii=False)
        return json.dumps({"name": strong.name, "arguments": case.arguments}, ensure_ascii=False)

    def _cases(self, strong: Tool, weak: Tool | None, count: int, seed: int) -> list[Case]:
        """A pair's cases; those of the pair asked for last are kept."""
        key = f"case/{seed}/{count}/{strong.id}/{weak.id if weak else ''}"
        if self._drawn[0] != key:
            self._drawn = key, list(_draw_cases(strong, weak, count, key))
        return self._drawn[1]


def _draw_cases(strong: Tool, weak: Tool | None, count: int, seed: str) -> Iterator[Case]:
    """The cases that can be drawn; what the schema gives no values for is left out, so there may be fewer than `count`."""
    for index in range(count):
        with contextlib.suppress(UnsampleableError):
            yield draw_case(strong, weak, index, count, seed)


def _weaken(tool: Tool, number: int, seed: int) -> str:
    weakened = weaken_tool(tool, random.Random(f"weaken/{seed}/{number}/{tool.id}"))
    if weakened is None:
        return "cannot do this: the schema has nothing that a weaker tool could lack"
    weak, ways = weakened
    return json.dumps({"tool": weak.model_dump(mode="json"), "ways": ways}, ensure_ascii=False)
