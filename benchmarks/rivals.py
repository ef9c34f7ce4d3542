"""What shared-prompt training is compared with: TRL's SFTTrainer and transformers' Trainer, each with its own collator and loss.

A model and rows in, batches out; a batch in, a loss and gradients out. Called by train.py and epoch.py. The trainers share
the model's parameters: each has a copy of the modules around them, because trainers patch and switch the model they are given.

What the trainers do by default (TRL 1.16, transformers 5.23), and what is done about it here:

- SFTTrainer takes rows that hold `input_ids` and `labels` as they are: nothing is tokenised, appended or masked anew.
  It cuts rows at `max_length` = 1024 tokens; here it is told not to.
- By default it trains in bfloat16 (autocast, weights in 32 bits) and with activation checkpointing; on a CPU it asks for
  `use_cpu` first, and does the same.
- It never builds all logits: the output layer works in tiles and again in the backward pass. On a GPU it does so at
  completion tokens alone, on a CPU at every token. `trl as on a GPU` is its own code with the GPU's choice made on a CPU;
  `trl packed` makes it too.
- `packing=True` flattens packed rows into one sequence with restarting positions. Without FlashAttention the attention then
  computes the whole square with a mask, so packs go one at a time here, accumulated over the step as the Trainer does it.
"""

from __future__ import annotations

import copy
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from gentool.train.rows import IGNORED, Row
from models import END, PAD

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when transformers is imported, which is later; no telemetry in a measured run


@dataclass(frozen=True)
class Batch:
    """What one optimizer step trains on.

    inputs: what the rival feeds, a part for each forward and backward. items: the trained tokens of the whole step.
    tokens: positions computed in the forward pass, padding included. rows: how many rows it holds.
    """

    inputs: list[Any]
    items: Any
    tokens: int
    rows: int


class Rival(Protocol):
    """A way to train. Losses are means over the completion tokens of the step; gradients are left in the model's parameters."""

    name: str

    def prepare(self, model: Any, rows: Sequence[Row], batch_size: int) -> list[Batch]:
        """The batches of one epoch, in the order in which they would be trained."""
        ...

    def step(self, batch: Batch) -> float:
        """Forward and backward; returns the loss."""
        ...


class TrainerRival:
    """A trainer whose own loader makes the batches and whose own training_step computes them."""

    def __init__(self, name: str, make: Callable[[Any, Sequence[Row], int], Any], around: Callable[[], AbstractContextManager[None]] = nullcontext):
        self.name = name
        self._make = make
        self._around = around
        self._trainer: Any = None

    def prepare(self, model: Any, rows: Sequence[Row], batch_size: int) -> list[Batch]:
        """Build the trainer and let it train a step on one row with a learning rate of zero: all that `train` sets up then stands."""
        self._trainer = trainer = self._make(copy_around(model), rows, batch_size)
        data = trainer.train_dataset
        trainer.train_dataset = data.select([0])
        with self._around():
            trainer.train()
        trainer.train_dataset = data
        model.zero_grad(set_to_none=True)
        return list(self._read_batches(trainer))

    def _read_batches(self, trainer: Any) -> Iterator[Batch]:
        loader, accumulated = trainer.get_train_dataloader(), trainer.args.gradient_accumulation_steps
        iterator = iter(loader)
        for _ in range(math.ceil(len(loader) / accumulated)):
            inputs, items = trainer.get_batch_samples(iterator, accumulated, trainer.args.device)
            yield Batch(inputs, items, sum(part["input_ids"].numel() for part in inputs), _count_rows(inputs))

    def step(self, batch: Batch) -> float:
        trainer = self._trainer
        trainer.current_gradient_accumulation_steps = len(batch.inputs)
        with self._around():
            losses = [trainer.training_step(trainer.model_wrapped, inputs, batch.items) for inputs in batch.inputs]
        return float(sum(losses))


def copy_around(model: Any) -> Any:
    """A copy of a model's modules and configuration around the same parameters: same weights, gradients in the same place."""
    return copy.deepcopy(model, {id(parameter): parameter for parameter in model.parameters()})


def _count_rows(inputs: Sequence[Any]) -> int:
    """Flattened rows begin where positions do; padded ones are the batch's first dimension."""
    return sum(int((part["position_ids"] == 0).sum()) if "position_ids" in part else len(part["input_ids"]) for part in inputs)


def make_rivals(dtype: str, device: str) -> list[TrainerRival]:
    """All rivals; all but `trl`, which keeps its defaults, compute in `dtype` and without activation checkpointing."""
    same = {"bf16": dtype == "bfloat16", "activation_checkpointing": False}

    def make_trl(model: Any, rows: Sequence[Row], batch_size: int) -> Any:
        return make_sft_trainer(model, rows, {"per_device_train_batch_size": batch_size})

    def make_same(model: Any, rows: Sequence[Row], batch_size: int) -> Any:
        return make_sft_trainer(model, rows, {"per_device_train_batch_size": batch_size, **same})

    def make_packed(model: Any, rows: Sequence[Row], batch_size: int) -> Any:
        return make_packed_trainer(model, rows, batch_size, same)

    def make_plain(model: Any, rows: Sequence[Row], batch_size: int) -> Any:
        return make_plain_trainer(model, rows, batch_size, dtype)

    rivals = [
        TrainerRival("plain", make_plain),
        TrainerRival("trl", make_trl),
        TrainerRival(f"trl {dtype}", make_same),
        TrainerRival("trl as on a GPU", make_same, completions_alone),
        TrainerRival("trl packed", make_packed, completions_alone),
    ]
    return rivals if device == "cpu" else [rival for rival in rivals if rival.name != "trl as on a GPU"]


@contextmanager
def completions_alone() -> Iterator[None]:
    """TRL's output layer at completion tokens alone, as it is on GPUs and nowhere else; the tiles' arithmetic stays the CPU's."""
    import trl.trainer.utils

    original = trl.trainer.utils._use_triton
    trl.trainer.utils._use_triton = lambda _device: True
    try:
        yield
    finally:
        trl.trainer.utils._use_triton = original


def make_sft_trainer(model: Any, rows: Sequence[Row], settings: dict[str, Any]) -> Any:
    """TRL's SFTTrainer over rows that are tokenised already; what `settings` does not name is TRL's default."""
    import datasets
    from trl import SFTConfig, SFTTrainer

    datasets.disable_progress_bars()
    arguments = SFTConfig(**{"max_length": None, **one_step(model), **settings})
    data = datasets.Dataset.from_list([features_of(row) for row in rows])
    return _silenced(SFTTrainer(model=model, args=arguments, train_dataset=data, processing_class=make_tokenizer()))


def features_of(row: Row) -> dict[str, list[int]]:
    """A row as trainers take it: `input_ids`, and `labels` that leave the prompt out."""
    return {"input_ids": row.tokens, "labels": [IGNORED] * len(row.prompt_ids) + [*row.completion_ids]}


def make_packed_trainer(model: Any, rows: Sequence[Row], batch_size: int, settings: dict[str, Any]) -> Any:
    """SFTTrainer with `packing=True`, its default length of 1,024 or that of the longest row, and as many packs a step as the rows need."""
    length = max(1024, *(row.length for row in rows))
    packed = {"packing": True, "max_length": length, "per_device_train_batch_size": 1, **settings}
    trainer = make_sft_trainer(model, rows, packed)
    packs = len(trainer.train_dataset)
    trainer.args.gradient_accumulation_steps = max(1, round(packs * batch_size / len(rows)))
    return trainer


def make_plain_trainer(model: Any, rows: Sequence[Row], batch_size: int, dtype: str) -> Any:
    """transformers' Trainer with its collator for padded labels: an attention mask, and logits at every token."""
    import datasets
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    arguments = TrainingArguments(**one_step(model), per_device_train_batch_size=batch_size, bf16=dtype == "bfloat16")
    tokenizer = make_tokenizer()
    collator = DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED)
    data = datasets.Dataset.from_list([features_of(row) for row in rows])
    return _silenced(Trainer(model=model, args=arguments, train_dataset=data, data_collator=collator, processing_class=tokenizer))


def one_step(model: Any) -> dict[str, Any]:
    """Arguments that leave weights and disk as they are: one step, a learning rate of zero, no optimizer state."""
    return {
        "output_dir": tempfile.gettempdir(),
        "max_steps": 1,
        "learning_rate": 0.0,
        "optim": "sgd",
        "max_grad_norm": 0.0,
        "use_cpu": model.device.type == "cpu",
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def _silenced(trainer: Any) -> Any:
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    return trainer


def make_tokenizer() -> Any:
    """A tokenizer of two tokens: the trainers ask it how to pad and nothing else."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"<|pad|>": PAD, "<|end|>": END}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(vocabulary)), pad_token="<|pad|>", eos_token="<|end|>")
