"""Python functions as tools: `module:function` or whole modules come in, an ImportResult goes out.

Signatures become JSON Schema through pydantic, descriptions come from docstrings. Called by `catalogue.import_tools`.
(transformers' `get_json_schema` is of no use here: it refuses functions whose docstring does not describe every parameter,
and models, dataclasses, typed dictionaries and `Annotated`; it knows no defaults, and writes OpenAPI's `nullable`.)
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin

from gentool.core.errors import CatalogueError
from gentool.core.tool import GENERATE_RESPONSE
from gentool.formats.docstrings import Docstring, read_docstring
from gentool.formats.imported import Collector, ImportResult
from gentool.formats.names import free_name, make_name
from gentool.formats.references import stand_alone
from gentool.formats.type_hints import read_hints

Function = Callable[..., Any]


class _UnusableFunctionError(ValueError):
    """Why a function cannot be a tool."""


def import_functions(targets: Sequence[str]) -> ImportResult:
    """Functions by `package.module:name` (also `module:Class.method`), or all public ones of a `package.module`.

    Importing a module runs it; the working folder is searched first. A function that cannot be a tool is refused with the
    reason. Raises CatalogueError where a module cannot be imported or has no such function.
    """
    collector = Collector("python")
    taken = {GENERATE_RESPONSE}
    for target in targets:
        for where, module, function in _find_functions(target, collector):
            _add(collector, where, module, function, taken)
    return collector.result()


def _find_functions(target: str, collector: Collector) -> Iterator[tuple[str, str, Any]]:
    """Each function of a target with its place and its module's name."""
    name, colon, path = target.partition(":")
    module = _import_module(name)
    if not colon:
        for public in _list_public(module, collector):
            yield f"{name}:{public}", name, getattr(module, public)
        return
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            raise CatalogueError(f"{target}: {name} has no '{path}'")
        found = getattr(found, part)
    yield target, name, found


def _import_module(name: str) -> ModuleType:
    """The module, found in the working folder first. Raises CatalogueError where it cannot be imported."""
    try:
        with _working_folder_first():
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        raise CatalogueError(
            f"{name}: cannot be imported ({reason}); write package.module:function, and install the package or run in its folder"
        ) from None


@contextmanager
def _working_folder_first() -> Iterator[None]:
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def _list_public(module: ModuleType, collector: Collector) -> list[str]:
    """The functions of a module's `__all__`; without one, those that it defines itself and that do not start with '_'."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        return [name for name, value in vars(module).items() if _is_function(value) and value.__module__ == module.__name__ and name[0] != "_"]
    missing = [name for name in listed if not hasattr(module, name)]
    if missing:
        raise CatalogueError(f"{module.__name__}: its __all__ names '{missing[0]}', which it does not have")
    others = [name for name in listed if not _is_function(getattr(module, name))]
    if others:
        collector.note(f"names in __all__ of {module.__name__} that are no functions, left out: {', '.join(others)}")
    return [name for name in listed if name not in others]


def _is_function(value: Any) -> bool:
    return inspect.isroutine(value)


def _add(collector: Collector, where: str, module: str, function: Any, taken: set[str]) -> None:
    """Hand one function to the collector, as a tool or as a refusal."""
    try:
        described = _describe_function(function)
    except _UnusableFunctionError as error:
        collector.refuse(where, str(error), definition=True)
        return
    given = getattr(function, "__name__", where.rpartition(":")[2])
    name = free_name(make_name(given) or "function", taken)
    taken.add(name)
    if name != given:
        collector.note(f"{where}: named {name}, as its own name is taken or no name for a tool")
    for note in described.notes:
        collector.note(f"{where}: {note}")
    collector.add(
        where, name=name, description=described.docstring.description, parameters=described.parameters, returns=described.returns, source=module
    )


@dataclass
class _Described:
    """What was found out about a function; `notes` are for the reader."""

    docstring: Docstring
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    returns: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


def _describe_function(function: Any) -> _Described:
    """A function's schemas and texts. Raises _UnusableFunctionError with the reason."""
    if inspect.isclass(function) or not callable(function):
        raise _UnusableFunctionError(f"is {'a class' if inspect.isclass(function) else 'no function'}; name a function")
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        raise _UnusableFunctionError("tells no signature (it may be written in C); wrap it in a function of your own") from None
    parameters = _check_parameters(function, list(signature.parameters.values()))
    hints = _read_hints(function)
    described = _Described(read_docstring(inspect.getdoc(function)))
    _add_parameters(described, parameters, hints)
    unknown = [name for name in described.docstring.parameters if name not in signature.parameters]
    if unknown:
        described.notes.append(f"its docstring describes parameters that it does not have: {', '.join(unknown)}")
    if hints.get("return") not in (None, type(None)):
        described.returns = _make_returns(described, hints["return"])
    return described


def _check_parameters(function: Any, parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """The same parameters. Raises _UnusableFunctionError where one cannot be given by name."""
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            raise _UnusableFunctionError(f"takes {stars}{parameter.name}, which no schema can list; wrap it in a function with named parameters")
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise _UnusableFunctionError(f"takes '{parameter.name}' by position only, and calls of tools give names")
    first = parameters[0] if parameters else None
    if first and first.name in ("self", "cls") and first.annotation is first.empty and "." in getattr(function, "__qualname__", ""):
        raise _UnusableFunctionError(f"is a method that needs its '{first.name}'; name a function, or a method of an object")
    return parameters


def _read_hints(function: Any) -> dict[str, Any]:
    """The type hints by name, those written as text evaluated."""
    while hasattr(function, "func") and hasattr(function, "keywords"):
        function = function.func
    if not inspect.isroutine(function):
        function = type(function).__call__
    try:
        return read_hints(function)
    except Exception as error:  # evaluates the user's own annotations, which may raise anything
        raise _UnusableFunctionError(f"has a type hint that cannot be evaluated ({type(error).__name__}: {error})") from None


def _add_parameters(described: _Described, parameters: list[inspect.Parameter], hints: dict[str, Any]) -> None:
    """The schemas of all parameters, made together so that they share their definitions."""
    from pydantic import Field
    from pydantic.fields import FieldInfo

    untyped = [parameter.name for parameter in parameters if parameter.name not in hints]
    if untyped:
        described.notes.append(f"parameters without a type hint, any value is taken: {', '.join(untyped)}")
    kinds: dict[str, Any] = {}
    for parameter in parameters:
        text = described.docstring.parameters.get(parameter.name) or None
        kind = Annotated[hints.get(parameter.name, Any), Field(description=text)] if text else hints.get(parameter.name, Any)
        kinds[parameter.name] = Annotated[kind, parameter.default] if isinstance(parameter.default, FieldInfo) else kind
    schemas = _make_schemas(kinds, "validation", "parameter ")
    for parameter in parameters:
        schema = schemas.properties[parameter.name]
        _add_annotated_text(schema, hints.get(parameter.name))
        described.parameters["properties"][parameter.name] = schema
        if not _set_default(described, schema, parameter):
            described.parameters.setdefault("required", []).append(parameter.name)
    if schemas.definitions:
        described.parameters["$defs"] = schemas.definitions


def _add_annotated_text(schema: dict[str, Any], hint: Any) -> None:
    """The description of `Annotated[int, "how many"]` and of `Annotated[int, Doc("how many")]`, which pydantic does not read."""
    for extra in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
        text = extra if isinstance(extra, str) else getattr(extra, "documentation", None)
        if isinstance(text, str) and text:
            schema.setdefault("description", text)


def _set_default(described: _Described, schema: dict[str, Any], parameter: inspect.Parameter) -> bool:
    """Write a parameter's default into its schema; whether it may be left out. A default that is no JSON value is told."""
    from pydantic.fields import FieldInfo
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    default = parameter.default
    if isinstance(default, FieldInfo):
        if default.is_required() or default.default_factory is not None:
            return not default.is_required()
        default = default.default
    if default is parameter.empty:
        return False
    if default is None and not _takes_null(schema):
        return True
    try:
        schema["default"] = to_jsonable_python(default, inf_nan_mode="strings")
    except (PydanticSerializationError, ValueError):
        described.notes.append(f"the default of '{parameter.name}' is no JSON value and not kept")
    return True


def _takes_null(schema: dict[str, Any]) -> bool:
    """Whether null is a value of a parameter; `text: str = None` says only that it may be left out."""
    return any("null" in (part.get("type", "null"), *part.get("type", ())) for part in schema.get("anyOf", [schema]))


def _make_returns(described: _Described, hint: Any) -> dict[str, Any] | None:
    """The schema of what a function returns; told and left out where there is none."""
    try:
        schemas = _make_schemas({"value": hint}, "serialization", "")
    except _UnusableFunctionError as error:
        described.notes.append(f"what it returns is not kept: {error}")
        return None
    returns = schemas.properties["value"]
    return {**returns, "$defs": schemas.definitions} if schemas.definitions else returns or None


@dataclass
class _Schemas:
    """Schemas by name and the definitions that they share (recursive types only)."""

    properties: dict[str, dict[str, Any]]
    definitions: dict[str, Any]


def _make_schemas(kinds: dict[str, Any], mode: Any, label: str) -> _Schemas:
    """JSON Schemas of types. Raises _UnusableFunctionError with the parameter's name where a type has none."""
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema

    class WithoutTitles(GenerateJsonSchema):
        """A parameter's name in capitals says nothing new."""

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
            return False

    adapters = []
    for name, kind in kinds.items():
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(kind)
            adapter.json_schema(mode=mode)
        except Exception as error:  # asks the user's own types, which may raise anything
            reason = str(error).partition("\n")[0].partition(". ")[0]
            raise _UnusableFunctionError(f"{label}'{name}' has a type without a JSON Schema: {reason}" if label else reason) from None
        adapters.append((name, mode, adapter))
    made, shared = TypeAdapter.json_schemas(adapters, schema_generator=WithoutTitles)
    names = list(kinds)
    resolved, definitions = stand_alone(shared, [made[name, mode] for name in names], _without_discriminator)
    return _Schemas({name: schema if isinstance(schema, dict) else {} for name, schema in zip(names, resolved, strict=True)}, definitions)


def _without_discriminator(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI's keyword, whose references would lead nowhere."""
    return {key: value for key, value in schema.items() if key != "discriminator"}
