"""Collects what a reader of a benchmark finds: its records come in one by one, a Bench goes out. Called by `bench_bfcl` and its like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example, Gold, Wanted
from gentool.core.jsonl import describe_validation_error
from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.formats.bench import Bench, Oddity, Refusal
from gentool.formats.bench_tools import Definition, make_tool_set

ABSTENTION = Wanted(call=ABSTAIN)
MOST_SHOWN = 300
"""How many characters an oddity has."""
ROLES = {"system": "System", "user": "User", "assistant": "Assistant"}


class BenchCollector:
    """The examples, oddities and refusals of one benchmark so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._examples: dict[str, Example] = {}
        self._oddities: dict[Oddity, None] = {}
        self._refused: list[Refusal] = []

    def id_of(self, record: Any) -> str:
        """The id of an example, from what the benchmark calls its record."""
        return f"{self._name}/{record}"

    def note(self, identifier: str, what: str) -> None:
        """Keep an oddity of an example, once."""
        self._oddities[Oddity(identifier, what)] = None

    def refuse(self, where: str, reason: str) -> None:
        """Note that something cannot be used."""
        self._refused.append(Refusal(where, reason))

    def make_tools(self, identifier: str, definitions: Iterable[Definition]) -> ToolSet:
        """The tool set of a record; what was changed is noted. Raises ValueError where it cannot be one."""
        tools, oddities = make_tool_set(definitions)
        for oddity in oddities:
            self.note(identifier, oddity)
        return tools

    def add(
        self,
        identifier: str,
        category: str,
        query: str,
        tools: ToolSet,
        wanted: Sequence[Wanted] = (ABSTENTION,),
        acceptable: Sequence[Call] = (),
        gold: Gold = "call",
        source: dict[str, Any] | None = None,
    ) -> None:
        """Keep an example. Raises ValueError where it is none, or its id was there before.

        `wanted` are the calls of the answer, the first of which heads the ranking; `acceptable` those of tools that would
        serve as well.
        """
        if identifier in self._examples:
            raise ValueError("its id stands for another record, too")
        if not wanted:
            raise ValueError("no right answer is given for it")
        first = wanted[0]
        answer = first.call
        if gold == "call":
            self._check_gold(identifier, tools, [one.call for one in wanted])
        self._examples[identifier] = Example(
            id=identifier,
            pair=identifier,
            family=identifier,
            query_id=identifier,
            kind="given",
            category=category,
            query=query,
            tools=tools,
            ranking=tuple(dict.fromkeys((answer.name, GENERATE_RESPONSE))),
            answer=answer,
            acceptable=tuple(acceptable) or (() if answer.abstains else (answer,)),
            alternatives=first.alternatives,
            further=tuple(wanted[1:]),
            gold=gold,
            source=source,
        )

    def _check_gold(self, identifier: str, tools: ToolSet, calls: Iterable[Call]) -> None:
        """Note where a right call is wrong by its own tool's schema."""
        for call in calls:
            tool = tools.by_name(call.name)
            for fault in _faults(call, tool) if tool else ():
                self.note(identifier, f"gold does not fit the schema of '{call.name}': {fault}"[:MOST_SHOWN])

    def result(self) -> Bench:
        """Everything that was collected; what was odd about refused records is left out, as they say why themselves."""
        oddities = tuple(oddity for oddity in self._oddities if oddity.id in self._examples)
        return Bench(self._name, tuple(self._examples.values()), oddities, tuple(self._refused))


def _faults(call: Call, tool: Tool) -> list[str]:
    """What a call lacks by its tool's schema; a schema that cannot be applied is said."""
    from referencing.exceptions import Unresolvable

    try:
        return schema_faults(call.arguments, tool.parameters)
    except (RecursionError, Unresolvable, re.error) as error:
        return [f"the schema cannot be applied ({type(error).__name__}: {error})"]


def describe(error: ValueError) -> str:
    """Why a record cannot be an example, in one line."""
    return describe_validation_error(error) if isinstance(error, ValidationError) else str(error)


def fold_messages(messages: Sequence[Any]) -> tuple[str, list[str]]:
    """A chat as one query and what was odd about it: a single message of the user as it stands, else every message with its role.

    Raises ValueError where it does not end with the user's words.
    """
    if not all(isinstance(message, dict) and isinstance(message.get("content"), str) for message in messages):
        raise ValueError("its question must be a list of messages with text")
    roles = [message.get("role") for message in messages]
    if not roles or roles[-1] != "user" or not messages[-1]["content"].strip():
        raise ValueError("its question does not end with words of the user")
    if len(messages) == 1:
        return messages[0]["content"], []
    oddities = ["a system message is folded into the query"] if "system" in roles else []
    if len(roles) - roles.count("system") > 1:
        oddities.append("earlier messages are folded into the query")
    text = "\n\n".join(f"{ROLES.get(role, str(role))}: {message['content']}" for role, message in zip(roles, messages, strict=True))
    return text, oddities
