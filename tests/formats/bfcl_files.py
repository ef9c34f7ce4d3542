"""Made-up records in BFCL's format, with the traps of the real ones; written into a folder as BFCL lays it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TABLE = {
    "name": "table.book",
    "description": "Book a table.",
    "parameters": {
        "type": "dict",
        "properties": {
            "place": {"type": "string", "description": "Where."},
            "guests": {"type": "integer"},
            "budget": {"type": "float"},
            "area": {"type": "string", "enum": ["inside", "outside"], "default": "inside"},
            "wishes": {"type": "array", "items": {"type": "string"}},
            "contact": {"type": "dict", "properties": {"name": {"type": "string"}, "phone": {"type": "string"}}},
            "note": {"type": "any"},
        },
        "required": ["place", "guests"],
    },
}
SONG = {"name": "play_song", "description": "", "parameters": {"type": "dict", "properties": {"title": {"type": "string"}}, "required": ["title"]}}
TRUTH = {
    "table.book": {
        "place": ["Da Enzo", "Trattoria da Enzo"],
        "guests": [5],
        "budget": [80.0, ""],
        "area": ["", "inside"],
        "wishes": [["quiet", "by a window"]],
        "contact": [{"name": ["Kim"], "phone": ["", "123"]}],
    }
}
QUESTION = "A table for five at Da Enzo, quiet, by a window, for Kim."


def ask(name: str, functions: list[dict[str, Any]], messages: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {"id": name, "question": [messages or [{"role": "user", "content": QUESTION}]], "function": functions}


FILES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]] | None]] = {
    "simple_python": ([ask("simple_python_0", [TABLE])], [{"id": "simple_python_0", "ground_truth": [TRUTH]}]),
    "multiple": ([ask("multiple_0", [SONG, TABLE])], [{"id": "multiple_0", "ground_truth": [TRUTH]}]),
    "parallel_multiple": (
        [ask("parallel_multiple_0", [SONG, TABLE])],
        [{"id": "parallel_multiple_0", "ground_truth": [{"play_song": {"title": ["Blue", "blue"]}}, TRUTH, {"play_song": {"title": ["Red"]}}]}],
    ),
    "simple_java": (
        [
            ask(
                "simple_java_0",
                [
                    {
                        "name": "Buffer.fill",
                        "description": "",
                        "parameters": {
                            "type": "dict",
                            "properties": {
                                "size": {"type": "long"},
                                "names": {"type": "ArrayList", "items": {"type": "String"}},
                                "options": {"type": "HashMap"},
                                "lazy": {"type": "boolean"},
                                "odd": {"type": ""},
                            },
                            "required": ["size"],
                        },
                    }
                ],
            )
        ],
        [
            {
                "id": "simple_java_0",
                "ground_truth": [{"Buffer.fill": {"size": [5], "names": [["a", "b"]], "options": [{"mode": ["fast"]}], "lazy": [True, ""]}}],
            }
        ],
    ),
    "irrelevance": ([ask("irrelevance_0", [SONG])], None),
    "live_irrelevance": (
        [
            ask("live_irrelevance_0-0-0", []),
            ask("live_irrelevance_1-1-0", [SONG, SONG], [{"role": "system", "content": "You help."}, {"role": "user", "content": "Hm."}]),
        ],
        None,
    ),
    "live_relevance": ([ask("live_relevance_0-0-0", [SONG, TABLE])], None),
}


def write_bfcl(folder: Path) -> Path:
    """A folder in BFCL's layout with the files of `FILES`."""
    for category, (questions, answers) in FILES.items():
        write_category(folder, category, questions, answers)
    return folder


def write_category(folder: Path, category: str, questions: list[Any], answers: list[Any] | None) -> None:
    name = f"BFCL_v4_{category}.json"
    (folder / "possible_answer").mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(json.dumps(record) + "\n" for record in questions), encoding="utf-8")
    if answers is not None:
        (folder / "possible_answer" / name).write_text("".join(json.dumps(record) + "\n" for record in answers), encoding="utf-8")
