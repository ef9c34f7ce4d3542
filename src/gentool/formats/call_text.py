"""Reads calls written as text, `name(key='value', other=5)`, as language models write them: nearly Python, but not quite.

Text comes in, names and values go out; nothing is ever evaluated. Called by `ultratool`. What it tolerates was seen in
UltraTool's plans: unescaped apostrophes inside quotes, bare `<placeholders>`, quoted keys, a missing comma, `true` for `True`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

_CALL = re.compile(r"\s*([^\s(]+)\s*\((.*)\)\s*", re.DOTALL)
_KEY = re.compile(r"""(?:^|,|(?<=['"\]}>])\s)\s*(["']?)([^\W\d]\w*)\1\s*=(?!=)""")
_CLOSERS = {"'": "'", '"': '"', "[": "]", "{": "}", "<": ">"}
_PLACEHOLDER = re.compile(r"<[^<>]+>")
_CONCATENATION = re.compile(r"""['"].*['"]\s*\+\s*[^\W\d].*|[^\W\d][^'"]*\+\s*['"].*""", re.DOTALL)
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "none": None, "null": None}
_BARE = re.compile(r"[^,:\[\]{}]+")
_QUOTE_END = re.compile(r"\s*(?:[,:\]}]|$)")
MAXIMAL_DEPTH = 40
LONGEST_NUMBER = 100
"""Digits; what is longer stays text (Python refuses to read integers of thousands of digits)."""


@dataclass(frozen=True)
class CallText:
    """A call taken apart: the tool's name and the arguments' raw texts, in order, quotes included."""

    name: str
    arguments: dict[str, str]


@dataclass(frozen=True)
class Value:
    """An argument's value; `placeholder` where it is taken from an earlier step, `typed` where it has the declared type."""

    value: Any
    placeholder: bool = False
    typed: bool = True


def split_call(text: str) -> CallText:
    """The parts of a call. Raises ValueError with the reason where the text is no call with named arguments."""
    matched = _CALL.fullmatch(text)
    if not matched:
        raise ValueError("is not of the form name(key=value, ...)")
    arguments: dict[str, str] = {}
    for key, raw in _split_arguments(matched[2]):
        if key in arguments:
            raise ValueError(f"gives the argument '{key}' twice")
        if not raw:
            raise ValueError(f"gives no value for the argument '{key}'")
        arguments[key] = raw
    return CallText(matched[1], arguments)


def _split_arguments(body: str) -> list[tuple[str, str]]:
    """Keys and raw values. A `key=` begins an argument only where the value before it is closed, so quotes may hold one."""
    parts: list[tuple[str, int, int]] = []
    for matched in _KEY.finditer(body):
        if parts and not _is_closed(body[parts[-1][2] : matched.start()].strip()):
            continue
        parts.append((matched[2], matched.start(), matched.end()))
    unread = body[: parts[0][1]] if parts else body
    if unread.strip():
        raise ValueError(f"has an argument without a name: {unread.strip()[:60]}")
    ends = [*(start for _, start, _ in parts), len(body)][1:]
    return [(key, body[begin:end].strip().removesuffix(",").rstrip()) for (key, _, begin), end in zip(parts, ends, strict=True)]


def _is_closed(raw: str) -> bool:
    """Whether a raw value ends with what closes its first character; bare words are always closed."""
    if not raw:
        return False
    closer = _CLOSERS.get(raw[0])
    return closer is None or (len(raw) > 1 and raw[-1] == closer)


def read_value(raw: str, declared: Any) -> Value:
    """The value of a raw text under the declared JSON Schema type (None, or a list, where there is no single one).

    It is converted where the text has one meaning in that type, and stays text otherwise, with `typed` false. Backslashes
    are kept as they stand, but for those before quotes: the texts hold Windows paths.
    """
    if _CONCATENATION.fullmatch(raw):
        return Value(raw, placeholder=True, typed=declared == "string")
    text = _unquote(raw)
    placeholder = bool(_PLACEHOLDER.search(text))
    if declared in ("array", "object"):
        return _read_collection(text, list if declared == "array" else dict, placeholder)
    converted = _read_scalar(text, declared)
    if converted is None:
        return Value(text, placeholder, typed=declared not in ("integer", "number", "boolean"))
    return Value(converted)


def _unquote(raw: str) -> str:
    if len(raw) > 1 and raw[0] in "'\"" and raw[-1] == raw[0]:
        return re.sub(r"""\\(['"])""", r"\1", raw[1:-1])
    return raw


def _read_scalar(text: str, declared: Any) -> int | float | bool | None:
    """The text as a value of the declared type, None where it has no single meaning in it."""
    text = text.strip()
    if len(text) > LONGEST_NUMBER:
        return None
    if declared == "boolean":
        return _WORDS.get(text.lower()) if text.lower() in ("true", "false") else None
    if declared in ("integer", "number") and _INTEGER.fullmatch(text):
        return int(text)
    number = float(text) if declared == "number" and _NUMBER.fullmatch(text) else None
    return number if number is not None and math.isfinite(number) else None


def _read_collection(text: str, kind: type, placeholder: bool) -> Value:
    try:
        value = read_literal(text)
    except ValueError:
        return Value(text, placeholder, typed=False)
    return Value(value, placeholder) if isinstance(value, kind) else Value(text, placeholder, typed=False)


def read_literal(text: str) -> Any:
    """A list or object in JSON's or Python's way of writing, apostrophes inside quotes tolerated. ValueError where it is neither."""
    reader = _LiteralReader(text)
    value = reader.read(0)
    reader.skip_spaces()
    if reader.position != len(text):
        raise ValueError(f"unread text at column {reader.position + 1}")
    return value


class _LiteralReader:
    """Reads one literal from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def read(self, depth: int) -> Any:
        if depth > MAXIMAL_DEPTH:
            raise ValueError("nested too deeply")
        self.skip_spaces()
        match self._next():
            case "[":
                return [self.read(depth + 1) for _ in self._items("]")]
            case "{":
                return dict(self._pair(depth + 1) for _ in self._items("}"))
            case "'" | '"':
                return self._quoted()
            case _:
                return self._bare()

    def skip_spaces(self) -> None:
        while self._next().isspace():
            self.position += 1

    def _next(self) -> str:
        return self.text[self.position : self.position + 1]

    def _items(self, closer: str) -> Any:
        """Yields once before each item of a bracket; the caller reads the item."""
        self.position += 1
        self.skip_spaces()
        while self._next() != closer:
            yield None
            self.skip_spaces()
            if self._next() == ",":
                self.position += 1
                self.skip_spaces()
            elif self._next() != closer:
                raise ValueError(f"'{closer}' or ',' expected at column {self.position + 1}")
        self.position += 1

    def _pair(self, depth: int) -> tuple[str, Any]:
        key = self.read(depth)
        self.skip_spaces()
        if not isinstance(key, str) or self._next() != ":":
            raise ValueError(f"a key and ':' expected at column {self.position + 1}")
        self.position += 1
        return key, self.read(depth)

    def _quoted(self) -> str:
        """Text up to the first quote of the same kind that something structural, or nothing, follows."""
        quote, start = self._next(), self.position + 1
        end = self.text.find(quote, start)
        while end != -1:
            if self.text[end - 1] != "\\" and _QUOTE_END.match(self.text, end + 1):
                self.position = end + 1
                return re.sub(r"""\\(['"])""", r"\1", self.text[start:end])
            end = self.text.find(quote, end + 1)
        raise ValueError(f"a quote is not closed at column {start}")

    def _bare(self) -> Any:
        matched = _BARE.match(self.text, self.position)
        if not matched:
            raise ValueError(f"a value expected at column {self.position + 1}")
        self.position = matched.end()
        word = matched[0].strip()
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
        number = _read_scalar(word, "number")
        return word if number is None else number
