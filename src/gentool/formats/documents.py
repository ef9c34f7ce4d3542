"""A file that is either one JSON document or JSON Lines, as values with their places.

Called by the readers of formats that people store both ways.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gentool.core.errors import RecordError
from gentool.core.jsonl import read_json, read_json_lines, read_lines


def read_documents(path: Path) -> list[tuple[str, Any]]:
    """The values of a file, each with its place: `""` for a single document, `line 3` in JSON Lines.

    It is JSON Lines where there are several lines and the first is a whole JSON value.
    Raises RecordError with the line at broken JSON, and where the file is empty.
    """
    lines = [line for _, line in read_lines(path)]
    if not lines:
        raise RecordError(path, None, "is empty; a file of tool definitions is expected")
    if len(lines) > 1 and _is_json(lines[0]):
        return [(f"line {number}", value) for number, value in read_json_lines(path)]
    return [("", read_json(path))]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def join_place(*parts: str) -> str:
    """`line 3, entry 2`, without the parts that are empty."""
    return ", ".join(part for part in parts if part)
