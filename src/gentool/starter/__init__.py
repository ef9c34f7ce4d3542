"""The starter catalogue: realistic tools over many domains, written by hand for this project. Floor 1; read by gentool.run."""

from __future__ import annotations

from importlib import resources

from gentool.core.tool import Tool


def read_starter_tools() -> list[Tool]:
    """The tools of the starter catalogue, in the order of the file."""
    text = resources.files("gentool.starter").joinpath("tools.jsonl").read_text(encoding="utf-8")
    return [Tool.model_validate_json(line) for line in text.splitlines()]
