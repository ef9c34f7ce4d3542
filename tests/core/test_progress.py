"""The progress bar: counts on a terminal, nothing elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from gentool.core.progress import progress_bar, track


class Terminal(io.StringIO):
    """Standard error that calls itself a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal for the rest of the test (a fixture would come before pytest's own capture)."""
    fake = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "stderr", fake)
    return fake


def test_without_a_terminal_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track("abc", "letters", 3)) == ["a", "b", "c"]
    with progress_bar("steps", 2) as bar:
        bar.advance(2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_label_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    assert list(track(iter("abc"), "letters", 3)) == ["a", "b", "c"]
    assert "letters" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()


def test_the_bar_moves_by_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    with progress_bar("steps", 10) as bar:
        bar.advance(4)
        bar.advance()
    assert "5/10" in terminal.getvalue()


def test_the_bar_counts_what_is_done_and_not_what_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    items = track("abc", "letters", 3)
    next(items)
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert "1/3" in terminal.getvalue()
    assert "2/3" not in terminal.getvalue()


def test_a_label_may_change_as_the_bar_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    done: list[str] = []
    for letter in track("abc", lambda: f"{len(done)} paid", 3):
        done.append(letter)
    assert "3 paid" in terminal.getvalue()


def test_a_line_is_said_with_and_without_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("predict", 2) as bar:
        bar.say("read row by row [fast]")
    assert "read row by row [fast]\n" in capsys.readouterr().err
    terminal = use_terminal(monkeypatch)
    with progress_bar("predict", 2) as bar:
        bar.say("read row by row [fast]")
    assert "read row by row [fast]" in terminal.getvalue()
