"""Test examples under other names of tools and parameters, in RoTBench's manner: the question `names`.

After RoTBench (Ye et al. 2024, arXiv 2401.08326): `slight` misspells names, `medium` turns them round or makes them random,
`heavy` has the tools of a set, and the parameters of a tool, swap their names. The right answer follows its tool: it is the
tool of the same description and schema under the new name. Called by gentool.probe.pipeline.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Iterator, Sequence

from gentool.core.example import Example
from gentool.core.tool import GENERATE_RESPONSE, Tool
from gentool.probe.altered import Altered, Base, alter
from gentool.train.masking import Mask, MaskedTool, apply_mask, can_rename, rename_parameters

CLEAN = "as they are"
LEVELS = ("slight", "medium", "heavy")
TRIES = 50

Draw = Callable[[str, random.Random], str]


def vary_names(bases: Iterable[Base], seed: int, avoid: Iterable[str] = ()) -> Iterator[Altered]:
    """Each example under its own names and under those of each level; `avoid` are names that no tool may be given anew."""
    taken = frozenset(avoid)
    for base in bases:
        yield alter(base, "names", CLEAN)
        for level in LEVELS:
            renamed = rename(base.example, level, random.Random(f"probe/names/{level}/{seed}/{base.example.id}"), taken)
            yield alter(base, "names", level, **dict(renamed))


def rename(example: Example, level: str, rng: random.Random, avoid: Iterable[str] = ()) -> Example:
    """The example under the names of a level: the same in its tools, its ranking and its calls. Descriptions stay."""
    names = example.tools.names
    absent = {name for name in (example.strong, example.weak) if name and name not in names}
    new = _rename_all(names, level, rng, {GENERATE_RESPONSE, *avoid, *absent})
    tools = {tool.id: _rename_tool(tool, new[tool.name], level, rng) for tool in example.tools}
    family = {(example.family, name): new.get(name, name) for name in (example.strong, example.weak) if name}
    return apply_mask(example, Mask(tools, family))


def _rename_tool(tool: Tool, name: str, level: str, rng: random.Random) -> MaskedTool:
    """A tool under another name; its parameters too where its schema names them nowhere else."""
    parameters = _rename_all(tuple(tool.properties), level, rng, set()) if can_rename(tool.parameters) else {}
    schema = rename_parameters(tool.parameters, parameters) if parameters else tool.parameters
    renamed = Tool(name=name, description=tool.description, parameters=schema, returns=tool.returns, domain=tool.domain, source=tool.source)
    return MaskedTool(renamed, parameters)


def _rename_all(names: Sequence[str], level: str, rng: random.Random, avoid: set[str]) -> dict[str, str]:
    """A new name for each: all different, and but for `heavy` none of the old ones or of `avoid`. A single name cannot be swapped."""
    if level == "heavy":
        return swap(names, rng)
    taken = {*names, *avoid}
    return {name: _draw_free(name, misspell if level == "slight" else disguise, taken, rng) for name in names}


def _draw_free(name: str, draw: Draw, taken: set[str], rng: random.Random) -> str:
    for _ in range(TRIES):
        found = draw(name, rng)
        if found not in taken:
            break
    else:
        while (found := scramble(name, rng)) in taken:
            pass
    taken.add(found)
    return found


def swap(names: Sequence[str], rng: random.Random) -> dict[str, str]:
    """Each name's new one: the names in a random ring, each taking the next one's. One name alone stays."""
    ring = rng.sample(names, len(names))
    return {name: ring[(place + 1) % len(ring)] for place, name in enumerate(ring)}


def misspell(name: str, rng: random.Random) -> str:
    """A typing mistake: a letter more, one less, or another one."""
    place, letter = rng.randrange(len(name)), rng.choice(string.ascii_lowercase)
    match rng.choice(("insert", "omit", "substitute") if len(name) > 1 else ("insert", "substitute")):
        case "insert":
            return name[:place] + letter + name[place:]
        case "omit":
            return name[:place] + name[place + 1 :]
    return name[:place] + letter + name[place + 1 :]


def disguise(name: str, rng: random.Random) -> str:
    """A name that says nothing: the letters from the end to the beginning, or random ones."""
    return name[::-1] if rng.random() < 0.5 else scramble(name, rng)


def scramble(name: str, rng: random.Random) -> str:
    """Random letters, as many as the name has and four at least."""
    return "".join(rng.choices(string.ascii_lowercase, k=max(4, len(name))))
