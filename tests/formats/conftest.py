"""What the tests of the readers share: a file made from text or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file: text as it is, anything else as JSON, with `lines=True` one JSON value to a line."""

    def write_file(content: Any, lines: bool = False) -> Path:
        path = tmp_path / "tools.json"
        if lines:
            content = "".join(json.dumps(value) + "\n" for value in content)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
        return path

    return write_file
