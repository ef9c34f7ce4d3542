"""Strings for regular expressions, by the standard library's own parse of them. A pattern in, a string that it matches out."""

from __future__ import annotations

import random
import re
import string
from typing import Any

CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_WORD": string.ascii_lowercase + string.digits,
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": string.ascii_lowercase,
    "CATEGORY_NOT_WORD": " -.,",
    "CATEGORY_NOT_SPACE": string.ascii_lowercase + string.digits,
}
MOST_REPEATS = 6


def draw_from_pattern(pattern: str, rng: random.Random) -> str:
    """A string that matches `pattern`; an empty one where none could be drawn, or where it uses what is not supported (look-around, references)."""
    try:
        parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]
        text = "".join(_draw(operation, argument, rng) for operation, argument in parsed)
        return text if re.search(pattern, text) else ""
    except (re.error, OverflowError, _UnsupportedError):
        return ""


class _UnsupportedError(Exception):
    """An operation of regular expressions that is not drawn from."""


def _draw(operation: Any, argument: Any, rng: random.Random) -> str:
    match str(operation):
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return rng.choice(_others(chr(argument)))
        case "IN":
            return rng.choice(_characters(argument))
        case "ANY":
            return rng.choice(string.ascii_lowercase)
        case "AT":
            return ""
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = argument
            count = rng.randint(least, max(least, min(int(most), least + MOST_REPEATS)))
            return "".join(_draw(part[0], part[1], rng) for _ in range(count) for part in inner)
        case "SUBPATTERN":
            return "".join(_draw(part[0], part[1], rng) for part in argument[-1])
        case "BRANCH":
            return "".join(_draw(part[0], part[1], rng) for part in rng.choice(argument[1]))
    raise _UnsupportedError(str(operation))


def _characters(choices: list[tuple[Any, Any]]) -> str:
    """The characters that a class takes, at least one. Raises _UnsupportedError where none of them can be drawn."""
    if choices and str(choices[0][0]) == "NEGATE":
        return _others(_characters(choices[1:]))
    found = ""
    for operation, argument in choices:
        match str(operation):
            case "LITERAL":
                found += chr(argument)
            case "RANGE":
                found += "".join(filter(str.isprintable, map(chr, range(argument[0], argument[1] + 1))))
            case "CATEGORY" if str(argument) in CATEGORIES:
                found += CATEGORIES[str(argument)]
            case _:
                raise _UnsupportedError(str(operation))
    if not found:
        raise _UnsupportedError("a class without a printable character")
    return found


def _others(refused: str) -> str:
    """The characters that a negated class takes: letters and digits, or else capitals and marks."""
    for characters in (string.ascii_lowercase + string.digits, string.ascii_uppercase + string.punctuation):
        others = "".join(character for character in characters if character not in refused)
        if others:
            return others
    raise _UnsupportedError("a class that refuses everything")
