"""All calls of one answer: a model's text in, the calls out. Called by gentool.evaluate.bfcl and gentool.export."""

from __future__ import annotations

from dataclasses import dataclass

from gentool.core.call import Call
from gentool.core.example import AnswerFormat
from gentool.core.tool import ToolSet
from gentool.prompts.json_calls import _call_of
from gentool.prompts.json_values import find_values
from gentool.prompts.read import read_call


@dataclass(frozen=True)
class ReadCalls:
    """An answer's calls as they were read. `calls` is None exactly where the answer could not be read; `fault` then says why."""

    calls: tuple[Call, ...] | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


def read_calls(text: str, answer: AnswerFormat = "json", tools: ToolSet | None = None) -> ReadCalls:
    """Every call of a model's text, in its order."""
    read = read_call(text, answer, tools)
    if read.call is not None:
        return ReadCalls((read.call,), read.repairs)
    items = [item for value, _ in find_values(text) for item in (value if isinstance(value, list) else [value])]
    calls = [call for call, _ in map(_call_of, items) if call is not None]
    return ReadCalls(tuple(calls), ("list of calls",)) if len(calls) > 1 and len(calls) == len(items) else ReadCalls(None, (), read.fault)
