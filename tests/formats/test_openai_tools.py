"""Reading OpenAI's tool definitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RecordError
from gentool.formats.openai_tools import import_openai

Write = Callable[..., Path]

WATER: dict[str, Any] = {
    "name": "water_plants",
    "description": "Waters the plants of a bed.",
    "parameters": {"type": "object", "properties": {"bed": {"type": "string", "description": "Which bed"}}, "required": ["bed"]},
}
STOP: dict[str, Any] = {"name": "stop_water"}


def wrap(definition: Any) -> dict[str, Any]:
    return {"type": "function", "function": definition}


@pytest.mark.parametrize(
    "content",
    [
        [WATER, STOP],
        [wrap(WATER), STOP],
        {"tools": [wrap(WATER), wrap(STOP)]},
        {"functions": [WATER, STOP]},
        {"model": "m", "name": "gardener", "tools": [WATER, STOP]},
    ],
)
def test_lists_and_documents_wrapped_and_flat(write: Write, content: Any) -> None:
    result = import_openai(write(content))
    assert [tool.name for tool in result.tools] == ["water_plants", "stop_water"]
    assert result.tools[0].description == "Waters the plants of a bed."
    assert result.tools[0].parameters == WATER["parameters"]
    assert result.tools[1].parameters == {"type": "object", "properties": {}}
    assert (result.read, result.refused, result.merged) == (2, [], [])


def test_json_lines_of_tools_and_of_lists(write: Write) -> None:
    result = import_openai(write([wrap(WATER), {"tools": [STOP, WATER]}], lines=True))
    assert [tool.name for tool in result.tools] == ["water_plants", "stop_water"]
    assert result.merged == ["'water_plants': 2 equal definitions; kept that of line 1, same again at line 2, entry 2"]


def test_a_single_definition_is_a_file_too(write: Write) -> None:
    assert [tool.name for tool in import_openai(write(wrap(WATER))).tools] == ["water_plants"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("water", "must be an object"),
        ({"type": "web_search"}, "'web_search' are not functions"),
        (wrap("water"), "'function' must be an object"),
        (wrap({"description": "nameless"}), "has no name"),
        ({"name": "generate_response"}, "reserved name"),
    ],
)
def test_a_bad_entry_is_refused_and_the_rest_is_kept(write: Write, entry: Any, reason: str) -> None:
    path = write([WATER, entry])
    result = import_openai(path)
    assert len(result.tools) == 1
    assert result.read == 2
    assert result.refused[0].where.startswith(f"{path}, entry 2")
    assert reason in result.refused[0].reason


def test_keys_without_a_place_are_noted(write: Write) -> None:
    result = import_openai(write([wrap({**WATER, "strict": True}), {**STOP, "cache_control": {}}]))
    assert "keys that are not kept: cache_control (1x), strict (1x)" in result.notes


def test_a_broken_file_raises_with_its_line(write: Write) -> None:
    with pytest.raises(RecordError, match="line 3: not valid JSON"):
        import_openai(write('{"name": "a"}\n{"name": "b"}\n{"name": \n'))
