"""The starter set: tools of many domains, each with a weak counterpart, queries as people speak and exact calls, written by hand.

Floor 1; README.md beside this file is its data card. Read by gentool.run, and by the starter teacher in gentool.synth.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TypeVar

from gentool.core.tool import Record, Tool
from gentool.starter.records import Reading, StarterFamily, StarterQuery, UnservedQuery

AnyRecord = TypeVar("AnyRecord", bound=Record)


def read_starter_tools() -> list[Tool]:
    """The strong tools, in the order of the file: the starter catalogue."""
    return list(_read("tools", Tool))


def read_starter_families() -> list[StarterFamily]:
    """For each strong tool its weak counterpart."""
    return list(_read("families", StarterFamily))


def read_starter_queries() -> list[StarterQuery]:
    """The queries of all families with their calls."""
    return list(_read("queries", StarterQuery))


def read_unserved_queries() -> list[UnservedQuery]:
    """The queries that no tool of the set serves."""
    return list(_read("unserved", UnservedQuery))


def read_readings() -> list[Reading]:
    """What blind readers answered to every query."""
    return list(_read("readings", Reading))


@cache
def _read(name: str, model: type[AnyRecord]) -> tuple[AnyRecord, ...]:
    text = resources.files("gentool.starter").joinpath(f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(model.model_validate_json(line) for line in text.split("\n") if line)
