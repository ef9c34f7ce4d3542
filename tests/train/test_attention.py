"""Attention over a tree equals attention under the mask that says who sees whom: outputs and gradients, with grouped keys, in two precisions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from gentool.train.attention import Node, attend_tree

TREE: list[Node] = [(0, 40, 100), (40, 50, 75), (50, 65, 65), (65, 75, 75), (75, 100, 100), (100, 120, 120), (120, 140, 160), (140, 160, 160)]
"""A trunk of two branches, one of which branches again; a row alone; a trunk of one row."""
SIZE = 160


def visible(nodes: list[Node]) -> Any:
    """(tokens, tokens) who sees whom: a token sees what came before it in its own node and in those above."""
    seen = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    for start, end, stop in nodes:
        seen[start:stop, start:end] = True
    return seen.tril()


def draw(heads: int, dtype: torch.dtype) -> Any:
    return torch.randn(1, SIZE, heads, 16, dtype=dtype).transpose(1, 2).requires_grad_()


@pytest.mark.parametrize("kv_heads", [1, 2, 6])
def test_outputs_and_gradients_are_those_of_masked_attention(kv_heads: int) -> None:
    torch.manual_seed(0)
    inputs = [draw(6, torch.float32), draw(kv_heads, torch.float32), draw(kv_heads, torch.float32)]
    output = attend_tree(inputs[0], inputs[1], inputs[2], TREE, 0.3)
    expected = scaled_dot_product_attention(inputs[0], inputs[1], inputs[2], attn_mask=visible(TREE), scale=0.3, enable_gqa=True)
    torch.testing.assert_close(output, expected, rtol=1e-5, atol=1e-6)
    felt = torch.randn_like(output)
    for ours, theirs in zip(torch.autograd.grad(output, inputs, felt), torch.autograd.grad(expected, inputs, felt), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_half_precision_is_merged_in_full() -> None:
    torch.manual_seed(0)
    half = [draw(4, torch.bfloat16), draw(2, torch.bfloat16), draw(2, torch.bfloat16)]
    full = [states.detach().float().requires_grad_() for states in half]
    output = attend_tree(half[0], half[1], half[2], TREE, 0.25)
    expected = scaled_dot_product_attention(full[0], full[1], full[2], attn_mask=visible(TREE), scale=0.25, enable_gqa=True)
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), expected, rtol=2e-2, atol=2e-2)
    felt = torch.randn_like(expected)
    gradients = torch.autograd.grad(output, half, felt.bfloat16())
    for ours, theirs in zip(gradients, torch.autograd.grad(expected, full, felt), strict=True):
        assert torch.cosine_similarity(ours.float().flatten(), theirs.flatten(), dim=0) > 0.9995


def test_no_gradient_crosses_from_row_to_row() -> None:
    torch.manual_seed(0)
    states = [draw(2, torch.float32) for _ in range(3)]
    output = attend_tree(states[0], states[1], states[2], TREE, 0.25)
    of_keys = torch.autograd.grad(output[:, :, 55].sum(), states[1])[0]
    felt = of_keys.abs().sum(dim=(0, 1, 3)) > 0
    assert felt.nonzero().flatten().tolist() == [*range(40), *range(40, 50), *range(50, 56)]
