"""What synth/build.json holds: how much was written, verified and refused, by check and by domain, and what it cost.

Called by gentool.synth.pipeline; read by gentool.console, gentool.audit and the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gentool.core.family import Family, Query, Unserved, WeakTool
from gentool.core.tool import Tool
from gentool.engines.prices import Spending
from gentool.synth.calls import QueryCall
from gentool.synth.teacher import Teacher
from gentool.synth.verify import Rejection


@dataclass(frozen=True)
class Written:
    """All that a catalogue and its teacher gave. `strong` and `weak` are the tools that passed their checks, the rest is as written."""

    tools: list[Tool]
    strong: list[Tool]
    weak_written: list[WeakTool]
    weak: list[WeakTool]
    queries: list[Query]
    calls: list[QueryCall]
    unserved: list[Unserved]


def count_records(written: Written, families: Sequence[Family], unserved: Sequence[Unserved], rejections: Sequence[Rejection]) -> dict[str, Any]:
    """The counts of a run."""
    accepted = [query for family in families for query in family.queries]
    return {
        "written": {
            "tools": len(written.tools),
            "weak_tools": len(written.weak_written),
            "queries": len(written.queries),
            "calls": len(written.calls),
            "unserved": len(written.unserved),
        },
        "verified": {
            "families": len(families),
            "with_weak_tool": sum(bool(family.weak) for family in families),
            "queries": len(accepted),
            "unserved": len(unserved),
            "weak_fit": _counted(query.weak_fit if query.weak else "no weak tool" for query in accepted),
        },
        "weak_ways": _counted(way for family in families for record in family.weak for way in record.ways),
        "rejected": _counted(f"{rejection.kind}: {rejection.check}" for rejection in rejections),
        "by_domain": _count_domains(written, families, unserved),
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _count_domains(written: Written, families: Sequence[Family], unserved: Sequence[Unserved]) -> dict[str, dict[str, int]]:
    """For each domain what was written and what was kept; tools without a domain stand under `none`."""
    domains = {tool.id: tool.domain or "none" for tool in written.tools}
    counts = {
        "tools": Counter(domains.values()),
        "families": Counter(domains[family.id] for family in families),
        "queries_written": Counter(domains[query.strong] for query in written.queries if query.strong in domains),
        "queries_verified": Counter(domains[family.id] for family in families for _ in family.queries),
        "unserved_written": Counter(query.domain or "none" for query in written.unserved),
        "unserved_verified": Counter(query.domain or "none" for query in unserved),
    }
    return {domain: {name: count[domain] for name, count in counts.items()} for domain in sorted(set(domains.values()))}


THIS_START = ("requests", "from_cache")
"""What differs between a run that was stopped and one that was not."""
DIGITS = 8
"""Of costs; sums in another order differ in the last ones."""


def count_spending(teachers: Iterable[Teacher], accepted: int) -> dict[str, Any] | None:
    """What was paid for in the run folder by model, and for each record that was accepted; None where no teacher costs anything."""
    spent = {teacher.engine.name: teacher.spent for teacher in teachers if teacher.spent is not None}
    if not spent:
        return None
    costs = [one.cost for one in spent.values()]
    cost = None if None in costs else round(sum(one for one in costs if one is not None), DIGITS)
    tokens = sum(one.prompt_tokens + one.completion_tokens for one in spent.values())
    return {
        "models": {name: _describe(one) for name, one in spent.items()},
        "cost": cost,
        "accepted": accepted,
        "tokens_per_accepted": tokens / accepted if accepted else None,
        "cost_per_accepted": round(cost / accepted, DIGITS) if accepted and cost is not None else None,
    }


def _describe(spent: Spending) -> dict[str, Any]:
    figures = {key: value for key, value in asdict(spent).items() if key not in THIS_START}
    return figures | {"cost": None if spent.cost is None else round(spent.cost, DIGITS)}
