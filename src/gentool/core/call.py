"""A call of a tool, abstention included: the answer that a model is trained to give."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gentool.core.tool import GENERATE_RESPONSE, Record


class Call(Record):
    """A tool's name and the arguments given to it (JSON values by parameter name)."""

    name: str = Field(min_length=1)
    arguments: dict[str, Any] = Field(default_factory=dict)

    @property
    def abstains(self) -> bool:
        """True where the call is the default tool: no tool of the set serves the query."""
        return self.name == GENERATE_RESPONSE


ABSTAIN = Call(name=GENERATE_RESPONSE)
"""Abstention, one value throughout the code (never None)."""
