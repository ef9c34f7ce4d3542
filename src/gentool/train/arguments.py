"""The settings of a stage, and what transformers' TrainingArguments makes of them.

A table of the recipe in, TrainingArguments out; called by gentool.train.stage.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from gentool.core.errors import RecipeError
from gentool.core.recipe import Settings
from gentool.train.processes import processes

if TYPE_CHECKING:
    from transformers import TrainingArguments

MUON = "muon"


class StageSettings(Settings):
    """How one stage trains, by the names of transformers' TrainingArguments.

    per_device_train_batch_size: rows of one step of one device. bundle_rows: at most so many of them from one bundle, whose
    rows share their prompt: the more, the faster and the more alike the rows of a step. pass_tokens: tokens computed at once,
    shared ones counted once; lower it where memory runs out. sharing: how shared prompts are computed (gentool.train.ways);
    `auto` takes the fastest way that the model goes exactly, `plain` computes every row by itself.
    max_length: rows with more tokens are refused, and counted in done.json. warmup_steps: below 1 it is a share of all steps.
    optim: an optimizer's name in transformers, or `muon` (gentool.train.muon).
    bf16: null takes it where the processor or GPU gains from it. save_steps: below 1 it is a share of all steps.
    training_args: any other field of the installed TrainingArguments.
    """

    learning_rate: float = 2e-5
    num_train_epochs: float = 2.0
    max_steps: int = -1
    per_device_train_batch_size: int = 8
    gradient_accumulation_steps: int = 1
    bundle_rows: int = Field(default=16, ge=1)
    pass_tokens: int = Field(default=16_384, ge=1)
    sharing: Literal["auto", "tree", "flex", "mask", "cache", "plain"] = "auto"
    max_length: int = 4096
    warmup_steps: float = 0.03
    weight_decay: float = 0.0
    lr_scheduler_type: str = "cosine"
    optim: str = "adamw_torch"
    bf16: bool | None = None
    logging_steps: float = 10
    save_steps: float = 0.2
    report_to: str | list[str] = "none"
    training_args: dict[str, Any] = Field(default_factory=dict)


def plan_steps(steps: int, settings: StageSettings, together: int) -> tuple[int, int]:
    """Steps between logs and between checkpoints, for so many steps of single devices, `together` at a time.

    A checkpoint always falls on a log, so that a resumed run logs the same.
    """
    total = settings.max_steps if settings.max_steps > 0 else math.ceil(steps / (settings.gradient_accumulation_steps * together))
    logging = max(1, round(settings.logging_steps * total if settings.logging_steps < 1 else settings.logging_steps))
    saving = settings.save_steps * total if settings.save_steps < 1 else settings.save_steps
    return logging, max(1, round(saving / logging)) * logging


OURS = frozenset(
    {
        "output_dir",
        "bf16",
        "logging_steps",
        "save_steps",
        "save_strategy",
        "num_train_epochs",
        "per_device_train_batch_size",
        "train_sampling_strategy",
        "remove_unused_columns",
        "seed",
    }
)
"""Fields of TrainingArguments that the order of rows, resuming and the log depend on."""


NOT_PASSED_ON = {
    *("training_args", "max_length", "bundle_rows", "pass_tokens", "sharing"),
    *("bf16", "logging_steps", "save_steps", "num_train_epochs", "per_device_train_batch_size"),
}
"""Settings of a stage that TrainingArguments lacks, or gets another value of: an item of its data set is a whole step."""


def make_arguments(out: Path, settings: StageSettings, steps: int, seed: int) -> TrainingArguments:
    """For `steps` steps of single devices. Raises RecipeError where the stage or the installed version forbids a field."""
    import torch
    from transformers import TrainingArguments

    elsewhere = {"optim"} if settings.optim == MUON else set()
    named = settings.model_dump(exclude=elsewhere | NOT_PASSED_ON)
    logging_steps, save_steps = plan_steps(steps, settings, processes())
    known = TrainingArguments.__dataclass_fields__
    set_here = [key for key in settings.training_args if key in named or key in OURS]
    if set_here:
        raise RecipeError(f"training_args.{set_here[0]}: the stage sets this itself; use the stage's own setting of that name if it has one")
    unknown = [key for key in settings.training_args if key not in known]
    if unknown:
        raise RecipeError(f"training_args.{unknown[0]}: the installed TrainingArguments has no such field")
    defaults = {
        "bf16": settings.bf16 if settings.bf16 is not None else _gains_from_bf16(),
        "use_cpu": not torch.cuda.is_available(),
        "logging_steps": logging_steps,
        "save_strategy": "steps",
        "save_steps": save_steps,
        "save_total_limit": 2,
        "logging_first_step": True,
        "num_train_epochs": 1,
        "per_device_train_batch_size": 1,
        "train_sampling_strategy": "sequential",
        "dataloader_pin_memory": torch.cuda.is_available(),
        "remove_unused_columns": False,
        "ddp_find_unused_parameters": False,
        "disable_tqdm": True,
        "seed": seed,
    }
    try:
        return TrainingArguments(output_dir=str(out / "checkpoints"), **{**defaults, **named, **settings.training_args})
    except (TypeError, ValueError) as error:
        raise RecipeError(f"TrainingArguments refuses the recipe: {error}") from None


def _gains_from_bf16() -> bool:
    """bfloat16 on GPUs that have it and on processors with instructions for its products."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
