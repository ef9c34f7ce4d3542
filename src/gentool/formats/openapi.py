"""OpenAPI 3.0 and 3.1 files: a file comes in, an ImportResult with one tool for each operation goes out.

Called by `catalogue.import_tools`. `openapi_operation` makes the schemas of one operation; here are the file, the names and
the account. Source of the format: the OpenAPI Specification, versions 3.0.4 and 3.1.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gentool.core.errors import CatalogueError, RecordError
from gentool.core.tool import GENERATE_RESPONSE
from gentool.formats.imported import SHOWN, Collector, ImportResult
from gentool.formats.names import free_name, make_name
from gentool.formats.openapi_operation import Operation, follow, read_operation
from gentool.formats.references import UnusableSchemaError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
USED = frozenset({"operationId", "summary", "description", "parameters", "requestBody", "responses", "deprecated", "tags"})


def import_openapi(path: Path) -> ImportResult:
    """Each operation of a file (JSON or YAML) as a tool, with path, query, header and body parameters in one object.

    The name is the operationId, else method and path; the domain is the first tag, the source the file's title. Operations
    whose schemas cannot be used are refused with the reason. Raises RecordError where the file cannot be read, and
    CatalogueError where it is no OpenAPI 3 file.
    """
    document = _read_document(path)
    reader = _Reader(path, document)
    for place, item in _entries(document["paths"]):
        reader.read_item(place, item)
    return reader.result()


def _entries(paths: Any) -> Iterator[tuple[str, Any]]:
    return ((name, item) for name, item in paths.items() if not name.startswith("x-"))


class _Reader:
    """Goes through the paths of a document and keeps account."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self._document = document
        self._collector = Collector(path)
        self._taken = {GENERATE_RESPONSE}
        self._oddities: dict[str, list[str]] = {}
        self._operations = 0
        self._paths = 0
        information = document.get("info")
        title = information.get("title") if isinstance(information, dict) else None
        self._title = title if isinstance(title, str) and title else None

    def read_item(self, place: str, item: Any) -> None:
        """All operations of one path."""
        self._paths += 1
        try:
            whole = follow(self._document, item)
        except UnusableSchemaError as error:
            self._collector.refuse(f"path {place}", str(error), definition=True)
            return
        if not isinstance(item, dict) or not isinstance(whole, dict):
            self._collector.refuse(f"path {place}", "must be an object of operations", definition=True)
            return
        item = {**whole, **item}
        for method in METHODS:
            if method in item:
                self._operations += 1
                self._read_operation(f"{method.upper()} {place}", method, place, item, item[method])

    def _read_operation(self, where: str, method: str, place: str, item: dict[str, Any], definition: Any) -> None:
        if not isinstance(definition, dict):
            self._collector.refuse(where, "an operation must be an object", definition=True)
            return
        try:
            operation = read_operation(self._document, place, item, definition)
        except UnusableSchemaError as error:
            self._collector.refuse(where, str(error), definition=True)
            return
        name = self._name(where, method, place, definition)
        self._note(operation, definition, name)
        self._collector.note_unused(definition, USED)
        tags = definition.get("tags")
        self._collector.add(
            where,
            name=name,
            description=_describe(item, definition),
            parameters=operation.parameters,
            returns=operation.returns,
            domain=tags[0] if isinstance(tags, list) and tags and isinstance(tags[0], str) else None,
            source=self._title,
        )

    def _name(self, where: str, method: str, place: str, definition: dict[str, Any]) -> str:
        """A name that is valid and free; what had to be changed becomes an oddity."""
        given = definition.get("operationId")
        wanted = make_name(given) if isinstance(given, str) else ""
        if not wanted:
            wanted = make_name(f"{method} {place}")
            self._add_oddity("without a usable operationId, named after method and path", wanted)
        elif wanted != given:
            self._add_oddity("operationId made a valid name", f"{given} -> {wanted}")
        name = free_name(wanted, self._taken)
        if name != wanted:
            self._add_oddity("name taken already", f"{wanted} of {where} -> {name}")
        self._taken.add(name)
        return name

    def _note(self, operation: Operation, definition: dict[str, Any], name: str) -> None:
        for oddity, what in operation.oddities:
            self._add_oddity(oddity, f"{name} ({what})" if what else name)
        for change, times in operation.changes.items():
            self._collector.count(change, times)
        self._collector.note_unused(dict.fromkeys(operation.unused, True), frozenset())
        if definition.get("deprecated") is True:
            self._add_oddity("deprecated, imported all the same", name)

    def _add_oddity(self, oddity: str, where: str) -> None:
        self._oddities.setdefault(oddity, []).append(where)

    def result(self) -> ImportResult:
        for oddity, places in self._oddities.items():
            more = ", ..." if len(places) > SHOWN else ""
            self._collector.note(f"{oddity} ({len(places):,}x): {', '.join(places[:SHOWN])}{more}")
        webhooks = self._document.get("webhooks")
        if webhooks:
            self._collector.note(f"webhooks are calls by the server and no tools: {len(webhooks):,} left out")
        return self._collector.result(counts={"paths": self._paths, "operations": self._operations})


def _describe(item: dict[str, Any], definition: dict[str, Any]) -> str:
    """Summary and description, once where one holds the other; the path's own where the operation has none."""
    for holder in (definition, item):
        texts = [text.strip() for text in (holder.get("summary"), holder.get("description")) if isinstance(text, str) and text.strip()]
        if texts:
            return texts[-1] if texts[-1].startswith(texts[0]) else "\n".join(texts)
    return ""


def _read_document(path: Path) -> dict[str, Any]:
    """The file as plain JSON values, if it is OpenAPI 3."""
    document = _parse(path)
    version = document.get("openapi") if isinstance(document, dict) else None
    if isinstance(document, dict) and "swagger" in document:
        raise CatalogueError(f"{path}: is Swagger {document['swagger']}; convert it to OpenAPI 3 first (swagger2openapi does that)")
    if not isinstance(document, dict) or not str(version).startswith("3."):
        raise CatalogueError(f"{path}: is no OpenAPI 3 file; it must be an object with 'openapi: 3.0.x' or 'openapi: 3.1.x'")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise CatalogueError(f"{path}: holds no paths, and so no operations to import")
    return document


def _parse(path: Path) -> Any:
    """JSON, or YAML by the rules of YAML 1.2, in which `on` is text and a date is no date. Raises RecordError with the line."""
    import yaml

    text = "\n".join(_read_lines(path))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("{") and path.suffix == ".json":
            raise RecordError(path, error.lineno, f"not valid JSON ({error.msg} at column {error.colno})") from None
    except RecursionError:
        raise RecordError(path, None, "nested too deeply to be read") from None
    try:
        return _as_json(yaml.load(text, _make_loader()), {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RecordError(path, mark.line + 1 if mark else None, f"neither JSON nor YAML ({getattr(error, 'problem', error)})") from None
    except (ValueError, RecursionError) as error:
        raise RecordError(path, None, f"holds YAML that is no JSON ({error})") from None


def _read_lines(path: Path) -> list[str]:
    """The file's lines, blank ones too, so that line numbers stay right."""
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise RecordError(path, None, "no such file") from None
    except IsADirectoryError:
        raise RecordError(path, None, "is a folder, not a file") from None
    except UnicodeDecodeError as error:
        raise RecordError(path, None, f"is not UTF-8 text ({error.reason} at byte {error.start})") from None


def _make_loader() -> Any:
    """PyYAML's safe loader, in C where it is there, with the scalars of JSON alone."""
    import re

    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    for tag, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("int", r"[-+]?[0-9]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
        ("merge", r"<<", "<"),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(first))
    Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))
    Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node)))
    return Loader


def _as_json(value: Any, done: dict[int, Any]) -> Any:
    """YAML's values as JSON's: keys are text. A value that aliases share stays shared; one that holds itself is refused."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if not isinstance(value, dict | list):
        raise ValueError(f"a value of type {type(value).__name__}")
    if id(value) in done:
        if done[id(value)] is None:
            raise ValueError("an alias that holds itself")
        return done[id(value)]
    done[id(value)] = None
    if isinstance(value, dict):
        made: Any = {_as_key(key): _as_json(inner, done) for key, inner in value.items()}
    else:
        made = [_as_json(inner, done) for inner in value]
    done[id(value)] = made
    return made


def _as_key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)
