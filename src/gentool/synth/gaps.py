"""What a weak tool cannot do that its strong tool can, read from their two schemas.

Used by the rules teacher (to label fits) and by verification (a weak tool without a gap is not weaker).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gentool.core.family import Fit
from gentool.core.tool import Tool

GapKind = Literal["missing_parameter", "fewer_values", "narrower_range", "single_value", "missing_return"]


@dataclass(frozen=True)
class Gap:
    """One capability that is lost: its kind, and the parameter or returned value that it concerns."""

    kind: GapKind
    name: str

    @property
    def label(self) -> str:
        return f"{self.kind}:{self.name}"


def find_gaps(strong: Tool, weak: Tool, renamed: dict[str, str] | None = None) -> list[Gap]:
    """Every gap of `weak` against `strong`, in the order of the strong tool's parameters, then of what it returns.

    `renamed` maps parameters of the strong tool to those that the weak tool has for them under another name.
    """
    other = renamed or {}
    gaps = [gap for name, schema in strong.properties.items() if (gap := _parameter_gap(name, schema, weak.properties.get(other.get(name, name))))]
    returned = returned_names(weak)
    return gaps + [Gap("missing_return", name) for name in returned_names(strong) if name not in returned]


def returned_names(tool: Tool) -> tuple[str, ...]:
    """The names of what a tool returns."""
    properties = (tool.returns or {}).get("properties")
    return tuple(properties) if isinstance(properties, dict) else ()


def _parameter_gap(name: str, strong: Any, weak: Any) -> Gap | None:
    if weak is None:
        return Gap("missing_parameter", name)
    if not isinstance(strong, dict) or not isinstance(weak, dict):
        return None
    if strong.get("type") == "array" and weak.get("type") != "array":
        return Gap("single_value", name)
    if isinstance(weak.get("enum"), list) and (_values(strong) is None or set(map(repr, _values(strong) or [])) > set(map(repr, weak["enum"]))):
        return Gap("fewer_values", name)
    if _is_narrower(weak, strong):
        return Gap("narrower_range", name)
    return None


def _values(schema: dict[str, Any]) -> list[Any] | None:
    return schema["enum"] if isinstance(schema.get("enum"), list) else None


def _is_narrower(weak: dict[str, Any], strong: dict[str, Any]) -> bool:
    low, high = weak.get("minimum"), weak.get("maximum")
    lower = low is not None and (strong.get("minimum") is None or low > strong["minimum"])
    higher = high is not None and (strong.get("maximum") is None or high < strong["maximum"])
    return lower or higher


def fit_of_gap(gap: Gap, strong: Tool) -> Fit:
    """The fit that is left for a query that uses the gap.

    A value that the weak tool cannot take for a required parameter leaves nothing to call (`none`); every other loss
    leaves the query's core (`partial`). A missing required parameter leaves `none` only where it was the only one.
    """
    if gap.kind in ("fewer_values", "narrower_range"):
        return "none" if gap.name in strong.required else "partial"
    if gap.kind == "missing_parameter" and strong.required == (gap.name,):
        return "none"
    return "partial"


def worst_fit(fits: list[Fit]) -> Fit:
    """The worst of several fits; `full` where there are none."""
    return "none" if "none" in fits else "partial" if "partial" in fits else "full"
