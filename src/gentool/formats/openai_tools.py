"""OpenAI's tool definitions: a file comes in, an ImportResult goes out. Called by `catalogue.import_tools`.

Source of the format: OpenAI's function calling guide and API reference (`tools` of a chat completion; the older
`functions` has the same definitions without their wrapper).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gentool.formats.documents import join_place, read_documents
from gentool.formats.imported import Collector, ImportResult

USED = frozenset({"name", "description", "parameters"})


def import_openai(path: Path) -> ImportResult:
    """Tools of a JSON list, of JSON Lines, or of `{"tools": [...]}` (also one to a line), wrapped or flat.

    A definition that is not valid is refused and counted. Raises RecordError where the file is not JSON.
    """
    collector = Collector(path)
    for where, document in read_documents(path):
        for place, entry in _expand(document, where):
            _add(collector, place, entry)
    return collector.result()


def _expand(document: Any, where: str) -> Iterator[tuple[str, Any]]:
    """The definitions of one document with their places; entries of a list are counted from 1."""
    if isinstance(document, dict):
        document = next((document[key] for key in ("tools", "functions") if isinstance(document.get(key), list)), document)
    if not isinstance(document, list):
        yield where, document
        return
    for number, entry in enumerate(document, start=1):
        yield join_place(where, f"entry {number}"), entry


def _add(collector: Collector, where: str, entry: Any) -> None:
    if not isinstance(entry, dict):
        collector.refuse(where, "a tool definition must be an object", definition=True)
        return
    definition = entry.get("function", entry)
    if entry.get("type", "function") != "function":
        collector.refuse(where, f"tools of type {entry['type']!r} are not functions", definition=True)
        return
    if not isinstance(definition, dict):
        collector.refuse(where, "its 'function' must be an object", definition=True)
        return
    collector.note_unused(entry, USED | {"type", "function"})
    if definition is not entry:
        collector.note_unused(definition, USED)
    collector.add(where, name=definition.get("name"), description=definition.get("description"), parameters=definition.get("parameters"))
