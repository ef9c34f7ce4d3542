"""transformers' Trainer over the steps of a plan: its loop, optimizer, checkpoints and trackers, our forward and backward.

A model, a plan and a way in; a Trainer out; called by gentool.train.stage. One item of the data set is one step of one
device; its passes are computed one after the other and their gradients summed, as one batch that would fit at once.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from gentool.train.packing import Pass
from gentool.train.plan import Plan
from gentool.train.processes import processes
from gentool.train.ways import Way, split_rows, sum_losses

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback, TrainingArguments


class Speed:
    """Tokens and seconds of training since it started or went on: `seen` as if each row were computed alone, `computed` as it was.

    Of several processes each counts its own share, which is taken for that of all.
    """

    def __init__(self) -> None:
        self.seen = self.computed = 0
        self._started = time.perf_counter()

    def add(self, passes: list[Pass]) -> None:
        self.seen += sum(one.seen for one in passes)
        self.computed += sum(len(one.tokens) for one in passes)

    def figures(self) -> dict[str, float]:
        """Tokens a second of either count, and the most memory that was held, in GiB."""
        seconds = time.perf_counter() - self._started
        return {
            "seconds": round(seconds, 2),
            "tokens_seen_per_second": round(processes() * self.seen / seconds, 1),
            "tokens_computed_per_second": round(processes() * self.computed / seconds, 1),
            "peak_memory_gib": round(peak_memory() / 2**30, 3),
        }


def peak_memory() -> int:
    """Bytes: of the GPU where there is one, else of the process."""
    import resource

    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def make_trainer(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    plan: Plan,
    way: Way,
    pass_tokens: int,
    arguments: TrainingArguments,
    optimizer: Any,
    callback: TrainerCallback,
) -> tuple[Trainer, Speed]:
    """A Trainer that goes through a plan once, and what it measures. The model has to be `prepared` for the way while it trains."""
    import torch
    from transformers import Trainer
    from transformers.trainer_callback import PrinterCallback

    speed = Speed()

    def collate(items: list[list[Pass]]) -> dict[str, Any]:
        """One step: its passes and its labels, which the Trainer counts where `shift_labels` says that they are not to be shifted."""
        passes = [one for item in items for one in item]
        labels = torch.from_numpy(np.concatenate([one.labels for one in passes]).astype(np.int64))
        return {"passes": passes, "labels": labels, "shift_labels": labels}

    class SharedPromptTrainer(Trainer):
        """The Trainer with a step of several passes."""

        def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
            passes: list[Pass] = inputs["passes"]
            speed.add(passes)
            if way.name == "plain":
                passes = [part for one in passes for part in split_rows(one, pass_tokens)]
            losses = []
            for number, one in enumerate(passes):
                with nullcontext() if number == len(passes) - 1 else self.accelerator.no_sync(model):
                    losses.append(super().training_step(model, {"pass": one}, num_items_in_batch))
            return torch.stack(losses).sum()

        def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:  # noqa: ARG002
            """The pass's share of the mean loss over all trained tokens of the step on all devices, whose gradients are averaged later."""
            return sum_losses(model, inputs["pass"], way) * self.accelerator.num_processes / num_items_in_batch

        def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
            super().log({**logs, **speed.figures()} if "loss" in logs else logs, *args, **kwargs)

    trainer = SharedPromptTrainer(
        model=model,
        args=arguments,
        train_dataset=plan,
        data_collator=collate,
        processing_class=tokenizer,
        optimizers=(optimizer, None),
        callbacks=[callback],
    )
    trainer.model_accepts_loss_kwargs = trainer.loss_is_scaled_for_ga = True  # the loss is divided by the labels of the whole step
    trainer.remove_callback(PrinterCallback)
    return trainer, speed
