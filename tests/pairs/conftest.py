"""Families for the tests of pairs: small ones made from a seed, and those of the starter catalogue, with what a build made of them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.example import Example
from gentool.core.family import Family, Fit, Query, Unserved, WeakTool
from gentool.core.jsonl import read_records, write_records
from gentool.core.tool import Tool
from gentool.pairs.build import PairsSettings, build_pairs
from gentool.starter import read_starter_tools
from gentool.synth.pipeline import SynthSettings, synthesise

FITS: tuple[Fit, ...] = ("full", "partial", "none")


def make_tool(name: str, words: str, *parameters: str) -> Tool:
    return Tool(name=name, description=words, parameters={"type": "object", "properties": {one: {"type": "string"} for one in parameters}})


def make_query(family: str, strong: Tool, weak: Tool | None, text: str, fit: Fit = "full") -> Query:
    fits = {strong.id: "full", **({weak.id: fit} if weak else {})}
    calls = {strong.id: Call(name=strong.name, arguments={"a": text})}
    if weak and fit != "none":
        calls[weak.id] = Call(name=weak.name, arguments={"a": "less"})
    return Query.model_validate(
        {"id": f"{family}:{text}", "text": text, "strong": strong.id, "weak": weak.id if weak else None, "fits": fits, "calls": calls}
    )


def make_family(label: str, weak: int = 1, queries: int = 4, **changes: Any) -> Family:
    """A family whose words are its own: `weak` weak tools, `queries` queries, their fits in turn."""
    strong = make_tool(
        changes.get("name", f"tool{label}"),
        changes.get("words", " ".join(f"w{label}n{n}" for n in range(16))),
        changes.get("parameter", f"p{label}"),
        "a",
    )
    records = [make_tool(f"lite{label}v{n}", f"w{label}n0 w{label}n1 lite{label}v{n} few{label}", "a") for n in range(weak)]
    weak_tools = tuple(WeakTool(id=tool.id, strong=strong.id, tool=tool) for tool in records)
    texts = changes.get("texts", [f"ask {' '.join(f'q{label}t{n}u{m}' for m in range(12))}" for n in range(queries)])
    turns = itertools.cycle(records or [None])
    made = tuple(make_query(label, strong, tool, text, FITS[n % 3]) for n, (text, tool) in enumerate(zip(texts, turns, strict=False)))
    return Family(id=strong.id, strong=strong, weak=weak_tools, queries=made)


@dataclass
class Made:
    """Families, and the pairs of families (by position) that must never be parted: twins, namesakes, shared queries."""

    families: list[Family] = field(default_factory=list)
    linked: list[tuple[int, int]] = field(default_factory=list)


def make_families(seed: int, count: int) -> Made:
    """`count` families, some of them near-duplicates, namesakes, or with a query that another one has too, nearly."""
    rng, made = random.Random(seed), Made()
    for index in range(count):
        changes: dict[str, Any] = {}
        if index and rng.random() < 0.25:
            earlier = rng.randrange(index)
            other = made.families[earlier]
            match rng.choice(["twin", "namesake", "query"]):
                case "twin":
                    changes = {"words": other.strong.description, "parameter": next(iter(other.strong.properties))}
                case "namesake":
                    changes = {"name": other.strong.name}
                case "query":
                    texts = [f"ask {' '.join(f'q{index}t{n}u{m}' for m in range(12))}" for n in range(3)]
                    changes = {"texts": [*texts, other.queries[0].text + f" more{index}"]}
            made.linked.append((earlier, index))
        family = make_family(str(index), weak=rng.choice((0, 1, 1, 2)), queries=rng.randint(2, 6), **changes)
        made.families.append(family)
    return made


class Makers:
    """What the tests make families with."""

    tool = staticmethod(make_tool)
    query = staticmethod(make_query)
    family = staticmethod(make_family)
    families = staticmethod(make_families)


@pytest.fixture(scope="session")
def make() -> type[Makers]:
    return Makers


@dataclass
class Built:
    """What a build read and wrote."""

    families: list[Family]
    train: list[Example]
    test: list[Example]
    build: dict[str, Any]
    files: dict[str, bytes]


Build = Callable[..., Built]


def build_in(folder: Path, families: list[Family], seed: int = 0, unserved: Sequence[Unserved] = (), **settings: Any) -> Built:
    write_records(folder / "synth" / "verified.jsonl", families)
    if unserved:
        write_records(folder / "synth" / "verified_unserved.jsonl", unserved)
    build = build_pairs(folder, PairsSettings.model_validate(settings), seed)
    train, test = (list(read_records(folder / "pairs" / name, Example)) for name in ("train.jsonl", "test.jsonl"))
    return Built(families, train, test, build, {path.name: path.read_bytes() for path in (folder / "pairs").iterdir()})


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds examples from families in a folder of their own."""
    return lambda families, seed=0, **settings: build_in(tmp_path_factory.mktemp("build"), families, seed, **settings)


@pytest.fixture(scope="session")
def starter_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The starter catalogue through synth and pairs."""
    folder = tmp_path_factory.mktemp("starter")
    write_records(folder / "tools.jsonl", read_starter_tools())
    synthesise(folder, SynthSettings(), seed=5)
    return build_in(folder, list(read_records(folder / "synth" / "verified.jsonl", Family)), seed=5)
