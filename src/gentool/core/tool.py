"""Tools and sets of tools: what a catalogue holds and what a model chooses from.

Made by gentool.formats and the teachers; read by every stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from gentool.core.canonical import content_hash

GENERATE_RESPONSE = "generate_response"
"""The default tool's reserved name: the answer where no tool fits (the paper's term). No catalogue may define it."""

EMPTY_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


class Record(BaseModel):
    """What all records share: immutable, and keys that are not known are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, but what was worked out from the fields is worked out anew, as an id is."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Tool(Record):
    """One tool as a catalogue defines it.

    `parameters` and `returns` are JSON Schema objects. `domain` and `source` say where a tool belongs and came from;
    they are no part of its identity, which is its name and the hash of its definition.
    """

    name: str = Field(min_length=1)
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: dict(EMPTY_PARAMETERS))
    returns: dict[str, Any] | None = None
    domain: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _refuse_reserved_name(self) -> Self:
        if self.name == GENERATE_RESPONSE:
            raise ValueError(f"'{GENERATE_RESPONSE}' is the reserved name of the default tool; rename this tool")
        return self

    @cached_property
    def id(self) -> str:
        """`name@hash`: stable over runs, different for two tools of one name with different definitions."""
        return f"{self.name}@{content_hash(self.name, self.description, self.parameters, self.returns)}"

    @property
    def properties(self) -> dict[str, Any]:
        """The schemas of the parameters by name; empty where the tool takes none."""
        properties = self.parameters.get("properties")
        return properties if isinstance(properties, dict) else {}

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the parameters that a call must give."""
        required = self.parameters.get("required")
        return tuple(name for name in required if isinstance(name, str)) if isinstance(required, list) else ()

    @property
    def text(self) -> str:
        """Name, description and parameters in words: what similarity is computed on."""
        described = (f"{name} {schema.get('description', '') if isinstance(schema, dict) else ''}" for name, schema in self.properties.items())
        return " ".join([self.name.replace("_", " "), self.description, *(part.replace("_", " ") for part in described)])


class ToolSet(RootModel[tuple[Tool, ...]]):
    """The tools of one example in the order in which a model sees them; names are unique within it."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _refuse_equal_names(self) -> Self:
        names = self.names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"a tool set cannot hold two tools of one name: {', '.join(repeated)}")
        return self

    @classmethod
    def of(cls, tools: Iterable[Tool]) -> ToolSet:
        return cls(tuple(tools))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(tool.name for tool in self.root)

    def by_name(self, name: str) -> Tool | None:
        return next((tool for tool in self.root if tool.name == name), None)

    def replaced(self, position: int, tool: Tool) -> ToolSet:
        """The same set with the tool at `position` (0-based) replaced."""
        return ToolSet((*self.root[:position], tool, *self.root[position + 1 :]))

    def __iter__(self) -> Iterator[Tool]:  # type: ignore[override]
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)

    def __getitem__(self, position: int) -> Tool:
        return self.root[position]
