"""Names of tools that OpenAI's API takes, and names that do not clash.

Any text comes in, a name goes out. Called by the readers of formats whose names are free: `openapi` and `python_functions`.
"""

from __future__ import annotations

import re
from collections.abc import Container

LONGEST = 64
"""Characters that OpenAI's API takes in a function's name."""


def make_name(text: str) -> str:
    """`text` with everything but letters, digits, '_' and '-' replaced by one '_', cut to `LONGEST`; empty where nothing is left."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", text).strip("_")[:LONGEST].rstrip("_") if not is_name(text) else text


def is_name(text: str) -> bool:
    """Whether a text can be a name as it is."""
    return re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{LONGEST}}}", text) is not None


def free_name(name: str, taken: Container[str]) -> str:
    """`name`, or the first of `name_2`, `name_3`, ... that is not taken; never longer than `LONGEST` where `name` is not."""
    number, free = 1, name
    while free in taken:
        number += 1
        ending = f"_{number}"
        free = (name[: LONGEST - len(ending)] if len(name) <= LONGEST else name) + ending
    return free
