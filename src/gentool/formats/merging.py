"""Several schemas that must all hold, as one: `allOf` merged where the result judges every value as the parts do.

Schemas whose references are resolved come in, one schema goes out; what has no exact merger stays an `allOf`.
Called by `references`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gentool.core.canonical import canonical_json

ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"})
"""Keywords that judge nothing: of several values the last one stays."""

LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")

GROUPS = (
    frozenset({"if", "then", "else"}),
    frozenset({"contains", "minContains", "maxContains"}),
    frozenset({"prefixItems", "items", "additionalItems"}),
)
"""Keywords that read one another: all of a group must come from one part (`items` alone may be merged)."""

CLOSING = ("additionalProperties", "unevaluatedProperties", "patternProperties", "unevaluatedItems")
"""Keywords that read the properties or items beside them; a part that has one is merged with annotations and `required` only."""

OPEN = frozenset({"type", "required", "minProperties", "maxProperties", *ANNOTATIONS})


class _UnmergeableError(Exception):
    """Two keywords that have no exact merger."""


def merge_schemas(parts: list[Any]) -> Any:
    """One schema that holds where all parts hold; an `allOf` of them where no single one says the same."""
    parts = [part for part in parts if part is not True]
    if not parts:
        return {}
    if len(parts) == 1:
        return parts[0]
    try:
        return _merge_all(parts)
    except _UnmergeableError:
        *others, last = parts
        blind = isinstance(last, dict) and not {"allOf", "unevaluatedProperties", "unevaluatedItems"} & last.keys()
        return {**last, "allOf": others} if blind else {"allOf": parts}


def _merge_all(parts: list[Any]) -> dict[str, Any]:
    if not all(isinstance(part, dict) for part in parts):
        raise _UnmergeableError
    _check_closing(parts)
    merged: dict[str, Any] = {}
    for part in parts:
        _check_groups(merged, part)
        for key, value in part.items():
            same = key not in merged or canonical_json(merged[key]) == canonical_json(value)
            merged[key] = value if same else _merge_keyword(key, merged[key], value)
    return merged


def _check_closing(parts: list[dict[str, Any]]) -> None:
    """Raises where a part reads the properties beside it and another part would put more beside it."""
    for index, part in enumerate(parts):
        closing = [key for key in CLOSING if key in part and part[key] not in (True, {})]
        if closing and any(not other.keys() <= OPEN for position, other in enumerate(parts) if position != index):
            raise _UnmergeableError


def _check_groups(merged: dict[str, Any], part: dict[str, Any]) -> None:
    for group in GROUPS:
        here, there = group & merged.keys(), group & part.keys()
        if here and there and not here == there == {"items"}:
            raise _UnmergeableError


def _merge_keyword(key: str, first: Any, second: Any) -> Any:
    """One value for a keyword that two parts give differently. Raises where there is none."""
    if key in ANNOTATIONS:
        return second
    merge = MERGERS.get(key)
    if merge is None:
        raise _UnmergeableError
    try:
        return merge(first, second)
    except (TypeError, AttributeError):  # values that the keyword cannot have
        raise _UnmergeableError from None


def _merge_types(first: Any, second: Any) -> Any:
    """The types that both allow; every integer is a number."""
    left, right = ([types] if isinstance(types, str) else types for types in (first, second))
    both = [name for name in left if name in right or (name == "integer" and "number" in right)]
    both += [name for name in right if name == "integer" and "number" in left and name not in both]
    if not both:
        raise _UnmergeableError
    return both[0] if len(both) == 1 else both


def _merge_enums(first: list[Any], second: list[Any]) -> list[Any]:
    """The values of both lists; only values of plain types are compared, as 1 and 1.0 are one value and 1 and true are not."""
    if not all(value is None or type(value) in (str, int, bool) for value in [*first, *second]):
        raise _UnmergeableError
    both = [value for value in first if any(type(value) is type(other) and value == other for other in second)]
    if not both:
        raise _UnmergeableError
    return both


def _merge_properties(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {**first, **{name: merge_schemas([first[name], inner]) if name in first else inner for name, inner in second.items()}}


def _merge_lists(first: list[Any], second: list[Any]) -> list[Any]:
    return list(dict.fromkeys([*first, *second]))


def _merge_single(first: Any, second: Any) -> Any:
    return merge_schemas([first, second])


MERGERS: dict[str, Callable[[Any, Any], Any]] = {
    "type": _merge_types,
    "enum": _merge_enums,
    "properties": _merge_properties,
    "required": _merge_lists,
    "items": _merge_single,
    "uniqueItems": lambda first, second: bool(first or second),
    "allOf": lambda first, second: [*first, *second],
    **dict.fromkeys(LOWER_BOUNDS, max),
    **dict.fromkeys(UPPER_BOUNDS, min),
}
