"""How a model can be given shared prompts: tried out on a few made-up rows before the first answer, against whole forwards.

A model and the tokens of any prompt in, a `Ways` out, which says of what the model cannot do why not. Called by gentool.engines.hf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from gentool.engines.prefill import prefill, sees_all
from gentool.engines.scoring import Scoring, score_choices
from gentool.engines.sharing import Group, Ids

Shared = Literal["ragged", "aligned", "none"]
"""How prompts are shared: what follows the common beginning in one padded pass, in one pass for each length, or not at all."""
Way = TypeVar("Way", Shared, Scoring)
ANY_LENGTH = 2**40
CHECKED = 96
"""Tokens of a prompt that are tried."""
LEAST = 32
"""Tokens that a prompt must have at least to be tried."""


@dataclass(frozen=True)
class Ways:
    """What a model does exactly, and of each better way why it does not go it."""

    shared: Shared
    scoring: Scoring
    refused: tuple[str, ...] = ()


PLAIN = Ways("none", "separate")


def choose_ways(model: Any, prompt: Ids) -> Ways:
    """The best ways in which the model's logits and scores are those of whole forwards. `prompt` has at least LEAST tokens.

    A model that looks back less far than some prompts are long has to pass what is taken for those as well.
    """
    rows = make_rows(prompt[-CHECKED:])
    full, always = (_sees_all(model, length) for length in (CHECKED, ANY_LENGTH))
    refused: list[str] = []
    shared: list[Shared] = ["ragged", "aligned"] if full else ["aligned"]
    scoring: list[Scoring] = ["packed", "rows"] if full else ["rows"]
    with torch.inference_mode():
        shared = _keep_exact(shared, partial(compare_logits, model, rows), always, "shared prompts", refused)
        if not shared or not (always or "aligned" in shared):
            return Ways("none", "separate", tuple(refused))
        scoring = _keep_exact(scoring, partial(compare_scores, model, rows[0]), always, "scores of choices", refused)
    exact = scoring and (always or "rows" in scoring)
    return Ways(shared[0], scoring[0] if exact else "separate", tuple(refused))


def _keep_exact(ways: Sequence[Way], trial: Callable[[Way], str | None], first_only: bool, what: str, refused: list[str]) -> list[Way]:
    """The ways in whose trials no fault is found, the first one alone where that is enough; the faults of others are noted."""
    exact: list[Way] = []
    for way in ways:
        fault = None if exact and first_only else _try(trial, way)
        if fault is None:
            exact.append(way)
        else:
            refused.append(f"{what} ({way}): {fault}")
    return exact


def _try(trial: Callable[[Way], str | None], way: Way) -> str | None:
    try:
        return trial(way)
    except Exception as error:  # whatever the model raises, it cannot go this way
        return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _sees_all(model: Any, length: int) -> bool:
    """`sees_all`; False where the model's kinds of layers are not even known."""
    try:
        return sees_all(model, length)
    except Exception:  # whatever is raised, the trials meet it too and say it
        return False


def make_rows(prompt: Ids) -> list[list[int]]:
    """Rows of several lengths that share the beginnings of two: the prompt with other ends, and the same without its first tokens."""
    whole = list(prompt)
    ends = [whole[-8:], whole[-5:][::-1], whole[-8:-3]]
    return [trunk + end for trunk in (whole[:-8], whole[3:-8]) for end in ends]


def compare_logits(model: Any, rows: Sequence[Ids], shared: Shared) -> str | None:
    """How the logits of the next tokens, and of those after two more, differ from those of whole forwards, in words; None where they do not."""
    cut = [row[:-3] for row in rows]
    common = [len(rows[place]) - 8 for place in (0, 3)]
    state, order = prefill(model, cut, [Group((0, 1, 2), common[0] - 1), Group((3, 4, 5), common[1] - 1)], ragged=shared == "ragged")
    got = [state.extend(model, torch.tensor([[rows[row][place]] for row in order], device=model.device))[:, -1] for place in (-3, -2)]
    state.keep([2, 3])
    kept = state.extend(model, torch.tensor([[rows[order[place]][-1]] for place in (2, 3)], device=model.device))[:, -1]
    for place, row in enumerate(order):
        whole = model(input_ids=torch.tensor([rows[row]], device=model.device), use_cache=False).logits[0, -3:]
        found = torch.stack([got[0][place], got[1][place], kept[place - 2] if place in (2, 3) else whole[2]])
        fault = difference(found, whole)
        if fault:
            return fault
    return None


def difference(found: Tensor, expected: Tensor) -> str | None:
    """How logits (n, vocabulary) differ beyond rounding, in words."""
    most = 5e-2 if expected.dtype in (torch.bfloat16, torch.float16) else 1e-3
    spread = (expected.float() - expected.float().mean(-1, keepdim=True)).norm(dim=-1)
    worst = float(((found.float() - expected.float()).norm(dim=-1) / spread.clamp(min=1e-6)).max())
    return None if worst <= most else f"its logits differ by {worst:.2%}"


def compare_scores(model: Any, row: Ids, way: Scoring) -> str | None:
    """How the scores of some made-up choices differ from those of whole forwards, in words."""
    prompt, tail = list(row[:-6]), list(row[-6:])
    wholes = [[*prompt, *tail], [*prompt, *tail[:2], *tail[3:]], [*prompt[:-1], *tail[:3]]]
    (found,), (expected,) = (score_choices(model, [prompt], [wholes], one) for one in (way, "separate"))
    most = 0.5 if model.dtype in (torch.bfloat16, torch.float16) else 1e-3
    worst = max(abs(one - other) for one, other in zip(found, expected, strict=True))
    return None if worst <= most else f"its log-probabilities differ by {worst:.4f}"
