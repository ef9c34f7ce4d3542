"""The JSON values that stand in a model's text, found among words, fences and call markers, and mended where they nearly are JSON.

A text comes in, values go out, each with what had to be repaired to read it. Called by gentool.prompts.read.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

MARKERS = re.compile(r"</?tool_call>|\[/?TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call\|>")
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
    thought = THINKING.sub(" ", text[:MOST_CHARACTERS])
    repairs = ["thinking"] if thought != text[:MOST_CHARACTERS] else []
    if thought.lstrip().startswith("<think>"):  # thinking that was cut off holds drafts, not an answer
        return []
    spans = list(_spans(thought))
    around = thought
    for span in spans:
        around = around.replace(span, "\n", 1) if not MARKERS.fullmatch(span) else around
    repairs += _describe_around(around)
    values = []
    for span in spans:
        value, mended = _read_json(span)
        if mended is not None:
            values.append((value, (*repairs, *mended)))
    return values


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
        end = _closing(text, position) if text[position] in "{[" else position
        if end is None and TORN_OBJECT.match(text, position):
            return
        if end is None:
            unclosed += 1
        elif end > position:
            yield text[position : end + 1]
        position = position + 1 if end is None else end + 1


def _closing(text: str, start: int) -> int | None:
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
        return _storable(_literal(ast.parse(text, mode="eval").body)), ("Python literal",)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None, None


JSON_WORDS = {"true": True, "false": False, "null": None}


def _literal(node: ast.expr) -> Any:
    """The value of a Python literal that may use JSON's words; ValueError for anything that would have to be computed."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.Name(id=word) if word in JSON_WORDS:
            return JSON_WORDS[word]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)) if not isinstance(number, bool):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys):
            return {key.value: _literal(value) for key, value in zip(keys, values, strict=True)}  # type: ignore[union-attr]
    raise ValueError("not a literal")
