"""Schemas whose `$ref`s lead into a larger document, as schemas that stand alone.

A document and a schema inside it come in; a schema without references, or with `$defs` of its own where it is recursive or
large, goes out. Called by `openapi_operation` and `python_functions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from gentool.formats.merging import ANNOTATIONS, merge_schemas
from gentool.formats.names import free_name, make_name
from gentool.formats.schemas import LISTS_OF_SCHEMAS, MAPS_OF_SCHEMAS, SINGLE_SCHEMAS

MOST_INLINE, MOST = 2_000, 50_000
"""Schemas within one tool's schema: up to the first number references are replaced by what they name, up to the second they become `$defs`."""

SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
"""Keywords whose schemas judge the same value as the schema that holds them."""

Translate = Callable[[dict[str, Any]], dict[str, Any]]


class UnusableSchemaError(ValueError):
    """Why a schema cannot be made to stand alone."""


class _TooLargeError(Exception):
    """Replacing every reference gives too many schemas."""


def stand_alone(document: Any, schemas: list[Any], translate: Translate | None = None, left_out: str = "") -> tuple[list[Any], dict[str, Any]]:
    """`schemas` with the references into `document` resolved and `allOf` merged where that can be done exactly, and their `$defs`.

    `translate` rewrites each schema before it is merged; it must not change its argument. Properties that say true to the
    keyword `left_out` (`readOnly`, `writeOnly`) are left out. Raises UnusableSchemaError with the reason where a reference
    leads out of the document or nowhere, or back to itself without end.
    """
    try:
        for inline in (True, False):
            resolver = _Resolver(document, translate or (lambda part: part), left_out, inline)
            try:
                return [resolver.resolve(schema) for schema in schemas], resolver.finish()
            except _TooLargeError:
                continue
    except RecursionError:
        raise UnusableSchemaError("its schema is nested too deeply") from None
    raise UnusableSchemaError(f"its schema holds more than {MOST:,} schemas")


def look_up(document: Any, reference: Any) -> Any:
    """What a local reference (a JSON Pointer, RFC 6901) names. Raises UnusableSchemaError where it cannot be followed."""
    if not isinstance(reference, str):
        raise UnusableSchemaError("a $ref must be text")
    if not reference.startswith("#"):
        raise UnusableSchemaError(f"$ref '{reference}' leads out of the file; put everything into one file first (a bundler does that)")
    if reference != "#" and not reference.startswith("#/"):
        raise UnusableSchemaError(f"$ref '{reference}' names an anchor; only paths such as #/components/schemas/X are followed")
    value = document
    for part in unquote(reference[1:]).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise UnusableSchemaError(f"$ref '{reference}' points at nothing in the file")
    return value


class _Resolver:
    """Resolves one schema. `path` in its functions holds the references that are being replaced, from the outside in."""

    def __init__(self, document: Any, translate: Translate, left_out: str, inline: bool) -> None:
        self._document = document
        self._translate = translate
        self._left_out = left_out
        self._inline = inline
        self._seen = 0
        self._names: dict[str, str] = {}
        self._checked: set[str] = set()

    def resolve(self, schema: Any, path: tuple[str, ...] = (), merged: bool = False) -> Any:
        """The schema without references; `merged` where it is a part of an `allOf`, which must be at hand to be merged."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise UnusableSchemaError("a schema must be an object or a truth value")
        self._seen += 1
        if self._seen > (MOST_INLINE if self._inline else MOST):
            raise _TooLargeError
        parts = [self._follow(schema["$ref"], path, merged or len(schema) > 1)] if "$ref" in schema else []
        listed = schema.get("allOf")
        parts += [self.resolve(part, path, merged=True) for part in listed] if isinstance(listed, list) else []
        own = {key: self._resolve_keyword(key, value, path) for key, value in schema.items() if key not in ("$ref", "allOf", "nullable")}
        own = self._translate(self._without_left_out({key: value for key, value in own.items() if key not in ("$defs", "definitions")}))
        whole = _merge(parts, own) if parts else own
        return _with_null(whole) if schema.get("nullable") is True else whole

    def finish(self) -> dict[str, Any]:
        """The definitions that the resolved schemas refer to, by name."""
        definitions: dict[str, Any] = {}
        while len(definitions) < len(self._names):
            for reference, name in list(self._names.items()):
                if name not in definitions:
                    definitions[name] = self.resolve(look_up(self._document, reference), (reference,))
        return definitions

    def _follow(self, reference: Any, path: tuple[str, ...], merged: bool) -> Any:
        target = look_up(self._document, reference)
        self._check_loop(reference)
        if reference in path or not (self._inline or merged):
            return {"$ref": f"#/$defs/{self._name(reference)}"}
        return self.resolve(target, (*path, reference), merged)

    def _check_loop(self, start: str) -> None:
        """Raises UnusableSchemaError where a reference leads back to itself without passing through a property or an item."""
        waiting, seen = [start], set[str]()
        while waiting and start not in self._checked:
            for reference in _references_to_same_value(look_up(self._document, waiting.pop())):
                if reference == start:
                    raise UnusableSchemaError(f"$ref '{start}' leads back to itself without end")
                if reference not in seen:
                    seen.add(reference)
                    waiting.append(reference)
        self._checked.add(start)

    def _name(self, reference: str) -> str:
        if reference not in self._names:
            self._names[reference] = free_name(make_name(reference.rpartition("/")[2]) or "root", set(self._names.values()))
        return self._names[reference]

    def _resolve_keyword(self, key: str, value: Any, path: tuple[str, ...]) -> Any:
        if key in MAPS_OF_SCHEMAS and key not in ("$defs", "definitions") and isinstance(value, dict):
            return {name: self.resolve(inner, path) for name, inner in value.items()}
        if key in LISTS_OF_SCHEMAS and isinstance(value, list):
            return [self.resolve(inner, path) for inner in value]
        if key in SINGLE_SCHEMAS:
            return self.resolve(value, path)
        return value

    def _without_left_out(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema without the properties that say true to `left_out`; those names are required no more."""
        properties = schema.get("properties")
        if not self._left_out or not isinstance(properties, dict):
            return schema
        gone = [name for name, inner in properties.items() if isinstance(inner, dict) and inner.get(self._left_out) is True]
        if not gone:
            return schema
        schema = {**schema, "properties": {name: inner for name, inner in properties.items() if name not in gone}}
        if isinstance(schema.get("required"), list):
            schema["required"] = [name for name in schema["required"] if name not in gone]
        return schema


def _merge(parts: list[Any], own: dict[str, Any]) -> Any:
    """The parts and the schema that holds them; its `unevaluated...` keywords look at all of them, so they stay outside."""
    around = {key: value for key, value in own.items() if key in ("unevaluatedProperties", "unevaluatedItems")}
    inner = {key: value for key, value in own.items() if key not in around}
    whole = merge_schemas([*parts, inner] if inner else parts)
    if not around:
        return whole
    return {**whole, **around} if isinstance(whole, dict) and not around.keys() & whole.keys() else {"allOf": [whole], **around}


def _references_to_same_value(schema: Any) -> Iterator[str]:
    """The references of a schema that judge the value that it judges itself."""
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("$ref"), str):
        yield schema["$ref"]
    for key in SAME_VALUE:
        value = schema.get(key)
        for inner in value if isinstance(value, list) else [value]:
            yield from _references_to_same_value(inner)


def _with_null(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable`: the same schema that takes null too."""
    if not isinstance(schema, dict) or "type" not in schema or {"$ref", "allOf", "anyOf", "oneOf", "not", "const"} & schema.keys():
        if schema in ({}, True):
            return schema
        about = {key: value for key, value in schema.items() if key in ANNOTATIONS} if isinstance(schema, dict) else {}
        judged = {key: value for key, value in schema.items() if key not in about} if isinstance(schema, dict) else schema
        return {"anyOf": [judged, {"type": "null"}], **about} if judged != {} else about
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    with_null: dict[str, Any] = {**schema, "type": [*types, *(["null"] if "null" not in types else [])]}
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        with_null["enum"] = [*schema["enum"], None]
    return with_null
