"""How the student's answers are read back: a model's text in; a call or a ranking out, with what had to be repaired to read it.

Called by gentool.evaluate and gentool.ask. The texts that are asked for are rendered by gentool.prompts.render.
"""

from __future__ import annotations

import json
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


@dataclass(frozen=True)
class ReadRanking:
    """A ranking as it was read. `names` is None exactly where it could not be read; `fault` then says why."""

    names: tuple[str, ...] | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


def read_call(text: str) -> ReadCall:
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
    distinct = {json.dumps([call.name, call.arguments], sort_keys=True) for call, _ in calls}
    if not calls:
        return ReadCall(None, (), "no readable JSON in the answer" if not found else 'no object with "name" and "arguments"')
    if len(distinct) > 1:
        return ReadCall(None, (), f"{len(distinct)} different calls where one was asked for")
    call, repairs = calls[0]
    return ReadCall(call, _once(repairs))


def read_ranking(text: str) -> ReadRanking:
    """Read a list of names, best first, from a model's text; the same repairs as for calls, and repeated names are dropped.

    The list may stand as `ranking` beside a call, as the task `joint` asks for it.
    """
    for value, repairs in find_values(text):
        mended: tuple[str, ...] = ()
        if isinstance(value, dict) and "ranking" in value and "name" in value:
            value = value["ranking"]
        elif isinstance(value, dict) and len(value) == 1:
            value, mended = next(iter(value.values())), ("list inside an object",)
        if not isinstance(value, list) or not value:
            continue
        if all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value):
            value, mended = [item["name"] for item in value], (*mended, "objects for names")
        if all(isinstance(item, str) for item in value):
            names = tuple(dict.fromkeys(value))
            repeated = ("repeated names",) if len(names) < len(value) else ()
            return ReadRanking(names, _once((*repairs, *mended, *repeated)))
    return ReadRanking(None, (), "no JSON list of names in the answer")


def _once(repairs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(repairs))


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
