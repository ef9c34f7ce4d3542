"""What training writes down as it goes: one line of metrics.jsonl per logged step, and the progress bar.

Lines hold no times, so that a run that was stopped and went on ends with the same file. Used by gentool.train.stage.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gentool.core.jsonl import cut_torn_line, write_text
from gentool.core.progress import Bar, progress_bar

LOGGED = ("loss", "learning_rate", "grad_norm")


def trim_metrics(path: Path, step: int) -> None:
    """Remove what was logged after `step`: training goes on from there and logs it again."""
    if not path.exists():
        return
    cut_torn_line(path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    write_text(path, "".join(line for line in lines if json.loads(line)["step"] <= step))


def make_callback(path: Path, label: str, epochs: float) -> Any:
    """A Trainer callback that appends to `path` and moves a progress bar; all `epochs` are one pass of the Trainer."""
    from transformers import TrainerCallback

    class MetricsLog(TrainerCallback):
        """Writes each log of the Trainer as a line, flushed."""

        def __init__(self) -> None:
            self._stack = ExitStack()
            self._bar: Bar | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            if state.is_world_process_zero:
                self._bar = self._stack.enter_context(progress_bar(label, state.max_steps))
                self._bar.advance(state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            if self._bar:
                self._bar.advance()

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:  # noqa: ARG002
            if not state.is_world_process_zero or not logs or "loss" not in logs:
                return
            epoch = round(epochs * state.global_step / state.max_steps, 4)
            line = {"step": state.global_step, "epoch": epoch, **{key: round(float(logs[key]), 8) for key in LOGGED if key in logs}}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            self._stack.close()

    return MetricsLog()
