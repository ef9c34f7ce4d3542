"""Exact attention over a packed tree of rows: every token sees its own row alone, and what rows share is computed once.

A packed pass holds a forest in depth-first order, so that all descendants of a node stand right behind it: node `n` covers
the tokens from `start` to `end`, and the subtree below it ends at `stop`. The keys of a node are seen by its own tokens
(causally) and by all tokens of its subtree, which is one attention call with a causal mask aligned to the top left and more
queries than keys. Each node's call gives a part of the softmax; parts are merged by their log-sum-exp, as FlashAttention
merges blocks (Dao et al., 2022). No work is done on pairs that do not see each other, and no mask is built.

Called through transformers' attention interface under the name `TREE`; gentool.train.ways sets the nodes of the pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

TREE = "gentool_tree"

Node = tuple[int, int, int]
"""start, end, stop."""


class TreeAttention(torch.autograd.Function):
    """Attention of packed rows; query (heads_kv, group, tokens, head_dim), key and value (heads_kv, 1, tokens, head_dim)."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, nodes: Sequence[Node], scale: float) -> Tensor:
        output, sums = torch.empty_like(query), query.new_empty(query.shape[:3], dtype=torch.float32)
        covered = 0
        for start, end, stop in nodes:
            part, part_sums = _attend(query[:, :, start:stop], _grouped(key, query, start, end), _grouped(value, query, start, end), scale)
            whole, whole_sums = output[:, :, start:stop], sums[:, :, start:stop]
            if start >= covered:  # a root: the first part of all its subtree
                whole.copy_(part)
                whole_sums.copy_(part_sums)
                covered = stop
            else:
                _merge(whole, whole_sums, part, part_sums)
        ctx.save_for_backward(query, key, value, output, sums)
        ctx.nodes, ctx.scale = nodes, scale
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of each node's call follow from the merged output and log-sum-exp; each key belongs to one node."""
        query, key, value, output, sums = ctx.saved_tensors
        of_query, of_key, of_value = torch.zeros_like(query, dtype=torch.float32), torch.empty_like(key), torch.empty_like(value)
        for start, end, stop in ctx.nodes:
            rows, keys = slice(start, stop), slice(start, end)
            parts = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
                gradient[:, :, rows],
                query[:, :, rows],
                _grouped(key, query, start, end),
                _grouped(value, query, start, end),
                output[:, :, rows],
                sums[:, :, rows],
                0.0,
                True,
                scale=ctx.scale,
            )
            of_query[:, :, rows] += parts[0]
            of_key[:, :, keys] = parts[1].sum(1, keepdim=True)
            of_value[:, :, keys] = parts[2].sum(1, keepdim=True)
        return of_query.to(query.dtype), of_key, of_value, None, None


def _attend(query: Tensor, key: Tensor, value: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """One node's part: what its keys give to the tokens from its start on, and the log-sum-exp of their scores."""
    output, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, 0.0, True, scale=scale)
    return output, sums


def _grouped(states: Tensor, query: Tensor, start: int, end: int) -> Tensor:
    """The keys or values of a node for every query head of its group, without a copy."""
    return states[:, :, start:end].expand(-1, query.shape[1], -1, -1)


def _merge(whole: Tensor, whole_sums: Tensor, part: Tensor, part_sums: Tensor) -> None:
    """Add a part of the softmax to what was summed before, in place."""
    together = torch.logaddexp(whole_sums, part_sums)
    kept, added = (whole_sums - together).exp(), (part_sums - together).exp()
    whole.copy_(whole * kept.unsqueeze(-1) + part * added.unsqueeze(-1))
    whole_sums.copy_(together)


def attend_tree(query: Tensor, key: Tensor, value: Tensor, nodes: Sequence[Node], scale: float) -> Tensor:
    """Attention of one packed pass: (1, heads, tokens, head_dim) with heads_kv heads of keys and values, to the shape of `query`."""
    heads, kv_heads = query.shape[1], key.shape[1]
    grouped = query.view(kv_heads, heads // kv_heads, *query.shape[2:])
    output: Tensor = TreeAttention.apply(grouped, key.transpose(0, 1), value.transpose(0, 1), nodes, scale)  # type: ignore[no-untyped-call]
    return output.reshape(query.shape)
