"""BFCL's lists of acceptable values: a list comes in, the value of the answer and its alternatives go out. Called by `bench_bfcl`.

Source: the AST checker of the Berkeley Function-Calling Leaderboard (v4). "" in a list says that the argument may be left out;
an object gives a list by key, and a list of objects such an object by item. Deeper values are compared as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

MOST_ALTERNATIVES = 256
"""How many values are written out for one argument."""


@dataclass(frozen=True)
class Accepted:
    """What is acceptable for one argument: `values` written out, the answer's first; `optional` where it may be left out.

    `cut` says that more values are acceptable than are written out.
    """

    values: tuple[Any, ...]
    optional: bool
    cut: bool


def read_accepted(listed: Any, required: bool) -> Accepted:
    """The values of a list. Where the argument is `required`, "" is the empty text. Raises ValueError where there are none."""
    if not isinstance(listed, list) or not listed:
        raise ValueError(f"acceptable values must be a list that is not empty, not {listed!r}")
    optional = "" in listed and not required
    literal = [value for value in listed if value != ""]
    texts = [""] if "" in listed and (required or any(isinstance(value, str) for value in literal)) else []
    found = list(islice((value for entry in literal for value in _write_out(entry)), MOST_ALTERNATIVES + 1))
    values = _distinct([*found[:MOST_ALTERNATIVES], *texts])
    if not values and not optional:
        raise ValueError(f"no value is acceptable: {listed!r}")
    return Accepted(tuple(values), optional, len(found) > MOST_ALTERNATIVES)


def _write_out(entry: Any) -> Iterator[Any]:
    """Every value that one entry of a list stands for."""
    if isinstance(entry, dict):
        yield from _write_out_object(entry)
    elif isinstance(entry, list) and entry and all(isinstance(item, dict) for item in entry):
        yield from (list(items) for items in product(*(list(islice(_write_out_object(item), MOST_ALTERNATIVES + 1)) for item in entry)))
    else:
        yield entry


def _write_out_object(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object that an object of lists stands for; a key whose list holds "" may be missing."""
    choices = [_choices(key, listed) for key, listed in entry.items()]
    yield from ({key: value for part in chosen for key, value in part} for chosen in product(*choices))


def _choices(key: str, listed: Any) -> list[tuple[tuple[str, Any], ...]]:
    """The ways to write one key: not at all, or with a value."""
    values = listed if isinstance(listed, list) else [listed]
    return [*([()] if "" in values else []), *(((key, value),) for value in values if value != "")]


def _distinct(values: list[Any]) -> list[Any]:
    """The values, equal ones of one type once."""
    kept: dict[str, Any] = {}
    for value in values:
        kept.setdefault(repr(value), value)
    return list(kept.values())
