"""Importing OpenAPI files: `pets.yaml` has nested references, `allOf` in `allOf` and much that files in the wild have."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from gentool.core.errors import CatalogueError, GenToolError, RecordError
from gentool.core.schema import schema_faults
from gentool.formats.catalogue import read_catalogue
from gentool.formats.imported import ImportResult
from gentool.formats.lint import lint
from gentool.formats.openapi import _parse, import_openapi

Write = Callable[..., Path]
PETS = Path(__file__).with_name("pets.yaml")
NAMED = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.fixture(scope="module")
def pets() -> ImportResult:
    return import_openapi(PETS)


def document(*operations: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "paths": {f"/p{number}": {"post": operation} for number, operation in enumerate(operations)}, **others}


def parameter(name: str = "a", place: str = "query", **others: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {"type": "string"}, **others}


def body(schema: Any, kind: str = "application/json", **others: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}, **others}}


def test_names_texts_and_origin(pets: ImportResult) -> None:
    assert [tool.name for tool in pets.tools] == ["getPet", "update_pet", "get_pets", "addPets", "getPet_2", "search"]
    get, update = pets.tools[:2]
    assert (get.description, get.domain, get.source) == ("Gets a pet. It must be known.", "reading", "Pets")
    assert (update.description, update.domain) == ("One pet.", None)


def test_parameters_of_path_operation_and_header_in_one_object(pets: ImportResult) -> None:
    assert pets.tools[0].parameters == {
        "type": "object",
        "properties": {
            "petId": {"type": "integer", "minimum": 1, "description": "The pet."},
            "on": {"type": "string", "format": "date", "examples": ["2020-01-01"], "description": "The day."},
            "X-Trace": {"type": "string", "default": "no"},
        },
        "required": ["petId", "X-Trace"],
    }


def test_a_body_with_nested_references_and_all_of_is_merged(pets: ImportResult) -> None:
    parameters = pets.tools[1].parameters
    pet = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Its name."},
            "kind": {"enum": ["cat", "dog"], "description": "What it is."},
            "parent": {"anyOf": [{"$ref": "#/$defs/Pet"}, {"type": "null"}], "description": "Its parent."},
            "weight": {"type": ["number", "null"], "exclusiveMinimum": 0, "description": "In kilograms."},
        },
        "required": ["name", "kind"],
        "description": "A pet.",
    }
    number = {"type": "integer", "minimum": 1, "description": "The pet."}
    day = {"type": "integer", "description": "Of the path."}
    assert parameters["properties"] == {"petId": number, "on": day, **pet["properties"]}  # type: ignore[dict-item]
    assert parameters["required"] == ["petId", "name", "kind"]
    assert parameters["$defs"] == {"Pet": pet}
    arguments = {"petId": 3, "name": "Rex", "kind": "dog", "parent": {"name": "Bella", "kind": "dog", "parent": None}}
    assert schema_faults(arguments, parameters) == []
    assert schema_faults({**arguments, "parent": {"name": "Bella"}}, parameters) != []


def test_other_bodies_are_one_parameter(pets: ImportResult) -> None:
    added, photo = pets.tools[3:5]
    assert added.properties["body"]["type"] == "array"
    assert added.properties["body"]["description"] == "All of them."
    assert added.required == ()
    assert photo.properties["body"] == {"type": "string", "contentMediaType": "image/png"}
    assert photo.required == ("petId", "number", "body")


def test_returns_are_those_of_success(pets: ImportResult) -> None:
    get, update, listed, added = pets.tools[:4]
    assert get.returns is not None
    assert get.returns["properties"]["petId"]["readOnly"] is True
    assert get.returns["required"] == ["name", "kind", "petId"]
    assert (update.returns, listed.returns, added.returns) == (None, {"type": "array"}, None)


def test_everything_odd_is_told(pets: ImportResult) -> None:
    lead = "$ref 'other.yaml#/{}' leads out of the file; put everything into one file first (a bundler does that)"
    assert pets.read == 7
    assert pets.counts == {"paths": 3, "operations": 7}
    assert [tuple(refusal) for refusal in pets.refused] == [(f"{PETS}, DELETE /pets", lead.format("Filter"))]
    assert set(pets.notes) == {
        "deprecated, imported all the same (1x): getPet",
        "operationId made a valid name (1x): update pet! -> update_pet",
        "without a usable operationId, named after method and path (1x): get_pets",
        "name taken already (1x): getPet of POST /pets/{petId}/photo/{number} -> getPet_2",
        "bodies of several media types, one taken (1x): update_pet (application/json)",
        f"returns left out (1x): addPets ({lead.format('Pet')})",
        "placeholder of the path without a parameter, taken as text (3x): getPet_2 (number), search (petId), search (number)",
        "parameter renamed, as another has its name (1x): search (petId of the body -> body_petId)",
        "objects that require what they do not describe: any value is taken (1x)",
        "bodies that may be left out as a whole: what they require is required (1x)",
        "parameters in cookies, which the client sends itself, left out (1x)",
        "parameters in headers, which the client sends itself, left out (1x)",
        "draft 4's true or false 'exclusiveMinimum' rewritten (6x)",
        "keys that are not kept: x-unit (3x), xml (3x), security (1x), style (1x)",
    }


def test_the_catalogue_passes_lint_and_can_be_read(tmp_path: Path, gentool: Callable[..., Any]) -> None:
    out = tmp_path / "tools.jsonl"
    outcome = gentool("import", "openapi", PETS, "--out", out)
    assert outcome.status == 0, outcome.err
    assert "7 tool definitions read, 6 tools kept" in outcome.out
    assert len(read_catalogue(out)) == 6
    assert gentool("lint", out).status == 0


def test_json_and_yaml_are_read_alike(write: Write, pets: ImportResult) -> None:
    assert import_openapi(write(_parse(PETS))).tools == pets.tools


class Address(BaseModel):
    street: str = Field(description="Street and number.")
    kind: Literal["home", "work"] = "home"


class Person(BaseModel):
    name: str
    address: Address | None = None
    friends: list[Person] = []


def test_what_fastapi_writes_is_read(write: Write) -> None:
    fastapi = pytest.importorskip("fastapi")
    application = fastapi.FastAPI(title="People")

    def add_person(team: int, person: Person, notify: bool = False) -> Person:
        """Adds a person."""
        raise NotImplementedError

    application.post("/teams/{team}", operation_id="add_person")(add_person)
    result = import_openapi(write(application.openapi()))
    (tool,) = result.tools
    assert (tool.name, tool.source) == ("add_person", "People")
    assert list(tool.properties) == ["team", "notify", "name", "address", "friends"]
    assert tool.required == ("team", "name")
    arguments = {"team": 1, "name": "Ada", "address": {"street": "Main St 1"}, "friends": [{"name": "Bo", "friends": []}]}
    assert schema_faults(arguments, tool.parameters) == []
    assert schema_faults({**arguments, "friends": [{"friends": []}]}, tool.parameters) != []
    assert tool.returns is not None
    assert [finding for finding in lint(result.tools) if finding.level == "error"] == []


@pytest.mark.parametrize(
    ("schema", "merged"),
    [
        (NAMED, True),
        ({**NAMED, "additionalProperties": False, "description": "x"}, True),
        ({"type": "object", "additionalProperties": {"type": "string"}}, False),
        ({**NAMED, "nullable": True}, False),
        ({**NAMED, "minProperties": 1}, False),
        ({"oneOf": [NAMED, {"type": "null"}]}, False),
        ({"type": "string"}, False),
        (True, False),
    ],
)
def test_which_bodies_are_merged(write: Write, schema: Any, merged: bool) -> None:
    (tool,) = import_openapi(write(document(body(schema)))).tools
    assert list(tool.properties) == (["name"] if merged else ["body"])
    assert tool.parameters.get("additionalProperties") == (False if isinstance(schema, dict) and "description" in schema else None)


def test_clashes_are_renamed_once_more_where_needed(write: Write) -> None:
    taken = {"type": "object", "properties": {"a": {"type": "integer"}, "body_a": {"type": "null"}}, "required": ["a"]}
    result = import_openapi(write(document({"parameters": [parameter(), parameter("a", "header"), parameter("body_a")], **body(taken)})))
    (tool,) = result.tools
    assert list(tool.properties) == ["a", "header_a", "body_a", "body_a_2", "body_body_a"]
    assert tool.required == ("body_a_2",)
    assert any("a of the body -> body_a_2" in note for note in result.notes)


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ("get it", "an operation must be an object"),
        ({"parameters": {"a": 1}}, "its 'parameters' must be a list"),
        ({"parameters": [{"name": "a"}]}, "a parameter must be an object with 'name' and 'in'"),
        ({"parameters": [parameter(place="body")]}, "the parameter 'a' stands in 'body'"),
        ({"parameters": [{"$ref": "#/components/parameters/None"}]}, "points at nothing"),
        ({"parameters": [parameter(schema={"type": "money"})]}, "it has the type 'money'"),
        ({"parameters": [parameter(schema={"minimum": "1"})]}, "not a usable JSON Schema"),
        ({"parameters": [parameter(schema=[1])]}, "a schema must be an object"),
        ({"requestBody": {"content": {}}}, "must be an object with 'content'"),
        ({"requestBody": {"$ref": "#/paths/~1p0/post/requestBody"}}, "leads back to itself"),
        (body({"$ref": "#/paths/~1p0/post/requestBody/content/application~1json/schema"}), "leads back to itself"),
    ],
)
def test_an_operation_that_cannot_be_used_is_refused_and_others_go_on(write: Write, operation: Any, reason: str) -> None:
    path = write(document(operation, {"operationId": "fine"}))
    result = import_openapi(path)
    assert [tool.name for tool in result.tools] == ["fine"]
    assert (result.read, result.refused[0].where) == (2, f"{path}, POST /p0")
    assert reason in result.refused[0].reason


def test_path_items_that_are_references(write: Write) -> None:
    paths = {"/a": {"$ref": "#/x/item"}, "/b": {"$ref": "more.yaml"}, "/c": 5, "x-extra": {}}
    result = import_openapi(write({"openapi": "3.1.0", "paths": paths, "x": {"item": {"get": {"operationId": "a"}}}, "webhooks": {"w": {}}}))
    assert [tool.name for tool in result.tools] == ["a"]
    assert [refusal.reason.partition(";")[0] for refusal in result.refused] == [
        "$ref 'more.yaml' leads out of the file",
        "must be an object of operations",
    ]
    assert "webhooks are calls by the server and no tools: 1 left out" in result.notes


def test_parameters_with_content_and_examples(write: Write) -> None:
    coded = {"name": "where", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}, "example": {"a": 1}, "deprecated": True}
    (tool,) = import_openapi(write(document({"parameters": [coded]}))).tools
    assert tool.properties == {"where": {"type": "object", "examples": [{"a": 1}], "deprecated": True}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("swagger: '2.0'\npaths: {}\n", "is Swagger 2.0; convert it"),
        ("[1, 2]", "is no OpenAPI 3 file"),
        ("just words", "is no OpenAPI 3 file"),
        ("", "is no OpenAPI 3 file"),
        ("openapi: 3.1.0\npaths: {}\n", "holds no paths"),
    ],
)
def test_files_that_are_no_openapi(write: Write, content: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        import_openapi(write(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"openapi": "3.1.0",\n oops}', "line 2: not valid JSON"),
        ("openapi: 3.1.0\npaths: {a: [}\n", "line 2: neither JSON nor YAML"),
        ("paths: &p\n  a: *p\n", "an alias that holds itself"),
        ("a: !!python/object:os.system {}\n", "neither JSON nor YAML"),
        ("a: !!binary aGk=\n", "a value of type bytes"),
        ("[" * 100_000, "nested too deeply|neither JSON nor YAML|not valid JSON|no JSON"),
    ],
)
def test_files_that_cannot_be_read(write: Write, content: str, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        import_openapi(write(content))


def test_a_missing_file_is_one_line(tmp_path: Path, refused: Callable[..., str]) -> None:
    assert refused("import", "openapi", tmp_path / "none.yaml", "--out", tmp_path / "out").endswith("none.yaml: no such file")


def test_nothing_is_written_where_no_operation_can_be_kept(write: Write, tmp_path: Path, gentool: Callable[..., Any]) -> None:
    out = tmp_path / "tools.jsonl"
    outcome = gentool("import", "openapi", write(document({"requestBody": 5})), "--out", out)
    assert (outcome.status, out.exists()) == (2, False)
    assert "must be an object with 'content'" in outcome.out
    assert outcome.err.count("\n") == 1


def test_yaml_is_read_as_json_would_be(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text("on: off\n200: 1e3\nday: 2020-01-01\noctal: 0777\nnone: ~\nyes: [true, 1_0, .5, '7', 0x1F]\nmerged: {<<: {a: 1}}\n")
    assert _parse(path) == {
        "on": "off", "200": 1000.0, "day": "2020-01-01", "octal": 777, "none": None, "yes": [True, "1_0", 0.5, "7", "0x1F"], "merged": {"a": 1},
    }  # fmt: skip


def test_aliases_of_aliases_do_not_grow_without_measure(tmp_path: Path) -> None:
    """The billion laughs: 9 levels of 9 aliases each."""
    path = tmp_path / "laughs.yaml"
    levels = [f"l{n}: &l{n} {{properties: {{{', '.join(f'p{k}: *l{n - 1}' for k in range(9))}}}}}" for n in range(1, 10)]
    path.write_text(
        "l0: &l0 {type: string}\n" + "\n".join(levels) + "\nopenapi: 3.1.0\npaths: {/a: {get: {parameters: [{name: a, in: query, schema: *l9}]}}}\n"
    )
    result = import_openapi(path)
    assert "schemas" in result.refused[0].reason


WHOLE = _parse(PETS)
JUNK = st.sampled_from(
    [None, True, 0, -1.5, "", "x", "#/components/schemas/Pet", [], [1], {}, {"$ref": "#/components/schemas/Pet"}, {"$ref": "#"}]
).map(copy.deepcopy)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_no_broken_file_ends_in_a_traceback_or_a_faulty_tool(data: st.DataObject) -> None:
    broken: Any = copy.deepcopy(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        node, steps = broken, data.draw(st.integers(1, 12))
        while isinstance(node, dict | list) and node:
            key: Any = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            steps -= 1
            if not steps or not isinstance(node[key], dict | list):
                node[key] = data.draw(JUNK)
                break
            node = node[key]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pets.json"
        path.write_text(json.dumps(broken))
        try:
            result = import_openapi(path)
        except GenToolError:
            return
    assert [finding for finding in lint(result.tools) if finding.level == "error"] == []
    assert result.read == len(result.tools) + len(result.refused)
