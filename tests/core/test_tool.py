"""Tools: their identity, what their schemas say, and sets of them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "where"}, "day_count": {"type": "integer"}},
    "required": ["city"],
}


def test_reserved_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="reserved name of the default tool; rename this tool"):
        Tool(name=GENERATE_RESPONSE)


@pytest.mark.parametrize("values", [{"name": ""}, {"name": "f", "parametres": {}}, {"name": "f", "parameters": []}, {}])
def test_malformed_tools_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Tool.model_validate(values)


def test_identity_is_the_definition_and_not_the_name() -> None:
    one, other = Tool(name="search", description="Searches the web."), Tool(name="search", description="Searches mail.")
    assert one.id != other.id
    assert one.id.startswith("search@")
    assert Tool(name="search", parameters=SCHEMA).id != Tool(name="search").id
    assert Tool(name="search", returns=SCHEMA).id != Tool(name="search").id


def test_identity_ignores_where_a_tool_came_from_and_the_order_of_keys() -> None:
    turned = {key: SCHEMA[key] for key in reversed(SCHEMA)}
    assert Tool(name="f", parameters=SCHEMA, domain="weather", source="a.json, line 3").id == Tool(name="f", parameters=turned).id


def test_a_changed_copy_has_an_identity_of_its_own() -> None:
    tool = Tool(name="forecast", parameters=SCHEMA)
    assert tool.id.startswith("forecast@")  # which keeps it
    changed = tool.model_copy(update={"name": "sunrise"})
    assert changed.id == Tool(name="sunrise", parameters=SCHEMA).id
    assert changed == Tool(name="sunrise", parameters=SCHEMA)


def test_identity_is_stable_over_versions() -> None:
    """Ids are written into files that a later version reads: a change of this value breaks every run folder."""
    assert Tool(name="forecast", description="Weather.", parameters=SCHEMA).id == "forecast@ff1551553fe4"


def test_properties_and_required_tolerate_schemas_without_them() -> None:
    assert Tool(name="f", parameters=SCHEMA).required == ("city",)
    assert list(Tool(name="f", parameters=SCHEMA).properties) == ["city", "day_count"]
    for parameters in ({}, {"properties": None, "required": True}, {"type": "object"}):
        bare = Tool(name="f", parameters=parameters)
        assert (bare.properties, bare.required) == ({}, ())
    assert Tool(name="f").parameters == {"type": "object", "properties": {}}


def test_default_parameters_are_not_shared() -> None:
    Tool(name="f").parameters["properties"] = {"leaked": {}}
    assert Tool(name="g").parameters["properties"] == {}


def test_text_holds_name_description_and_parameters_in_words() -> None:
    text = Tool(name="get_forecast", description="Weather.", parameters=SCHEMA).text
    for part in ("get forecast", "Weather.", "city where", "day count"):
        assert part in text


def test_sets_refuse_equal_names_and_name_them() -> None:
    with pytest.raises(ValidationError, match="two tools of one name: search"):
        ToolSet.of([Tool(name="search", description="web"), Tool(name="book"), Tool(name="search", description="mail")])


def test_replacing_changes_one_slot_and_leaves_the_old_set() -> None:
    tools = ToolSet.of([Tool(name=name) for name in "abc"])
    changed = tools.replaced(1, Tool(name="d"))
    assert (changed.names, tools.names) == (("a", "d", "c"), ("a", "b", "c"))
    with pytest.raises(ValidationError, match="one name: c"):
        tools.replaced(0, Tool(name="c"))


def test_sets_are_read_in_order() -> None:
    tools = ToolSet.of([Tool(name=name) for name in "cab"])
    assert ([tool.name for tool in tools], len(tools), tools[2].name) == (["c", "a", "b"], 3, "b")
    assert tools.by_name("a") == tools[1]
    assert tools.by_name("z") is None
    assert ToolSet.model_validate(tools.model_dump()) == tools


def test_tools_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Tool(name="f").name = "g"  # type: ignore[misc]
