"""Function masking: names of tools and parameters replaced by random ones, so that a student must read the descriptions.

After Hammer (Lin et al. 2024, arXiv 2410.04587). Training examples in, the same examples under other names out; called by
gentool.train where an epoch's rows are rendered. Descriptions, nested properties and what a tool returns stay as they are: a
description that quotes a name goes on quoting the former one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from gentool.core.call import Call
from gentool.core.example import Example
from gentool.core.recipe import Settings
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet

CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
RENAMED = frozenset({"properties", "required", "dependentRequired", "dependentSchemas"})
"""Keywords that name parameters, and are rewritten."""
NAMELESS = frozenset(
    {
        "type",
        "additionalProperties",
        "unevaluatedProperties",
        "minProperties",
        "maxProperties",
        "$defs",
        "definitions",
        "$schema",
        "$comment",
        "title",
        "description",
        "deprecated",
    }
)
"""Keywords that may stand beside them because they name no parameter."""
DEFINITIONS = ("#/$defs/", "#/definitions/")
"""Where a `$ref` may lead: nothing that is renamed stands there."""


class MaskingSettings(Settings):
    """How often the names are masked in training.

    probability: of each bundle (the examples that share a prompt) in each epoch; 0 never masks. parameters: whether the
    names of parameters are masked too.
    """

    probability: float = Field(default=0.0, ge=0, le=1)
    parameters: bool = True


@dataclass(frozen=True)
class MaskedTool:
    """A tool under its masked name, and the masked names of its parameters by their own."""

    tool: Tool
    parameters: dict[str, str]


@dataclass(frozen=True)
class Mask:
    """What the examples of a bundle are masked with: tools by id, and the names of families' tools by family and name."""

    tools: dict[str, MaskedTool]
    family_names: dict[tuple[str, str], str]


def mask_examples(examples: Sequence[Example], settings: MaskingSettings, seed: int, epoch: int) -> list[Example]:
    """The examples of one epoch, in their order; those of a bundle (or a pair) are masked alike or not at all.

    An example that is not masked is the same object.
    """
    if not settings.probability:
        return list(examples)
    bundles: dict[str, list[Example]] = {}
    for example in examples:
        bundles.setdefault(bundle_of(example), []).append(example)
    masks: dict[str, Mask] = {}
    for bundle, members in bundles.items():
        rng = random.Random(f"mask/{seed}/{epoch}/{bundle}")
        if rng.random() < settings.probability:
            masks[bundle] = draw_mask(members, rng, settings.parameters)
    return [apply_mask(example, masks[bundle_of(example)]) if bundle_of(example) in masks else example for example in examples]


def bundle_of(example: Example) -> str:
    """What an example shares its mask with."""
    return example.bundle or example.pair


def mask_example(example: Example, rng: random.Random, parameters: bool = True) -> Example:
    """One example under random names, the same in its tools, its ranking and its calls."""
    return apply_mask(example, draw_mask([example], rng, parameters))


def draw_mask(examples: Sequence[Example], rng: random.Random, parameters: bool) -> Mask:
    """A random name for every tool of the examples, unique among them and none of their own. The order of the examples does not matter."""
    tools = {tool.id: tool for example in examples for tool in example.tools}
    family_tools = {(example.family, name) for example in examples for name in (example.strong, example.weak) if name}
    taken = {GENERATE_RESPONSE, *(tool.name for tool in tools.values()), *(name for _, name in family_tools)}
    masked = {identifier: _mask_tool(tools[identifier], taken, rng, parameters) for identifier in sorted(tools)}
    names: dict[tuple[str, str], str] = {}
    for example in examples:
        names |= {(example.family, tool.name): masked[tool.id].tool.name for tool in example.tools if tool.name in (example.strong, example.weak)}
    for absent in sorted(family_tools - set(names)):
        names[absent] = draw_name(taken, rng)
    return Mask(masked, names)


def draw_name(taken: set[str], rng: random.Random) -> str:
    """A random identifier that is not taken, such as `ravo_limu7`: it can be read and means nothing. It is taken from then on."""
    while True:
        words = ["".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(2)) for _ in range(rng.choice((1, 2)))]
        name = f"{'_'.join(words)}{rng.randrange(10)}"
        if name not in taken:
            taken.add(name)
            return name


def _mask_tool(tool: Tool, taken: set[str], rng: random.Random, parameters: bool) -> MaskedTool:
    """A tool under a random name; its parameters too where its schema names them nowhere else."""
    name = draw_name(taken, rng)
    renamed: dict[str, str] = {}
    if parameters and can_rename(tool.parameters):
        inner = set(tool.properties)
        renamed = {parameter: draw_name(inner, rng) for parameter in tool.properties}
    schema = rename_parameters(tool.parameters, renamed) if renamed else tool.parameters
    masked = Tool(name=name, description=tool.description, parameters=schema, returns=tool.returns, domain=tool.domain, source=tool.source)
    return MaskedTool(masked, renamed)


def can_rename(schema: Any) -> bool:
    """Whether the parameters of a schema can be renamed: no keyword but those of `RENAMED` constrains them by name.

    A `$ref` may lead into the definitions alone: elsewhere it could lead to a parameter, or to the schema itself.
    """
    if isinstance(schema, bool):
        return True
    dependent = schema.get("dependentSchemas", {}).values()
    return set(schema) <= RENAMED | NAMELESS and all(can_rename(inner) for inner in dependent) and all(map(_stays, _references(schema)))


def _stays(reference: Any) -> bool:
    return isinstance(reference, str) and reference.startswith(DEFINITIONS)


def _references(value: Any) -> Iterator[Any]:
    """Where the `$ref`s and `$dynamicRef`s of a schema lead; None for the latter, which may lead anywhere."""
    if isinstance(value, dict):
        yield from (None if key == "$dynamicRef" else inner for key, inner in value.items() if key in ("$ref", "$dynamicRef"))
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _references(child)


def rename_parameters(schema: Any, names: dict[str, str]) -> Any:
    """The schema with its parameters renamed wherever a keyword of `RENAMED` names them, in their order."""
    if isinstance(schema, bool):
        return schema
    renamed = dict(schema)
    for key in RENAMED & set(schema):
        renamed[key] = _rename(key, schema[key], names)
    return renamed


def _rename(key: str, value: Any, names: dict[str, str]) -> Any:
    """The value of one keyword of `RENAMED`."""
    match key:
        case "required":
            return [names.get(name, name) for name in value]
        case "dependentRequired":
            return {names.get(name, name): _rename("required", others, names) for name, others in value.items()}
        case "dependentSchemas":
            return {names.get(name, name): rename_parameters(inner, names) for name, inner in value.items()}
    return {names.get(name, name): inner for name, inner in value.items()}


def apply_mask(example: Example, mask: Mask) -> Example:
    """The example under the names of a mask, which must have been drawn for its tools; id, query, pair and bundle stay."""
    masked = {tool.name: mask.tools[tool.id] for tool in example.tools}
    answering = masked.get(example.answer.name)
    changes: dict[str, Any] = {
        "tools": ToolSet.of(mask.tools[tool.id].tool for tool in example.tools),
        "ranking": tuple(masked[name].tool.name if name in masked else name for name in example.ranking),
        "answer": _mask_call(example.answer, masked),
        "acceptable": tuple(_mask_call(call, masked) for call in example.acceptable),
        "alternatives": _mask_keys(example.alternatives, answering),
        "strong": mask.family_names.get((example.family, example.strong or "")),
        "weak": mask.family_names.get((example.family, example.weak or "")),
    }
    return Example(**{**dict(example), **changes})


def _mask_call(call: Call, masked: dict[str, MaskedTool]) -> Call:
    tool = masked.get(call.name)
    return Call(name=tool.tool.name, arguments=_mask_keys(call.arguments, tool)) if tool else call


def _mask_keys(arguments: dict[str, Any], tool: MaskedTool | None) -> dict[str, Any]:
    """What stands by parameter, under the tool's masked names."""
    return {tool.parameters.get(name, name): value for name, value in arguments.items()} if tool else arguments
