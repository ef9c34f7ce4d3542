"""Training the base: lessons first, then episodes, on endless rows; a folder in and out, which a stopped training goes on from.

Called by `python -m gentool.nano FOLDER --hours 2`, as `make nano` runs it. What was learnt, step by step, stands in log.jsonl.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from gentool.core.recipe import Settings
from gentool.nano.loss import linear_cross_entropy
from gentool.nano.rows import RowMaker
from gentool.nano.skills import FIRST_SKILLS
from gentool.nano.step import Batch, PackedForward, PackedRow, collate
from gentool.train.muon import make_muon
from gentool.train.processes import is_main, process_number, processes

if TYPE_CHECKING:
    import torch

GATE = 0.7
"""A lesson is learnt where so many of its choices are right, smoothed over steps; episodes begin when the first three are."""
SMOOTHING = 0.97
STATE = "state.pt"


class PretrainSettings(Settings):
    """How the base is trained.

    length, rows: a step computes `rows` rows of `length` tokens. learning_rate is reached after `warmup` steps and kept; over the last `decay`
    (a share of the time) it falls to nothing. lessons: rows of a step that go on with what was learnt first. other: what a token
    counts that decides nothing, against one that does: a choice, an argument's name, the beginning of its value.
    shares: by source, of the episodes. save_minutes: how often the state is written.
    """

    length: int = Field(default=1024, ge=1)
    rows: int = Field(default=3, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup: int = Field(default=100, ge=1)
    decay: float = Field(default=0.25, gt=0, le=1)
    lessons: int = Field(default=8, ge=1)
    other: float = Field(default=0.2, gt=0)
    shares: dict[str, float] = Field(default={"lexicon": 0.15, "wordnet": 0.25, "rules": 0.25, "servers": 0.35})
    fewest_tools: int = 2
    most_tools: int = 6
    save_minutes: float = 5.0


@dataclass
class Progress:
    """How far the training has come."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    ready: bool = False
    right: dict[str, float] = field(default_factory=dict)

    def note(self, kind: str, value: float) -> None:
        """A new measurement of something that is smoothed over steps."""
        self.right[kind] = SMOOTHING * self.right.get(kind, value) + (1 - SMOOTHING) * value


class Pretraining:
    """A model, its optimizer and its rows; `run` trains for some time."""

    def __init__(self, model: Any, maker: RowMaker, folder: Path, settings: PretrainSettings, seed: int) -> None:
        import torch

        self.model, self.maker, self.settings, self.seed, self.folder = model, maker, settings, seed, folder
        self.forward = PackedForward(model, torch.bfloat16)
        self.optimizer = make_muon(model, settings.learning_rate, 0.0)
        self.rates = [settings.learning_rate if group.get("momentum") else settings.learning_rate / 2 for group in self.optimizer.param_groups]
        self.progress, self.log = Progress(), folder / "log.jsonl"
        self.processes, self.process = processes(), process_number()

    def run(self, seconds: float) -> None:
        """Train until so much time, all runs together, is spent."""
        begun = last_saved = time.monotonic()
        before = self.progress.seconds
        self._agree()
        while self.progress.seconds < seconds:
            self._step(seconds)
            self.progress.seconds = before + time.monotonic() - begun
            self._agree()
            if time.monotonic() - last_saved > 60 * self.settings.save_minutes:
                last_saved = time.monotonic()
                self.save()
        self._log()
        self.save()

    def _step(self, seconds: float) -> None:
        import torch

        progress, settings = self.progress, self.settings
        rows = self._draw()
        batches = [self._collate(group) for group in (rows[: settings.lessons], rows[settings.lessons :]) if group]
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._scale(seconds)
        self.optimizer.zero_grad()
        hidden = torch.cat([self.forward.trained(batch) for batch in batches])
        targets, chosen = torch.cat([batch.targets for batch in batches]), torch.cat([batch.chosen for batch in batches])
        weights = torch.where(torch.cat([batch.decisive for batch in batches]), 1.0, settings.other)
        loss, predicted = linear_cross_entropy(hidden, self.forward.vocabulary(), targets, weights / weights.sum())
        loss.backward()  # type: ignore[no-untyped-call]
        self._average()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        progress.step += 1
        progress.tokens += sum(batch.ids.numel() for batch in batches) * self.processes
        progress.note("loss", float(loss.detach()))
        self._note_hits(rows, predicted == targets, chosen)
        if not progress.ready and all(progress.right.get(f"{skill} choice", 0) > GATE for skill in FIRST_SKILLS):
            self._say("lessons learnt")
            progress.ready = True
        if progress.step % 20 == 0:
            self._log()

    def _collate(self, rows: Sequence[tuple[str, PackedRow]]) -> Batch:
        """Rows of about one length, padded to the longest."""
        return collate([row for _, row in rows], max(row.length for _, row in rows), self.maker.pad)

    def _agree(self) -> None:
        """Several processes take the first one's word for the time and for whether lessons are learnt."""
        import torch
        import torch.distributed as distributed

        if self.processes > 1:
            word = torch.tensor([self.progress.seconds, float(self.progress.ready)], dtype=torch.float64)
            distributed.broadcast(word, 0)
            self.progress.seconds, self.progress.ready = float(word[0]), bool(word[1])

    def _average(self) -> None:
        """Several processes learn from all of their rows."""
        import torch
        import torch.distributed as distributed

        if self.processes > 1:
            gradients = [weight.grad for weight in self.model.parameters()]
            flat = torch.cat([gradient.flatten() for gradient in gradients]) / self.processes
            distributed.all_reduce(flat)
            for gradient, mean in zip(gradients, torch.split(flat, [gradient.numel() for gradient in gradients]), strict=True):
                gradient.copy_(mean.view_as(gradient))

    def _draw(self) -> list[tuple[str, PackedRow]]:
        """The rows of a step, each with what it is: lessons, and when they are learnt episodes beside them."""
        settings, rng = self.settings, random.Random(f"{self.seed}/{self.progress.step}/{self.process}")
        first = not self.progress.ready
        number = 2 * settings.lessons if first else settings.lessons
        rows = [(str(skill), self.maker.lesson(skill, rng, first)) for skill in islice(cycle(self.maker.skills), number)]
        if not first:
            for source in rng.choices(list(settings.shares), list(settings.shares.values()), k=settings.rows):
                rows.append((source, self.maker.episode(source, rng, rng.randint(settings.fewest_tools, settings.most_tools))))
        return rows

    def _note_hits(self, rows: Sequence[tuple[str, PackedRow]], hits: torch.Tensor, chosen: torch.Tensor) -> None:
        """By kind: answers of which every token is right, given the right ones before it, and those of which the choice is."""
        import torch

        lengths = [len(branch.ids) - max(branch.trained, 1) for _, row in rows for branch in row.branches]
        kinds = [kind for kind, row in rows for _ in row.branches]
        answers: dict[str, list[bool]] = defaultdict(list)
        choices: dict[str, list[bool]] = defaultdict(list)
        for kind, right, choice in zip(kinds, torch.split(hits, lengths), torch.split(chosen, lengths), strict=True):
            answers[kind].append(bool(right.all()))
            choices[kind].append(bool(right[choice].all()))
        for kind in answers:
            self.progress.note(f"{kind} answers", sum(answers[kind]) / len(answers[kind]))
            self.progress.note(f"{kind} choice", sum(choices[kind]) / len(choices[kind]))

    def _scale(self, seconds: float) -> float:
        """The learning rate's factor: it rises over the first steps and falls over the last part of the time."""
        left = 1 - self.progress.seconds / seconds
        return min(1.0, (self.progress.step + 1) / self.settings.warmup, max(left / self.settings.decay, 0.01))

    def _log(self) -> None:
        if not is_main():
            return
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(self._record()) + "\n")

    def _record(self) -> dict[str, Any]:
        progress = self.progress
        return {
            "step": progress.step,
            "tokens": progress.tokens,
            "seconds": round(progress.seconds),
            **{kind: round(value, 4) for kind, value in progress.right.items()},
        }

    def _say(self, text: str) -> None:
        if is_main():
            print(f"{self.progress.seconds:6.0f} s {self.progress.tokens / 1e6:6.2f} M tokens: {text}", flush=True)

    def save(self) -> None:
        """Write the state beside the old one and put it in its place."""
        import torch

        if not is_main():
            return
        part = self.folder / f".{STATE}.part"
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "progress": vars(self.progress)}, part)
        part.rename(self.folder / STATE)
        self._say(json.dumps(self._record()))

    def resume(self) -> bool:
        """Take up the state that is there."""
        import torch

        if not (self.folder / STATE).exists():
            return False
        state = torch.load(self.folder / STATE, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        return True
