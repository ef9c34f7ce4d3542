"""The packed step computes what the plain Hugging Face model computes, for every branch alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as functional

from gentool.nano.step import Branch, PackedForward, PackedRow, collate


def draw_row(rng: random.Random, lengths: list[int]) -> PackedRow:
    trunk = [rng.randrange(5, 300) for _ in range(rng.randint(20, 40))]
    branches = [Branch([rng.randrange(5, 300) for _ in range(length)], max(1, length // 3)) for length in lengths]
    return PackedRow(trunk, branches, len(trunk))


def draw_rows() -> list[PackedRow]:
    rng = random.Random(0)
    return [draw_row(rng, [1, 2, 30, 120, 90, 7]), draw_row(rng, [3]), draw_row(rng, [])]


def plain_logits(model: Any, row: PackedRow) -> torch.Tensor:
    """Trunk and branch as one row of the model, for each branch; the logits that predict what is trained."""
    found = []
    for branch in row.branches:
        logits = model(torch.tensor([[*row.trunk, *branch.ids]])).logits[0]
        first = max(branch.trained, 1)
        found.append(logits[len(row.trunk) + first - 1 : len(row.trunk) + len(branch.ids) - 1])
    return torch.cat(found) if found else torch.zeros(0, model.config.vocab_size)


def test_logits_are_the_plain_models(model: Any) -> None:
    rows = draw_rows()
    packed = PackedForward(model, torch.float32)(collate(rows, max(row.length for row in rows) + 5, 0))
    plain = torch.cat([plain_logits(model, row) for row in rows])
    assert packed.shape == plain.shape
    assert len(plain) > 100
    torch.testing.assert_close(packed, plain, rtol=1e-4, atol=1e-4)


def test_gradients_are_the_plain_models(model: Any) -> None:
    rows = draw_rows()[:2]
    batch = collate(rows, max(row.length for row in rows), 0)
    functional.cross_entropy(PackedForward(model, torch.float32)(batch), batch.targets).backward()
    packed = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.zero_grad()
    functional.cross_entropy(torch.cat([plain_logits(model, row) for row in rows]), batch.targets).backward()
    for name, weight in model.named_parameters():
        difference = (packed[name] - weight.grad).norm() / weight.grad.norm().clamp_min(1e-12)
        assert difference < 1e-4, name


def test_what_a_trunk_teaches_is_predicted_from_the_trunk(model: Any) -> None:
    row = PackedRow([7, 8, 9, 10, 11], [Branch([12, 13], 1)], 3)
    batch = collate([row], 9, 0)
    assert batch.targets.tolist() == [10, 11, 13]
    packed = PackedForward(model, torch.float32)(batch)
    plain = model(torch.tensor([[7, 8, 9, 10, 11, 12, 13]])).logits[0, [2, 3, 5]]
    torch.testing.assert_close(packed, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("other", [[40, 41, 42], [50]])
def test_a_branch_sees_no_other_branch(model: Any, other: list[int]) -> None:
    trunk = [7, 8, 9]
    forward = PackedForward(model, torch.float32)
    alone = forward(collate([PackedRow(trunk, [Branch([12, 13, 14], 1)], 3)], 10, 0))
    beside = forward(collate([PackedRow(trunk, [Branch(other, 9), Branch([12, 13, 14], 1)], 3)], 10, 0))
    torch.testing.assert_close(alone, beside, rtol=1e-5, atol=1e-5)


def test_bf16_is_near(model: Any) -> None:
    batch = collate(draw_rows(), 300, 0)
    full, half = (PackedForward(model, dtype)(batch) for dtype in (torch.float32, torch.bfloat16))
    assert torch.cosine_similarity(full, half).min() > 0.99


def test_a_batch_says_what_decides() -> None:
    row = PackedRow([7, 8, 9], [Branch([1, 2, 3, 4, 5, 6], 2, (2, 3), frozenset({4})), Branch([1, 2, 3], 1)], 3)
    batch = collate([row], row.length, 0)
    assert batch.targets.tolist() == [3, 4, 5, 6, 2, 3]
    assert batch.chosen.tolist() == [True, False, False, False, False, False]
    assert batch.decisive.tolist() == [True, False, True, False, False, False]
