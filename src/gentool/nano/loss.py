"""Cross-entropy over a vocabulary without its logits in fp32 for a whole batch: hidden states and targets in, loss and predictions out.

The gradient is computed with the loss, a few rows at a time, so that what is in work stays in a CPU's cache. Called by gentool.nano.pretrain.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ROWS = 64
"""So many trained positions are in work at once."""


def linear_cross_entropy(
    hidden: torch.Tensor, vocabulary: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The weighted sum of the cross-entropies of `hidden @ vocabulary.T`, and what is predicted.

    hidden: (positions, width); vocabulary: (words, width) of the same dtype; targets and weights: (positions,).
    """
    loss, predicted = _function().apply(hidden, vocabulary, targets, weights)
    return loss, predicted


@cache
def _function() -> Any:
    """The class, made at the first call: torch is heavy."""
    import torch

    class LinearCrossEntropy(torch.autograd.Function):
        """Both gradients are those of a loss of one; backward scales them."""

        @staticmethod
        def forward(ctx: Any, hidden: torch.Tensor, vocabulary: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> Any:
            slopes = torch.empty(len(hidden), len(vocabulary), dtype=hidden.dtype)
            predicted = torch.empty_like(targets)
            loss = torch.zeros(())
            for start in range(0, len(hidden), ROWS):
                part = slice(start, start + ROWS)
                logits = (hidden[part] @ vocabulary.T).float()
                predicted[part] = logits.argmax(-1)
                here = torch.log_softmax(logits, -1)
                at = targets[part, None]
                loss += -(here.gather(1, at)[:, 0] * weights[part]).sum()
                slope = here.exp_()
                slope.scatter_add_(1, at, torch.full_like(at, -1.0, dtype=slope.dtype))
                slopes[part] = slope.mul_(weights[part, None])
            ctx.save_for_backward(slopes @ vocabulary, slopes.T @ hidden)
            ctx.mark_non_differentiable(predicted)
            return loss, predicted

        @staticmethod
        def backward(ctx: Any, slope: torch.Tensor, _: Any) -> Any:
            to_hidden, to_vocabulary = ctx.saved_tensors
            return to_hidden * slope, to_vocabulary * slope, None, None

    return LinearCrossEntropy
