"""Shared-prompt training as one more way to train: gentool's own plan, way and trainer. Called by train.py and epoch.py."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gentool.train.packing import sample_rows
from gentool.train.plan import Shape, open_plan
from gentool.train.rows import Row
from gentool.train.self_check import choose_way
from gentool.train.trainer import make_trainer
from gentool.train.ways import prepared
from rivals import Batch, copy_around, make_tokenizer, one_step

PASS_TOKENS = 16_384
BUNDLE_ROWS = 16
"""The defaults of a stage's settings of these names."""


class Ours:
    """Steps of a plan, computed by the trainer that a stage trains with, in the way that its self-check chooses."""

    name = "ours"

    def __init__(self, dtype: str) -> None:
        self._dtype = dtype
        self._trainer: Any = None
        self._way: Any = None
        self._model: Any = None

    def prepare(self, model: Any, rows: Sequence[Row], batch_size: int) -> list[Batch]:
        """The plan's steps; a step with a learning rate of zero sets the trainer up."""
        from transformers import TrainerCallback, TrainingArguments

        self._model = copy_around(model)
        shape = Shape(1, 0, batch_size, BUNDLE_ROWS, PASS_TOKENS, max(row.length for row in rows), 0)
        plan = open_plan(Path(tempfile.mkdtemp()) / "plan", "benchmark", shape, lambda _epoch: rows)
        choice = choose_way(self._model, sample_rows(plan[0], 4), plan.about["longest_row"])
        print(f"  ours: the way '{choice.way.name}'{' after ' + '; '.join(choice.refused) if choice.refused else ''}")
        self._way = choice.way
        arguments = TrainingArguments(**one_step(model), per_device_train_batch_size=1, remove_unused_columns=False, bf16=self._dtype == "bfloat16")
        self._trainer, _ = make_trainer(self._model, make_tokenizer(), plan, choice.way, PASS_TOKENS, arguments, None, TrainerCallback())
        with prepared(self._model, self._way):
            self._trainer.train()
        model.zero_grad(set_to_none=True)
        return [_make_batch(self._trainer, passes) for passes in (plan[number] for number in range(len(plan)))]

    def step(self, batch: Batch) -> float:
        trainer = self._trainer
        trainer.current_gradient_accumulation_steps = 1
        with prepared(self._model, self._way):
            losses = [trainer.training_step(trainer.model_wrapped, inputs, batch.items) for inputs in batch.inputs]
        return float(sum(losses))


def _make_batch(trainer: Any, passes: Sequence[Any]) -> Batch:
    inputs = trainer.data_collator([passes])
    return Batch([inputs], inputs["labels"].numel(), sum(len(one.tokens) for one in passes), sum(len(one.leaves) for one in passes))
