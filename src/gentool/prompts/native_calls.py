"""Calls read from a model's own tool format, whichever it is; words without any sign of a call are abstention.

A model's text in (special tokens may stand in it or have been left out); its calls out, with what had to be repaired to read it.
Called by gentool.prompts.read.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from pydantic import ValidationError

from gentool.core.call import ABSTAIN, Call
from gentool.core.schema import json_type, schema_types
from gentool.core.tool import ToolSet
from gentool.prompts.json_calls import ReadCalls, read_json_calls
from gentool.prompts.json_values import MARKERS, drop_thinking, find_closing, parse_json, read_literal

OWN_WAYS = frozenset({"call markers", "parameters for arguments", "function wrapper", "tool_calls wrapper"})
"""What is a repair where JSON was asked for, and a format's own way here."""
HEADER = re.compile(r"(?:\[TOOL_CALLS\]|<｜tool▁call▁begin｜>)\s*([^\s\[\]{}<>｜]+)\s*(?:\[CALL_ID\]\s*\w+\s*)?(?:\[ARGS\]|<｜tool▁sep｜>)?\s*(?=\{)")
"""What stands before the arguments in Mistral's newer format and in DeepSeek's."""
BARE = re.compile(r"\s*([A-Za-z_](?:[\w.:/-]*\w)?)(?=\{)")
"""The same where the special tokens were left out."""
FUNCTION = (re.compile(r"<function=([^<>\n]+)>"), "</function>")
PARAMETER = (re.compile(r"<parameter=([^<>\n]+)>\n?"), "</parameter>")
KEYED_FUNCTION = (re.compile(r"<tool_call>\s*([^\s<>{\[]+)\s*(?=<arg_key>|</tool_call>)"), "</tool_call>")
KEYED_PARAMETER = (re.compile(r"<arg_key>([^<>]+)</arg_key>\s*<arg_value>\n?"), "</arg_value>")
PYTHON = re.compile(r"(?:\[\s*)?[A-Za-z_][\w.]*\(.*\)\s*\]?", re.DOTALL)
SIGN = re.compile(
    r"""
    \{\s*["']                                           # an object begins
    | "name"\s*:
    | \A\s*[\[{]                                        # JSON, or a list of Python calls
    | <[|｜][^<>]*[|｜]>                                # a special token
    | </?(?:tool|function|parameter|arg_|invoke|action)
    | \[/?(?:TOOL_CALLS|ARGS|CALL_ID)\]
    | ```
    | \A\s*[A-Za-z_][\w.]*\(                            # a Python call, from here on
    | (?<![\w.])[A-Za-z_][\w.]*\(\s*(?:\)|\w+\s*=|\w*\Z)
    | (?:<[|｜/]*[^<>\s]*|\[/?[A-Z_]*|\{\s*)\Z          # a marker or an object that was cut off
    | \A\s*[A-Za-z_][\w.:/-]*\s*\Z                      # a bare name
    """,
    re.VERBOSE,
)
"""What words do not hold."""
BEGUN = re.compile(r"(?:\[TOOL_CALLS\]|<｜tool▁call▁begin｜>|<tool_call>|<function=)\s*[^\s<\[]")
"""A call that was begun, where it stands beside those that were read."""
MOST_SHOWN = 40
"""How many characters of an answer a fault shows."""
LETTER = re.compile(r"[^\W\d_]")


def read_native_calls(text: str, tools: ToolSet | None = None) -> ReadCalls:
    """Read the calls of a model's text in any of the formats below; words without any sign of a call are abstention.

    Read are JSON as `read_json_calls` reads it (Qwen, Hermes, Llama 3, Mistral, Granite, Phi-4 and others, with or without
    their markers), `[TOOL_CALLS]name[ARGS]{...}` (newer Mistral) and DeepSeek's like it, `<function=name>` with JSON or with
    `<parameter=...>` (Llama 3.1, newer Qwen), `<arg_key>` and `<arg_value>` (GLM), and Python calls (Llama 4, LFM2, OLMo 3).
    Values that a format writes without quotes are typed by the schemas of `tools`. An empty text, and one with a sign
    of a call that cannot be read (a marker, a torn object, a bare name), is a fault: it is not abstention.
    """
    answer, thinking = drop_thinking(text)
    if answer is None:
        return ReadCalls(None, (), "thinking that was cut off")
    for read in (_read_headed, _read_tagged, _read_python, _read_bare, _read_json):
        found = read(answer, tools)
        if found is not None:
            return found if found.calls is None else ReadCalls(found.calls, (*thinking, *found.repairs))
    fault = find_fault(answer)
    return ReadCalls(None, (), fault) if fault else ReadCalls((ABSTAIN,), thinking)


def find_fault(words: str) -> str | None:
    """Why a text that holds no readable call cannot be taken for an answer in words; None where it can."""
    if not words.strip():
        return "the answer is empty"
    sign = SIGN.search(words)
    if sign:
        return f"a call that cannot be read: {words[sign.start() :].strip()[:MOST_SHOWN]}"
    return None if LETTER.search(words) else "neither a call nor words"


def _read_headed(text: str, _tools: ToolSet | None) -> ReadCalls | None:
    """Calls of the form `[TOOL_CALLS]name[ARGS]{...}`."""
    calls: list[Call | None] = []
    around, position = "", 0
    while matched := HEADER.search(text, position):
        if not calls and "{" in text[: matched.start()]:
            return None
        end = find_closing(text, matched.end())
        calls.append(None if end is None else _make_call(matched[1], text[matched.end() : end + 1]))
        around += text[position : matched.start()]
        position = len(text) if end is None else end + 1
    return _choose(calls, around + text[position:])


def _read_tagged(text: str, tools: ToolSet | None) -> ReadCalls | None:
    """Calls of the forms `<function=name>...</function>` and `<tool_call>name<arg_key>...</tool_call>`."""
    for function, parameter in ((FUNCTION, PARAMETER), (KEYED_FUNCTION, KEYED_PARAMETER)):
        first = function[0].search(text)
        if first and "{" not in text[: first.start()]:
            sections, around = _split_sections(text, *function)
            return _choose([_read_section(name.strip(), body, parameter, tools) for name, body in sections] or [None], around)
    return None


def _split_sections(text: str, opening: re.Pattern[str], closing: str) -> tuple[list[tuple[str, str]], str]:
    """What stands between tags, as names and contents, and what stands around them; a section that is not closed ends the search."""
    sections: list[tuple[str, str]] = []
    around, position = "", 0
    while matched := opening.search(text, position):
        end = text.find(closing, matched.end())
        if end < 0:
            break
        sections.append((matched[1], text[matched.end() : end]))
        around += text[position : matched.start()]
        position = end + len(closing)
    return sections, around + text[position:]


def _read_section(name: str, body: str, parameter: tuple[re.Pattern[str], str], tools: ToolSet | None) -> Call | None:
    """A call whose arguments stand between tags as one JSON object or each between tags of its own."""
    if body.lstrip().startswith("{"):
        return _make_call(name, body)
    values, around = _split_sections(body, *parameter)
    tool = tools.by_name(name) if tools else None
    properties = tool.properties if tool else {}
    try:
        arguments = {key.strip(): type_value(value.removesuffix("\n"), properties.get(key.strip())) for key, value in values}
        return None if around.strip() else Call(name=name, arguments=arguments)
    except ValidationError:
        return None


def type_value(text: str, schema: Any) -> Any:
    """A value that was written without quotes: text where the schema (None: not known) has no other type for it."""
    try:
        value = read_literal(ast.parse(text.strip(), mode="eval").body) if text.strip() in ("True", "False", "None") else parse_json(text)
    except (ValueError, SyntaxError):
        return text
    kind, kinds = json_type(value), schema_types(schema)
    fits = kind in kinds or (kind == "integer" and "number" in kinds) or not kinds
    return value if fits and kind != "string" else text


def _read_python(text: str, _tools: ToolSet | None) -> ReadCalls | None:
    """Calls of the forms `name(key=value)` and `[name(key=value)]`."""
    code = MARKERS.sub(" ", text).strip()
    if not PYTHON.fullmatch(code):
        return None
    try:
        body = ast.parse(code, mode="eval").body
        return _choose([_python_call(node) for node in (body.elts if isinstance(body, ast.List) else [body])] or [None], "")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ReadCalls(None, (), "a call that cannot be read: it is nearly Python")


def _python_call(node: ast.expr) -> Call:
    match node:
        case ast.Call(func=ast.Name() | ast.Attribute(), args=[], keywords=keywords) if all(keyword.arg for keyword in keywords):
            arguments = {str(keyword.arg): read_literal(keyword.value) for keyword in keywords}
            return Call(name=ast.unparse(node.func), arguments=arguments)
    raise ValueError("not a call with named arguments")


def _read_bare(text: str, tools: ToolSet | None) -> ReadCalls | None:
    """Calls of the form `name{...}`, one after another; the names are those of tools where these are known."""
    calls: list[Call | None] = []
    position = 0
    while matched := BARE.match(text, position):
        if tools is not None and tools.by_name(matched[1]) is None:
            return None
        end = find_closing(text, matched.end())
        calls.append(None if end is None else _make_call(matched[1], text[matched.end() : end + 1]))
        position = len(text) if end is None else end + 1
    return None if None in calls or text[position:].strip() else _choose(calls, "")


def _read_json(text: str, _tools: ToolSet | None) -> ReadCalls | None:
    read = read_json_calls(text)
    return None if read.calls is None else ReadCalls(read.calls, tuple(repair for repair in read.repairs if repair not in OWN_WAYS))


def _make_call(name: str, arguments: str) -> Call | None:
    """A call with its arguments as JSON; None where they are not an object."""
    try:
        return Call(name=name, arguments=parse_json(arguments))
    except ValueError:  # pydantic's ValidationError among them
        return None


def _choose(calls: list[Call | None], around: str) -> ReadCalls | None:
    """The calls of an answer; a fault where one of them could not be read, None where there are none."""
    if not calls:
        return None
    read = tuple(call for call in calls if call is not None)
    if len(read) < len(calls) or BEGUN.search(around):
        return ReadCalls(None, (), "a call that cannot be read")
    return ReadCalls(read, ("text around",) if MARKERS.sub("", around).strip() else ())
