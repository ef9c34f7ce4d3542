"""One stage in the processes of a torchrun, for test_processes: `python two_processes.py MODEL EXAMPLES OUT STOP`.

It stops as step STOP is read; 0 never stops.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gentool.prompts import PromptSettings
from gentool.train.arguments import StageSettings
from gentool.train.epochs import TrainingExamples
from gentool.train.masking import MaskingSettings
from gentool.train.plan import Plan
from gentool.train.processes import processes
from gentool.train.stage import train_stage


def stop_at(step: int) -> None:
    """Make the reading of a step of the plan a stop from the keyboard."""
    read = Plan.__getitem__

    def count_down(plan: Plan, number: int) -> Any:
        if number >= step:
            raise KeyboardInterrupt
        return read(plan, number)

    Plan.__getitem__ = count_down  # type: ignore[method-assign]


def main(model: str, examples: Path, out: Path, stop: int) -> None:
    """Two epochs of eight examples, four of them in each step; a step of single processes takes several passes."""
    settings = StageSettings(
        learning_rate=1e-2,
        num_train_epochs=2,
        per_device_train_batch_size=4 // processes(),
        pass_tokens=150,
        bf16=False,
        logging_steps=1,
        save_steps=2,
    )
    if stop:
        stop_at(stop)
    train_stage(model, TrainingExamples.of_file(examples), "select", out, settings, None, PromptSettings(tools="signature"), MaskingSettings(), 0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
