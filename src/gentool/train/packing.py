"""Rows packed into passes: what the prompts of rows share is held once, from their token ids alone, so any chat template will do.

Rows in, passes out; called by gentool.train.plan. A pass is a forest in depth-first order (see gentool.train.attention):
inner nodes hold tokens that several rows share, a leaf holds the rest of one row. Only prompts are shared, and of those all
but the last token, so that each row predicts its whole completion from tokens of its own leaf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from gentool.train.attention import Node
from gentool.train.rows import Row

Tokens = np.ndarray[Any, np.dtype[np.int32]]

WORTH = 16
"""A node of its own must save so many tokens: below that its attention call costs more than it saves."""


@dataclass(frozen=True)
class Pass:
    """What one forward and backward computes.

    tokens: (n,) token ids. nodes: (m, 3) start, end and stop of each node, in depth-first order. leaves: (rows, 2) the node
    of each row and how many of its last tokens are trained.
    """

    tokens: Tokens
    nodes: Tokens
    leaves: Tokens

    @cached_property
    def positions(self) -> Tokens:
        """(n,) the place of each token in its row."""
        places = np.arange(len(self.tokens), dtype=np.int32)
        for (start, end, _), ancestors in zip(self.node_tuples, self._ancestors, strict=True):
            depth = sum(int(self.nodes[node, 1] - self.nodes[node, 0]) for node in ancestors)
            places[start:end] += depth - start
        return places

    @cached_property
    def node_tuples(self) -> list[Node]:
        return [(int(start), int(end), int(stop)) for start, end, stop in self.nodes]

    @cached_property
    def _ancestors(self) -> list[list[int]]:
        """The nodes above each node, the root first."""
        above: list[list[int]] = []
        path: list[int] = []
        for number, (start, _, _) in enumerate(self.node_tuples):
            while path and self.nodes[path[-1], 2] <= start:
                path.pop()
            above.append(list(path))
            path.append(number)
        return above

    @property
    def roots(self) -> list[Node]:
        """The nodes that no other stands above, one for each tree."""
        return [node for node, above in zip(self.node_tuples, self._ancestors, strict=True) if not above]

    def rows_of(self, root: Node) -> list[Row]:
        """The rows of one tree."""
        starts = self.nodes[self.leaves[:, 0], 0]
        return [row for row, start in zip(self.rows(), starts, strict=True) if root[0] <= start < root[2]]

    @cached_property
    def predicting(self) -> Tokens:
        """(trained tokens,) the places in the pass whose next token is trained."""
        ends = self.nodes[self.leaves[:, 0], 1]
        return np.concatenate([np.arange(end - count - 1, end - 1) for end, count in zip(ends, self.leaves[:, 1], strict=True)]).astype(np.int32)

    @property
    def labels(self) -> Tokens:
        """(trained tokens,) the tokens that are to be predicted there."""
        return self.tokens[self.predicting + 1]

    @cached_property
    def seen(self) -> int:
        """The tokens of all rows, as if each were computed alone."""
        ends = self.nodes[self.leaves[:, 0], 1] - 1
        return int(self.positions[ends].sum() + len(ends))

    def path(self, node: int) -> list[tuple[int, int]]:
        """Start and end of each stretch of tokens from the root to the end of a node."""
        return [self.node_tuples[part][:2] for part in (*self._ancestors[node], node)]

    def rows(self) -> list[Row]:
        """Each row by itself, its trained tokens as the completion."""
        whole = [
            ([token for start, end in self.path(node) for token in self.tokens[start:end].tolist()], trained)
            for node, trained in self.leaves.tolist()
        ]
        return [Row("", tokens[: len(tokens) - trained], tokens[len(tokens) - trained :]) for tokens, trained in whole]

    def of_row(self, number: int) -> Pass:
        """The same tokens, with the loss on one row alone."""
        return Pass(self.tokens, self.nodes, self.leaves[number : number + 1])


def sample_rows(passes: Sequence[Pass], most: int) -> Pass:
    """At most so many rows of the passes, as a pass of their own: those of the tree with the most rows."""
    trees = [one.rows_of(root) for one in passes for root in one.roots]
    return pack_rows(max(trees, key=len)[:most], 2**31)[0]


def sort_key(row: Row) -> bytes:
    """Rows in the order of this key share the most with their neighbours."""
    return np.asarray(row.tokens, dtype=">u4").tobytes()


def shared_lengths(rows: Sequence[Row]) -> list[int]:
    """How many leading tokens each row may share with the one before it; 0 for the first."""
    arrays = [np.asarray(row.tokens, dtype=np.int32) for row in rows]
    lengths = [0]
    for number in range(1, len(rows)):
        most = min(rows[number - 1].shareable, rows[number].shareable)
        different = arrays[number - 1][:most] != arrays[number][:most]
        lengths.append(int(different.argmax()) if different.any() else most)
    return lengths


def pack_rows(rows: Sequence[Row], most_tokens: int) -> list[Pass]:
    """Passes of at most `most_tokens` tokens (more where a single row is longer) that hold each row once."""
    ordered = sorted(rows, key=sort_key)
    lengths = shared_lengths(ordered)
    passes, first, size = [], 0, 0
    for number, row in enumerate(ordered):
        added = row.length - (lengths[number] if number > first else 0)
        if number > first and size + added > most_tokens:
            passes.append(build_pass(ordered[first:number], lengths[first:number]))
            first, size, added = number, 0, row.length
        size += added
    passes.append(build_pass(ordered[first:], lengths[first:]))
    return passes


def build_pass(rows: Sequence[Row], shared: Sequence[int]) -> Pass:
    """One pass of sorted rows and the lengths that each shares with the one before it."""
    tokens: list[int] = []
    nodes: list[list[int]] = []
    leaves: list[list[int]] = []

    def grow(first: int, last: int, depth: int) -> None:
        """Add the rows from `first` to before `last`, which share their first `depth` tokens with a node that is there."""
        if last - first == 1:
            leaves.append([len(nodes), rows[first].trained])
            start = len(tokens)
            tokens.extend(rows[first].tokens[depth:])
            nodes.append([start, len(tokens), len(tokens)])
            return
        cut = min(shared[first + 1 : last])
        starts = [first, *(number for number in range(first + 1, last) if shared[number] == cut), last]
        worth = (cut - depth) * (len(starts) - 2) >= WORTH
        node = len(nodes)
        if worth:
            start = len(tokens)
            tokens.extend(rows[first].tokens[depth:cut])
            nodes.append([start, len(tokens), 0])
        for begin, end in pairwise(starts):
            grow(begin, end, cut if worth else depth)
        if worth:
            nodes[node][2] = len(tokens)

    grow(0, len(rows), 0)
    return Pass(np.asarray(tokens, np.int32), np.asarray(nodes, np.int32).reshape(-1, 3), np.asarray(leaves, np.int32).reshape(-1, 2))
