"""Stand-ins for answers that are not there yet: of typical size, so that the requests that follow from them have theirs.

The sizes are those of the starter set, which people wrote (`gentool starter stats`). Called by gentool.synth.estimate.
"""

from __future__ import annotations

import json
from typing import Any

from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.synth.replies import show_tool
from gentool.synth.weaken import STATED_WAYS

QUERY_LENGTH = 126
UNSERVED_LENGTH = 90
"""Characters of a query."""
SERVED_SHARE = 0.8
"""The share of queries that the weak tool serves at least in part."""
OPTIONAL_SHARE = 0.35
"""The share of optional parameters that a call gives."""
WEAK_SIZE = 0.8
"""The size of a weak tool's definition to its strong tool's."""
STATED = next(iter(STATED_WAYS))
FILL = "Could you see to this for me before the week is out please, there are four of us coming and we would all need it by then, thank you "


def stand_in(request: Request) -> str:
    """An answer to one of the teacher's tasks."""
    inputs = request.inputs
    match request.task:
        case "weaken":
            return _write({"tool": _weak_tool(inputs["tool"], inputs["number"]), "ways": [STATED, "missing_parameter"], "renamed": {}})
        case "queries":
            return _write({"queries": _queries(inputs["weak"] is not None, inputs["count"])})
        case "calls":
            return _write(_call(next(tool for tool in (inputs["strong"], inputs["weak"]) if tool and tool.id == inputs["target"])))
        case "unserved":
            near = [tool.name for tool in inputs["tools"][:2]]
            return _write({"queries": [{"text": _text(number, UNSERVED_LENGTH), "near": near} for number in range(inputs["count"])]})
        case "judge":
            names = [tool.name for tool in inputs["tools"]]
            return _write({"full": names[:1], "partial": names[1:2]})
    raise ValueError(f"there is no stand-in for the task '{request.task}'")


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(number: int, length: int) -> str:
    """A text that shares no more with the next than its filling."""
    return f"{number} {FILL}"[:length].ljust(length, "x")


def _weak_tool(strong: Tool, number: int) -> dict[str, Any]:
    """The strong tool under another name, without as many of its last parameters and returned values as makes it as small as weak tools are."""
    weak: dict[str, Any] = json.loads(show_tool(strong))
    weak |= {"name": f"{strong.name}_{number + 1}", "description": f"{strong.description} ({number + 1})"}
    most = WEAK_SIZE * len(_write(weak))
    for table in (weak["parameters"], weak.get("returns") or {}):
        properties = table.get("properties")
        if not isinstance(properties, dict):
            continue
        optional = [name for name in properties if name not in table.get("required", ())]
        while len(optional) > 1 and len(_write(weak)) > most:
            del properties[optional.pop()]
    return weak


def _queries(has_weak: bool, count: int) -> list[dict[str, Any]]:
    served = round(count * SERVED_SHARE)
    full = served // 2
    fits = ["full"] * full + ["partial"] * (served - full) + ["none"] * (count - served) if has_weak else ["none"] * count
    return [
        {"text": _text(number, QUERY_LENGTH), "weak_fit": fit, "needs": ["missing_parameter:name"] if has_weak and fit != "full" else []}
        for number, fit in enumerate(fits)
    ]


def _call(tool: Tool) -> dict[str, Any]:
    optional = [name for name in tool.properties if name not in tool.required]
    given = [*tool.required, *optional[: round(OPTIONAL_SHARE * len(optional))]]
    evidence = {name: ["the words for it"] for name in given[:1]}
    return {"name": tool.name, "arguments": dict.fromkeys(given, "some value"), "evidence": evidence, "alternatives": {}}
