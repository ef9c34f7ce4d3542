"""What a stage computes, written down before it starts: the passes of every step of every epoch, in a folder of flat arrays.

Rows of each epoch in, steps out; called by gentool.train.stage. A plan that is there already, made of the same things, is
opened without reading or tokenising anything.
"""

from __future__ import annotations

import json
import random
import shutil
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gentool.core.errors import TrainingError
from gentool.core.jsonl import write_json
from gentool.train.order import order_epoch
from gentool.train.packing import Pass, pack_rows
from gentool.train.rows import Row

ARRAYS = ("tokens", "nodes", "leaves", "passes", "steps")


@dataclass(frozen=True)
class Shape:
    """How rows become steps.

    epochs: may be broken. steps: where above 0, so many steps in place of epochs. step_rows: rows of one step of one device.
    bundle_rows: at most so many of them of one bundle. pass_tokens: tokens that are computed at once. max_length: longer rows
    are left out.
    """

    epochs: float
    steps: int
    step_rows: int
    bundle_rows: int
    pass_tokens: int
    max_length: int
    seed: int


class Plan:
    """A plan in its folder: as many steps as `len` says, each a list of passes. The arrays stay on disk until they are used."""

    def __init__(self, folder: Path) -> None:
        self.about: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        self._arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}

    def __len__(self) -> int:
        return len(self._arrays["steps"]) - 1

    def __getitem__(self, step: int) -> list[Pass]:
        first, last = self._arrays["steps"][step : step + 2]
        return [self._pass(number) for number in range(first, last)]

    def _pass(self, number: int) -> Pass:
        parts = zip(ARRAYS[:3], *self._arrays["passes"][number : number + 2], strict=True)
        return Pass(*(np.array(self._arrays[name][start:end]) for name, start, end in parts))


def open_plan(folder: Path, fingerprint: str, shape: Shape, render: Callable[[int], Iterable[Row]]) -> Plan:
    """The plan of a folder, made first where it is not there or was made of something else; `render` gives an epoch's rows."""
    described = folder / "plan.json"
    if described.exists() and json.loads(described.read_text(encoding="utf-8")).get("fingerprint") == fingerprint:
        return Plan(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    about = _write(folder, shape, render)
    write_json(described, {"fingerprint": fingerprint, **about})  # last: where it stands, the plan is whole
    return Plan(folder)


def _write(folder: Path, shape: Shape, render: Callable[[int], Iterable[Row]]) -> dict[str, Any]:
    writer = _Writer(folder)
    rows, too_long = _compact(render(0), shape.max_length)
    if not rows:
        raise TrainingError(f"there are no rows to train on: every row is longer than max_length = {shape.max_length}")
    rows_an_epoch = len(rows)
    wanted = shape.steps * shape.step_rows if shape.steps > 0 else round(shape.epochs * rows_an_epoch)
    epoch = 0
    while writer.rows < wanted:
        for step in order_epoch(rows, shape.step_rows, shape.bundle_rows, random.Random(f"{shape.seed}/{epoch}")):
            kept = step[: wanted - writer.rows]
            if kept:
                writer.add(kept, pack_rows(kept, shape.pass_tokens))
        epoch += 1
        if writer.rows < wanted:
            rows, _ = _compact(render(epoch), shape.max_length)
    return {"rows": rows_an_epoch, "rows_too_long": too_long, "epochs": wanted / rows_an_epoch, **writer.close()}


def _compact(rows: Iterable[Row], max_length: int) -> tuple[list[Row], int]:
    """The rows that are not too long, with token ids that take four bytes each, and how many were left out."""
    kept, left_out = [], 0
    for row in rows:
        if row.length > max_length:
            left_out += 1
        else:
            kept.append(Row(row.id, array("i", row.prompt_ids), array("i", row.completion_ids), row.bundle))
    return kept, left_out


class _Writer:
    """Appends passes to the arrays; token ids go to the disk at once."""

    def __init__(self, folder: Path) -> None:
        self.rows = 0
        self._folder = folder
        self._tokens = (folder / "tokens.raw").open("wb")
        self._nodes: list[Any] = []
        self._leaves: list[Any] = []
        self._passes = [(0, 0, 0)]
        self._steps = [0]
        self._seen = self._longest = 0

    def add(self, rows: Sequence[Row], passes: Sequence[Pass]) -> None:
        """One step's rows, and the passes that they were packed into."""
        for one in passes:
            self._tokens.write(one.tokens.tobytes())
            self._nodes.append(one.nodes)
            self._leaves.append(one.leaves)
            tokens, nodes, leaves = self._passes[-1]
            self._passes.append((tokens + len(one.tokens), nodes + len(one.nodes), leaves + len(one.leaves)))
        self.rows += len(rows)
        self._seen += sum(row.length for row in rows)
        self._longest = max(self._longest, *(row.length for row in rows))
        self._steps.append(len(self._passes) - 1)

    def close(self) -> dict[str, Any]:
        """Write everything; returns what was counted."""
        self._tokens.close()
        raw = self._folder / "tokens.raw"
        np.save(self._folder / "tokens.npy", np.memmap(raw, np.int32, "r"))
        raw.unlink()
        for name, values in (("nodes", np.concatenate(self._nodes)), ("leaves", np.concatenate(self._leaves))):
            np.save(self._folder / f"{name}.npy", values)
        np.save(self._folder / "passes.npy", np.array(self._passes, dtype=np.int64))
        np.save(self._folder / "steps.npy", np.array(self._steps, dtype=np.int64))
        return {"steps": len(self._steps) - 1, "tokens_seen": self._seen, "tokens_computed": self._passes[-1][0], "longest_row": self._longest}
