"""One operation of an OpenAPI file: its parameters and body as one JSON Schema object, and what it returns.

A document and an operation come in, an `Operation` goes out. Called by `openapi`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gentool.formats.names import free_name
from gentool.formats.references import UnusableSchemaError, look_up, stand_alone
from gentool.formats.schemas import mend_schema, rewrite_schemas, schema_fault, unknown_types, walk_schemas

PLACES = ("path", "query", "header")
"""Where parameters stand that a call gives. Cookies are the client's affair, and so are the headers that OpenAPI itself leaves out."""
CLIENT_HEADERS = frozenset({"accept", "content-type", "authorization"})

USED_OF_PARAMETER = frozenset({"name", "in", "description", "required", "schema", "content", "deprecated", "example", "$ref"})
USED_OF_BODY = frozenset({"description", "required", "content", "$ref"})
OPENAPI_KEYWORDS = frozenset({"xml", "externalDocs", "discriminator", "$schema", "$id", "id"})
"""Keywords of OpenAPI's schemas that judge nothing or name the schema itself."""

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
DEFINING = frozenset({"$ref", "allOf", "anyOf", "oneOf", "patternProperties"})
"""Keywords that may define properties beside `properties`."""
PLAIN_BODY = frozenset(
    {"type", "properties", "required", "additionalProperties", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
)
"""What the schema of a body may say to be merged into the parameters."""


@dataclass
class Operation:
    """What an operation takes and gives.

    `oddities` are for the reader, each with what it is about; `changes` are counted; `unused` are keys that are not kept.
    """

    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    returns: dict[str, Any] | None = None
    oddities: list[tuple[str, str]] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    unused: set[str] = field(default_factory=set)


class _Part(NamedTuple):
    """A parameter or a body: where it stands, the object that describes it, and its schema."""

    name: str
    place: str
    holder: dict[str, Any]
    schema: Any
    required: bool


def read_operation(document: dict[str, Any], place: str, item: dict[str, Any], definition: dict[str, Any]) -> Operation:
    """The schemas of one operation of the path `place`. Raises UnusableSchemaError with the reason where they cannot be made.

    What the response returns is left out, and told, where it alone cannot be used.
    """
    maker = _Maker(document)
    parts = [part for parameter in _list_parameters(document, item, definition) for part in maker.read_parameter(parameter)]
    parts += maker.find_missing(place, {part.name for part in parts if part.place == "path"})
    parts += maker.read_body(follow(document, definition.get("requestBody")))
    maker.add_parts(parts)
    maker.add_returns(definition.get("responses"))
    return maker.operation


def follow(document: dict[str, Any], value: Any) -> Any:
    """A path, parameter, body or response where its references lead. Raises UnusableSchemaError where they lead nowhere."""
    seen: set[str] = set()
    while isinstance(value, dict) and "$ref" in value:
        reference = value["$ref"]
        value = look_up(document, reference)
        if reference in seen:
            raise UnusableSchemaError(f"$ref '{reference}' leads back to itself without end")
        seen.add(reference)
    return value


def _list_parameters(document: dict[str, Any], item: dict[str, Any], definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The path's parameters and the operation's, which replace those of the same name and place."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for holder in (item, definition):
        listed = holder.get("parameters") or []
        if not isinstance(listed, list):
            raise UnusableSchemaError("its 'parameters' must be a list")
        for entry in listed:
            parameter = follow(document, entry)
            if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str) or not isinstance(parameter.get("in"), str):
                raise UnusableSchemaError("a parameter must be an object with 'name' and 'in'")
            found[parameter["in"], parameter["name"]] = parameter
    return list(found.values())


class _Maker:
    """Puts one operation together."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.operation = Operation()

    def read_parameter(self, parameter: dict[str, Any]) -> Iterator[_Part]:
        """The part that a parameter becomes; none where the client sends it itself."""
        name, place = parameter["name"], parameter["in"]
        if place == "cookie" or (place == "header" and name.lower() in CLIENT_HEADERS):
            self.operation.changes[f"parameters in {place}s, which the client sends itself, left out"] += 1
            return
        if place not in PLACES:
            raise UnusableSchemaError(f"the parameter '{name}' stands in '{place}'; known are {', '.join(PLACES)} and cookie")
        self.operation.unused |= parameter.keys() - USED_OF_PARAMETER
        yield _Part(name, place, parameter, _schema_of(parameter), place == "path" or parameter.get("required") is True)

    def find_missing(self, place: str, explained: set[str]) -> Iterator[_Part]:
        """Placeholders of the path that no parameter explains."""
        for name in dict.fromkeys(re.findall(r"\{([^{}]+)\}", place)):
            if name not in explained:
                self.operation.oddities.append(("placeholder of the path without a parameter, taken as text", name))
                yield _Part(name, "path", {}, {"type": "string"}, True)

    def read_body(self, body: Any) -> Iterator[_Part]:
        """The body's part, of the media type that is easiest to give."""
        if body is None:
            return
        if not isinstance(body, dict) or not isinstance(body.get("content"), dict) or not body["content"]:
            raise UnusableSchemaError("its 'requestBody' must be an object with 'content'")
        self.operation.unused |= body.keys() - USED_OF_BODY
        kind = _pick_media_type(body["content"])
        if len(body["content"]) > 1:
            self.operation.oddities.append(("bodies of several media types, one taken", kind))
        yield _Part("body", "body", body, _schema_of_media(kind, body["content"][kind]), body.get("required") is True)

    def add_parts(self, parts: list[_Part]) -> None:
        """Put the parts into one object and refuse an operation that no call could be judged by."""
        schemas, definitions = stand_alone(self._document, [part.schema for part in parts], self._translate, "readOnly")
        for part, schema in zip(parts, [self._add_required(schema) for schema in schemas], strict=True):
            if part.place == "body" and _is_plain_object(schema):
                self._merge_body(schema, part.required)
            else:
                self._add(part.name, part.place, _describe(schema, part.holder), part.required)
        if definitions:
            self.operation.parameters["$defs"] = {name: self._add_required(definition) for name, definition in definitions.items()}
        fault = _find_fault(self.operation.parameters)
        if fault:
            raise UnusableSchemaError(f"its parameters are not a usable JSON Schema: {fault}")

    def _merge_body(self, schema: dict[str, Any], required: bool) -> None:
        needed = schema.get("required") or []
        if needed and not required:
            self.operation.changes["bodies that may be left out as a whole: what they require is required"] += 1
        for name, inner in schema["properties"].items():
            self._add(name, "body", inner, name in needed)
        if "additionalProperties" in schema:
            self.operation.parameters["additionalProperties"] = schema["additionalProperties"]

    def _add(self, name: str, place: str, schema: Any, required: bool) -> None:
        properties = self.operation.parameters["properties"]
        free = name if name not in properties else free_name(f"{place}_{name}", properties)
        if free != name:
            self.operation.oddities.append(("parameter renamed, as another has its name", f"{name} of the {place} -> {free}"))
        properties[free] = schema
        if required:
            self.operation.parameters.setdefault("required", []).append(free)

    def _translate(self, part: dict[str, Any]) -> dict[str, Any]:
        """One schema of OpenAPI in JSON Schema's terms; what is the same in both is left to `mend_schema`."""
        kept = {key: value for key, value in part.items() if key not in OPENAPI_KEYWORDS and not key.startswith("x-")}
        if "example" in kept:
            example = kept.pop("example")
            kept.setdefault("examples", [example])
        for key, kind in (("examples", list), ("required", list)):
            if key in kept and not isinstance(kept[key], kind):
                del kept[key]
        if kept.get("type") == "file":
            kept["type"] = "string"
        self.operation.unused |= part.keys() - kept.keys() - {"example"}
        return kept

    def _add_required(self, schema: Any) -> Any:
        """The schema with an open property for each that an object requires and does not describe."""

        def change(part: dict[str, Any]) -> dict[str, Any]:
            required, properties = part.get("required"), part.get("properties", {} if part.get("type") == "object" else None)
            if not isinstance(required, list) or not isinstance(properties, dict) or DEFINING & part.keys():
                return part
            open_ones: dict[str, Any] = {name: {} for name in required if isinstance(name, str) and name not in properties}
            if open_ones:
                self.operation.changes["objects that require what they do not describe: any value is taken"] += 1
            return {**part, "properties": {**properties, **open_ones}} if open_ones else part

        return rewrite_schemas(schema, change)

    def add_returns(self, responses: Any) -> None:
        """The JSON of the first response of success."""
        try:
            returns = self._read_returns(responses)
        except UnusableSchemaError as error:
            self.operation.oddities.append(("returns left out", str(error)))
            return
        fault = _find_fault(returns) if returns is not None else None
        if fault:
            self.operation.oddities.append(("returns left out", f"not a usable JSON Schema: {fault}"))
        else:
            self.operation.returns = returns

    def _read_returns(self, responses: Any) -> dict[str, Any] | None:
        for status in sorted(responses if isinstance(responses, dict) else (), key=str.upper):
            response = follow(self._document, responses[status]) if re.fullmatch(r"2(\d\d|XX)", status.upper()) else None
            content = response.get("content") if isinstance(response, dict) else None
            kind = next((kind for kind in content if _is_json(kind)), None) if isinstance(content, dict) else None
            if isinstance(content, dict) and kind and isinstance(content[kind], dict) and "schema" in content[kind]:
                (schema,), definitions = stand_alone(self._document, [content[kind]["schema"]], self._translate, "writeOnly")
                if isinstance(schema, dict):
                    returns: dict[str, Any] = self._add_required({**schema, "$defs": definitions} if definitions else schema)
                    return returns
        return None


def _is_plain_object(schema: Any) -> bool:
    """Whether a body's schema says no more than which properties it has, so that they can stand beside other parameters."""
    return isinstance(schema, dict) and schema.get("type") == "object" and bool(schema.get("properties")) and schema.keys() <= PLAIN_BODY


def _schema_of(parameter: dict[str, Any]) -> Any:
    """The schema of a parameter, which stands in `schema` or under its one media type."""
    content = parameter.get("content")
    if "schema" not in parameter and isinstance(content, dict) and content:
        kind = next(iter(content))
        return _schema_of_media(kind, content[kind])
    return parameter.get("schema", {})


def _schema_of_media(kind: str, media: Any) -> Any:
    """The schema of a media type; text where a body that is no JSON has none."""
    schema = media.get("schema") if isinstance(media, dict) else None
    if schema:
        return schema
    return {} if _is_json(kind) else {"type": "string", "contentMediaType": kind}


def _pick_media_type(content: dict[str, Any]) -> str:
    """JSON before forms before the rest."""
    return min(content, key=lambda kind: 0 if _is_json(kind) else 1 if _plain(kind) in FORMS else 2)


def _plain(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return _plain(kind) in ("application/json", "text/json", "*/*", "application/*") or _plain(kind).endswith("+json")


def _describe(schema: Any, holder: dict[str, Any]) -> Any:
    """The schema with what a parameter or body says about it."""
    said = {key: holder[key] for key in ("description", "deprecated") if holder.get(key)}
    if "example" in holder:
        said["examples"] = [holder["example"]]
    if not said:
        return schema
    return {**(schema if isinstance(schema, dict) else {} if schema else {"not": {}}), **said}


def _find_fault(schema: dict[str, Any]) -> str | None:
    """Why no value can be judged by a schema that was made here, or None."""
    mended, _ = mend_schema(schema)
    unknown = [name for _, part in walk_schemas(mended) for name in unknown_types(part)]
    return f"it has the type '{unknown[0]}'" if unknown else schema_fault(mended)
