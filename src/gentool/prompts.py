"""What the student sees and how its answer is read back: the only place that knows either.

Records go in (a query, a tool set), chat messages come out; a model's text goes in, a call or a ranking comes out, with
what had to be repaired to read it. gentool.train renders its rows and gentool.evaluate its requests through this file.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from gentool.core.call import Call
from gentool.core.message import Message
from gentool.core.recipe import Settings
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet

Task = Literal["rank", "select"]
TASKS: tuple[Task, ...] = ("rank", "select")


class PromptSettings(Settings):
    """How tools are shown to the student.

    tools: `json` shows each tool's name, description and parameters as JSON, as servers do; `signature` shows one short
    line in the manner of a function's signature, several times fewer tokens, for small models and long catalogues.
    """

    tools: Literal["json", "signature"] = "json"


DEFAULT_TOOL = Tool(name="default_tool", description="Answer in words: for a query that no other tool here serves.").model_copy(
    update={"name": GENERATE_RESPONSE}
)
"""How the default tool stands in the prompt, behind the tools of the set."""

INSTRUCTIONS: dict[Task, str] = {
    "rank": f"Rank the tools that serve the query, best first, ending with {GENERATE_RESPONSE}. Answer with a JSON list of names.",
    "select": 'Call the tool that serves the query best. Answer with JSON: {"name": ..., "arguments": {...}}.',
}


def render_messages(task: Task, query: str, tools: ToolSet, settings: PromptSettings) -> list[Message]:
    """The chat that asks for a ranking or a call.

    The tools come first, so that both tasks and all queries on one tool set share them as a prefix; the query comes last,
    next to the answer.
    """
    shown = "\n".join(render_tool(tool, settings) for tool in (*tools, DEFAULT_TOOL))
    return [
        {"role": "system", "content": f"Tools:\n{shown}"},
        {"role": "user", "content": f"{INSTRUCTIONS[task]}\n\n{query}"},
    ]


def render_answer(task: Task, ranking: tuple[str, ...], answer: Call) -> str:
    """The text that a model is trained to answer with."""
    if task == "rank":
        return json.dumps(list(ranking), ensure_ascii=False)
    return json.dumps({"name": answer.name, "arguments": answer.arguments}, ensure_ascii=False)


def render_tool(tool: Tool, settings: PromptSettings) -> str:
    """One tool as the prompt shows it, on one line. Of what a tool returns, only names and types are shown."""
    if settings.tools == "signature":
        return render_signature(tool)
    shown: dict[str, Any] = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    returned = _returned(tool)
    if returned:
        shown["returns"] = returned
    return json.dumps(shown, ensure_ascii=False)


def render_signature(tool: Tool) -> str:
    """`name(city: string, days?: integer 1..7 = 3, units?: metric|imperial) -> forecast: Description.`"""
    parameters = ", ".join(
        f"{name}{'' if name in tool.required else '?'}: {_type_text(schema)}{_default_text(schema)}" for name, schema in tool.properties.items()
    )
    returned = ", ".join(_returned(tool))
    arrow = f" -> {returned}" if returned else ""
    return f"{tool.name}({parameters}){arrow}: {' '.join(tool.description.split())}"


def _returned(tool: Tool) -> dict[str, str]:
    """What a tool returns: the type by name."""
    properties = (tool.returns or {}).get("properties")
    return {name: _type_text(schema) for name, schema in properties.items()} if isinstance(properties, dict) else {}


def _default_text(schema: Any) -> str:
    return f" = {json.dumps(schema['default'], ensure_ascii=False)}" if isinstance(schema, dict) and "default" in schema else ""


def _type_text(schema: Any) -> str:
    """A schema in a few characters: `string`, `date`, `a|b|c`, `integer 1..7`, `string[]`, `{city: string}`."""
    if not isinstance(schema, dict):
        return "any"
    if isinstance(schema.get("enum"), list):
        return "|".join(str(value) for value in schema["enum"])
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return "|".join(str(part) for part in kind)
    if kind == "array":
        return f"{_type_text(schema.get('items'))}[]"
    if kind == "object" and isinstance(schema.get("properties"), dict):
        return "{" + ", ".join(f"{name}: {_type_text(inner)}" for name, inner in schema["properties"].items()) + "}"
    return f"{schema.get('format') or kind}{_bounds_text(schema)}"


def _bounds_text(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    return f" {'' if low is None else low}..{'' if high is None else high}"


@dataclass(frozen=True)
class ReadCall:
    """An answer as it was read. `call` is None exactly where it could not be read; `fault` then says why."""

    call: Call | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class ReadRanking:
    """A ranking as it was read. `names` is None exactly where it could not be read; `fault` then says why."""

    names: tuple[str, ...] | None
    repairs: tuple[str, ...] = ()
    fault: str = ""


def read_call(text: str) -> ReadCall:
    """Read one call from a model's text.

    Read although not asked for, each named in `repairs`: thinking before the answer, code fences, text around the
    JSON, Hermes `<tool_call>` and other models' call markers, single quotes and other Python literals, trailing commas, `parameters` for
    `arguments`, arguments as a JSON string, OpenAI's `function` wrapper, a list of one call. Anything else, words without a
    call among them, is a fault: it is not abstention.
    """
    found = _json_values(text)
    calls: list[tuple[Call, tuple[str, ...]]] = []
    for value, repairs in found:
        items, wrapped = (value, ("list of calls",)) if isinstance(value, list) else ([value], ())
        for item in items:
            call, mended = _call_of(item)
            if call is not None:
                calls.append((call, (*repairs, *wrapped, *mended)))
    distinct = {json.dumps([call.name, call.arguments], sort_keys=True) for call, _ in calls}
    if not calls:
        return ReadCall(None, (), "no readable JSON in the answer" if not found else 'no object with "name" and "arguments"')
    if len(distinct) > 1:
        return ReadCall(None, (), f"{len(distinct)} different calls where one was asked for")
    call, repairs = calls[0]
    return ReadCall(call, _once(repairs))


def read_ranking(text: str) -> ReadRanking:
    """Read a list of names, best first, from a model's text; the same repairs as for calls, and repeated names are dropped."""
    for value, repairs in _json_values(text):
        mended: tuple[str, ...] = ()
        if isinstance(value, dict) and len(value) == 1:
            value, mended = next(iter(value.values())), ("list inside an object",)
        if not isinstance(value, list) or not value:
            continue
        if all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value):
            value, mended = [item["name"] for item in value], (*mended, "objects for names")
        if all(isinstance(item, str) for item in value):
            names = tuple(dict.fromkeys(value))
            repeated = ("repeated names",) if len(names) < len(value) else ()
            return ReadRanking(names, _once((*repairs, *mended, *repeated)))
    return ReadRanking(None, (), "no JSON list of names in the answer")


def _once(repairs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(repairs))


def _call_of(value: Any) -> tuple[Call | None, tuple[str, ...]]:
    """A call from a JSON value, or None where the value is not one."""
    if not isinstance(value, dict):
        return None, ()
    repairs: list[str] = []
    if isinstance(value.get("function"), dict):
        value = value["function"]
        repairs.append("function wrapper")
    name = value.get("name")
    key = next((key for key in ("arguments", "parameters") if key in value), None)
    if not isinstance(name, str) or not name or (key is None and name != GENERATE_RESPONSE):
        return None, ()
    arguments = value[key] if key else {}
    if key == "parameters":
        repairs.append("parameters for arguments")
    if isinstance(arguments, str):
        try:
            arguments = _parse_json(arguments)
        except ValueError:
            return None, ()
        repairs.append("arguments as a string")
    if not isinstance(arguments, dict):
        return None, ()
    try:
        return Call(name=name, arguments=arguments), tuple(repairs)
    except ValidationError:  # a lone surrogate, which no text can hold
        return None, ()


MARKERS = re.compile(r"</?tool_call>|\[/?TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call\|>")
FENCE = re.compile(r"```[a-zA-Z]*")
THINKING = re.compile(r"\A(?:\s*<think>.*?</think>)+", re.DOTALL)
"""Thinking before the answer; inside the answer the same words are a string's."""
TRAILING_COMMA = re.compile(r"""("(?:[^"\\]|\\.)*+"?)|,(\s*[}\]])""", re.DOTALL)
"""A string, which is left as it is, or a comma before a closing bracket."""
MOST_CHARACTERS = 50_000
"""An answer longer than this is read up to here: no answer to one query is longer."""
TORN_OBJECT = re.compile(r"""\{\s*["']""")
"""The beginning of an object; where it is never closed the answer was cut off, and what stands inside is not the answer."""
MOST_UNCLOSED = 100
"""How many brackets that nothing closes are tried before the rest of an answer is given up."""


def _json_values(text: str) -> list[tuple[Any, tuple[str, ...]]]:
    """The JSON values that stand in a text, outermost ones only, each with what had to be repaired to read it."""
    thought = THINKING.sub(" ", text[:MOST_CHARACTERS])
    repairs = ["thinking"] if thought != text[:MOST_CHARACTERS] else []
    if thought.lstrip().startswith("<think>"):  # thinking that was cut off holds drafts, not an answer
        return []
    spans = list(_spans(thought))
    around = thought
    for span in spans:
        around = around.replace(span, "\n", 1) if not MARKERS.fullmatch(span) else around
    repairs += _describe_around(around)
    values = []
    for span in spans:
        value, mended = _read_json(span)
        if mended is not None:
            values.append((value, (*repairs, *mended)))
    return values


def _describe_around(around: str) -> list[str]:
    """What stands in an answer beside its JSON, as repairs."""
    repairs = []
    for pattern, repair in ((MARKERS, "call markers"), (FENCE, "code fence")):
        around, count = pattern.subn(" ", around)
        repairs += [repair] if count else []
    return [*repairs, "text around"] if around.strip() else repairs


def _spans(text: str) -> Iterator[str]:
    """The outermost bracketed stretches of a text: from each opening bracket to the one that closes it, strings skipped."""
    position = unclosed = 0
    while position < len(text) and unclosed < MOST_UNCLOSED:
        end = _closing(text, position) if text[position] in "{[" else position
        if end is None and TORN_OBJECT.match(text, position):
            return
        if end is None:
            unclosed += 1
        elif end > position:
            yield text[position : end + 1]
        position = position + 1 if end is None else end + 1


def _closing(text: str, start: int) -> int | None:
    """The index of the bracket that closes the one at `start`, or None."""
    depth, quote, escaped = 0, "", False
    for index in range(start, len(text)):
        character = text[index]
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return index
    return None


def _parse_json(text: str) -> Any:
    """Strict JSON; ValueError otherwise."""
    try:
        return _storable(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _storable(value: Any) -> Any:
    """The value; ValueError where JSON cannot hold it: NaN, infinities (1e999 is one to Python), integers of thousands of digits."""
    json.dumps(value, allow_nan=False)
    return value


def _read_json(text: str) -> tuple[Any, tuple[str, ...] | None]:
    """A value and the repairs that it took; the repairs are None where it cannot be read."""
    try:
        return _parse_json(text), ()
    except ValueError:
        pass
    try:
        return _parse_json(TRAILING_COMMA.sub(lambda found: found[1] or found[2], text)), ("trailing comma",)
    except ValueError:
        pass
    try:
        return _storable(_literal(ast.parse(text, mode="eval").body)), ("Python literal",)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None, None


JSON_WORDS = {"true": True, "false": False, "null": None}


def _literal(node: ast.expr) -> Any:
    """The value of a Python literal that may use JSON's words; ValueError for anything that would have to be computed."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.Name(id=word) if word in JSON_WORDS:
            return JSON_WORDS[word]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)) if not isinstance(number, bool):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys):
            return {key.value: _literal(value) for key, value in zip(keys, values, strict=True)}  # type: ignore[union-attr]
    raise ValueError("not a literal")
