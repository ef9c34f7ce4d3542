"""One stage of fine-tuning: any Hugging Face causal language model on the rows of one task, through transformers' Trainer.

A model's folder and examples in, a model's folder out, with metrics.jsonl beside it. Called for each stage by gentool.train.two_stage.
A stage that was stopped goes on from its last whole checkpoint; a finished one (done.json) is skipped.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gentool.core.canonical import content_hash
from gentool.core.errors import RecipeError, TrainingError
from gentool.core.jsonl import write_json, write_text
from gentool.core.recipe import Settings
from gentool.engines.hf import load_model, load_tokenizer
from gentool.prompts import PromptSettings, Task
from gentool.train.arguments import MUON, StageSettings, make_arguments
from gentool.train.epochs import TrainingExamples, show_epoch
from gentool.train.masking import MaskingSettings
from gentool.train.metrics_log import make_callback, trim_metrics
from gentool.train.muon import make_muon
from gentool.train.packing import sample_rows
from gentool.train.plan import Plan, Shape, open_plan
from gentool.train.processes import is_main, main_first, processes
from gentool.train.rows import Row, check_rows, make_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainingArguments

    from gentool.train.self_check import Choice

Render = Callable[["PreTrainedTokenizerBase", int], list[Row]]
"""The rows of an epoch, rendered with a model's tokenizer."""

SAMPLE_ROWS = 4
"""Rows that the way is tried on."""


class LoraSettings(Settings):
    """Low-rank adapters in place of full fine-tuning, by peft's own names; merged into the model at the end of each stage."""

    r: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    target_modules: str | list[str] = "all-linear"


def train_stage(
    base: str,
    examples: TrainingExamples,
    task: Task,
    out: Path,
    settings: StageSettings,
    lora: LoraSettings | None,
    prompts: PromptSettings,
    masking: MaskingSettings,
    seed: int,
) -> dict[str, Any]:
    """Fine-tune `base` on one task into `out`; returns what done.json holds. Raises TrainingError, ModelError or RecipeError."""

    def render(tokenizer: PreTrainedTokenizerBase, epoch: int) -> list[Row]:
        shown = show_epoch(examples.records, masking, seed, epoch)
        rows = make_rows(shown, task, tokenizer, prompts)
        check_rows(rows, shown, task, tokenizer, prompts)
        return rows

    made_of = content_hash(examples.fingerprint, task, prompts.model_dump(), masking.model_dump())
    return train_rows(base, render, made_of, task, out, settings, lora, seed)


def train_rows(
    base: str,
    render: Render,
    made_of: str,
    label: str,
    out: Path,
    settings: StageSettings,
    lora: LoraSettings | None,
    seed: int,
) -> dict[str, Any]:
    """Train `base` on the rows that `render` gives with its tokenizer; what is done already is not done again.

    `made_of` tells one source of rows from another: a plan that was made of the same is taken as it is.
    """
    done = out / "done.json"
    if done.exists():
        return dict(json.loads(done.read_text(encoding="utf-8")))
    tokenizer = load_tokenizer(base)
    checkpoint = find_checkpoint(out / "checkpoints")
    with main_first():
        plan = _open_plan(out / "plan", tokenizer, render, made_of, settings, seed)
        if is_main():
            trim_metrics(out / "metrics.jsonl", int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else 0)
    model = _adapt(load_model(base, master_weights=lora is None), lora, seed)
    optimizer = make_muon(model, settings.learning_rate, settings.weight_decay) if settings.optim == MUON else None
    arguments = make_arguments(out, settings, len(plan), seed)
    if lora is not None and arguments.fsdp:
        raise RecipeError("train.lora: adapters cannot be merged from shards; leave out training_args.fsdp, or train all weights")
    choice = _choose_way(model, plan, arguments, settings, label)
    trainer, steps = _train(model, tokenizer, plan, choice, arguments, optimizer, checkpoint, out, settings, label)
    if trainer.is_fsdp_enabled:
        trainer.save_model(str(out))  # every process has a share of the weights
    summary = {
        "task": label,
        "base": Path(base).name if Path(base).exists() else base,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        **{key: plan.about[key] for key in ("rows", "rows_too_long", "tokens_seen", "tokens_computed")},
        "way": choice.way.name,
        "ways_refused": list(choice.refused),
        "steps": steps,
    }
    with main_first():
        if is_main():
            if not trainer.is_fsdp_enabled:
                _save(model, out)
            tokenizer.save_pretrained(out)
            write_text(out / "README.md", MODEL_CARD)
            write_json(done, summary)
            for folder in ("checkpoints", "plan"):
                shutil.rmtree(out / folder, ignore_errors=True)
    return summary


def _open_plan(folder: Path, tokenizer: PreTrainedTokenizerBase, render: Render, made_of: str, settings: StageSettings, seed: int) -> Plan:
    """The stage's plan; its broken epochs, steps and orders follow from the settings."""
    shape = Shape(
        epochs=settings.num_train_epochs,
        steps=settings.max_steps * settings.gradient_accumulation_steps * processes(),
        step_rows=settings.per_device_train_batch_size,
        bundle_rows=settings.bundle_rows,
        pass_tokens=settings.pass_tokens,
        max_length=settings.max_length,
        seed=seed,
    )
    return open_plan(folder, content_hash(made_of, describe_tokenizer(tokenizer), asdict(shape)), shape, lambda epoch: render(tokenizer, epoch))


def describe_tokenizer(tokenizer: PreTrainedTokenizerBase) -> str:
    """What a tokenizer makes of texts, as a hash: its rules, special tokens and template."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    rules = backend.to_str() if backend is not None else sorted(tokenizer.get_vocab().items())
    return content_hash(rules, tokenizer.chat_template, tokenizer.eos_token, sorted(tokenizer.get_added_vocab()))


def _choose_way(model: Any, plan: Plan, arguments: TrainingArguments, settings: StageSettings, label: str) -> Choice:
    """How passes are computed, tried on some rows of the plan; what the model cannot do is said at once."""
    from gentool.train.self_check import choose_way

    if arguments.activation_checkpointing:  # as the Trainer does it later; models forbid caches then
        model.activation_checkpointing_enable()
    choice = choose_way(model.to(arguments.device), sample_rows(plan[0], SAMPLE_ROWS), plan.about["longest_row"], settings.sharing)
    if choice.refused and is_main():
        print(f"train {label}: prompts are computed the way '{choice.way.name}' ({'; '.join(choice.refused)})", file=sys.stderr)
    return choice


def _train(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    plan: Plan,
    choice: Choice,
    arguments: TrainingArguments,
    optimizer: Any,
    checkpoint: Path | None,
    out: Path,
    settings: StageSettings,
    label: str,
) -> tuple[Trainer, int]:
    """Go through the plan; returns the trainer and the number of steps, and leaves how fast it went in speed.json."""
    from gentool.train.trainer import make_trainer
    from gentool.train.ways import prepared

    epochs = plan.about["epochs"]
    callback = make_callback(out / "metrics.jsonl", f"train {label}", epochs)
    trainer, speed = make_trainer(model, tokenizer, plan, choice.way, settings.pass_tokens, arguments, optimizer, callback)
    with prepared(model, choice.way):
        steps = _run(trainer, checkpoint)
    if is_main():
        write_json(out / "speed.json", {"way": choice.way.name, **speed.figures()})
    return trainer, steps


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


def _save(model: Any, out: Path) -> None:
    """Save the weights as a plain Hugging Face folder; adapters are merged first."""
    merged = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
    merged.save_pretrained(out)


MODEL_CARD = "Fine-tuned with gentool (GenTool, arXiv 2502.18990). The recipe stands in the run folder's recipe.yaml.\n"
