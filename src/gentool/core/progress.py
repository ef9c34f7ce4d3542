"""A progress bar with counts and time left on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")


class Bar:
    """One bar: `advance` moves it on, `describe` changes its label. Without a terminal it only says lines."""

    def __init__(self, progress: Progress | None, label: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(label, total=total) if progress else None

    def advance(self, count: int = 1) -> None:
        if self._progress and self._task is not None:
            self._progress.advance(self._task, count)

    def say(self, text: str) -> None:
        """A line on standard error, above the bar where there is one."""
        if self._progress:
            self._progress.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=sys.stderr)

    def describe(self, label: str) -> None:
        if self._progress and self._task is not None:
            self._progress.update(self._task, description=label)


@contextmanager
def progress_bar(label: str, total: int) -> Iterator[Bar]:
    """A bar of `total` steps on standard error."""
    if not sys.stderr.isatty():
        yield Bar(None, label, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(progress, label, total)


def track(items: Iterable[Item], label: str | Callable[[], str], total: int) -> Iterator[Item]:
    """The items, with a bar that moves as each is done; a label that is a function is asked anew each time."""
    with progress_bar(_say(label), total) as bar:
        for item in items:
            yield item
            bar.advance()
            bar.describe(_say(label))


def _say(label: str | Callable[[], str]) -> str:
    return label if isinstance(label, str) else label()
