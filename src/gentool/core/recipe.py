"""Reading a recipe: one YAML file and `--set a.b=c` overrides in, a checked settings model out.

The settings themselves stand above the functions that use them; gentool.run puts them together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from gentool.core.errors import RecipeError


class Settings(BaseModel):
    """A table of a recipe: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


Model = TypeVar("Model", bound=Settings)


def read_recipe(path: Path, overrides: Iterable[str], model: type[Model]) -> Model:
    """The recipe of a YAML file. Raises RecipeError with the key's path and what was read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such recipe") from None
    except IsADirectoryError:
        raise RecipeError(f"{path}: is a folder, not a recipe") from None
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start})") from None
    return parse_recipe(text, str(path), overrides, model)


def parse_recipe(text: str, where: str, overrides: Iterable[str], model: type[Model]) -> Model:
    """The same from the YAML text; `where` names its origin in errors."""
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that no calendar has
        raise RecipeError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from None
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise RecipeError(f"{where}: a recipe is a table of settings, but this is a {type(values).__name__}")
    for override in overrides:
        _set(values, override)
    return check_recipe(values, where, model)


def check_recipe(values: Mapping[str, Any], where: str, model: type[Model]) -> Model:
    """Validate settings; the first fault is reported with its path, a near miss of a known key with a suggestion."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"]) or "recipe"
        if first["type"] == "extra_forbidden":
            message = f"unknown key '{path}'{_suggestion(model, first['loc'])}"
        else:
            message = f"{path}: {first['msg'].removeprefix('Value error, ')}" + (
                f" (read: {first['input']!r})" if first["type"] != "value_error" else ""
            )
        raise RecipeError(f"{where}: {message}") from None


def _suggestion(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """`; did you mean 'x'?` from the keys of the table that the location is in."""
    table: Any = model
    for part in location[:-1]:
        field = table.model_fields.get(str(part)) if isinstance(table, type) and issubclass(table, BaseModel) else None
        table = field.annotation if field else None
    if not (isinstance(table, type) and issubclass(table, BaseModel)):
        return ""
    close = difflib.get_close_matches(str(location[-1]), table.model_fields, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known here: {', '.join(table.model_fields)}"


def _set(values: dict[str, Any], override: str) -> None:
    """Apply one `a.b=c`; the value is read as YAML."""
    key, separator, text = override.partition("=")
    if not separator or not key.strip():
        raise RecipeError(f"--set {override}: write it as KEY=VALUE, for example --set pairs.k=5")
    *tables, last = key.strip().split(".")
    table = values
    for name in tables:
        inner = table.get(name) or {}
        if not isinstance(inner, dict):
            raise RecipeError(f"--set {override}: '{name}' is a value, not a table")
        copied = dict(inner)  # tables that a YAML alias makes one are changed alone
        table[name] = copied
        table = copied
    try:
        table[last] = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that no calendar has
        raise RecipeError(f"--set {override}: not a valid value: {' '.join(str(error).split())}") from None


def dump_recipe(recipe: Settings) -> str:
    """The resolved recipe as YAML, every setting written out."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def differing_keys(left: Mapping[str, Any], right: Mapping[str, Any], prefix: str = "") -> list[str]:
    """The paths of the settings in which two recipes differ."""
    found: list[str] = []
    for key in dict.fromkeys([*left, *right]):
        one, other = left.get(key), right.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += differing_keys(one, other, f"{prefix}{key}.")
        elif one != other or (key in left) != (key in right):
            found.append(f"{prefix}{key}")
    return found
