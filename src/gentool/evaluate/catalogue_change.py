"""What changed between two catalogues: tools in, the tools added, removed, renamed and changed out. Pure.

Tools are known by their names, as a model knows them; a name may stand for several tools. Called by gentool.drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from gentool.core.canonical import canonical_json
from gentool.core.drift import AddedTool, CatalogueChange, ToolChange, ToolRename
from gentool.core.tool import Tool

LONGEST = 60
"""Characters of a text or value that a difference shows."""
SHOWN_KEYS = ("type", "format", "enum", "default", "minimum", "maximum", "minLength", "maxLength", "pattern", "items")
"""Keys of a parameter's schema whose old and new values a difference shows."""


def compare_catalogues(before: Sequence[Tool], after: Sequence[Tool]) -> CatalogueChange:
    """The change from one catalogue to another; domain and source are no part of a tool."""
    old, new = _by_name(before), _by_name(after)
    removed, added = [name for name in old if name not in new], [name for name in new if name not in old]
    renamed = _find_renames(old, new, removed, added)
    gone, come = {pair.before for pair in renamed}, {pair.after for pair in renamed}
    both = [name for name in old if name in new]
    changed = [ToolChange(name=name, differences=tuple(_differences(old[name], new[name]))) for name in both if _ids(old[name]) != _ids(new[name])]
    return CatalogueChange(
        tools_before=len(before),
        tools_after=len(after),
        added=tuple(_find_nearest([new[name][0] for name in added if name not in come], before)),
        removed=tuple(name for name in removed if name not in gone),
        renamed=tuple(renamed),
        changed=tuple(changed),
        unchanged=tuple(name for name in both if _ids(old[name]) == _ids(new[name])),
        repeated=tuple(name for name in dict.fromkeys([*old, *new]) if max(len(old.get(name, ())), len(new.get(name, ()))) > 1),
        reordered=_is_reordered(old, new, renamed),
    )


def order_alike(before: Sequence[Tool], after: Sequence[Tool], change: CatalogueChange) -> list[Tool]:
    """The second catalogue with the tools that stayed in the order of the first, so that nothing but the change differs.

    Added tools keep their places; so does everything where the order is the same already.
    """
    if not change.reordered:
        return list(after)
    new, names_after = _by_name(after), change.names_after
    kept = [tool for name in _by_name(before) if name in names_after for tool in new[names_after[name]]]
    waiting = iter(kept)
    stayed = set(names_after.values())
    return [next(waiting) if tool.name in stayed else tool for tool in after]


def _by_name(tools: Sequence[Tool]) -> dict[str, list[Tool]]:
    found: dict[str, list[Tool]] = {}
    for tool in tools:
        found.setdefault(tool.name, []).append(tool)
    return found


def _ids(tools: Sequence[Tool]) -> list[str]:
    return sorted(tool.id for tool in tools)


def _find_renames(old: Mapping[str, list[Tool]], new: Mapping[str, list[Tool]], removed: Sequence[str], added: Sequence[str]) -> list[ToolRename]:
    """Removed and added tools of one definition but for the name; definitions that say nothing are no sign of it."""
    waiting = {name: [_definition(tool) for tool in new[name]] for name in added}
    renames = []
    for name in removed:
        definition = [_definition(tool) for tool in old[name]]
        found = next((other for other, theirs in waiting.items() if theirs == definition), None)
        if found and any(tool.description or tool.properties for tool in old[name]):
            renames.append(ToolRename(before=name, after=found))
            del waiting[found]
    return renames


def _definition(tool: Tool) -> str:
    return canonical_json([tool.description, tool.parameters, tool.returns])


def _is_reordered(old: Mapping[str, list[Tool]], new: Mapping[str, list[Tool]], renamed: Sequence[ToolRename]) -> bool:
    after = {pair.before: pair.after for pair in renamed}
    kept = [after.get(name, name) for name in old if after.get(name, name) in new]
    return kept != [name for name in new if name in set(kept)]


def _find_nearest(added: Sequence[Tool], before: Sequence[Tool]) -> Iterator[AddedTool]:
    """Each added tool with the one of before that is most like it: those two may be confused."""
    from gentool.engines.vectors import embed_tfidf, similarities

    if not added:
        return
    vectors = embed_tfidf([tool.text for tool in (*added, *before)])
    for tool, row in zip(added, similarities(vectors[: len(added)], vectors[len(added) :]), strict=True):
        best = int(row.argmax())
        near = float(row[best])
        yield AddedTool(name=tool.name, nearest=before[best].name if near > 0 else None, similarity=round(near, 3))


# Differences of one tool


def _differences(old: Sequence[Tool], new: Sequence[Tool]) -> Iterator[str]:
    """In what the tools of one name differ, one line each."""
    if len(old) != 1 or len(new) != 1:
        yield f"{len(old)} definitions of this name before, {len(new)} after"
        return
    yield from _differences_of_tool(old[0], new[0])


def _differences_of_tool(old: Tool, new: Tool) -> Iterator[str]:
    if old.description != new.description:
        yield "description: {} -> {}".format(*_from_difference(old.description, new.description))
    found = list(_parameter_differences(old, new))
    yield from found
    if not found and canonical_json(old.parameters) != canonical_json(new.parameters):
        yield "parameters: the schema as a whole"
    if canonical_json(old.returns) != canonical_json(new.returns):
        yield "returns"


def _parameter_differences(old: Tool, new: Tool) -> Iterator[str]:
    for name, schema in new.properties.items():
        if name not in old.properties:
            yield f"parameter added: {name} ({'required' if name in new.required else 'optional'}{_kind(schema)})"
    for name, schema in old.properties.items():
        if name not in new.properties:
            yield f"parameter removed: {name}"
            continue
        if (name in old.required) != (name in new.required):
            yield f"{name}: {'now' if name in new.required else 'no longer'} required"
        if canonical_json(schema) != canonical_json(new.properties[name]):
            yield f"{name}: {_schema_difference(schema, new.properties[name])}"


def _kind(schema: Any) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return f", {kind}" if isinstance(kind, str) else ""


def _schema_difference(old: Any, new: Any) -> str:
    """What differs between two schemas of one parameter, the keys that people know with their values."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return f"{_show(old)} -> {_show(new)}"
    keys = [
        key for key in dict.fromkeys([*old, *new]) if canonical_json(old.get(key)) != canonical_json(new.get(key)) or (key in old) != (key in new)
    ]
    return ", ".join(f"{key} {_value(old, key)} -> {_value(new, key)}" if key in SHOWN_KEYS else key for key in keys)


def _value(schema: Mapping[str, Any], key: str) -> str:
    return _show(schema[key]) if key in schema else "none"


def _from_difference(old: str, new: str) -> tuple[str, str]:
    """Two texts from the word on in which they begin to differ, as they are shown."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = max(0, old.rfind(" ", 0, max(0, same - LONGEST // 3)) + 1)
    cut = "…" if start else ""
    return _show(cut + old[start:]), _show(cut + new[start:])


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
