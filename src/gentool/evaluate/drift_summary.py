"""The figures of a drift: records in, a `DriftSummary` out, and whether thresholds hold. Pure.

Shares carry intervals that allow for queries of one tool standing or falling together (gentool.evaluate.intervals). Called by
gentool.drift; docs/drift.md says what each figure counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from gentool.core.drift import OUTCOMES, AddedFigures, CatalogueChange, Check, DriftRecord, DriftSummary, Rate, ToolFigures, abstains
from gentool.evaluate.intervals import estimate_proportion

State = Literal["unchanged", "changed", "renamed", "removed"]


def summarise_drift(summary: DriftSummary, records: Sequence[DriftRecord]) -> DriftSummary:
    """The summary with its figures filled in from the records."""
    change = summary.change
    counts = Counter(record.outcome for record in records)
    best_is_added = [record for record in records if best_after(record) in {tool.name for tool in change.added}]
    was_right = [record for record in records if record.before.right]
    figures = {
        "queries": len(records),
        "judged": sum(record.before.expected is not None and record.after.expected is not None for record in records),
        "outcomes": {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]},
        "right_before": rate([record for record in records if record.before.expected], lambda record: record.before.right is True),
        "right_after": rate([record for record in records if record.after.expected], lambda record: record.after.right is True),
        "regressions": rate(was_right, lambda record: record.regression),
        "adoption": rate(best_is_added, lambda record: record.after.chosen == best_after(record)),
        "switching": rate([record for record in records if _has_better(record, change)], lambda record: record.after.chosen == best_after(record)),
        "changed": rate(
            [record for record in records if record.before.chosen and record.after.chosen], lambda record: _answers_differ(record, change)
        ),
        "added": tuple(_summarise_added(tool.name, records) for tool in change.added),
        "existing": tuple(_summarise_existing(records, change)),
    }
    return summary.model_copy(update=figures)


def rate(records: Iterable[DriftRecord], counts: Callable[[DriftRecord], bool]) -> Rate:
    """The share of records that count, with its interval."""
    found = [(record.family, counts(record)) for record in records]
    share = estimate_proportion(found)
    return Rate(count=sum(counted for _, counted in found), of=len(found), value=share.value, low=share.low, high=share.high)


def best_after(record: DriftRecord) -> str | None:
    """The name that is best after the change; None where that is not known."""
    return record.after.expected[0] if record.after.expected else None


def _best_before(record: DriftRecord, change: CatalogueChange) -> str | None:
    """The name that was best before, as it is now."""
    best = record.before.expected[0] if record.before.expected else None
    return change.names_after.get(best, best) if best else None


def _has_better(record: DriftRecord, change: CatalogueChange) -> bool:
    """Whether a tool served before and another one is the best now."""
    old, new = _best_before(record, change), best_after(record)
    return old is not None and new is not None and old != new and not abstains(old) and not abstains(new)


def _answers_differ(record: DriftRecord, change: CatalogueChange) -> bool:
    """Whether another tool was chosen than before; a tool that was renamed is the same one."""
    chosen = record.before.chosen or ""
    return change.names_after.get(chosen, chosen) != record.after.chosen


def _summarise_added(name: str, records: Sequence[DriftRecord]) -> AddedFigures:
    own = [record for record in records if best_after(record) == name]
    others = [record for record in records if record.after.expected is not None and name not in record.after.expected]
    called = [record for record in records if record.after.chosen == name]
    instead = Counter(record.after.chosen or "(unreadable)" for record in own if record.after.chosen != name)
    return AddedFigures(
        name=name,
        adoption=rate(own, lambda record: record.after.chosen == name),
        instead=dict(instead.most_common()),
        attracted=rate(others, lambda record: record.after.chosen == name),
        faulty=rate(called, lambda record: bool(record.after.fault)),
    )


def _summarise_existing(records: Sequence[DriftRecord], change: CatalogueChange) -> Iterable[ToolFigures]:
    """The tools of before that some query was for, those with most regressions first; abstention is one of them."""
    state = _states(change)
    found = [_summarise_tool(name, state.get(name, "unchanged"), records, change) for name in _tools_asked_for(records, change)]
    return sorted(found, key=lambda one: (-one.regressions.count, -one.right_before.of))


def _states(change: CatalogueChange) -> dict[str, State]:
    return {
        **{tool.name: "changed" for tool in change.changed},
        **{pair.after: "renamed" for pair in change.renamed},
        **dict.fromkeys(change.removed, "removed"),
    }


def _tools_asked_for(records: Sequence[DriftRecord], change: CatalogueChange) -> list[str]:
    names = (_best_before(record, change) for record in records)
    return list(dict.fromkeys(name for name in names if name is not None))


def _summarise_tool(name: str, state: State, records: Sequence[DriftRecord], change: CatalogueChange) -> ToolFigures:
    own = [record for record in records if _best_before(record, change) == name]
    was_right = [record for record in own if record.before.right]
    pulled = Counter(_where_to(record) for record in was_right if record.regression)
    return ToolFigures(
        name=name,
        state=state,
        right_before=rate(own, lambda record: record.before.right is True),
        right_after=rate([record for record in own if record.after.expected], lambda record: record.after.right is True),
        regressions=rate(was_right, lambda record: record.regression),
        pulled_by=dict(pulled.most_common()),
    )


def _where_to(record: DriftRecord) -> str:
    """What took the place of a right answer."""
    if record.outcome == "broken_call":
        return "(a call that does not hold)"
    return record.pulled_by or "(unreadable)"


# Thresholds


def check_thresholds(
    summary: DriftSummary, max_regressions: str | int | None, min_adoption: str | int | None, max_changed: str | int | None = None
) -> tuple[Check, ...]:
    """Each threshold that was set, judged. A limit is a count, or a percentage as `5%`.

    Where nothing could be measured, a limit that something must reach is broken, one that nothing may pass is not judged.
    """
    checks = []
    if max_regressions is not None:
        checks.append(_check_most("max_regressions", max_regressions, summary.regressions, "answers that were right before", summary))
    if min_adoption is not None:
        checks.append(_check_adoption(min_adoption, summary))
    if max_changed is not None:
        checks.append(_check_most("max_changed", max_changed, summary.changed, "answers that can be compared", summary))
    return tuple(checks)


def parse_limit(limit: str | int) -> tuple[float, bool]:
    """A limit's number, and whether it is a percentage. Raises ValueError with how to write it."""
    text = str(limit).strip()
    number = text.removesuffix("%")
    percent = number != text
    try:
        value = float(number) if percent else int(number)
    except ValueError:
        raise ValueError(f"write a count, as 3, or a percentage, as 5%, not {text!r}") from None
    if not 0 <= value <= (100 if percent else float("inf")):
        raise ValueError(f"{text} is out of range: a count is at least 0, a percentage from 0% to 100%")
    return value, percent


def _check_most(name: Literal["max_regressions", "max_changed"], limit: str | int, found: Rate, noun: str, summary: DriftSummary) -> Check:
    most, percent = parse_limit(limit)
    shown = f"at most {limit}"
    if summary.change.is_empty:
        return Check(name=name, limit=shown, found="the catalogues are equal", passed=True)
    if found.value is None:
        return Check(name=name, limit=shown, found=f"not judged: there are no {noun}", passed=None)
    passed = 100 * found.count <= most * found.of if percent else found.count <= most
    return Check(name=name, limit=shown, found=f"{found.count} of {found.of} {noun} ({100 * found.value:.1f}%)", passed=passed)


def _check_adoption(limit: str | int, summary: DriftSummary) -> Check:
    least, percent = parse_limit(limit)
    found, shown = summary.adoption, f"at least {limit}"
    if not summary.change.added:
        return Check(name="min_adoption", limit=shown, found="no tool was added", passed=True)
    if found.value is None:
        return Check(name="min_adoption", limit=shown, found="not measured: no query is for an added tool", passed=False)
    passed = 100 * found.count >= least * found.of if percent else found.count >= least
    words = f"{found.count} of {found.of} queries for added tools ({100 * found.value:.1f}%)"
    return Check(name="min_adoption", limit=shown, found=words, passed=passed)
