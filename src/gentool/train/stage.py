"""One stage of fine-tuning: any Hugging Face causal language model on the rows of one task, through transformers' Trainer.

A model's folder and examples in, a model's folder out, with metrics.jsonl beside it. Called twice by gentool.train.two_stage.
A stage that was stopped goes on from its last whole checkpoint; a finished one (done.json) is skipped.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from gentool.core.errors import RecipeError, TrainingError
from gentool.core.example import Example
from gentool.core.jsonl import write_json, write_text
from gentool.core.recipe import Settings
from gentool.engines.hf import load_model, load_tokenizer
from gentool.prompts import PromptSettings, Task
from gentool.train.metrics_log import make_callback, trim_metrics
from gentool.train.muon import make_muon
from gentool.train.order import order_rows
from gentool.train.rows import Row, check_rows, collate_rows, make_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainingArguments


MUON = "muon"


class LoraSettings(Settings):
    """Low-rank adapters in place of full fine-tuning, by peft's own names; merged into the model at the end of each stage."""

    r: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    target_modules: str | list[str] = "all-linear"


class StageSettings(Settings):
    """How one stage trains, by the names of transformers' TrainingArguments.

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


def train_stage(
    base: str,
    examples: Sequence[Example],
    task: Task,
    out: Path,
    settings: StageSettings,
    lora: LoraSettings | None,
    prompts: PromptSettings,
    seed: int,
) -> dict[str, Any]:
    """Fine-tune `base` on one task into `out`; returns what done.json holds. Raises TrainingError, ModelError or RecipeError."""

    def make_checked(tokenizer: PreTrainedTokenizerBase) -> list[Row]:
        rows = make_rows(examples, task, tokenizer, prompts)
        check_rows(rows, examples, task, tokenizer, prompts)
        return rows

    return train_rows(base, make_checked, task, out, settings, lora, seed)


def train_rows(
    base: str,
    make: Callable[[PreTrainedTokenizerBase], list[Row]],
    label: str,
    out: Path,
    settings: StageSettings,
    lora: LoraSettings | None,
    seed: int,
) -> dict[str, Any]:
    """Train `base` on the rows that `make` renders with its tokenizer; what is done already is not done again."""
    done = out / "done.json"
    if done.exists():
        return dict(json.loads(done.read_text(encoding="utf-8")))
    tokenizer = load_tokenizer(base)
    rows, too_long = _rows_within(make(tokenizer), settings.max_length)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = find_checkpoint(out / "checkpoints")
    trim_metrics(out / "metrics.jsonl", int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else 0)
    model = _adapt(load_model(base, master_weights=lora is None), lora, seed)
    ordered = order_rows(rows, _epochs(len(rows), settings), settings.per_device_train_batch_size, seed)
    optimizer = make_muon(model, settings.learning_rate, settings.weight_decay) if settings.optim == MUON else None
    arguments = _make_arguments(out, settings, len(ordered), seed)
    trainer = _make_trainer(model, tokenizer, ordered, arguments, optimizer, label, _epochs(len(rows), settings))
    steps = _run(trainer, checkpoint)
    _save(trainer.model, tokenizer, out)
    summary = {
        "task": label,
        "base": Path(base).name if Path(base).exists() else base,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "rows": len(rows),
        "rows_too_long": too_long,
        "tokens_per_epoch": sum(row.length for row in rows),
        "steps": steps,
    }
    write_json(done, summary)
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return summary


def _run(trainer: Trainer, checkpoint: Path | None) -> int:
    """Train from the checkpoint or from the start to the last step, whose number is returned."""
    if checkpoint and _state_of(checkpoint)["global_step"] >= _state_of(checkpoint)["max_steps"]:
        trainer._load_from_checkpoint(str(checkpoint))
        return int(_state_of(checkpoint)["global_step"])
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    done, wanted = trainer.state.global_step, trainer.state.max_steps
    if done < wanted:
        raise TrainingError(f"training stopped at step {done} of {wanted}: run the same command again to go on")
    return done


def _state_of(checkpoint: Path) -> dict[str, Any]:
    return dict(json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8")))


def _rows_within(rows: list[Row], max_length: int) -> tuple[list[Row], int]:
    kept = [row for row in rows if row.length <= max_length]
    if not kept:
        raise TrainingError(f"there are no rows to train on: every row is longer than max_length = {max_length}")
    return kept, len(rows) - len(kept)


def find_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written whole: the Trainer writes trainer_state.json last."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]), reverse=True)
    return next((path for path in found if _is_whole(path)), None)


def _is_whole(checkpoint: Path) -> bool:
    try:
        return "global_step" in _state_of(checkpoint)
    except (OSError, ValueError):
        return False


def _adapt(model: PreTrainedModel, lora: LoraSettings | None, seed: int) -> Any:
    if lora is None:
        return model
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    return get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **lora.model_dump()))


def _epochs(rows: int, settings: StageSettings) -> float:
    """How often the rows are gone through: the recipe's epochs, or what max_steps needs where it is set."""
    if settings.max_steps <= 0:
        return settings.num_train_epochs
    per_step = settings.per_device_train_batch_size * settings.gradient_accumulation_steps * int(os.environ.get("WORLD_SIZE", "1"))
    return settings.max_steps * per_step / rows


def plan_steps(rows: int, settings: StageSettings, processes: int) -> tuple[int, int]:
    """Steps between logs and between checkpoints. A checkpoint always falls on a log, so that a resumed run logs the same."""
    per_step = settings.per_device_train_batch_size * settings.gradient_accumulation_steps * processes
    total = settings.max_steps if settings.max_steps > 0 else math.ceil(rows / per_step)
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
        "train_sampling_strategy",
        "remove_unused_columns",
        "seed",
    }
)
"""Fields of TrainingArguments that the order of rows, resuming and the log depend on."""


def _make_arguments(out: Path, settings: StageSettings, rows: int, seed: int) -> TrainingArguments:
    import torch
    from transformers import TrainingArguments

    elsewhere = {"optim"} if settings.optim == MUON else set()
    named = settings.model_dump(exclude=elsewhere | {"training_args", "max_length", "bf16", "logging_steps", "save_steps", "num_train_epochs"})
    logging_steps, save_steps = plan_steps(rows, settings, int(os.environ.get("WORLD_SIZE", "1")))
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
        "train_sampling_strategy": "sequential",
        "dataloader_pin_memory": torch.cuda.is_available(),
        "remove_unused_columns": False,
        "disable_tqdm": True,
        "seed": seed,
    }
    try:
        return TrainingArguments(output_dir=str(out / "checkpoints"), **{**defaults, **named, **settings.training_args})
    except (TypeError, ValueError) as error:
        raise RecipeError(f"TrainingArguments refuses the recipe: {error}") from None


def _gains_from_bf16() -> bool:
    """bfloat16 on GPUs that have it and on processors with matrix instructions for it."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_amx_tile_supported())


def _make_trainer(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Row],
    arguments: TrainingArguments,
    optimizer: Any,
    label: str,
    epochs: float,
) -> Trainer:
    """A Trainer over rows that stand in the order of all epochs, which it goes through once."""
    from transformers import Trainer
    from transformers.trainer_callback import PrinterCallback

    keep_logits = "logits_to_keep" in inspect.signature(_unwrapped(model).forward).parameters
    pad_token_id = int(tokenizer.pad_token_id)
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=[row.features() for row in rows],
        data_collator=lambda batch: collate_rows(batch, pad_token_id, keep_logits),
        processing_class=tokenizer,
        optimizers=(optimizer, None),
        callbacks=[make_callback(Path(str(arguments.output_dir)).parent / "metrics.jsonl", f"train {label}", epochs)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _unwrapped(model: Any) -> Any:
    """The model itself, where adapters are wrapped around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _save(model: Any, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """Save weights and tokenizer as a plain Hugging Face folder; adapters are merged first."""
    merged = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
    merged.save_pretrained(out)
    tokenizer.save_pretrained(out)
    write_text(out / "README.md", MODEL_CARD)


MODEL_CARD = "Fine-tuned with gentool (GenTool, arXiv 2502.18990). The recipe stands in the run folder's recipe.yaml.\n"
