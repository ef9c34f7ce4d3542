"""The order in which rows are trained: every epoch anew, rows that share a prompt side by side in one step.

Rows in, steps out; called by gentool.train.plan. The order depends on the seed alone, so a run that was stopped goes on in it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from gentool.train.packing import sort_key
from gentool.train.rows import Row


def order_epoch(rows: Sequence[Row], step_rows: int, bundle_rows: int, rng: random.Random) -> list[list[Row]]:
    """One epoch's steps, of `step_rows` rows each but for the last, with at most `bundle_rows` of one bundle where that can be.

    A bundle's rows are cut where they share least; the pieces are shuffled and each is put into the first step that has
    room for it. What is left of steps that did not fill up is cut anew.
    """
    steps: list[list[Row]] = []
    is_open: list[int] = []
    for piece in rng.sample(pieces := cut_bundles(rows, min(bundle_rows, step_rows)), len(pieces)):
        fitting = next((number for number in is_open if len(steps[number]) + len(piece) <= step_rows), None)
        if fitting is None:
            fitting = len(steps)
            steps.append([])
            is_open.append(fitting)
        steps[fitting] += piece
        if len(steps[fitting]) == step_rows:
            is_open.remove(fitting)
    whole = [step for step in steps if len(step) == step_rows]
    rest = [row for number in is_open for row in steps[number]]
    rng.shuffle(whole)
    return whole + [rest[start : start + step_rows] for start in range(0, len(rest), step_rows)]


def cut_bundles(rows: Sequence[Row], most: int) -> list[list[Row]]:
    """Pieces of at most `most` rows of one bundle each, neighbours in the order in which they share the most."""
    bundles: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        bundles[row.bundle or row.id].append(row)
    ordered = [sorted(bundle, key=sort_key) for bundle in bundles.values()]
    return [bundle[start : start + most] for bundle in ordered for start in range(0, len(bundle), most)]
