"""ToolAlpaca's functions, whose parameters stand in their descriptions: such a text comes in, a description and a JSON Schema go out.

The text is `SUMMARY\\nParameters: {"name": "Required. string. One of: [a, b]. What it means."}\\nOutput: ...`, as the benchmark makes it
from OpenAPI definitions. Called by `bench_toolalpaca`.
"""

from __future__ import annotations

import json
import re
from typing import Any

SECTION = re.compile(r"(?:^|\n)Parameters: (.*?)(?=\nOutput:|\Z)", re.DOTALL)
ENTRY = re.compile(r'"([^"]+)": "(.*?)"(?=, "[^"]+": "|\}$)', re.DOTALL)
"""One parameter where a description holds quotes of its own, so that the whole is no JSON."""
TYPE = re.compile(r"(string|integer|number|boolean|[Oo]bject|[Aa]rray)\b")
ONE_OF = re.compile(r"One of: \[([^\]]*)\]\.?\s*")
SEVERAL = re.compile(r"(?:^|\s)OR (?:string|integer|number|boolean|[Oo]bject|[Aa]rray|#)")


def split_description(text: str) -> tuple[str, dict[str, Any], list[str]]:
    """The description without its parameters, these as a schema of type object, and what could not be read of them."""
    section = SECTION.search(text)
    if section is None:
        return text.strip(), {"type": "object"}, ["names no parameters, so any are allowed"]
    described = (text[: section.start()] + text[section.end() :]).strip()
    parameters = _read_parameters(section[1].strip())
    if parameters is None:
        return described, {"type": "object"}, ["parameters that cannot be read, so any are allowed"]
    properties = {name: read_parameter(words) for name, words in parameters.items()}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    required = [name for name, words in parameters.items() if words.startswith("Required.")]
    return described, {**schema, "required": required} if required else schema, []


def _read_parameters(text: str) -> dict[str, str] | None:
    """The words on each parameter by name; None where the text holds something else as well."""
    try:
        value = json.loads(text, strict=False)
    except (json.JSONDecodeError, RecursionError):
        value = dict(ENTRY.findall(text))
        left = ENTRY.sub("", text)
        return value if value and not left.strip("{}, \n") else None
    return value if isinstance(value, dict) and all(isinstance(words, str) for words in value.values()) else None


def read_parameter(words: str) -> dict[str, Any]:
    """The schema of one parameter; without a type where its words give none or several."""
    words = words.removeprefix("Required.").strip()
    named = TYPE.match(words)
    if named is None or SEVERAL.search(words):
        return {"description": words} if words else {}
    kind = named[1].lower()
    rest = words[named.end() :]
    schema: dict[str, Any] = {"type": kind}
    if rest[:1] in ("[", "{"):
        inner, rest = _split_bracket(rest)
        item = TYPE.match(inner)
        if kind == "array" and item:
            schema["items"] = {"type": item[1].lower()}
        if kind == "object" or inner.startswith(("Object{", "object{")):
            rest = f"{words[: len(words) - len(rest)]}. {rest.lstrip(' .')}"
    schema |= _read_choices(rest, kind)
    description = (ONE_OF.sub("", rest) if "enum" in schema else rest).lstrip(" .").rstrip()
    return {**schema, "description": description} if description else schema


def _split_bracket(text: str) -> tuple[str, str]:
    """What the bracket at the beginning holds, and what follows it."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "[{") - (character in "]}")
        if depth == 0:
            return text[1:position], text[position + 1 :]
    return text[1:], ""


def _read_choices(text: str, kind: str) -> dict[str, Any]:
    """The `enum` of a text with 'One of: [a, b]', where its items have the type."""
    found = ONE_OF.search(text)
    if found is None or kind not in ("string", "integer", "number"):
        return {}
    items: list[Any] = [item.strip() for item in found[1].split(",")]
    if kind != "string":
        try:
            items = [json.loads(item) for item in items]
        except json.JSONDecodeError:
            return {}
    return {"enum": items}
