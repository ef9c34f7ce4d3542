"""What differs between a strong and a weak tool: texts cut into equal and differing pieces, parameters and returns paired by name.

Pure: tools in, rows for the page out. Called by gentool.review.view.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from gentool.core.tool import Tool

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
SHORT = 16
"""Tokens of a text that is short enough to be compared word by word, single words too."""
LONGEST = 4000
"""Texts of more tokens are compared as a whole: word by word would take long."""


@dataclass(frozen=True)
class Piece:
    """A part of a text, and whether the other text lacks it."""

    text: str
    differs: bool


Pieces = tuple[Piece, ...]


@dataclass(frozen=True)
class Field:
    """One parameter, or one part of what is returned, of one tool: its name, its kind in short and its description."""

    name: Pieces
    kind: Pieces
    description: Pieces


@dataclass(frozen=True)
class Row:
    """A parameter of both tools, or of the one that has it."""

    name: str
    strong: Field | None
    weak: Field | None


def compare_texts(strong: str, weak: str) -> tuple[Pieces, Pieces]:
    """Both texts in pieces; what one lacks of the other, word by word, is marked."""
    left, right = TOKEN.findall(strong), TOKEN.findall(weak)
    if max(len(left), len(right)) > LONGEST:
        return _whole(strong, strong != weak), _whole(weak, strong != weak)
    found = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    blocks = [block for block in found if not _is_island(left[block.a : block.a + block.size], block.a, len(left), len(right))]
    return _pieces(left, [(block.a, block.size) for block in blocks]), _pieces(right, [(block.b, block.size) for block in blocks])


def _is_island(equal: Sequence[str], start: int, *lengths: int) -> bool:
    """Whether an equal piece is a single word, or a sign, between texts that differ: to leave it unmarked would be no help to the eye."""
    words = sum(token[0].isalnum() for token in equal)
    return bool(equal) and words < 2 and start > 0 and min(lengths) > SHORT


def _pieces(tokens: Sequence[str], equal: Sequence[tuple[int, int]]) -> Pieces:
    pieces, at = [], 0
    for start, size in equal:
        pieces += [Piece("".join(tokens[at:start]), True), Piece("".join(tokens[start : start + size]), False)]
        at = start + size
    pieces.append(Piece("".join(tokens[at:]), True))
    return tuple(piece for piece in pieces if piece.text)


def _whole(text: str, differs: bool) -> Pieces:
    return (Piece(text, differs),) if text else ()


def compare_parameters(strong: Tool, weak: Tool | None, renamed: Mapping[str, str]) -> list[Row]:
    """The parameters of both tools; `renamed` maps those of the strong tool to those that the weak tool has for them."""
    return compare_schemas(strong.parameters, weak.parameters if weak else None, renamed)


def compare_returns(strong: Tool, weak: Tool | None) -> list[Row]:
    """What both tools return; a schema that is not an object is one row."""
    left, right = strong.returns, weak.returns if weak else None
    if any(schema and "properties" not in schema for schema in (left, right)):
        left, right = ({"properties": {"result": schema}} if schema else None for schema in (left, right))
    return compare_schemas(left or {}, (right or {}) if weak else None, {})


def compare_schemas(strong: Mapping[str, Any], weak: Mapping[str, Any] | None, renamed: Mapping[str, str]) -> list[Row]:
    """The properties of two object schemas as rows: those of the strong one in its order, then those that only the weak one has."""
    left, right = _properties(strong), _properties(weak or {})
    rows = []
    for name, schema in left.items():
        other = renamed.get(name, name)
        mine = name, describe_kind(schema, name in _required(strong)), _description(schema)
        theirs = (other, describe_kind(right[other], other in _required(weak or {})), _description(right[other])) if other in right else None
        rows.append(Row(name, *_fields(mine, theirs, marked=weak is not None)))
    taken = {renamed.get(name, name) for name in left}
    for name, schema in right.items():
        if name not in taken:
            theirs = name, describe_kind(schema, name in _required(weak or {})), _description(schema)
            rows.append(Row(name, *reversed(_fields(theirs, None, marked=True))))
    return rows


def _fields(one: tuple[str, ...], other: tuple[str, ...] | None, marked: bool) -> tuple[Field | None, Field | None]:
    if other is None:
        name, *others = one
        return Field(_whole(name, marked), *(_whole(text, False) for text in others)), None
    texts = [compare_texts(left, right) for left, right in zip(one, other, strict=True)]
    return Field(*(left for left, _ in texts)), Field(*(right for _, right in texts))


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    return dict(properties) if isinstance(properties, dict) else {}


def _required(schema: Mapping[str, Any]) -> list[Any]:
    required = schema.get("required")
    return required if isinstance(required, list) else []


def _description(schema: Any) -> str:
    return str(schema.get("description", "")) if isinstance(schema, dict) else ""


def describe_kind(schema: Any, required: bool) -> str:
    """A property's schema in short, without its description: `string, required, one of a | b`, `array of string`."""
    schema = schema if isinstance(schema, dict) else {}
    kind, items = schema.get("type", "any"), schema.get("items")
    parts = [" or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)]
    if isinstance(items, dict) and set(items) == {"type"}:
        parts, schema = [f"{parts[0]} of {items['type']}"], {key: value for key, value in schema.items() if key != "items"}
    parts += ["required"] if required else []
    for key, value in schema.items():
        if key == "enum" and isinstance(value, list):
            parts.append("one of " + " | ".join(_short(one) for one in value))
        elif key not in ("type", "description", "title"):
            parts.append(f"{key} {_short(value)}")
    return ", ".join(parts)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
