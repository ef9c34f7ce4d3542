"""One call read from JSON: a model's text in; a call out, with what had to be repaired to read it.

Called by gentool.prompts.read, and by gentool.prompts.native_calls for the native formats that hold JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gentool.core.call import Call
from gentool.core.tool import GENERATE_RESPONSE
from gentool.prompts.json_values import find_values, parse_json


@dataclass(frozen=True)
class ReadCall:
    """An answer as it was read. `call` is None exactly where it could not be read; `fault` then says why."""

    call: Call | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


def read_json_call(text: str) -> ReadCall:
    """Read one call from a model's text.

    Read although not asked for, each named in `repairs`: thinking before the answer, code fences, text around the
    JSON, Hermes `<tool_call>` and other models' call markers, single quotes and other Python literals, trailing commas,
    `parameters` for `arguments`, arguments as a JSON string, OpenAI's `function` wrapper, a list of one call. A ranking
    beside the call, as the task `joint` asks for it, is passed over. Anything else, words without a call among them, is a
    fault: it is not abstention.
    """
    found = find_values(text)
    calls: list[tuple[Call, tuple[str, ...]]] = []
    for value, repairs in found:
        items, wrapped = (value, ("list of calls",)) if isinstance(value, list) else ([value], ())
        for item in items:
            call, mended = _call_of(item)
            if call is not None:
                calls.append((call, (*repairs, *wrapped, *mended)))
    if not calls:
        return ReadCall(None, (), "no readable JSON in the answer" if not found else 'no object with "name" and "arguments"')
    return choose_call(calls)


def choose_call(calls: Sequence[tuple[Call, tuple[str, ...]]]) -> ReadCall:
    """The first of the calls of an answer (at least one), each with its repairs; a fault where they differ."""
    distinct = {json.dumps([call.name, call.arguments], sort_keys=True) for call, _ in calls}
    if len(distinct) > 1:
        return ReadCall(None, (), f"{len(distinct)} different calls where one was asked for")
    call, repairs = calls[0]
    return ReadCall(call, tuple(dict.fromkeys(repairs)))


def _call_of(value: Any) -> tuple[Call | None, tuple[str, ...]]:
    """A call from a JSON value, or None where the value is not one."""
    if not isinstance(value, dict):
        return None, ()
    repairs: list[str] = []
    if isinstance(value.get("function"), dict):
        value = value["function"]
        repairs.append("function wrapper")
    name = value.get("name")
    key = next((key for key in ("arguments", "parameters") if key in value), None)
    if not isinstance(name, str) or not name or (key is None and name != GENERATE_RESPONSE):
        return None, ()
    arguments = value[key] if key else {}
    if key == "parameters":
        repairs.append("parameters for arguments")
    if isinstance(arguments, str):
        try:
            arguments = parse_json(arguments)
        except ValueError:
            return None, ()
        repairs.append("arguments as a string")
    if not isinstance(arguments, dict):
        return None, ()
    try:
        return Call(name=name, arguments=arguments), tuple(repairs)
    except ValidationError:  # a lone surrogate, which no text can hold
        return None, ()
