"""The loss over the vocabulary is the plain one, and so are its gradients and what is predicted."""

from __future__ import annotations

import torch
import torch.nn.functional as functional

from gentool.nano.loss import ROWS, linear_cross_entropy


def test_loss_gradients_and_predictions_are_the_plain_ones() -> None:
    torch.manual_seed(0)
    positions, words = 2 * ROWS + 9, 50
    hidden, vocabulary = torch.randn(positions, 8, requires_grad=True), torch.randn(words, 8, requires_grad=True)
    targets, weights = torch.randint(0, words, (positions,)), torch.rand(positions)

    loss, predicted = linear_cross_entropy(hidden, vocabulary, targets, weights)
    (3 * loss).backward()
    assert hidden.grad is not None and vocabulary.grad is not None
    found = hidden.grad.clone(), vocabulary.grad.clone()
    hidden.grad = vocabulary.grad = None

    logits = hidden @ vocabulary.T
    plain = (functional.cross_entropy(logits, targets, reduction="none") * weights).sum()
    (3 * plain).backward()
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(found[0], hidden.grad)
    torch.testing.assert_close(found[1], vocabulary.grad)
    assert torch.equal(predicted, logits.argmax(-1))


def test_in_bf16_gradients_are_near_those_of_fp32() -> None:
    torch.manual_seed(0)
    hidden, vocabulary, targets = torch.randn(90, 16), torch.randn(50, 16), torch.randint(0, 50, (90,))
    found = []
    for dtype in (torch.bfloat16, torch.float32):
        parts = hidden.to(dtype).requires_grad_(), vocabulary.to(dtype).requires_grad_()
        linear_cross_entropy(*parts, targets, torch.full((90,), 1 / 90))[0].backward()  # type: ignore[no-untyped-call]
        found.append(torch.cat([part.grad.float().flatten() for part in parts if part.grad is not None]))
    assert torch.cosine_similarity(found[0], found[1], 0) > 0.999


def test_nothing_to_learn_is_no_loss() -> None:
    hidden = torch.zeros(0, 8, requires_grad=True)
    loss, predicted = linear_cross_entropy(hidden, torch.randn(5, 8), torch.zeros(0, dtype=torch.long), torch.zeros(0))
    assert loss.item() == 0.0
    assert len(predicted) == 0
