"""What changed between two catalogues, and the order in which tools that stayed are shown."""

from __future__ import annotations

import pytest

from gentool.core.drift import ToolRename
from gentool.core.tool import Tool
from gentool.evaluate.catalogue_change import compare_catalogues, order_alike


def tool(name: str, description: str = "", required: tuple[str, ...] = (), **parameters: dict[str, object]) -> Tool:
    schema = {"type": "object", "properties": parameters, **({"required": list(required)} if required else {})}
    return Tool(name=name, description=description or f"Does {name}.", parameters=schema)


A, B, C, D = (tool(name) for name in "abcd")


def names(tools: list[Tool]) -> list[str]:
    return [one.name for one in tools]


def test_equal_catalogues_have_no_change() -> None:
    change = compare_catalogues([A, B], [Tool(name="a", description=A.description, parameters=A.parameters, domain="other", source="elsewhere"), B])
    assert change.is_empty
    assert change.unchanged == ("a", "b")
    assert not change.reordered


def test_added_and_removed_tools_are_told_with_what_an_added_one_is_most_like() -> None:
    hotel, motel, bank = tool("find_hotel", "Finds a hotel room."), tool("find_motel", "Finds a motel room."), tool("pay", "Moves money.")
    change = compare_catalogues([bank, hotel], [bank, motel, tool("zzz", "Qwerty.")])
    assert change.removed == ("find_hotel",)
    assert [(one.name, one.nearest) for one in change.added] == [("find_motel", "find_hotel"), ("zzz", None)]
    assert 0.3 < change.added[0].similarity < 1
    assert (change.tools_before, change.tools_after) == (2, 3)


def test_a_tool_of_the_same_definition_under_another_name_is_renamed() -> None:
    old, new = tool("get_wether", "Rain and sun.", city={"type": "string"}), tool("get_weather", "Rain and sun.", city={"type": "string"})
    change = compare_catalogues([A, old], [new, A])
    assert change.renamed == (ToolRename(before="get_wether", after="get_weather"),)
    assert (change.added, change.removed, change.unchanged) == ((), (), ("a",))


def test_definitions_that_say_nothing_are_no_sign_of_a_rename() -> None:
    change = compare_catalogues([A, Tool(name="x")], [A, Tool(name="y")])
    assert change.renamed == ()
    assert change.removed == ("x",)


def test_of_two_like_definitions_each_is_renamed_once() -> None:
    change = compare_catalogues([A, tool("x", "Same."), tool("y", "Same.")], [A, tool("z", "Same.")])
    assert change.renamed == (ToolRename(before="x", after="z"),)
    assert change.removed == ("y",)


@pytest.mark.parametrize(
    ("old", "new", "differences"),
    [
        (tool("t", "Finds hotels."), tool("t", "Finds inns."), ('description: "Finds hotels." -> "Finds inns."',)),
        (tool("t"), tool("t", pool={"type": "boolean"}), ("parameter added: pool (optional, boolean)",)),
        (tool("t"), tool("t", required=("stars",), stars={}), ("parameter added: stars (required)",)),
        (tool("t", stars={}), tool("t"), ("parameter removed: stars",)),
        (tool("t", stars={}), tool("t", required=("stars",), stars={}), ("stars: now required",)),
        (tool("t", required=("stars",), stars={}), tool("t", stars={}), ("stars: no longer required",)),
        (tool("t", n={"type": "integer"}), tool("t", n={"type": "string"}), ('n: type "integer" -> "string"',)),
        (tool("t", n={"enum": [1]}), tool("t", n={"enum": [1, 2], "default": 1}), ("n: enum [1] -> [1, 2], default none -> 1",)),
        (tool("t", n={"description": "one"}), tool("t", n={"description": "two"}), ("n: description",)),
    ],
)
def test_a_changed_tool_says_in_what(old: Tool, new: Tool, differences: tuple[str, ...]) -> None:
    change = compare_catalogues([old, A], [new, A])
    assert [(one.name, one.differences) for one in change.changed] == [("t", differences)]


def test_a_long_description_is_shown_from_where_it_differs() -> None:
    shared = "word " * 40
    change = compare_catalogues([tool("t", shared + "at home.")], [tool("t", shared + "at sea.")])
    assert change.changed[0].differences == ('description: "…word word word word at home." -> "…word word word word at sea."',)


def test_the_schema_as_a_whole_and_the_result_can_change() -> None:
    closed = {"type": "object", "properties": {}, "additionalProperties": False}
    new = Tool(name="a", description=A.description, parameters=closed, returns={"type": "object"})
    assert compare_catalogues([A], [new]).changed[0].differences == ("parameters: the schema as a whole", "returns")


def test_a_name_that_stands_for_several_tools_is_told_and_compared_as_a_whole() -> None:
    other = tool("a", "Another tool of this name.")
    change = compare_catalogues([A, B], [A, other, B])
    assert change.repeated == ("a",)
    assert change.changed[0].differences == ("1 definitions of this name before, 2 after",)
    again = compare_catalogues([A, other, B], [other, A, B])
    assert again.is_empty
    assert again.repeated == ("a",)


def test_tools_that_stayed_keep_the_order_of_the_first_catalogue_and_added_ones_their_places() -> None:
    renamed, changed = tool("z", A.description), tool("b", "New words.")
    after = [C, D, changed, renamed]
    change = compare_catalogues([A, B, C], after)
    assert change.reordered
    assert order_alike([A, B, C], after, change) == [renamed, D, changed, C]


def test_an_order_that_is_the_same_stays_as_it_is() -> None:
    after = [D, A, C]
    change = compare_catalogues([A, B, C], after)
    assert not change.reordered
    assert order_alike([A, B, C], after, change) == after
