"""The exceptions that gentool raises on purpose; the command line prints each as one line and exits with status 2.

Everything that a user can cause derives from `GenToolError`, so `except GenToolError` catches all of it and nothing else.
"""

from __future__ import annotations

from pathlib import Path


class GenToolError(Exception):
    """A fault that the user can mend: the message says what is wrong, where, and what to do."""


class RecordError(GenToolError):
    """A record of a file cannot be read or is not valid.

    `path` and `line` (1-based; None where the whole file is meant) say where.
    """

    def __init__(self, path: Path | str, line: int | None, message: str) -> None:
        where = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{where}: {message}")
        self.path = Path(path)
        self.line = line


class RecipeError(GenToolError):
    """A recipe is not valid; the message names the key's path."""


class CatalogueError(GenToolError):
    """A catalogue of tools cannot be used for what was asked."""


class RunError(GenToolError):
    """A run folder lacks what a stage needs, or holds something else."""


class ModelError(GenToolError):
    """A model or tokenizer cannot be loaded or used."""


class TeacherError(GenToolError):
    """A teacher, or another model behind a server, cannot be reached or leaves requests without an answer, refuses the key, or its
    budget is used up; the message says what to do."""


class TrainingError(GenToolError):
    """Training refuses to start or to go on; the message shows the reason."""
