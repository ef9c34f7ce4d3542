"""How the student's answers are read back: a model's text in; a call or a ranking out, with what had to be repaired to read it.

Called by gentool.train, gentool.evaluate and gentool.ask. The texts that are asked for are rendered by gentool.prompts.render.
"""

from __future__ import annotations

from dataclasses import dataclass

from gentool.core.example import AnswerFormat
from gentool.core.tool import ToolSet
from gentool.prompts.json_calls import ReadCall, ReadCalls, choose_call, read_json_calls
from gentool.prompts.json_values import find_values
from gentool.prompts.native_calls import read_native_calls


@dataclass(frozen=True)
class ReadRanking:
    """A ranking as it was read. `names` is None exactly where it could not be read; `fault` then says why."""

    names: tuple[str, ...] | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


def read_calls(text: str, answer: AnswerFormat = "json", tools: ToolSet | None = None) -> ReadCalls:
    """Read all calls from a model's text, by the rules of the format that was asked for.

    `json`: see `read_json_calls`; words alone are a fault. `native`: see `read_native_calls`; words without any sign of a call
    are abstention. `tools`, the set that was shown, is needed for native formats that write values without quotes.
    """
    return read_native_calls(text, tools) if answer == "native" else read_json_calls(text)


def read_call(text: str, answer: AnswerFormat = "json", tools: ToolSet | None = None) -> ReadCall:
    """Read one call, by the same rules. An answer that says it several times says that call; different calls are a fault."""
    return choose_call(read_calls(text, answer, tools))


def read_ranking(text: str) -> ReadRanking:
    """Read a list of names, best first, from a model's text; the same repairs as for calls, and repeated names are dropped.

    The list may stand as `ranking` beside a call, as the task `joint` asks for it.
    """
    for value, repairs in find_values(text).values:
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
            return ReadRanking(names, tuple(dict.fromkeys((*repairs, *mended, *repeated))))
    return ReadRanking(None, (), "no JSON list of names in the answer")
