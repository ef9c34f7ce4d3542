"""Exceptions as one line for the terminal: what is wrong, where, and what to do. Floor 5; called by gentool.cli."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from typing import Any

from gentool.core.errors import GenToolError

FULL = "cannot write{}: the disk is full, or files may grow no larger; make space and run the same command again, it goes on from what is there"
TORN_WRITES = ("No space left on device", "PytorchStreamWriter failed", "inline_container", "File too large")
"""How PyTorch and safetensors report a disk that is full."""


def describe_fault(error: Exception) -> str | None:
    """One line for a fault that the user can mend; None for a fault of ours, which keeps its traceback."""
    if isinstance(error, GenToolError):
        return str(error)
    if hasattr(error, "format_message"):
        return _describe_usage_error(error)
    if isinstance(error, OSError):
        return _describe_os_error(error)
    if any(text in str(error) for text in TORN_WRITES):
        return FULL.format("")
    return None


def _describe_usage_error(error: Any) -> str:
    """A wrong command, option or argument. The class of typer's own exceptions has another name in each of its versions."""
    context = getattr(error, "ctx", None)
    return f"{error.format_message().rstrip('.')}; see `{context.command_path if context else 'gentool'} --help`"


def _describe_os_error(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return FULL.format(where)
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"no permission to write or read{where}: choose another folder or change its rights"
    return f"{error.strerror or error}{where}"


def repeat_interrupt(unraisable: sys.UnraisableHookArgs) -> None:
    """The hook for exceptions that Python ignores: Ctrl-C that falls into a destructor, as it may while libraries load, is sent again."""
    if unraisable.exc_type is KeyboardInterrupt:
        threading.Timer(0.01, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(unraisable)
