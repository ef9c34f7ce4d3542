"""Prompts in, answers and scores out, batch by batch: with shared prompts where the model can, else by transformers' generate.

Token ids come in and go out; gentool.engines.hf makes them from requests and makes replies of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from gentool.engines.constrain import Restriction
from gentool.engines.decode_check import Ways
from gentool.engines.decoding import decode, generate
from gentool.engines.prefill import prefill, sees_all
from gentool.engines.scoring import Tails, score_separately, score_state
from gentool.engines.sharing import Batch, plan_batches, plan_shared

if TYPE_CHECKING:
    from gentool.engines.hf import GenerationSettings

NO_CHOICES = Tails(0, (), ())
Answer = tuple[int, list[int], list[float] | None]
"""Which prompt, its answer's ids, and the log-probability of each of its choices where it has any."""


@dataclass(frozen=True)
class Asked:
    """Prompts, and for each its choices and what holds its answer, where there are any."""

    prompts: Sequence[list[int]]
    tails: Sequence[Tails | None]
    restrictions: Sequence[Restriction | None]

    @cached_property
    def unread(self) -> int:
        """How many of the last tokens of each prompt are left to be read with its answer or its choices, which may begin before its end."""
        return max([1, *(len(prompt) - tails.start for prompt, tails in zip(self.prompts, self.tails, strict=True) if tails)])

    @cached_property
    def read(self) -> list[list[int]]:
        """What is read of each prompt first."""
        return [prompt[: -self.unread] for prompt in self.prompts]

    @cached_property
    def longest(self) -> int:
        """The tokens of the longest prompt, with its longest choice where it has any."""
        wholes = [tails.start + max(map(len, tails.ids)) for tails in self.tails if tails]
        return max([*map(len, self.prompts), *wholes])


def answer(model: Any, asked: Asked, ways: Ways, settings: GenerationSettings, ends: Sequence[int]) -> Iterator[Answer]:
    """Every prompt's answer, in the order of the batches."""
    if not asked.prompts:
        return
    if ways.shared == "none" or min(map(len, asked.prompts)) < asked.unread + 2:
        yield from _answer_plainly(model, asked, settings, ends)
        return
    batches = plan_shared(asked.read, settings.batch_tokens)
    if not any(asked.tails) and all(len(group.rows) == 1 for batch in batches for group in batch):
        yield from _answer_plainly(model, asked, settings, ends)
        return
    for batch in batches:
        yield from _answer_shared(model, asked, batch, ways, settings, ends)


def _answer_shared(model: Any, asked: Asked, batch: Batch, ways: Ways, settings: GenerationSettings, ends: Sequence[int]) -> list[Answer]:
    """One batch: what prompts share is read once, choices are scored, answers written."""
    unread = asked.unread
    full = sees_all(model, asked.longest + settings.max_new_tokens)
    with torch.inference_mode():
        state, rows = prefill(model, asked.read, batch, ragged=full and ways.shared == "ragged")
        prompts, tails = [asked.prompts[row] for row in rows], [asked.tails[row] for row in rows]
        begun = [one.begin_at(len(prompt) - unread, prompt) if one else NO_CHOICES for prompt, one in zip(prompts, tails, strict=True)]
        scoring = ways.scoring if full or ways.scoring != "packed" else "rows"
        if scoring == "separate":
            scores = [score_separately(model, prompt, one) for prompt, one in zip(prompts, begun, strict=True)]
        else:
            scores = score_state(model, state, begun, scoring, settings.batch_tokens)
        last = [prompt[-unread:] for prompt in prompts]
        made = decode(model, state, last, ends, settings.max_new_tokens, [asked.restrictions[row] for row in rows])
    return [(row, ids, found if one else None) for row, ids, found, one in zip(rows, made, scores, tails, strict=True)]


def _answer_plainly(model: Any, asked: Asked, settings: GenerationSettings, ends: Sequence[int]) -> Iterator[Answer]:
    """Every prompt by itself, prompts of like length together."""
    for rows in plan_batches([len(prompt) for prompt in asked.prompts], settings.batch_tokens):
        prompts = [asked.prompts[row] for row in rows]
        with torch.inference_mode():
            made = generate(model, prompts, ends, settings.max_new_tokens, [asked.restrictions[row] for row in rows])
        for row, prompt, ids in zip(rows, prompts, made, strict=True):
            tails = asked.tails[row]
            yield row, ids, score_separately(model, prompt, tails) if tails else None
