"""Tools over HTTP: a request's definitions in the form that servers take, and the calls of an answer back as one text.

gentool.engines.completion makes bodies with it, gentool.engines.openai texts. OpenAI's server takes names of letters, digits,
`_` and `-` alone, so others go out under names that it takes and come back as they were; every server is asked alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gentool.core.canonical import content_hash
from gentool.core.tool import EMPTY_PARAMETERS, GENERATE_RESPONSE
from gentool.prompts.json_values import parse_json

LONGEST_NAME = 64
SENDABLE = re.compile(rf"[a-zA-Z0-9_-]{{1,{LONGEST_NAME}}}")
"""The names that OpenAI's server takes."""


def choose_sent_names(names: Iterable[str]) -> dict[str, str]:
    """By each name of a set the name that is sent: itself where it can be, else one that no other has.

    The default tool's name is given to no other. The order of the names does not matter.
    """
    every = sorted(set(names))
    sent = {name: name for name in every if SENDABLE.fullmatch(name)}
    taken = {GENERATE_RESPONSE, *sent}
    for name in every:
        if name not in sent:
            sent[name] = _choose_free(name, taken)
            taken.add(sent[name])
    return sent


def _choose_free(name: str, taken: set[str]) -> str:
    cleaned = re.sub(r"[^a-zA-Z0-9_-]", "_", name)
    candidate, number = cleaned[:LONGEST_NAME], 0
    while candidate in taken:
        digest = content_hash(name, number, length=8)
        candidate, number = f"{cleaned[: LONGEST_NAME - 9]}_{digest}", number + 1
    return candidate


def names_of(tools: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """`choose_sent_names` for a request's tools."""
    return choose_sent_names(tool["function"]["name"] for tool in tools)


def make_tools(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The definitions that are sent: names that servers take, parameters as the schema of an object."""
    sent = names_of(tools)
    return [{"type": "function", "function": _define(tool["function"], sent)} for tool in tools]


def _define(function: Mapping[str, Any], sent: Mapping[str, str]) -> dict[str, Any]:
    parameters = {**EMPTY_PARAMETERS, **function.get("parameters", {}), "type": "object"}
    return {**function, "name": sent[function["name"]], "parameters": parameters}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_answer(content: str, calls: Sequence[Any], tools: Sequence[Mapping[str, Any]]) -> str:
    """An answer's words and its calls as one text, with the names that the tools have here.

    `calls` are a message's `tool_calls`. Each is written in Hermes' form, which gentool.prompts reads: with its arguments as
    an object where they are JSON, else as the very string, so that they cannot be read. Arguments that are left out are none.
    """
    originals = {sent: name for name, sent in names_of(tools).items()}
    parts = [_restore(content, originals)] if content.strip() else []
    parts += [f"<tool_call>\n{_dump(_read_sent_call(call, originals))}\n</tool_call>" for call in calls]
    return "\n".join(parts).encode(errors="replace").decode()


def _restore(words: str, originals: Mapping[str, str]) -> str:
    """Words in which names stand as they are here; a model that ranks tools writes the names that it was shown."""
    changed = [sent for sent, name in originals.items() if sent != name]
    if not changed:
        return words
    whole = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, changed))})(?![\w-])")
    return whole.sub(lambda found: originals[found[0]], words)


def _read_sent_call(call: Any, originals: Mapping[str, str]) -> dict[str, Any]:
    """A call as it is written down; what is no call of a function has no name, so that it cannot be read."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return {"name": None, "arguments": call}
    name = function.get("name")
    return {"name": originals.get(name, name) if isinstance(name, str) else name, "arguments": _read_arguments(function.get("arguments"))}


def _read_arguments(given: Any) -> Any:
    if given is None or (isinstance(given, str) and not given.strip()):
        return {}
    if not isinstance(given, str):
        return given
    try:
        return parse_json(given)
    except ValueError:
        return given
