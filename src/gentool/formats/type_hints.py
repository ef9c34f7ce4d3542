"""The type hints of a function as types that pydantic can describe. Called by `python_functions`."""

from __future__ import annotations

import sys
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

from typing_extensions import TypedDict


def read_hints(function: Any) -> dict[str, Any]:
    """The hints by name, `return` too; those written as text are evaluated. Raises whatever the evaluation raises."""
    hints = get_type_hints(function, include_extras=True)
    return hints if sys.version_info >= (3, 12) else {name: _renew(hint, ()) for name, hint in hints.items()}


def _renew(hint: Any, open_classes: tuple[Any, ...]) -> Any:
    """The hint with each `typing.TypedDict` in it as one of typing_extensions, as pydantic wants it before Python 3.12."""
    if is_typeddict(hint) and type(hint).__module__ == "typing" and hint not in open_classes:
        return _renew_class(hint, (*open_classes, hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if not arguments or origin is Literal or not all(isinstance(argument, type) or get_origin(argument) for argument in arguments[:1]):
        return hint
    if origin is Annotated:
        return Annotated[(_renew(arguments[0], open_classes), *arguments[1:])]
    renewed = tuple(_renew(argument, open_classes) for argument in arguments)
    if all(new is old for new, old in zip(renewed, arguments, strict=True)):
        return hint
    return Union[renewed] if origin in (Union, UnionType) else origin[renewed]  # noqa: UP007


def _renew_class(old: Any, open_classes: tuple[Any, ...]) -> Any:
    """The same class; a field's own `Required` or `NotRequired` counts more than what the class says, which may not have read it."""
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(old, include_extras=True).items():
        wrapped = get_origin(hint) in (Required, NotRequired)
        needed = get_origin(hint) is Required if wrapped else name in old.__required_keys__
        kind = _renew(get_args(hint)[0] if wrapped else hint, open_classes)
        fields[name] = Required[kind] if needed else NotRequired[kind]
    new: Any = TypedDict(old.__name__, fields)  # type: ignore[misc]
    new.__doc__, new.__module__ = old.__doc__, old.__module__
    return new
