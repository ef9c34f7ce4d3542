"""The starter teacher: the answers that people wrote for the tools of the starter set, given back as recorded.

An engine like any other; it reads a request's structured inputs and never its messages. Asked about a tool that the set
does not hold, or holds with another definition, it says so in words, which no reader accepts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from gentool.core.schema import schema_faults
from gentool.core.tool import Tool
from gentool.engines.engine import Reply, Request
from gentool.starter import read_starter_families, read_starter_queries, read_starter_tools, read_unserved_queries
from gentool.starter.records import StarterFamily, StarterQuery


class StarterTeacher:
    """Answers a teacher's tasks from the starter set's files."""

    name = "starter"

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            yield Reply(request.id, self._answer(request))

    def _answer(self, request: Request) -> str:
        inputs = request.inputs
        match request.task:
            case "weaken":
                return self._weaken(inputs["tool"], inputs["number"])
            case "queries":
                return self._queries(inputs["strong"], inputs["weak"], inputs["count"])
            case "calls":
                return self._call(inputs["query"], inputs["strong"], inputs["weak"], inputs["target"])
            case "unserved":
                return self._unserved(inputs["domain"], inputs["count"])
        raise ValueError(f"the starter teacher knows no task '{request.task}'")

    @cached_property
    def _families(self) -> dict[str, StarterFamily]:
        """The families by the id of the strong tool: a tool of another definition is another tool."""
        ids = {tool.name: tool.id for tool in read_starter_tools()}
        return {ids[family.strong]: family for family in read_starter_families()}

    @cached_property
    def _by_strong(self) -> dict[str, list[StarterQuery]]:
        found: dict[str, list[StarterQuery]] = {}
        for query in read_starter_queries():
            found.setdefault(query.strong, []).append(query)
        return found

    def _weaken(self, tool: Tool, number: int) -> str:
        family = self._families.get(tool.id)
        if family is None:
            return f"cannot do this: the starter set holds no tool {tool.id}"
        if number:
            return "cannot do this: the starter set holds one weak tool for each strong one"
        return _to_json({"tool": family.weak.model_dump(mode="json"), "ways": family.ways, "renamed": family.renamed})

    def _queries(self, strong: Tool, weak: Tool | None, count: int) -> str:
        """The first `count` queries as recorded; without a weak tool (`weak_per_tool: 0`) nothing is said of its fit."""
        if strong.id not in self._families:
            return f"cannot do this: the starter set holds no tool {strong.id}"
        recorded = self._by_strong[strong.name][:count]
        if weak is None:
            return _to_json({"queries": [{"text": query.text, "also": [*query.also, *query.partly]} for query in recorded]})
        written = [query.model_dump(include={"text", "weak_fit", "needs"}) | {"also": [*query.also, *query.partly]} for query in recorded]
        return _to_json({"queries": written})

    def _call(self, query: str, strong: Tool, weak: Tool | None, target: str) -> str:
        recorded = next((own for own in self._by_strong.get(strong.name, []) if own.text == query), None)
        if recorded is None:
            return "cannot do this: the starter set holds no such query"
        tool, arguments = (weak, recorded.weak_call) if weak is not None and target == weak.id else (strong, recorded.call)
        if tool is None or arguments is None:
            return "cannot do this: the weak tool does not serve this query"
        return _to_json({"name": tool.name, "arguments": arguments, **_notes(recorded, tool)})

    def _unserved(self, domain: str | None, count: int) -> str:
        own = [query for query in read_unserved_queries() if query.domain == domain][:count]
        return _to_json({"queries": [query.model_dump(include={"text", "near"}) for query in own]})


def _notes(query: StarterQuery, tool: Tool) -> dict[str, dict[str, Sequence[Any]]]:
    """The evidence and the alternatives that concern a tool's own parameters."""
    return {
        "evidence": {name: spans for name, spans in query.spans.items() if name in tool.properties},
        "alternatives": {name: _valid(values, tool.properties[name]) for name, values in query.alternatives.items() if name in tool.properties},
    }


def _valid(values: list[Any], schema: dict[str, Any]) -> list[Any]:
    return [value for value in values if not schema_faults(value, schema)]


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
