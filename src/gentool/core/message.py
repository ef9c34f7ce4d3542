"""A turn of a chat, as prompts render it and engines take it."""

from __future__ import annotations

from typing import Literal, TypedDict


class Message(TypedDict):
    """One turn: who speaks, and the text."""

    role: Literal["system", "user", "assistant"]
    content: str
