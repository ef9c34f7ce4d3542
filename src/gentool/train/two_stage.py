"""The stage `train`: pairs/train.jsonl in; train/rank/ and train/select/ out, the second trained from the first.

Ranking first, then selecting and filling in the call (the paper's two-stage fine-tuning): one function called for each stage.
To compare with, a recipe may leave ranking out (train/select/ alone) or train both answers as one (train/joint/).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import field_validator, model_validator

from gentool.core.canonical import content_hash
from gentool.core.errors import RunError
from gentool.core.example import Example
from gentool.core.recipe import Settings
from gentool.engines.hf import NANO
from gentool.prompts import TASKS, PromptSettings, Task, render_messages, render_reply, render_tools
from gentool.train.arguments import StageSettings
from gentool.train.epochs import TrainingExamples, show_epoch
from gentool.train.masking import MaskingSettings
from gentool.train.nano import NanoSettings, build_nano
from gentool.train.processes import main_first
from gentool.train.rows import Row, make_language_rows
from gentool.train.stage import LoraSettings, train_rows, train_stage

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SCRATCH = "nano-scratch"
ALLOWED_STAGES: tuple[tuple[Task, ...], ...] = (TASKS, ("select",), ("joint",))
"""The method's two stages, and the variants that it is compared with."""


class TrainSettings(Settings):
    """Which student learns, and how.

    model: the name or folder of any Hugging Face causal language model, or `nano`, the small base that gentool brings, or
    `nano-scratch`, a small one that is made for the run from nothing. nano: the size of that one. lora: null fine-tunes all weights.
    pretrain: language modelling on the training examples' text before the first stage, which a student from scratch
    (`nano-scratch`) needs to learn anything in minutes; null leaves it out. Its loss is on every token, unlike the stages'.
    masking: random names for tools and parameters in training.
    stages: `[rank, select]`, the method's two; `[select]` leaves ranking out; `[joint]` trains both in one answer.
    rank, select, joint: how each stage trains.
    """

    model: str = NANO
    nano: NanoSettings = NanoSettings()
    lora: LoraSettings | None = None
    pretrain: StageSettings | None = None
    rank: StageSettings = StageSettings()
    select: StageSettings = StageSettings()
    joint: StageSettings = StageSettings()
    stages: tuple[Task, ...] = TASKS
    masking: MaskingSettings = MaskingSettings()

    @field_validator("stages")
    @classmethod
    def _check_stages(cls, stages: tuple[Task, ...]) -> tuple[Task, ...]:
        if stages not in ALLOWED_STAGES:
            raise ValueError(f"{_listed(stages)} is no way to train: use {' or '.join(map(_listed, ALLOWED_STAGES))}")
        return stages

    @model_validator(mode="after")
    def _pretrain_only_from_scratch(self) -> Self:
        if self.pretrain is not None and self.model != SCRATCH:
            raise ValueError(f"pretrain is for the model '{SCRATCH}', which starts from scratch; a trained model would lose by it")
        return self


def _listed(stages: Sequence[str]) -> str:
    return f"[{', '.join(stages)}]"


def train_two_stages(run: Path, settings: TrainSettings, prompts: PromptSettings, seed: int) -> dict[str, Any]:
    """Run the recipe's stages in a run folder, each from what the one before made; returns what the done.json of each holds."""
    source = run / "pairs" / "train.jsonl"
    if not (run / "pairs" / "build.json").exists():
        raise RunError(f"{source} is not complete: run `gentool pairs {run}` first")
    examples = TrainingExamples.of_file(source)
    folder = run / "train"
    base = prepare_base(settings, examples, prompts, folder, seed)
    tables: dict[Task, StageSettings] = {"rank": settings.rank, "select": settings.select, "joint": settings.joint}
    done: dict[str, Any] = {}
    for stage in settings.stages:
        done[stage] = train_stage(base, examples, stage, folder / stage, tables[stage], settings.lora, prompts, settings.masking, seed)
        base = str(folder / stage)
    return done


def prepare_base(settings: TrainSettings, examples: TrainingExamples, prompts: PromptSettings, folder: Path, seed: int) -> str:
    """The model that the first stage starts from: the recipe's, or the small one, built and pretrained in `folder` where it is not yet."""
    if settings.model != SCRATCH:
        return settings.model
    nano = folder / SCRATCH
    with main_first():
        if not nano.exists():
            unfinished = folder / f".{SCRATCH}.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            build_nano(training_texts(examples.records, prompts, settings.stages), unfinished, settings.nano, seed)
            unfinished.rename(nano)
    if settings.pretrain is None:
        return str(nano)
    out = folder / "pretrain"

    def render(tokenizer: PreTrainedTokenizerBase, epoch: int) -> list[Row]:
        shown = show_epoch(examples.records, settings.masking, seed, epoch)
        return make_language_rows(shown, tokenizer, prompts, settings.stages)

    made_of = content_hash(examples.fingerprint, settings.stages, prompts.model_dump(), settings.masking.model_dump())
    train_rows(str(nano), render, made_of, "pretrain", out, settings.pretrain, None, seed)
    return str(out)


def training_texts(examples: Sequence[Example], prompts: PromptSettings, tasks: Sequence[Task] = TASKS) -> Iterator[str]:
    """All that a student reads or writes in training on these tasks, each part once."""
    seen: set[str] = set()
    for example in examples:
        for task in tasks:
            for part in _parts(example, task, prompts):
                if part not in seen:
                    seen.add(part)
                    yield part


def _parts(example: Example, task: Task, prompts: PromptSettings) -> Iterator[str]:
    """The parts of an example that recur: each tool, the rest of the prompt, the answer."""
    yield from (json.dumps(tool["function"], ensure_ascii=False) for tool in render_tools(example.tools, prompts))
    *first, last = render_messages(task, example.query, example.tools, prompts)
    yield from (line for message in first for line in message["content"].split("\n"))
    yield last["content"]
    reply = render_reply(task, example.ranking, example.answer, prompts)
    yield from (json.dumps(call["function"], ensure_ascii=False) for call in reply.get("tool_calls", []))
    if reply["content"]:
        yield reply["content"]
