"""The task `weaken`: a strong tool in, a weak counterpart out. Holds the request, its words and the reader of the reply.

The ways in which the tool is to be weaker are drawn for each request, so that weak tools vary over a catalogue.
Called by gentool.synth.pipeline.
"""

from __future__ import annotations

import random

from pydantic import Field

from gentool.core.canonical import content_hash
from gentool.core.family import WeakTool
from gentool.core.tool import Record, Tool
from gentool.engines.engine import Request
from gentool.synth.gaps import returned_names
from gentool.synth.replies import object_schema, read_reply, show_tool, write_chat

INSTRUCTIONS = """\
You design tools (functions that a language model calls) for a data set about tools of different strength. You are shown one tool, the \
strong one, and the ways in which a second tool, the weak one, is to be weaker. Write the weak tool.

The weak tool is an older, simpler or poorer API for the same purpose:
- A user with the plainest need of this kind is still served by it; a user with a richer need is not.
- It is weaker in every one of the given ways and in nothing else: its other parameters and returned values stay, with the same meaning.
- It is a credible API of its own, not the strong one with a word changed. Its name differs from the strong tool's and does not say that it \
is weak (no "weak", "limited", "bad"). Its description is written in other words, states what the tool does in one or two sentences, and \
states each limit that the schema does not show ("Covers domestic addresses only."). It mentions neither the strong tool nor "the other tool".
- A way that begins with "schema" shows in the schema: the parameter, value or returned field is really absent or really restricted. No other \
parameter makes up for it.
- `parameters` and `returns` are JSON Schema objects: types, descriptions, enums, formats and defaults complete; `required` names only \
parameters that exist; `"additionalProperties": false`. Leave `returns` null only if the strong tool returns nothing.
- Parameters that mean the same as one of the strong tool's may have another name; list those in `renamed` as {"strong name": "weak name"}.

Answer with one JSON object and nothing else:
{"tool": {"name": "...", "description": "...", "parameters": {...}, "returns": {...}}, "ways": ["the names of the ways that you used"], \
"renamed": {}}"""

SCHEMA_WAYS = {
    "missing_parameter": "schema: one or two optional parameters that carry a real capability are absent",
    "fewer_values": "schema: an enum has about half of the values",
    "narrower_range": "schema: a number's range is clearly smaller (minimum or maximum)",
    "single_value": "schema: one value is taken where the strong tool takes a list",
    "missing_return": "schema: about half of the returned fields are absent, one that users ask for among them",
}
STATED_WAYS = {
    "stale_data": "its data is old or updated rarely (the description says how old)",
    "smaller_coverage": "it covers fewer places, products, people or sources (the description names them)",
    "coarser_detail": "its results are coarser (the description says how coarse)",
    "fixed_unit": "it works in one fixed unit, currency, language or time zone (the description names it)",
    "exact_match_only": "it finds only what is spelt exactly, or asked for by its id",
    "capped_results": "it handles or returns only a few items (the description gives the number)",
    "approximate_result": "its results are approximate (the description says so)",
    "manual_processing": "what it starts is done by hand later, within days (the description says so)",
}
WORDINGS = {
    "other_name": "a name that people would connect less readily with the need, and a precise description",
    "vaguer_description": "a clear name, and a description that is short and vague about anything but its limits",
    "other_name_and_vaguer_description": "a less telling name and a short, vague description",
}
SCHEMA = object_schema(
    {
        "tool": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 64},
                "description": {"type": "string"},
                "parameters": {"type": "object"},
                "returns": {"type": ["object", "null"]},
            },
            "required": ["name", "description", "parameters"],
            "additionalProperties": False,
        },
        "ways": {"type": "array", "items": {"type": "string"}},
        "renamed": {"type": "object", "additionalProperties": {"type": "string"}},
    }
)


class WeakReply(Record):
    """What is asked for: the weak tool, the ways in which it is weaker, and which parameters it names otherwise."""

    tool: Tool
    ways: tuple[str, ...] = ()
    renamed: dict[str, str] = Field(default_factory=dict)


def ask_weak_tool(strong: Tool, number: int, seed: int) -> Request:
    """Ask for the `number`-th weak counterpart of a tool."""
    ways = draw_ways(strong, number, seed)
    asked = "\n".join(f"- {name}: {(SCHEMA_WAYS | STATED_WAYS | WORDINGS)[name]}" for name in ways)
    messages = write_chat(INSTRUCTIONS, f"The strong tool:\n{show_tool(strong)}", f"The weak tool is weaker in these ways:\n{asked}")
    identifier = content_hash("weaken", strong.id, number, seed)
    inputs = {"tool": strong, "number": number, "seed": seed}
    return Request(identifier, "weaken", messages=messages, inputs=inputs, schema=SCHEMA, sample=number)


def read_weak_tool(request: Request, text: str) -> WeakTool:
    """The weak tool of a reply. Raises UnreadableReplyError."""
    reply = read_reply(WeakReply, text)
    strong: Tool = request.inputs["tool"]
    tool = reply.tool.model_copy(update={"domain": strong.domain, "source": strong.source})
    return WeakTool(id=tool.id, strong=strong.id, tool=tool, ways=reply.ways, renamed=reply.renamed)


def draw_ways(strong: Tool, number: int, seed: int) -> list[str]:
    """One or two ways that the tool's schema allows, or one that a description states where it allows none; then a wording."""
    rng = random.Random(f"ways/{seed}/{number}/{strong.id}")
    possible = [name for name in SCHEMA_WAYS if _allows(strong, name)]
    stated = rng.choice(list(STATED_WAYS))
    chosen = rng.sample(possible, min(len(possible), rng.randint(1, 2)))
    if len(chosen) < 2 and (not chosen or rng.random() < 0.5):
        chosen.append(stated)
    return [*chosen, rng.choice(list(WORDINGS))]


def _allows(strong: Tool, way: str) -> bool:
    """Whether a tool's schema has what a way takes away."""
    schemas = [schema for schema in strong.properties.values() if isinstance(schema, dict)]
    match way:
        case "missing_parameter":
            return len(strong.properties) > 1 and len(strong.properties) > len(strong.required)
        case "fewer_values":
            return any(isinstance(schema.get("enum"), list) and len(schema["enum"]) > 2 for schema in schemas)
        case "narrower_range":
            return any(schema.get("type") in ("integer", "number") and "enum" not in schema for schema in schemas)
        case "single_value":
            return any(schema.get("type") == "array" for schema in schemas)
    return len(returned_names(strong)) > 1
