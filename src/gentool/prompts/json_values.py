"""The JSON values that stand in a model's text, found among words, fences and call markers, and mended where they nearly are JSON.

A text comes in, values go out, each with what had to be repaired to read it. Called by gentool.prompts.json_calls, native_calls and read.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

MARKERS = re.compile(
    r"</?(?:tool_calls?|function_calls?|functioncall)>|\[/?TOOL_CALLS\]|<\|python_tag\|>|<\|/?tool_call\|>|<\|tool_call_(?:start|end)\|>"
    r"|<｜tool▁calls?▁(?:begin|end)｜>"
)
"""What models write around calls in their own formats."""
FENCE = re.compile(r"```[a-zA-Z]*")
THINKING = re.compile(r"\A(?:\s*<think>.*?</think>)+", re.DOTALL)
"""Thinking before the answer; inside the answer the same words are a string's."""
TRAILING_COMMA = re.compile(r"""("(?:[^"\\]|\\.)*+"?)|,(\s*[}\]])""", re.DOTALL)
"""A string, which is left as it is, or a comma before a closing bracket."""
MOST_CHARACTERS = 50_000
"""An answer longer than this is read up to here: no answer to one query is longer."""
TORN_OBJECT = re.compile(r"""\{\s*["']""")
"""The beginning of an object; where it is never closed the answer was cut off, and what stands inside is not the answer."""
MOST_UNCLOSED = 100
"""How many brackets that nothing closes are tried before the rest of an answer is given up."""


def find_values(text: str) -> list[tuple[Any, tuple[str, ...]]]:
    """The JSON values that stand in a text, outermost ones only, each with what had to be repaired to read it."""
    answer, thinking = drop_thinking(text)
    if answer is None:
        return []
    repairs = [*thinking]
    spans = list(_spans(answer))
    around = answer
    for span in spans:
        around = around.replace(span, "\n", 1) if not MARKERS.fullmatch(span) else around
    repairs += _describe_around(around)
    values = []
    for span in spans:
        value, mended = _read_json(span)
        if mended is not None:
            values.append((value, (*repairs, *mended)))
    return values


def drop_thinking(text: str) -> tuple[str | None, tuple[str, ...]]:
    """An answer up to its limit without the thinking before it, and the repair that this is; None where the thinking was cut off.

    Thinking holds drafts, not an answer.
    """
    cut = text[:MOST_CHARACTERS]
    answer = THINKING.sub(" ", cut)
    repairs = ("thinking",) if answer != cut else ()
    return (None, repairs) if answer.lstrip().startswith("<think>") else (answer, repairs)


def _describe_around(around: str) -> list[str]:
    """What stands in an answer beside its JSON, as repairs."""
    repairs = []
    for pattern, repair in ((MARKERS, "call markers"), (FENCE, "code fence")):
        around, count = pattern.subn(" ", around)
        repairs += [repair] if count else []
    return [*repairs, "text around"] if around.strip() else repairs


def _spans(text: str) -> Iterator[str]:
    """The outermost bracketed stretches of a text: from each opening bracket to the one that closes it, strings skipped."""
    position = unclosed = 0
    while position < len(text) and unclosed < MOST_UNCLOSED:
        end = find_closing(text, position) if text[position] in "{[" else position
        if end is None and TORN_OBJECT.match(text, position):
            return
        if end is None:
            unclosed += 1
        elif end > position:
            yield text[position : end + 1]
        position = position + 1 if end is None else end + 1


def find_closing(text: str, start: int) -> int | None:
    """The index of the bracket that closes the one at `start`, or None."""
    depth, quote, escaped = 0, "", False
    for index in range(start, len(text)):
        character = text[index]
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return index
    return None


def parse_json(text: str) -> Any:
    """Strict JSON; ValueError otherwise."""
    try:
        return _storable(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _storable(value: Any) -> Any:
    """The value; ValueError where JSON cannot hold it: NaN, infinities (1e999 is one to Python), integers of thousands of digits."""
    json.dumps(value, allow_nan=False)
    return value


def _read_json(text: str) -> tuple[Any, tuple[str, ...] | None]:
    """A value and the repairs that it took; the repairs are None where it cannot be read."""
    try:
        return parse_json(text), ()
    except ValueError:
        pass
    try:
        return parse_json(TRAILING_COMMA.sub(lambda found: found[1] or found[2], text)), ("trailing comma",)
    except ValueError:
        pass
    try:
        return _storable(read_literal(ast.parse(text, mode="eval").body)), ("Python literal",)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None, None


JSON_WORDS = {"true": True, "false": False, "null": None}


def read_literal(node: ast.expr) -> Any:
    """The value of a Python literal that may use JSON's words; ValueError for anything that would have to be computed."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.Name(id=word) if word in JSON_WORDS:
            return JSON_WORDS[word]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)) if not isinstance(number, bool):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [read_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys):
            return {key.value: read_literal(value) for key, value in zip(keys, values, strict=True)}  # type: ignore[union-attr]
    raise ValueError("not a literal")
