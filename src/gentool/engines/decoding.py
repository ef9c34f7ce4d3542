"""Greedy answers from what a model holds of its prompts, and the answers of transformers' own generate.

A model and a `State` (gentool.engines.prefill) in, the ids of each row's answer out, its end token included. Called by
gentool.engines.hf.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor

from gentool.engines.constrain import Restriction
from gentool.engines.prefill import State, pad_left
from gentool.engines.sharing import Ids


def decode(
    model: Any, state: State, last: Sequence[Ids], ends: Collection[int], max_new_tokens: int, restrictions: Sequence[Restriction | None] = ()
) -> list[list[int]]:
    """The most likely tokens after each row and its `last` tokens (equally many, not read yet), up to an end token.

    The state is used up. Rows that have ended are dropped once they are half of all.
    """
    made: list[list[int]] = [[] for _ in last]
    held = list(range(len(last)))
    tokens = torch.tensor(last, device=state.mask.device)
    for _ in range(max_new_tokens):
        logits = state.extend(model, tokens)[:, -1].float()
        written = [made[row] for row in held]
        restrict_logits(logits, [restrictions[row] if restrictions else None for row in held], written, ends)
        tokens = logits.argmax(-1, keepdim=True)
        for row, (token,) in zip(held, tokens.tolist(), strict=True):
            if not _ended(made[row], ends):
                made[row].append(token)
        going = [place for place, row in enumerate(held) if not _ended(made[row], ends)]
        if not going:
            break
        if 2 * len(going) <= len(held):
            state.keep(going)
            tokens, held = tokens[going], [held[place] for place in going]
    return made


def _ended(made: list[int], ends: Collection[int]) -> bool:
    return bool(made) and made[-1] in ends


def restrict_logits(logits: Tensor, restrictions: Sequence[Restriction | None], made: Sequence[Sequence[int]], ends: Collection[int]) -> None:
    """Make impossible, in place, what a row's restriction does not allow after what it has made; rows that have ended are left alone."""
    for row, (restriction, ids) in enumerate(zip(restrictions, made, strict=True)):
        allowed = restriction.allowed(ids) if restriction and not any(token in ends for token in ids) else None
        if allowed is not None:
            forbidden = torch.ones(logits.shape[1], dtype=torch.bool)
            forbidden[torch.from_numpy(allowed)] = False
            logits[row, forbidden.to(logits.device)] = -torch.inf


def generate(
    model: Any, prompts: Sequence[Ids], ends: Collection[int], max_new_tokens: int, restrictions: Sequence[Restriction | None] = ()
) -> list[list[int]]:
    """The same by transformers' generate, under the model's own generation settings, prompts padded on the left."""
    from transformers import LogitsProcessorList

    ids, real = pad_left(prompts, model.device)
    length = ids.shape[1]

    def restrict(written: Tensor, logits: Tensor) -> Tensor:
        restrict_logits(logits, restrictions, written[:, length:].tolist(), ends)
        return logits

    held = LogitsProcessorList([restrict] if any(restrictions) else [])
    output = model.generate(input_ids=ids, attention_mask=real, logits_processor=held, max_new_tokens=max_new_tokens)
    return [until_end(row, ends) for row in output[:, length:].tolist()]


def until_end(ids: list[int], ends: Collection[int]) -> list[int]:
    """The ids up to the first end token, which is kept; what follows is padding."""
    answer = list(takewhile(lambda token: token not in ends, ids))
    return ids[: len(answer) + 1]
