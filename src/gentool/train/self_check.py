"""Which way a model computes passes exactly: tried out on a few rows before training, loss and gradients against the plain way.

A model and a pass in, a way and what was found out; called by gentool.train.stage. A way that fails is passed over with its
reason; the plain way is always there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gentool.core.errors import TrainingError
from gentool.train.packing import Pass
from gentool.train.ways import CHUNK_LOGITS, Way, WayName, prepared, sum_losses, unwrapped

CHECKED_WEIGHTS = 100_000_000
"""Gradients are compared on so many weights at most, taken from all over the model."""

WINDOWS = {"sliding_attention": "sliding_window", "chunked_attention": "attention_chunk_size"}
"""Kinds of layers that do not see all that came before, and where a configuration says how much they see."""


@dataclass(frozen=True)
class Choice:
    """The way that was chosen; `refused` says of each way tried before it why the model cannot go it."""

    way: Way
    refused: tuple[str, ...] = ()


def choose_way(model: Any, sample: Pass, longest: int, wanted: str = "auto") -> Choice:
    """The first way in which the model computes the loss and the gradients of the sample as it does row by row.

    `longest` is the length of the longest row of all: what looks back no further than that cannot be packed.

    Raises TrainingError where a way is asked for by name and is not exact.
    """
    if wanted == "plain":
        return Choice(Way("plain"))
    noise = find_noise(model)
    refused = [f"shared prompts: {noise}, so that rows computed together are not the same as rows computed alone"] if noise else []
    window = find_window(model)
    short = window is not None and window < longest
    refused += [f"packed rows: the model looks back {window} tokens, and the longest row has {longest}"] if short and not noise else []
    names = [] if noise else [name for name in _names(model) if wanted in ("auto", name) and (name == "cache" or not short)]
    expected = _loss_and_gradients(model, sample, Way("plain")) if names else None
    for name in names:
        faults = []
        for way in _variants(name, model):
            fault = _find_fault(model, sample, way, expected)
            if fault is None:
                return Choice(Way(name, CHUNK_LOGITS if way.chunk_logits else None), tuple(refused))
            faults.append(fault)
        refused.append(f"{name}: {faults[-1]}")
    if wanted != "auto":
        raise TrainingError(f"the model cannot be trained the way '{wanted}' ({'; '.join(refused)}): take auto")
    return Choice(Way("plain"), tuple(refused))


def find_noise(model: Any) -> str | None:
    """What makes two computations of one row differ in training, in words; None where nothing does."""
    for name, module in model.named_modules():
        rate = getattr(module, "p", 0) if isinstance(module, torch.nn.modules.dropout._DropoutNd) else getattr(module, "attention_dropout", 0)
        if isinstance(rate, float) and rate > 0:
            return f"{name} drops out {rate:g}"
    return None


def find_window(model: Any) -> int | None:
    """How many tokens the model's shortest attention looks back; None where it sees all."""
    config = unwrapped(model).config.get_text_config()
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"]
    windows = [getattr(config, key, None) for kind, key in WINDOWS.items() if kind in kinds]
    return min((window for window in windows if window), default=None)


def _names(model: Any) -> tuple[WayName, ...]:
    """The ways to try where the model is, fastest first."""
    return ("flex", "mask", "cache") if next(model.parameters()).is_cuda else ("tree", "mask", "cache")


def _variants(name: WayName, model: Any) -> Iterator[Way]:
    """A way with the smallest chunks of logits, which some models' treatment of logits forbids, and with whole ones."""
    if name != "cache":
        yield Way(name, unwrapped(model).config.get_text_config().vocab_size)
    yield Way(name, None)


def _find_fault(model: Any, sample: Pass, way: Way, expected: Any) -> str | None:
    """Why the way does not serve; None where it does."""
    try:
        fault = compare(*_loss_and_gradients(model, sample, way), *expected)
        if fault is None and way.name != "cache":
            fault = find_leak(model, sample, way)
    except Exception as error:  # whatever the model raises, it cannot go this way
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    finally:
        model.zero_grad(set_to_none=True)
    return fault


def find_leak(model: Any, sample: Pass, way: Way) -> str | None:
    """Whether one row's loss depends on another row's tokens, in words: exact in any precision, where gradients compare up to rounding.

    Convolutions and recurrent states run on from row to row, whatever the attention does.
    """
    seen: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, output: Tensor) -> Tensor:
        seen.append(output.detach().requires_grad_())
        return seen[-1]

    hook = unwrapped(model).get_input_embeddings().register_forward_hook(keep)
    try:
        with prepared(model, way):
            sum_losses(model, sample.of_row(len(sample.leaves) - 1), way).backward()  # type: ignore[no-untyped-call]
    finally:
        hook.remove()
    felt = seen[0].grad
    own = sample.path(int(sample.leaves[-1, 0]))
    if felt is None or not felt.any():
        return "no gradient reaches its tokens"
    strangers = torch.ones(len(sample.tokens), dtype=torch.bool, device=felt.device)
    for start, end in own:
        strangers[start:end] = False
    return "rows leak into each other" if felt[0, strangers].any() else None


def compare(loss: float, gradients: list[Tensor], expected_loss: float, expected: list[Tensor]) -> str | None:
    """How a way's loss and gradients differ from the plain way's, in words; None where they are equal up to rounding.

    Each weight's gradient is compared by itself: what leaks from row to row in one small layer is lost in the norm of all.
    """
    half = any(gradient.dtype in (torch.bfloat16, torch.float16) for gradient in expected)
    if abs(loss - expected_loss) > (2e-2 if half else 1e-4) * abs(expected_loss):
        return f"its loss is {loss:.6f}, not {expected_loss:.6f}"
    norms = torch.stack([gradient.float().norm() for gradient in expected])
    errors = torch.stack([(one.float() - other.float()).norm() for one, other in zip(gradients, expected, strict=True)])
    worst = float((errors / (norms + 1e-3 * norms.max())).max())
    return f"its gradients differ by {worst:.2%}" if worst > (0.1 if half else 1e-3) else None


def _loss_and_gradients(model: Any, sample: Pass, way: Way) -> tuple[float, list[Tensor]]:
    """The loss of the sample and its gradients for some of the trained weights."""
    was_training = model.training
    model.train()
    model.zero_grad(set_to_none=True)
    with prepared(model, way):
        loss = sum_losses(model, sample, way)
        loss.backward()  # type: ignore[no-untyped-call]
    gradients = [torch.zeros_like(weights) if weights.grad is None else weights.grad.clone() for weights in _checked(model)]
    model.zero_grad(set_to_none=True)
    model.train(was_training)
    return float(loss.detach()), gradients


def _checked(model: Any) -> list[Any]:
    """Trained weights from all over the model, up to the bound."""
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    step = max(1, -(-sum(weights.numel() for weights in trained) // CHECKED_WEIGHTS))
    return trained[::step]
