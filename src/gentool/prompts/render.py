"""What the student sees: a query and a tool set in, chat messages out; and the text that it is trained to answer with.

Called by gentool.train, gentool.evaluate and gentool.ask. What is rendered here, gentool.prompts.read reads back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, Self
from urllib.parse import quote

from pydantic import model_validator

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import RecipeError
from gentool.core.example import AnswerFormat, Example
from gentool.core.message import Message, ToolCall
from gentool.core.recipe import Settings
from gentool.core.tool import EMPTY_PARAMETERS, GENERATE_RESPONSE, Tool, ToolSet
from gentool.prompts.instructions import Task, Wording, instruct
from gentool.prompts.json_calls import ReadCalls
from gentool.prompts.native_calls import read_native_calls

TASKS: tuple[Task, ...] = ("rank", "select")
"""What is asked of a student that was trained in two stages; `joint` takes the place of both where there is one stage."""


CALL_ID = "call00001"
"""The id of every native call: nine letters and digits, as some chat templates demand. It is one, since a student may have to write it."""


class PromptSettings(Settings):
    """How tools are shown to the student, and how it answers.

    tools: `json` shows each tool's name, description and parameters as JSON, as servers do; `signature` shows one short
    line in the manner of a function's signature, several times fewer tokens, for small models and long catalogues.
    answer: `json` shows the tools in the text and asks for a call as JSON; `native` leaves tools and calls to the model's own
    chat template. abstention: the words of a native answer where no tool serves the query. wording: the words in which a task
    is asked; natively a call is asked for by the query alone. parallel: ask for all calls that a query needs, as a JSON list;
    natively nothing is asked in words, so it changes nothing there.
    """

    tools: Literal["json", "signature"] = "json"
    answer: AnswerFormat = "json"
    abstention: str = "None of the available tools can do this."
    wording: Wording = "standard"
    parallel: bool = False

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        if self.answer == "native" and self.tools == "signature":
            raise ValueError("`tools: signature` puts the tools into the text, `answer: native` leaves them to the chat template; take `tools: json`")
        read = read_native_calls(self.abstention)
        if read != ReadCalls((ABSTAIN,)) or self.abstention != self.abstention.strip():
            raise ValueError(f"the words of `abstention` would not be read as such: {read.fault or 'spaces around them, or thinking, or a call'}")
        return self


DEFAULT_TOOL = Tool(name="default_tool", description="Answer in words: for a query that no other tool here serves.").model_copy(
    update={"name": GENERATE_RESPONSE}
)
"""How the default tool stands in the prompt, behind the tools of the set."""


def check_task(task: Task, settings: PromptSettings) -> None:
    """Raise RecipeError for a task that cannot be asked under the settings."""
    if task == "joint" and settings.answer == "native":
        raise RecipeError(
            "prompts.answer: native cannot answer with ranking and call in one: a model's own tool format has no place for a ranking. "
            "Take prompts.answer: json, or ask for ranking and call in turn"
        )
    if task == "joint" and settings.parallel:
        raise RecipeError(
            "prompts.parallel asks for a list of calls, which an answer of ranking and call in one has no place for: ask for them in turn"
        )


def render_messages(task: Task, query: str, tools: ToolSet, settings: PromptSettings, shots: Sequence[Example] = ()) -> list[Message]:
    """The chat that asks for a ranking, a call or both; natively the tools that `render_tools` gives belong beside it.

    The tools come first, so that all tasks and all queries on one tool set share them as a prefix; the query comes last,
    next to the answer. A call is asked for natively by the query alone, as users of the model will ask. Before them stand
    `shots`, worked examples: of each its tools, what is asked and its query as one user turn, and its right answer; the query
    is then asked in the same form. Raises RecipeError for a task that cannot be asked under the settings, and for shots natively.
    """
    check_task(task, settings)
    if shots:
        return _render_shots(task, query, tools, settings, shots)
    instruction = instruct(task, settings.wording, settings.parallel)
    if settings.answer == "native":
        return [{"role": "user", "content": query if task == "select" else f"{instruction}\n\n{query}"}]
    return [
        {"role": "system", "content": _show_tools(tools, settings)},
        {"role": "user", "content": f"{instruction}\n\n{query}"},
    ]


def _show_tools(tools: ToolSet, settings: PromptSettings) -> str:
    shown = "\n".join(render_tool(tool, settings) for tool in (*tools, DEFAULT_TOOL))
    return f"Tools:\n{shown}"


def _render_shots(task: Task, query: str, tools: ToolSet, settings: PromptSettings, shots: Sequence[Example]) -> list[Message]:
    """Worked examples and the query, whose tools differ. All stand in user turns: many chat templates take a system turn at the head alone."""
    check_shots(settings)

    def ask(query: str, tools: ToolSet) -> Message:
        return {"role": "user", "content": f"{_show_tools(tools, settings)}\n\n{instruct(task, settings.wording, settings.parallel)}\n\n{query}"}

    worked = [(ask(shot.query, shot.tools), render_reply(task, shot.ranking, shot.answer, settings)) for shot in shots]
    return [*(turn for turns in worked for turn in turns), ask(query, tools)]


def check_shots(settings: PromptSettings) -> None:
    """Raise RecipeError where worked examples cannot stand before a query."""
    if settings.answer == "native":
        raise RecipeError(
            "prompts.answer: native has no place for worked examples (few_shot:), as a chat in a model's own tool format has one set of tools. "
            "Take prompts.answer: json"
        )


def render_tools(tools: ToolSet, settings: PromptSettings) -> tuple[dict[str, Any], ...]:
    """The definitions that a chat template shows, in OpenAI's form; none where the tools stand in the text of the messages."""
    return tuple(_define(tool) for tool in tools) if settings.answer == "native" else ()


def _define(tool: Tool) -> dict[str, Any]:
    """A native definition. What templates expect in every schema is added where it is not there."""
    parameters = {**EMPTY_PARAMETERS, **tool.parameters}
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": parameters}}


def render_reply(task: Task, ranking: tuple[str, ...], answer: Call, settings: PromptSettings) -> Message:
    """The turn that a model is trained to answer with. Raises RecipeError for a task that cannot be asked under the settings."""
    check_task(task, settings)
    if settings.answer == "json" or task == "rank":
        text = render_answer(task, ranking, answer)
        return {"role": "assistant", "content": f"[{text}]" if task == "select" and settings.parallel else text}
    if answer.abstains:
        return {"role": "assistant", "content": settings.abstention}
    call: ToolCall = {"type": "function", "id": CALL_ID, "function": {"name": answer.name, "arguments": answer.arguments}}
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def render_answer(task: Task, ranking: tuple[str, ...], answer: Call) -> str:
    """An answer as JSON, as it is asked for in words."""
    if task == "rank":
        return json.dumps(list(ranking), ensure_ascii=False)
    call = {"name": answer.name, "arguments": answer.arguments}
    return json.dumps({"ranking": list(ranking), **call} if task == "joint" else call, ensure_ascii=False)


def render_choices(tools: ToolSet, settings: PromptSettings) -> dict[str, str]:
    """By name of the set, and of the default tool, how a call of it begins; none natively, where each model writes calls its own way."""
    if settings.answer == "native":
        return {}
    opening = '[{"name": ' if settings.parallel else '{"name": '
    return {name: f"{opening}{json.dumps(name, ensure_ascii=False)}" for name in (*tools.names, GENERATE_RESPONSE)}


def render_schema(tools: ToolSet, parallel: bool = False) -> dict[str, Any]:
    """The JSON Schema of an answer to `select`: a call of one of the tools with arguments that its schema allows, or abstention.

    With `parallel` a list of them. Parameters that a tool does not name are no part of it, as gentool.core.schema has it.
    Definitions that a tool's schema refers to stay its own.
    """
    calls = [_call_schema(tool.name, tool.parameters) for tool in tools]
    call = {"anyOf": [*calls, _call_schema(GENERATE_RESPONSE, {"type": "object", "properties": {}, "additionalProperties": False})]}
    return {"type": "array", "items": call, "minItems": 1} if parallel else call


def _call_schema(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    closed: dict[str, Any] = {"additionalProperties": False} if "properties" in parameters else {}
    if "$defs" in parameters or "definitions" in parameters:
        closed["$id"] = f"urn:tool:{quote(name)}"
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "arguments": {**EMPTY_PARAMETERS, **closed, **parameters}},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


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
