"""Python functions as tools: the modules are written to a folder and imported from there, as users do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import CatalogueError
from gentool.core.schema import schema_faults
from gentool.core.tool import Tool
from gentool.formats.catalogue import read_catalogue
from gentool.formats.imported import ImportResult
from gentool.formats.python_functions import import_functions

TABLES = '''
from __future__ import annotations
import functools
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Optional, TypedDict
from pydantic import BaseModel, Field

class Colour(Enum):
    RED = "red"
    BLUE = "blue"

class Address(BaseModel):
    street: str = Field(description="The street.")
    zip: str | None = None

class Node(BaseModel):
    value: int
    children: list[Node] = []

class Options(TypedDict, total=False):
    quiet: bool

@dataclass
class Point:
    x: int
    y: int = 2

async def book(
    who: str,
    where: Address,
    how: Literal["inside", "outside"] = "inside",
    colours: list[Colour] | None = None,
    options: Options = {},
    point: Point = Point(1),
    *,
    day: Optional[date] = None,
    guests: Annotated[int, Field(ge=1, description="How many.")] = 3,
    note: Annotated[str, "A note."] = None,
    extra=7,
    size: int = Field(4, le=9, description="Its size."),
) -> Address:
    """Books a table.

    Args:
        who: Who comes.
        where: Where to: the place.
        nobody: Not there.
    """

def climb(node: Node) -> None:
    "Climbs."

def _hidden(): ...

half = functools.partial(book, who="Ada")

class Shop:
    def sell(self, item: str) -> bool: "Sells."
    def __call__(self, item: str) -> bool: "Buys."
    @staticmethod
    def open(hour: int) -> dict[str, Any]: "Opens."

shop = Shop()
'''
FAULTY = """
from typing import Any, TYPE_CHECKING
import asyncio, json
if TYPE_CHECKING:
    from nowhere import Thing

__all__ = ["starred", "doubled", "by_position", "unknown", "event", "gives_event", "default", "dumps", "NUMBER", "größe", "generate_response"]
NUMBER = 5
dumps = json.dumps

def starred(*args: int): "Takes some."
def doubled(a: int, **options: Any): "Takes some."
def by_position(a: int, /): "Takes one."
def unknown(a: "Thing"): "Takes a thing."
def event(a: asyncio.Event): "Takes an event."
def gives_event() -> asyncio.Event: "Gives an event."
def default(a: Any = asyncio): "Has a default."
def größe(): "Has a name."
def generate_response(): "Has a name that is reserved."
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with modules, which are forgotten afterwards."""
    (tmp_path / "tables_module.py").write_text(TABLES)
    (tmp_path / "faulty_module.py").write_text(FAULTY)
    (tmp_path / "broken_module.py").write_text("import sys\nsys.exit('no\\nway')\n")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    yield tmp_path
    assert sys.path == path
    for name in ("tables_module", "faulty_module", "broken_module"):
        sys.modules.pop(name, None)


def imported(result: ImportResult) -> dict[str, Tool]:
    return {tool.name: tool for tool in result.tools}


def test_a_signature_becomes_a_schema() -> None:
    (tool,) = import_functions(["tables_module:book"]).tools
    assert (tool.name, tool.description, tool.source) == ("book", "Books a table.", "tables_module")
    assert tool.required == ("who", "where")
    properties = tool.properties
    assert properties["who"] == {"type": "string", "description": "Who comes."}
    assert properties["where"]["description"] == "Where to: the place."
    assert properties["where"]["properties"]["street"] == {"type": "string", "description": "The street."}
    assert properties["how"] == {"type": "string", "enum": ["inside", "outside"], "default": "inside"}
    assert properties["colours"]["anyOf"][0]["items"]["enum"] == ["red", "blue"]
    assert properties["colours"]["default"] is None
    assert properties["options"]["properties"] == {"quiet": {"type": "boolean"}}
    assert properties["point"]["default"] == {"x": 1, "y": 2}
    assert properties["day"]["anyOf"] == [{"type": "string", "format": "date"}, {"type": "null"}]
    assert properties["guests"] == {"type": "integer", "minimum": 1, "description": "How many.", "default": 3}
    assert properties["note"] == {"type": "string", "description": "A note."}
    assert properties["extra"] == {"default": 7}
    assert properties["size"] == {"type": "integer", "maximum": 9, "description": "Its size.", "default": 4}
    assert tool.returns is not None
    assert tool.returns["required"] == ["street"]
    assert schema_faults({"who": "Ada", "where": {"street": "Main"}, "colours": ["red"]}, tool.parameters) == []
    assert schema_faults({"who": "Ada", "where": {}}, tool.parameters) != []


def test_what_is_odd_about_a_function_is_told() -> None:
    assert import_functions(["tables_module:book"]).notes == [
        "tables_module:book: parameters without a type hint, any value is taken: extra",
        "tables_module:book: its docstring describes parameters that it does not have: nobody",
    ]


def test_a_recursive_model_becomes_a_definition() -> None:
    (tool,) = import_functions(["tables_module:climb"]).tools
    assert tool.returns is None
    assert schema_faults({"node": {"value": 1, "children": [{"value": 2}]}}, tool.parameters) == []
    assert schema_faults({"node": {"value": 1, "children": [{"value": "x"}]}}, tool.parameters) != []


def test_a_module_gives_its_own_public_functions() -> None:
    assert list(imported(import_functions(["tables_module"]))) == ["book", "climb"]


def test_methods_objects_and_partial_functions() -> None:
    targets = [f"tables_module:{name}" for name in ("Shop.open", "shop.sell", "shop", "half", "Shop.sell", "Shop", "shop.sell")]
    result = import_functions(targets)
    assert [(tool.name, tool.required) for tool in result.tools] == [
        ("open", ("hour",)),
        ("sell", ("item",)),
        ("shop", ("item",)),
        ("half", ("where",)),
        ("sell_2", ("item",)),
    ]
    assert [tuple(refusal) for refusal in result.refused] == [
        ("python, tables_module:Shop.sell", "is a method that needs its 'self'; name a function, or a method of an object"),
        ("python, tables_module:Shop", "is a class; name a function"),
    ]
    assert "tables_module:shop.sell: named sell_2, as its own name is taken or no name for a tool" in result.notes


def test_functions_that_cannot_be_tools_are_refused_with_the_reason() -> None:
    result = import_functions(["faulty_module"])
    reasons = {refusal.where.rpartition(":")[2]: refusal.reason for refusal in result.refused}
    assert list(reasons) == ["starred", "doubled", "by_position", "unknown", "event", "dumps"]
    assert reasons["starred"].startswith("takes *args, which no schema can list")
    assert reasons["doubled"].startswith("takes **options, which no schema can list")
    assert reasons["by_position"] == "takes 'a' by position only, and calls of tools give names"
    assert "name 'Thing' is not defined" in reasons["unknown"]
    assert reasons["event"].startswith("parameter 'a' has a type without a JSON Schema: ")
    assert list(imported(result)) == ["gives_event", "default", "gr_e", "generate_response_2"]
    assert result.read == len(result.tools) + len(result.refused)
    notes = "\n".join(result.notes)
    assert "faulty_module:gives_event: what it returns is not kept: " in notes
    assert "faulty_module:default: the default of 'a' is no JSON value and not kept" in notes
    assert "names in __all__ of faulty_module that are no functions, left out: NUMBER" in notes


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("nowhere_module:read", r"nowhere_module: cannot be imported \(ModuleNotFoundError: No module named 'nowhere_module'\); write "),
        ("broken_module", r"broken_module: cannot be imported \(SystemExit: no\)"),
        ("tables_module:Shop.buy", "tables_module:Shop.buy: tables_module has no 'Shop.buy'"),
        ("tables_module:", "tables_module has no ''"),
        ("../tables_module.py:book", "cannot be imported"),
        ("", "cannot be imported"),
    ],
)
def test_what_cannot_be_found_ends_in_a_line(target: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason) as fault:
        import_functions([target])
    assert "\n" not in str(fault.value)


def test_the_command_writes_a_catalogue_that_passes_lint(folder: Path, gentool: Callable[..., Any]) -> None:
    outcome = gentool("import", "python", "tables_module", "faulty_module:default", "--out", "tools.jsonl")
    assert outcome.status == 0, outcome.err
    assert [tool.name for tool in read_catalogue(folder / "tools.jsonl")] == ["book", "climb", "default"]
    assert gentool("lint", "tools.jsonl").status == 0
