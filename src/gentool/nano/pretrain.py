"""Training the base: lessons first, then episodes, on endless rows; a folder in and out, which a stopped training goes on from.

`python -m gentool.nano.pretrain FOLDER --hours 2`, as `make nano` calls it. What was learnt, step by step, stands in log.jsonl.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gentool.core.recipe import Settings
from gentool.nano.material import Source
from gentool.nano.rows import RowMaker
from gentool.nano.skills import SKILLS, Skill
from gentool.nano.step import PackedForward, PackedRow, collate
from gentool.train.muon import make_muon

if TYPE_CHECKING:
    import torch

GATE = 0.9
"""A lesson is learnt where so many of its answers are right, smoothed over steps."""
SMOOTHING = 0.97
STATE = "state.pt"


class PretrainSettings(Settings):
    """How the base is trained.

    length, rows: a step computes `rows` rows of `length` tokens. learning_rate is reached after `warmup` steps and kept; over the last `decay`
    (a share of the time) it falls to nothing. lessons: the share of the steps that go on with what was learnt first.
    shares: by source, of the episodes. save_minutes: how often the state is written.
    """

    length: int = 1280
    rows: int = 4
    learning_rate: float = 3e-3
    warmup: int = 100
    decay: float = 0.25
    lessons: float = 0.1
    shares: dict[str, float] = {"lexicon": 0.6, "wordnet": 0.25, "rules": 0.15}
    fewest_tools: int = 2
    most_tools: int = 6
    save_minutes: float = 5.0


@dataclass
class Progress:
    """How far the training has come."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    skill: int = 0
    right: dict[str, float] = field(default_factory=dict)

    def note(self, kind: str, value: float) -> None:
        """A new measurement of something that is smoothed over steps."""
        self.right[kind] = SMOOTHING * self.right.get(kind, value if value < 1 else 0.0) + (1 - SMOOTHING) * value


class Pretraining:
    """A model, its optimizer and its rows; `run` trains for some time."""

    def __init__(self, model: Any, tokenizer: Any, sources: Mapping[str, Source], folder: Path, settings: PretrainSettings, seed: int) -> None:
        import torch

        self.model, self.tokenizer, self.settings, self.seed, self.folder = model, tokenizer, settings, seed, folder
        self.maker = RowMaker(tokenizer, sources, settings.length)
        self.forward = PackedForward(model, torch.bfloat16)
        self.optimizer = make_muon(model, settings.learning_rate, 0.0)
        self.rates = [settings.learning_rate if group.get("momentum") else settings.learning_rate / 2 for group in self.optimizer.param_groups]
        self.progress = Progress()

    def run(self, seconds: float) -> None:
        """Train until so much time, all runs together, is spent."""
        begun = last_saved = time.monotonic()
        before = self.progress.seconds
        while self.progress.seconds < seconds:
            self._step(seconds)
            self.progress.seconds = before + time.monotonic() - begun
            if time.monotonic() - last_saved > 60 * self.settings.save_minutes:
                last_saved = time.monotonic()
                self.save()
        self.save()

    def _step(self, seconds: float) -> None:
        import torch
        import torch.nn.functional as functional

        progress = self.progress
        rng = random.Random(f"{self.seed}/{progress.step}")
        kind, rows = self._draw(rng)
        batch = collate(rows, max(row.length for row in rows), int(self.tokenizer.pad_token_id))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._scale(seconds)
        self.optimizer.zero_grad()
        logits = self.forward(batch)
        loss = functional.cross_entropy(logits, batch.targets)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        hits = logits.argmax(-1) == batch.targets
        progress.step += 1
        progress.tokens += batch.ids.numel()
        progress.note(f"{kind} tokens", float(hits.float().mean()))
        progress.note(f"{kind} answers", _whole_answers(hits, rows))
        progress.note(f"{kind} loss", float(loss.detach()))
        if progress.skill < len(SKILLS) and kind == SKILLS[progress.skill] and progress.right[f"{kind} answers"] > GATE:
            self._say(f"{kind} learnt")
            progress.skill += 1
        if progress.step % 20 == 0:
            self._log()

    def _draw(self, rng: random.Random) -> tuple[str, list[PackedRow]]:
        """The rows of a step and what they are."""
        settings, progress = self.settings, self.progress
        if progress.skill < len(SKILLS):
            learnt = SKILLS[: progress.skill]
            skill: Skill = rng.choice(learnt) if learnt and rng.random() < 0.25 else SKILLS[progress.skill]
            return skill, self.maker.lesson(skill, rng, first=True)
        if rng.random() < settings.lessons:
            skill = rng.choice(SKILLS)
            return skill, self.maker.lesson(skill, rng, first=False)
        source = rng.choices(list(settings.shares), list(settings.shares.values()))[0]
        most = rng.randint(settings.fewest_tools, settings.most_tools)
        return source, [self.maker.episode(source, rng, most) for _ in range(settings.rows)]

    def _scale(self, seconds: float) -> float:
        """The learning rate's factor: it rises over the first steps and falls over the last part of the time."""
        left = 1 - self.progress.seconds / seconds
        return min(1.0, (self.progress.step + 1) / self.settings.warmup, max(left / self.settings.decay, 0.01))

    def _log(self) -> None:
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
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
        print(f"{self.progress.seconds:6.0f} s {self.progress.tokens / 1e6:6.2f} M tokens: {text}", flush=True)

    def save(self) -> None:
        """Write the state beside the old one and put it in its place."""
        import torch

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


def _whole_answers(hits: torch.Tensor, rows: Sequence[PackedRow]) -> float:
    """The share of answers of which every token is right, each given the right ones before it: what greedy decoding writes."""
    lengths = [len(branch.ids) - max(branch.trained, 1) for row in rows for branch in row.branches]
    right = [bool(part.all()) for part in hits.split(lengths)]
    return sum(right) / len(right)
