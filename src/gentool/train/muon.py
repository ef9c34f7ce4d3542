"""Muon for the matrices inside a model and AdamW for the rest, as one optimizer that the Trainer takes, saves and resumes.

Muon (Jordan et al., https://kellerjordan.github.io/posts/muon/; torch.optim.Muon) orthogonalises each update; a small model
from scratch learns in a fraction of AdamW's steps. Its updates are scaled to AdamW's (`match_rms_adamw`), so one learning
rate serves both. Called by gentool.train.stage where a stage's `optim` is `muon`.
"""

from __future__ import annotations

from typing import Any

ADAMW_BETAS = (0.9, 0.95)
MOMENTUM = 0.95


def make_muon(model: Any, learning_rate: float, weight_decay: float) -> Any:
    """The optimizer of a model: Muon for weights of two dimensions that are no embeddings and no output head."""
    import torch

    class MuonWithAdamW(torch.optim.Optimizer):
        """Two optimizers behind one interface; the parameter groups are theirs, so that schedulers reach them."""

        def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
            self.parts = parts
            super().__init__([parameter for part in parts for group in part.param_groups for parameter in group["params"]], {})
            self._share_groups()

        def _share_groups(self) -> None:
            self.param_groups = [group for part in self.parts for group in part.param_groups]

        def step(self, closure: Any = None) -> None:  # type: ignore[override]  # noqa: ARG002
            for part in self.parts:
                part.step()

        def zero_grad(self, set_to_none: bool = True) -> None:
            for part in self.parts:
                part.zero_grad(set_to_none)

        def state_dict(self) -> dict[str, Any]:
            return {"parts": [part.state_dict() for part in self.parts]}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            for part, state in zip(self.parts, state_dict["parts"], strict=True):
                part.load_state_dict(state)
            self._share_groups()

    matrices, others = split_parameters(model)
    parts: list[torch.optim.Optimizer] = []
    if matrices:
        parts.append(torch.optim.Muon(matrices, learning_rate, weight_decay, MOMENTUM, adjust_lr_fn="match_rms_adamw"))
    if others:
        parts.append(torch.optim.AdamW(others, learning_rate, ADAMW_BETAS, weight_decay=weight_decay))
    return MuonWithAdamW(parts)


def split_parameters(model: Any) -> tuple[list[Any], list[Any]]:
    """The trained parameters: those for Muon, and the rest (embeddings, output head, norms, biases)."""
    outer = {id(layer.weight) for layer in (model.get_input_embeddings(), model.get_output_embeddings()) if layer is not None}
    matrices: list[Any] = []
    others: list[Any] = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            (matrices if parameter.ndim == 2 and id(parameter) not in outer else others).append(parameter)
    return matrices, others
