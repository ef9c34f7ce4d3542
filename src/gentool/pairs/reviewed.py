"""What reviewers decided, applied to families before they are split: rejected queries leave, edited ones take their place.

Families and review/verdicts.jsonl in, families and counts out; called by gentool.pairs.build, and by gentool.run to see what changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gentool.core.canonical import content_hash
from gentool.core.errors import RecordError
from gentool.core.family import Family, Query
from gentool.core.jsonl import describe_validation_error, read_records
from gentool.core.review import VERDICTS, Review, query_content

NOTHING = {"outcome": content_hash([])}
"""What a review comes to that changes nothing."""


def read_reviewed(run: Path, families: Sequence[Family]) -> tuple[list[Family], dict[str, Any] | None]:
    """The families as reviewers left them, with the counts for build.json; None for a run that nobody has reviewed.

    Raises RecordError where the file of verdicts is broken, or an edited query names tools that are not of its family.
    """
    path = run / VERDICTS
    if not path.exists():
        return list(families), None
    try:
        return apply_reviews(families, list(read_records(path, Review)))
    except ValidationError as error:
        raise RecordError(path, None, describe_validation_error(error)) from None


def has_new_verdicts(run: Path, build: Mapping[str, Any]) -> bool:
    """Whether the verdicts would change what a build of pairs, given as its build.json, was made from."""
    families = list(read_records(run / "synth" / "verified.jsonl", Family)) if (run / VERDICTS).exists() else []
    _, reviewed = read_reviewed(run, families)
    return bool((reviewed or NOTHING)["outcome"] != build.get("reviewed", NOTHING)["outcome"])


def apply_reviews(families: Sequence[Family], reviews: Sequence[Review]) -> tuple[list[Family], dict[str, Any]]:
    """Queries that any reviewer rejects leave; of several edits of one query the last stands; a family without queries leaves.

    The counts: queries `accepted`, `rejected`, `edited`; those on which reviewers decided differently (`disputed`); verdicts on
    queries that the run holds no more, or with other content (`outdated`). `outcome` is a hash of what the verdicts change.
    """
    held = {query.id: query_content(query) for family in families for query in family.queries}
    current = [review for review in reviews if held.get(review.query) == review.content]
    by_query: dict[str, list[Review]] = {}
    for review in current:
        by_query.setdefault(review.query, []).append(review)
    counts: Counter[str] = Counter(decide(own) for own in by_query.values())
    kept = [reviewed for family in families if (reviewed := _review_family(family, by_query)) is not None]
    return kept, {
        "reviewers": len({review.reviewer for review in current}),
        "accepted": counts["accept"],
        "rejected": counts["reject"],
        "edited": counts["edit"],
        "disputed": sum(len({review.decision for review in own}) > 1 for own in by_query.values()),
        "not_reviewed": len(held) - len(by_query),
        "outdated": len(reviews) - len(current),
        "families_left_out": len(families) - len(kept),
        "outcome": _outcome(by_query),
    }


def decide(reviews: Iterable[Review]) -> str:
    """What several verdicts on one query come to: a rejection outweighs an edit, an edit an acceptance."""
    decisions = {review.decision for review in reviews}
    return next(decision for decision in ("reject", "edit", "accept") if decision in decisions)


def _review_family(family: Family, by_query: dict[str, list[Review]]) -> Family | None:
    queries = tuple(kept for query in family.queries if (kept := _review_query(query, by_query.get(query.id, []))) is not None)
    if queries == family.queries:
        return family
    return Family(id=family.id, strong=family.strong, weak=family.weak, queries=queries) if queries else None


def _review_query(query: Query, reviews: Sequence[Review]) -> Query | None:
    if any(review.decision == "reject" for review in reviews):
        return None
    return next((review.edited for review in reversed(reviews) if review.edited is not None), query)


def _outcome(by_query: dict[str, list[Review]]) -> str:
    changed = []
    for identifier, reviews in sorted(by_query.items()):
        decision = decide(reviews)
        edited = next((review.edited.id for review in reversed(reviews) if review.edited is not None), None) if decision == "edit" else None
        if decision != "accept":
            changed.append([identifier, decision, edited])
    return content_hash(changed)
