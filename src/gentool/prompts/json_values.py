"""The JSON values that stand in a model's text: the text itself where it is JSON, else found among words, fences and call markers.

A text comes in, values go out, each with what had to be repaired to read it. Called by gentool.prompts.json_calls, native_calls and read.
"""

from __future__ import annotations

import ast
import json
import math
import re
from typing import Any, NamedTuple

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
OBJECT = re.compile(r"""(?:\[\s*)?\{\s*["']""")
"""The beginning of an object, or of a list of objects. One that cannot be read or is never closed may hold a call that nobody can know."""
MOST_UNCLOSED = 100
"""How many brackets that nothing closes are tried before the rest of an answer is given up."""
OPENING = re.compile(r"[{\[]")
BRACKETS = re.compile(r"""[{}\[\]]|"[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'|["']""", re.DOTALL)
"""A bracket, a string as a whole, or a quote that opens a string without an end."""


class Found(NamedTuple):
    """The outermost JSON values of a text, each with what had to be repaired to read it.

    `lost` says that there is an object which is not among them, as it cannot be read or was cut off.
    """

    values: tuple[tuple[Any, tuple[str, ...]], ...]
    lost: bool = False


def find_values(text: str) -> Found:
    """The JSON values of a text: the text itself where it is one, else what is found in it."""
    try:
        value = STRICT.decode(text) if len(text) <= MOST_CHARACTERS else None
    except (ValueError, RecursionError):
        value = None
    return Found(((value, ()),)) if isinstance(value, (dict, list)) else search_values(text)


def search_values(text: str) -> Found:
    """The JSON values that stand in a text among anything else."""
    answer, thinking = drop_thinking(text)
    if answer is None:
        return Found(())
    spans, lost = _find_spans(answer)
    around = answer
    for span in spans:
        around = around.replace(span, "\n", 1) if not MARKERS.fullmatch(span) else around
    repairs = (*thinking, *_describe_around(around))
    values = []
    for span in spans:
        value, mended = _read_json(span)
        if mended is not None:
            values.append((value, (*repairs, *mended)))
        elif OBJECT.match(span):
            lost = True
    return Found(tuple(values), lost)


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


def _find_spans(text: str) -> tuple[list[str], bool]:
    """The outermost bracketed stretches of a text, strings skipped, up to an object that is never closed; and whether there is one."""
    spans: list[str] = []
    position = unclosed = 0
    while unclosed < MOST_UNCLOSED and (opening := OPENING.search(text, position)):
        start = opening.start()
        end = find_closing(text, start)
        if end is not None:
            spans.append(text[start : end + 1])
        elif OBJECT.match(text, start):
            return spans, True
        else:
            unclosed += 1
        position = start + 1 if end is None else end + 1
    return spans, False


def find_closing(text: str, start: int) -> int | None:
    """The index of the bracket that closes the one at `start`, or None."""
    depth, closing = 0, text.count("}", start) + text.count("]", start)
    for found in BRACKETS.finditer(text, start):
        token = found[0]
        if token in "{[":
            depth += 1
            if depth > closing:
                return None
        elif token in "}]":
            depth -= 1
            if depth == 0:
                return found.start()
        elif len(token) == 1:
            return None
    return None


def parse_json(text: str) -> Any:
    """Strict JSON; ValueError otherwise, and for numbers that JSON cannot hold: NaN, infinities (1e999 is one to Python)."""
    try:
        return STRICT.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(numeral: str) -> float:
    number = float(numeral)
    return number if math.isfinite(number) else _refuse(numeral)


STRICT = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _storable(value: Any) -> Any:
    """The value; ValueError where JSON cannot hold it: infinities, integers of thousands of digits."""
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
