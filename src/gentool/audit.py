"""What a synthesis kept and why it refused the rest: rates by check and by domain, and records to look at. Floor 5; called by gentool.cli.

Reads the files of the stage synth only; the same seed shows the same records.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gentool.core.errors import RunError
from gentool.core.family import Family
from gentool.core.jsonl import read_json, read_records
from gentool.synth.verify import Rejection

RECORDS = {"tool": "tools", "weak": "weak_tools", "query": "queries", "unserved": "unserved"}
"""The kinds of records that checks refuse, with their names in build.json."""
LONGEST = 300


@dataclass(frozen=True)
class Rate:
    """How many of `total` were refused, or kept, under a name."""

    name: str
    count: int
    total: int

    @property
    def share(self) -> float | None:
        return self.count / self.total if self.total else None


@dataclass(frozen=True)
class Audit:
    """What `gentool audit` prints.

    kept: the records of each kind that passed every check. checks: the records that passed each check that refused any, of
    those that came to it. domains: the queries that were kept. unusable: requests without a usable answer, by their reason's
    first words. accepted, rejected: drawn at random. judge: its figures in build.json, None where nobody judged.
    """

    kept: tuple[Rate, ...]
    checks: tuple[Rate, ...]
    domains: tuple[Rate, ...]
    unusable: tuple[tuple[str, int], ...]
    accepted: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    judge: dict[str, Any] | None


def audit(run: Path, sample: int = 20, seed: int = 0) -> Audit:
    """The audit of a run folder, with `sample` accepted and `sample` rejected records. Raises RunError where synth is not done."""
    folder = run / "synth"
    if not (folder / "build.json").exists():
        raise RunError(f"{run}: synth is not done, so there is nothing to audit: run `gentool synth {run}` first")
    build = read_json(folder / "build.json")
    rejections = list(read_records(folder / "rejected.jsonl", Rejection))
    families = list(read_records(folder / "verified.jsonl", Family))
    rng = random.Random(f"audit/{seed}")
    accepted = [line for family in families for line in _describe_queries(family)]
    kinds = Counter(rejection.kind for rejection in rejections)
    return Audit(
        kept=tuple(Rate(kind, build["written"][name] - kinds[kind], build["written"][name]) for kind, name in RECORDS.items()),
        checks=tuple(_rate_checks(rejections, build["written"])),
        domains=tuple(Rate(domain, counts["queries_verified"], counts["queries_written"]) for domain, counts in build["by_domain"].items()),
        unusable=tuple(Counter(_first_words(one) for one in rejections if one.check == "reply").most_common()),
        accepted=tuple(rng.sample(accepted, min(sample, len(accepted)))),
        rejected=tuple(rng.sample(rejections, min(sample, len(rejections)))),
        judge=build.get("judge"),
    )


def _rate_checks(rejections: Sequence[Rejection], written: dict[str, int]) -> Iterator[Rate]:
    """The checks in the order in which records come to them: what one refuses, the next does not see."""
    for kind, name in RECORDS.items():
        left = written[name]
        for check, refused in Counter(rejection.check for rejection in rejections if rejection.kind == kind).items():
            yield Rate(f"{kind}: {check}", left - refused, left)
            left -= refused


def _first_words(rejection: Rejection) -> str:
    return f"{rejection.kind}: {rejection.reason[:60]}"


def _describe_queries(family: Family) -> Iterator[str]:
    """Each query of a family on a line: its text, the weak tool's fit, and the calls."""
    for query in family.queries:
        calls = "; ".join(f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})" for call in query.calls.values())
        fit = f"weak tool: {query.weak_fit}" if query.weak else "no weak tool"
        yield f"{query.text} | {fit} | {calls}"


def describe_audit(found: Audit) -> Iterator[str]:
    """The audit as lines of text."""
    yield "Kept by kind of record"
    yield from _describe_rates(found.kept)
    yield "Passed by check"
    yield from _describe_rates(found.checks)
    yield "Queries kept by domain"
    yield from _describe_rates(found.domains)
    if found.unusable:
        yield "Requests without a usable answer"
        yield from (f"  {count:>6}  {reason}" for reason, count in found.unusable)
    yield from _describe_judge(found.judge) if found.judge else ["Nobody judged a sample (synth.judge)"]
    yield f"{len(found.accepted)} accepted queries, drawn at random"
    yield from (f"  {line[:LONGEST]}" for line in found.accepted)
    yield f"{len(found.rejected)} rejected records, drawn at random"
    yield from (f"  {one.kind}: {one.check}: {one.reason[:LONGEST]} | {_shown(one)[:LONGEST]}" for one in found.rejected)


def _describe_rates(rates: Sequence[Rate]) -> Iterator[str]:
    for rate in rates:
        share = "     -" if rate.share is None else f"{100 * rate.share:5.1f}%"
        yield f"  {share}  {rate.count} of {rate.total}  {rate.name}"


def _describe_judge(judge: dict[str, Any]) -> Iterator[str]:
    yield "Agreement with the judge"
    yield from _describe_rates(
        [
            Rate("queries read as they were written", judge["queries_agreed"], judge["queries"]),
            Rate("unserved queries that no tool serves", judge["unserved_agreed"], judge["unserved"]),
            Rate("neighbours that do not serve the query", judge["distractors"] - judge["distractors_serving"], judge["distractors"]),
            Rate("several votes that are all alike", judge["votes_agreed"], judge["several_votes"]),
        ]
    )


def _shown(rejection: Rejection) -> str:
    """What of a rejected record a reader recognises it by."""
    record = rejection.record
    found = record.get("text") or record.get("name") or (record.get("tool") or {}).get("name") or record.get("reply")
    return " ".join(str(found if found is not None else record).split())
