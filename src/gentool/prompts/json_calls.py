"""Calls read from JSON: a model's text in; its calls out, with what had to be repaired to read them.

Called by gentool.prompts.read, and by gentool.prompts.native_calls for the native formats that hold JSON.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from gentool.core.call import Call
from gentool.core.tool import GENERATE_RESPONSE
from gentool.prompts.json_values import Found, find_values, parse_json


class ReadCalls(NamedTuple):
    """All calls of an answer in their order, repeated ones too. `calls` is None exactly where it could not be read; `fault` then says why."""

    calls: tuple[Call, ...] | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


class ReadCall(NamedTuple):
    """An answer of one call as it was read. `call` is None exactly where it could not be read; `fault` then says why."""

    call: Call | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


def read_json_calls(text: str) -> ReadCalls:
    """Read the calls of a model's text: one object, a list of them, or several one after another.

    Read although not asked for, each named in `repairs`: thinking before the answer, code fences, text around the
    JSON, Hermes `<tool_call>` and other models' call markers, single quotes and other Python literals, trailing commas,
    `parameters` for `arguments`, arguments as a JSON string, OpenAI's wrappers `function` and `tool_calls`. A ranking
    beside the call, as the task `joint` asks for it, is passed over, and so are objects that say no call. Anything else is a
    fault and not abstention: words without a call, an empty list, and a call beside one that cannot be read or was cut off.
    """
    return gather_calls(find_values(text))


def gather_calls(found: Found) -> ReadCalls:
    """The calls among the JSON values of a text."""
    calls: list[Call] = []
    repairs: tuple[str, ...] = ()
    lost = found.lost
    for value, around in found.values:
        try:
            read, mended = _calls_of(value)
        except ValueError:
            lost = True
            continue
        if read:
            calls += read
            repairs += around + mended
    if not calls:
        return ReadCalls(None, (), 'no object with "name" and "arguments"' if found.values else "no readable JSON in the answer")
    if lost:
        return ReadCalls(None, (), "something beside the call that cannot be read")
    return ReadCalls(tuple(calls), tuple(dict.fromkeys(repairs)))


def choose_call(read: ReadCalls) -> ReadCall:
    """The one call of an answer, which may be said several times; a fault where its calls differ."""
    if read.calls is None:
        return ReadCall(None, read.repairs, read.fault)
    distinct = {json.dumps([call.name, call.arguments], sort_keys=True) for call in read.calls}
    if len(distinct) > 1:
        return ReadCall(None, (), f"{len(distinct)} different calls where one was asked for")
    return ReadCall(read.calls[0], read.repairs)


def _calls_of(value: Any) -> tuple[list[Call], tuple[str, ...]]:
    """The calls that a JSON value says; none where it says none. ValueError where it says a call that cannot be read."""
    if isinstance(value, dict):
        wrapped = value.get("tool_calls")
        if isinstance(wrapped, list) and "name" not in value:
            calls, repairs = _calls_of(wrapped)
            return calls, ("tool_calls wrapper", *repairs)
        read = _call_of(value)
        return ([read[0]], read[1]) if read else ([], ())
    reads = [_call_of(item) for item in value] if isinstance(value, list) else []
    said = [read for read in reads if read]
    if said and len(said) < len(reads):
        raise ValueError("a list of calls with something else in it")
    return [call for call, _ in said], tuple(repair for _, repairs in said for repair in repairs)


def _call_of(value: Any) -> tuple[Call, tuple[str, ...]] | None:
    """A call from a JSON value, or None where the value says none. ValueError where it says one that cannot be read."""
    if not isinstance(value, dict):
        return None
    repairs: tuple[str, ...] = ()
    if isinstance(value.get("function"), dict):
        value, repairs = value["function"], ("function wrapper",)
    name = value.get("name")
    key = "arguments" if "arguments" in value else "parameters" if "parameters" in value else None
    if "name" not in value or (key is None and name != GENERATE_RESPONSE):
        return None
    arguments = value[key] if key else {}
    if key == "parameters":
        repairs = (*repairs, "parameters for arguments")
    if isinstance(arguments, str):
        arguments, repairs = parse_json(arguments), (*repairs, "arguments as a string")
    return Call(name=name, arguments=arguments), repairs  # pydantic's ValidationError is a ValueError
