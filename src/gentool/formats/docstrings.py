"""What a docstring says about a function and its parameters, in Google's, NumPy's or reStructuredText's way of writing it.

A docstring comes in, a `Docstring` goes out. Called by `python_functions`. (transformers' reader of docstrings knows Google's
form alone, without types in brackets; none of the packages that gentool needs reads the others.)
"""

from __future__ import annotations

import re
from inspect import cleandoc
from itertools import takewhile
from typing import NamedTuple

PARAMETERS = frozenset({"args", "arguments", "parameters", "params", "keyword args", "keyword arguments", "other parameters"})
OTHER_SECTIONS = frozenset(
    {"attributes", "example", "examples", "note", "notes", "raises", "references", "return", "returns", "see also", "todo", "warning", "warnings",
     "warns", "yield", "yields"}
)  # fmt: skip
REST_FIELD = re.compile(r":(?P<kind>\w+)(?:\s+(?P<words>[^:]*))?:\s*(?P<text>.*)")
REST_PARAMETERS = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})


class Docstring(NamedTuple):
    """The text before the first section, and what is said of each parameter."""

    description: str
    parameters: dict[str, str]


def read_docstring(text: str | None) -> Docstring:
    """The description and the parameters' descriptions, each on one line; sections about anything else are left out."""
    lines = cleandoc(text or "").splitlines()
    description = "\n".join(takewhile(lambda line: not REST_FIELD.match(line), _before_sections(lines))).strip()
    parameters: dict[str, str] = {}
    for name, section in _sections(lines):
        if name in PARAMETERS:
            parameters.update(_read_entries(section))
    return Docstring(description, {**parameters, **_read_fields(lines)})


def _heading(lines: list[str], index: int) -> tuple[str, int] | None:
    """The name of a section that starts at a line, and how many lines its heading takes."""
    line = lines[index]
    if not line or line[0].isspace():
        return None
    name = line.rstrip().removesuffix(":").lower()
    if name not in PARAMETERS | OTHER_SECTIONS:
        return None
    if index + 1 < len(lines) and re.fullmatch(r"-{3,}\s*", lines[index + 1]):
        return name, 2
    return (name, 1) if line.rstrip().endswith(":") else None


def _before_sections(lines: list[str]) -> list[str]:
    first = next((index for index in range(len(lines)) if _heading(lines, index)), len(lines))
    return lines[:first]


def _sections(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Each section with the lines below its heading."""
    sections: list[tuple[str, list[str]]] = []
    skip = 0
    for index, line in enumerate(lines):
        heading = _heading(lines, index)
        if heading:
            sections.append((heading[0], []))
            skip = heading[1]
        if skip:
            skip -= 1
        elif sections:
            sections[-1][1].append(line)
    return sections


def _read_entries(lines: list[str]) -> dict[str, str]:
    """The entries of a section: `name (type): text` (Google) or `name, other : type` with text below (NumPy)."""
    entries: dict[str, str] = {}
    names: list[str] = []
    edge: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            continue
        edge = indent if edge is None else edge
        if indent <= edge:
            names, text = _read_entry(line.strip(), numpy=edge == 0)
        else:
            text = line.strip()
        for name in names:
            entries[name] = f"{entries.get(name, '')} {text}".strip()
    return entries


def _read_entry(line: str, numpy: bool) -> tuple[list[str], str]:
    """The names that an entry starts with, and its text on the same line; no names where it is no entry."""
    if numpy:
        names = re.fullmatch(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?", line)
        return ([name.strip(" *") for name in names[1].split(",")] if names else []), ""
    entry = re.match(r"\*{0,2}(\w+)\s*(?:\(.*?\)|\[.*?\])?\s*:\s*(.*)", line)
    return ([entry[1]], entry[2]) if entry else ([], "")


def _read_fields(lines: list[str]) -> dict[str, str]:
    """reStructuredText's `:param name: text` and `:param type name: text`; lines that are indented go on."""
    fields: dict[str, str] = {}
    name: str | None = None
    for line in lines:
        field = REST_FIELD.match(line)
        if field:
            words = (field["words"] or "").split()
            name = words[-1].strip("*") if words and field["kind"] in REST_PARAMETERS else None
        elif not line[:1].isspace():
            name = None
        if name:
            fields[name] = f"{fields.get(name, '')} {field['text'] if field else line.strip()}".strip()
    return fields
