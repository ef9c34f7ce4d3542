"""The stage `train`: pairs/train.jsonl in; train/rank/ and train/select/ out, the second trained from the first.

Ranking first, then selecting and filling in the call (the paper's two-stage fine-tuning): one function called twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from gentool.core.errors import RunError
from gentool.core.example import Example
from gentool.core.jsonl import read_records
from gentool.core.recipe import Settings
from gentool.prompts import TASKS, PromptSettings, Task, render_messages, render_reply, render_tools
from gentool.train.nano import NanoSettings, build_nano
from gentool.train.rows import make_language_rows
from gentool.train.stage import LoraSettings, StageSettings, train_rows, train_stage

NANO = "nano"


class TrainSettings(Settings):
    """Which student learns, and how.

    model: the name or folder of any Hugging Face causal language model, or `nano`, a small one from scratch.
    nano: the size of the small one. lora: null fine-tunes all weights.
    pretrain: language modelling on the training examples' text before the first stage, which a student from scratch
    (`nano`) needs to learn anything in minutes; null leaves it out. Its loss is on every token, unlike the stages'.
    rank, select: the two stages.
    """

    model: str = NANO
    nano: NanoSettings = NanoSettings()
    lora: LoraSettings | None = None
    pretrain: StageSettings | None = None
    rank: StageSettings = StageSettings()
    select: StageSettings = StageSettings()

    @model_validator(mode="after")
    def _pretrain_only_from_scratch(self) -> Self:
        if self.pretrain is not None and self.model != NANO:
            raise ValueError(f"pretrain is for the model '{NANO}', which starts from scratch; a trained model would lose by it")
        return self


def train_two_stages(run: Path, settings: TrainSettings, prompts: PromptSettings, seed: int) -> dict[str, Any]:
    """Run the stage in a run folder; returns what both stages' done.json hold."""
    source = run / "pairs" / "train.jsonl"
    if not (run / "pairs" / "build.json").exists():
        raise RunError(f"{source} is not complete: run `gentool pairs {run}` first")
    examples = list(read_records(source, Example))
    folder = run / "train"
    base = prepare_base(settings, examples, prompts, folder, seed)
    ranked = train_stage(base, examples, "rank", folder / "rank", settings.rank, settings.lora, prompts, seed)
    selected = train_stage(str(folder / "rank"), examples, "select", folder / "select", settings.select, settings.lora, prompts, seed)
    return {"rank": ranked, "select": selected}


def prepare_base(settings: TrainSettings, examples: Sequence[Example], prompts: PromptSettings, folder: Path, seed: int) -> str:
    """The model that the first stage starts from: the recipe's, or the small one, built and pretrained in `folder` where it is not yet."""
    if settings.model != NANO:
        return settings.model
    nano = folder / NANO
    if not nano.exists():
        unfinished = folder / f".{NANO}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        build_nano(training_texts(examples, prompts), unfinished, settings.nano, seed)
        unfinished.rename(nano)
    if settings.pretrain is None:
        return str(nano)
    out = folder / "pretrain"
    train_rows(str(nano), lambda tokenizer: make_language_rows(examples, tokenizer, prompts), "pretrain", out, settings.pretrain, None, seed)
    return str(out)


def training_texts(examples: Sequence[Example], prompts: PromptSettings) -> Iterator[str]:
    """All that a student reads or writes in training, each part once."""
    seen: set[str] = set()
    for example in examples:
        for task in TASKS:
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
