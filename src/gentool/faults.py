"""Exceptions as one line for the terminal: what is wrong, where, and what to do. Floor 4; called by gentool.cli."""

from __future__ import annotations

import errno

import click

from gentool.core.errors import GenToolError

FULL = "no space is left on the disk{}: free some and run the same command again; it goes on from what is there"
TORN_WRITES = ("No space left on device", "PytorchStreamWriter failed", "inline_container", "File too large")
"""How PyTorch and safetensors report a disk that is full."""


def describe_fault(error: Exception) -> str | None:
    """One line for a fault that the user can mend; None for a fault of ours, which keeps its traceback."""
    if isinstance(error, GenToolError):
        return str(error)
    if isinstance(error, click.exceptions.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        return _describe_os_error(error)
    if any(text in str(error) for text in TORN_WRITES):
        return FULL.format("")
    return None


def _describe_os_error(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return FULL.format(where)
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"no permission to write or read{where}: choose another folder or change its rights"
    return f"{error.strerror or error}{where}"
