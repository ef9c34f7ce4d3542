"""How likely a model is to begin its answer with each of some texts: log-probabilities, many at once.

A prompt, its choices and a model in, log P(choice | prompt) out: the sum over the choice's tokens. Called by
gentool.engines.hf. A choice is tokenised together with its prompt, so that its tokens are those that the model would read;
where the two differ from the prompt's own tokens already before the prompt's end, counting begins there.

packed: all choices of a prompt in one row, common beginnings once, each token seeing its own choice alone (attention only).
rows: a copy of what is held of the prompt for each choice. separate: one whole forward for each choice (any model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from gentool.engines.prefill import State, prefill, sees_all
from gentool.engines.sharing import Ids, common_length, plan_shared

Scoring = Literal["packed", "rows", "separate"]
MOST_LOGITS = 2**27
"""So many logits are held at once; more rows are scored in parts."""


@dataclass(frozen=True)
class Tails:
    """A prompt's choices: `start` is the place of the last token that all of them and the prompt have in common.

    `ids` are each choice's tokens from there on, and `first` where in them those begin that are counted.
    """

    start: int
    ids: tuple[tuple[int, ...], ...]
    first: tuple[int, ...]

    def begin_at(self, start: int, prompt: Ids) -> Tails:
        """The same from an earlier place of the prompt on."""
        before = tuple(prompt[start : self.start])
        return Tails(start, tuple((*before, *ids) for ids in self.ids), tuple(first + len(before) for first in self.first))


def cut_tails(prompt: Ids, wholes: Sequence[Ids]) -> Tails:
    """The tails of a prompt's choices, each given as the tokens of prompt and choice together."""
    common = [common_length(prompt, whole) for whole in wholes]
    start = min([len(prompt), *common]) - 1
    if start < 0:
        raise ValueError("a choice that does not even begin with the prompt's first token")
    return Tails(start, tuple(tuple(whole[start:]) for whole in wholes), tuple(length - start for length in common))


def score_choices(
    model: Any, prompts: Sequence[Ids], wholes: Sequence[Sequence[Ids]], way: Scoring = "packed", batch_tokens: int = 24_576, ragged: bool = True
) -> list[list[float]]:
    """For each prompt the log-probability of each of its choices, given as the tokens of prompt and choice together.

    What prompts share is computed once (gentool.engines.prefill). Raises NotImplementedError for `packed` where the model cannot do it.
    """
    tails = [cut_tails(prompt, choices) for prompt, choices in zip(prompts, wholes, strict=True)]
    if way == "separate":
        return [score_separately(model, prompt, one) for prompt, one in zip(prompts, tails, strict=True)]
    cut = [prompt[: one.start] for prompt, one in zip(prompts, tails, strict=True)]
    full = sees_all(model, max(one.start + max(map(len, one.ids)) for one in tails))
    if way == "packed" and not full:
        raise NotImplementedError("choices in one row: the model keeps states, or looks back less far than the prompt is long")
    scores: list[list[float]] = [[] for _ in prompts]
    with torch.inference_mode():
        for batch in plan_shared(cut, batch_tokens):
            state, rows = prefill(model, cut, batch, ragged=ragged and full)
            for row, found in zip(rows, score_state(model, state, [tails[row] for row in rows], way, batch_tokens), strict=True):
                scores[row] = found
    return scores


def score_state(model: Any, state: State, tails: Sequence[Tails], way: Scoring, batch_tokens: int) -> list[list[float]]:
    """For each row of a state the log-probability of each of its choices; every tail begins where the row's tokens end.

    The state stays as it is.
    """
    scored = [row for row, one in enumerate(tails) if one.ids]
    if way == "packed":
        nodes = max((len(_Nodes(tails[row]).tokens) for row in scored), default=0)
        most = max(1, MOST_LOGITS // (max(1, nodes) * int(model.config.get_text_config().vocab_size)))
        parts = [scored[start : start + most] for start in range(0, len(scored), most)]
        found = [scores for part in parts for scores in _score_packed(model, state.select(part), [tails[row] for row in part])]
    else:
        found = [_score_rows(model, state, row, tails[row], batch_tokens) for row in scored]
    by_row = dict(zip(scored, found, strict=True))
    return [by_row.get(row, []) for row in range(len(tails))]


class _Nodes:
    """The tokens of tails that have to be read, common beginnings once: a tree, parents before their children.

    asked: for each tail the nodes behind which its counted tokens stand, and these tokens.
    """

    def __init__(self, tails: Tails) -> None:
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self._places: dict[tuple[int, int], int] = {}
        self.asked = [self._add(ids, first) for ids, first in zip(tails.ids, tails.first, strict=True)]

    def _add(self, ids: Sequence[int], first: int) -> list[tuple[int, int]]:
        """Add what is not there yet of a tail; its last token is asked for and need not be read."""
        node, path = -1, []
        for depth, token in enumerate(ids[:-1]):
            node = self._find(node, token, depth)
            path.append(node)
        return list(zip(path[first - 1 :], ids[first:], strict=True))

    def _find(self, parent: int, token: int, depth: int) -> int:
        """The node of a token behind another one, which is made where there is none."""
        if (parent, token) not in self._places:
            self._places[parent, token] = len(self.tokens)
            self.tokens.append(token)
            self.parents.append(parent)
            self.depths.append(depth)
        return self._places[parent, token]

    def seen(self, size: int) -> Tensor:
        """(size, size) which node sees which: itself and those above it. What is behind the last node sees itself."""
        seen = torch.eye(size, dtype=torch.bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                seen[node] |= seen[parent]
        return seen


def _score_packed(model: Any, state: State, tails: Sequence[Tails]) -> list[list[float]]:
    """One forward for all rows of a state, which is used up."""
    trees = [_Nodes(one) for one in tails]
    size, device = max(1, *(len(tree.tokens) for tree in trees)), state.mask.device
    ids = torch.tensor([[*tree.tokens, *[0] * (size - len(tree.tokens))] for tree in trees], device=device)
    depths = torch.tensor([[*tree.depths, *[0] * (size - len(tree.depths))] for tree in trees], device=device)
    seen = torch.stack([tree.seen(size) for tree in trees]).to(device)
    mask = torch.cat([state.mask.bool()[:, None].expand(-1, size, -1), seen], dim=2)[:, None]
    inputs = {"attention_mask": _as_mask(model, mask), "position_ids": state.mask.sum(1, keepdim=True) + depths}
    logits = model(input_ids=ids, **inputs, past_key_values=state.cache, use_cache=True).logits
    return [_sum_asked(logits[row], tree.asked) for row, tree in enumerate(trees)]


def _as_mask(model: Any, seen: Tensor) -> Tensor:
    """(rows, 1, n, held + n) as the model's attention takes it: booleans, or what is added to the scores."""
    match model.config._attn_implementation:
        case "sdpa":
            return seen
        case "eager":
            return torch.zeros(seen.shape, dtype=model.dtype, device=seen.device).masked_fill(~seen, torch.finfo(model.dtype).min)
        case other:
            raise NotImplementedError(f"choices in one row under the attention '{other}'")


def _score_rows(model: Any, state: State, row: int, tails: Tails, batch_tokens: int) -> list[float]:
    """One forward for the choices of one row, or several where they are too many for the bound."""
    most = max(1, batch_tokens // (state.mask.shape[1] + max(map(len, tails.ids))))
    scores = []
    for start in range(0, len(tails.ids), most):
        ids, first = tails.ids[start : start + most], tails.first[start : start + most]
        longest = max(1, *(len(one) - 1 for one in ids))
        padded = torch.tensor([[*one, *[one[-1]] * longest][:longest] for one in ids], device=state.mask.device)
        logits = state.select([row] * len(ids)).extend(model, padded, logits_to_keep=longest)
        scores += [_sum_asked(logits[place], [_asked(one, begun)])[0] for place, (one, begun) in enumerate(zip(ids, first, strict=True))]
    return scores


def score_separately(model: Any, prompt: Ids, tails: Tails) -> list[float]:
    """One forward of prompt and choice for each choice, without any cache."""
    scores = []
    with torch.inference_mode():
        for ids, first in zip(tails.ids, tails.first, strict=True):
            tokens = torch.tensor([[*prompt[: tails.start], *ids[:-1]]], device=model.device)
            logits = model(input_ids=tokens, use_cache=False, logits_to_keep=len(ids) - 1).logits if len(ids) > 1 else None
            scores += [0.0] if logits is None else _sum_asked(logits[0], [_asked(ids, first)])
    return scores


def _asked(ids: Sequence[int], first: int) -> list[tuple[int, int]]:
    return [(place - 1, ids[place]) for place in range(first, len(ids))]


def _sum_asked(logits: Tensor, asked: Sequence[Sequence[tuple[int, int]]]) -> list[float]:
    """For each list of (place, token) the sum of the tokens' log-probabilities at the places of (n, vocabulary) logits."""
    places, tokens = (torch.tensor([pair[part] for pairs in asked for pair in pairs], device=logits.device) for part in range(2))
    if not len(places):
        return [0.0] * len(asked)
    logits = logits.float()
    found = torch.split((logits[places, tokens] - logits.logsumexp(-1)[places]).double().cpu(), [len(pairs) for pairs in asked])
    return [float(part.sum()) for part in found]
