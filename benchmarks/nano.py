"""How the base is trained, compared: the packed step with plain rows, its loss with logits of the whole batch, and the built-in circuits with
weights that are merely random.

`python benchmarks/nano.py [--steps 200] [--rounds 5]`: first that both ways give the same loss, then processor seconds, interleaved, the median and
the ratio; then what the first lessons reach in so many steps from each start, with the same rows.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import torch
import torch.nn.functional as functional

from gentool.nano.base import BaseSettings, build_base, train_tokenizer
from gentool.nano.corpus import texts_of
from gentool.nano.lexicon_items import LexiconSource
from gentool.nano.loss import linear_cross_entropy
from gentool.nano.rows import FEW, RowMaker
from gentool.nano.skills import FIRST_SKILLS, draw_skill
from gentool.nano.step import PackedForward, PackedRow, collate
from gentool.train.muon import make_muon

ROWS = 4
POSITIONS = 1200
SETTINGS = BaseSettings(meaning=0.0)


def main() -> None:
    """The comparisons, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    source = LexiconSource()
    rng = random.Random(0)
    tokenizer = train_tokenizer((text for _ in range(1500) for text in texts_of(source, rng)), SETTINGS)
    compare_steps(RowMaker(tokenizer, {"lexicon": source}, 1280), build_base(tokenizer, SETTINGS, 0), tokenizer.pad_token_id, arguments.rounds)
    compare_losses(build_base(tokenizer, SETTINGS, 0), arguments.rounds)
    for circuits in (True, False):
        learn_lessons(
            RowMaker(tokenizer, {}, 0), build_base(tokenizer, SETTINGS.model_copy(update={"circuits": circuits}), 0), circuits, arguments.steps
        )


def compare_steps(maker: RowMaker, model: Any, pad: int, rounds: int) -> None:
    """Forward and backward of the same rows, packed and plain."""
    rng = random.Random(1)
    rows = [maker.episode("lexicon", rng, rng.randint(2, 5)) for _ in range(ROWS)]
    exact = [float(way(model, rows, pad, torch.float32).detach()) for way in (packed_loss, plain_loss)]
    print(f"loss in fp32: packed {exact[0]:.6f}, plain {exact[1]:.6f}")
    seconds: dict[str, list[float]] = {"packed": [], "plain": []}
    for _ in range(rounds):
        for name, way in (("packed", packed_loss), ("plain", plain_loss)):
            model.zero_grad()
            start = time.process_time()
            way(model, rows, pad, torch.bfloat16).backward()
            seconds[name].append(time.process_time() - start)
    packed, plain = (statistics.median(seconds[name]) for name in ("packed", "plain"))
    branches = sum(len(row.branches) for row in rows)
    print(f"{branches} queries before {ROWS} tool sets, bf16, one thread: packed {packed:.2f} s, plain rows {plain:.2f} s: {plain / packed:.1f}x")


def packed_loss(model: Any, rows: list[PackedRow], pad: int, dtype: torch.dtype) -> torch.Tensor:
    """What gentool.nano.pretrain computes."""
    batch = collate(rows, max(row.length for row in rows), pad)
    forward = PackedForward(model, dtype)
    return rowwise_loss(forward.trained(batch), forward.vocabulary(), batch.targets)


def rowwise_loss(hidden: torch.Tensor, vocabulary: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy, a few positions at a time."""
    return linear_cross_entropy(hidden, vocabulary, targets, torch.full((len(targets),), 1 / len(targets)))[0]


def whole_loss(hidden: torch.Tensor, vocabulary: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The same by the logits of all positions."""
    return functional.cross_entropy((hidden @ vocabulary.T).float(), targets)


def compare_losses(model: Any, rounds: int) -> None:
    """Forward and backward of the loss of 1,200 positions."""
    torch.manual_seed(0)
    words, width = model.model.embed_tokens.weight.shape
    targets = torch.randint(0, words, (POSITIONS,))
    seconds: dict[str, list[float]] = {"rowwise": [], "whole": []}
    losses: dict[str, float] = {}
    for _ in range(rounds):
        for name, way in (("rowwise", rowwise_loss), ("whole", whole_loss)):
            hidden = torch.randn(POSITIONS, width, generator=torch.Generator().manual_seed(1)).bfloat16().requires_grad_()
            vocabulary = model.model.embed_tokens.weight.detach().bfloat16().requires_grad_()
            start = time.process_time()
            loss = way(hidden, vocabulary, targets)
            loss.backward()
            seconds[name].append(time.process_time() - start)
            losses[name] = float(loss.detach())
    rowwise, whole = (statistics.median(seconds[name]) for name in ("rowwise", "whole"))
    print(f"loss of {POSITIONS} positions: rowwise {losses['rowwise']:.4f}, whole {losses['whole']:.4f}; ", end="")
    print(f"rowwise {rowwise:.2f} s, whole {whole:.2f} s: {whole / rowwise:.1f}x")


def plain_loss(model: Any, rows: list[PackedRow], pad: int, dtype: torch.dtype) -> torch.Tensor:
    """Hugging Face's own forward pass of a row for each query, eight in a batch, with logits where they are trained."""
    singles = [([*row.trunk, *branch.ids], len(row.trunk) + branch.trained) for row in rows for branch in row.branches]
    total, count = torch.zeros(()), 0
    for batch in (singles[at : at + 8] for at in range(0, len(singles), 8)):
        longest = max(len(ids) for ids, _ in batch)
        ids = torch.tensor([[*ids, *[pad] * (longest - len(ids))] for ids, _ in batch])
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            hidden = model.model(ids).last_hidden_state
            for number, (row, first) in enumerate(batch):
                logits = model.lm_head(hidden[number, first - 1 : len(row) - 1])
                total = total + functional.cross_entropy(logits.float(), ids[number, first : len(row)], reduction="sum")
                count += len(row) - first
    return total / count


def learn_lessons(maker: RowMaker, model: Any, circuits: bool, steps: int) -> None:
    """Train on the three lessons in turn; say what share of the last fifth's choices was right."""
    alphabet = replace(maker.alphabet, words=maker.alphabet.words[::FEW])
    forward, optimizer, rng = PackedForward(model, torch.bfloat16), make_muon(model, 2e-3, 0.0), random.Random(2)
    right: dict[str, list[float]] = {skill: [] for skill in FIRST_SKILLS}
    tokens = 0
    for skill in islice(cycle(FIRST_SKILLS), steps):
        rows = [draw_skill(skill, alphabet, rng, 112, first=True) for _ in range(8)]
        batch = collate(rows, max(row.length for row in rows), 0)
        logits = forward(batch)
        optimizer.zero_grad()
        functional.cross_entropy(logits, batch.targets).backward()
        optimizer.step()
        tokens += batch.ids.numel()
        right[skill].append(float((logits.argmax(-1) == batch.targets)[batch.chosen].float().mean()))
    last = {skill: statistics.mean(values[-max(1, len(values) // 5) :]) for skill, values in right.items()}
    start = "circuits built in" if circuits else "random weights   "
    print(f"{start}: {steps} steps, {tokens / 1e6:.2f} M tokens: " + ", ".join(f"{skill} {100 * value:.0f}%" for skill, value in last.items()))


if __name__ == "__main__":
    main()
