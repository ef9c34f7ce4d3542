"""The results of a drift, made by hand: one record of every kind that a reader must be able to tell apart, with texts that bite."""

from __future__ import annotations

import json

from gentool.core.drift import AddedTool, Answered, CatalogueChange, DriftRecord, DriftSummary, Outcome, ToolChange, ToolRename
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.drift_summary import check_thresholds, summarise_drift

NONE = GENERATE_RESPONSE
NASTY = '</script><script>document.title="broken"</script> `x` | @someone \x00\x1b[31m ]]> “Zürich” 東京 \u2028 <b>&amp;'
"""Text that must come out as it went in, or be cleaned, and never act."""
CHANGE = CatalogueChange(
    tools_before=60,
    tools_after=61,
    added=(AddedTool(name="new_tool", nearest="hotels", similarity=0.5), AddedTool(name="quiet")),
    removed=("fax",),
    renamed=(ToolRename(before="wether", after="weather"),),
    changed=(ToolChange(name="songs", differences=("parameter added: artist (required)", 'description: "a|b" -> "<b>c</b>"')),),
    unchanged=("hotels", "trains"),
)


def answered(expected: str | None, chosen: str | None, fault: str = "", raw: str | None = None) -> Answered:
    names = tuple(expected.split()) if expected else None
    text = raw if raw is not None else json.dumps({"name": chosen, "arguments": {}}) if chosen else "I would rather not."
    return Answered(expected=names, chosen=chosen, right=None if names is None else chosen in names, fault=fault, raw=text)


def make_records() -> list[DriftRecord]:
    rows: list[tuple[str, str, Outcome, Answered, Answered]] = [
        ("Find a room", "hotels", "pulled_away", answered("hotels", "hotels"), answered("hotels", "new_tool")),
        (NASTY, "hotels", "pulled_away", answered("hotels", "hotels", raw=NASTY), answered("hotels", "new_tool", raw=NASTY)),
        ("A train", "trains", "pulled_away", answered("trains", "trains"), answered("trains", NONE)),
        ("Play it", "songs", "broken_call", answered("songs", "songs"), answered("songs", "songs", fault="'artist' is a required property")),
        ("Rain?", "weather", "stayed_right", answered("wether", "wether"), answered("weather", "weather")),
        ("Send a fax", "fax", "lost", answered("fax", "fax"), answered(NONE, NONE)),
        ("Do the new thing", "new_tool", "adopted", answered(NONE, NONE), answered("new_tool", "new_tool")),
        ("Do the new thing again", "new_tool", "not_adopted", answered(NONE, NONE), answered("new_tool", NONE)),
        ("A better room", "new_tool", "not_switched", answered("hotels", "hotels"), answered("new_tool hotels", "hotels")),
        ("Mumble", "trains", "unreadable_after", answered("trains", "trains"), answered("trains", None, "no readable JSON")),
        ("Mutter", "trains", "unreadable_after", answered("trains", "hotels"), answered("trains", None, "the connection broke", "")),
        ("Neither", "trains", "stayed_wrong", answered("trains", "hotels"), answered("trains", "hotels")),
        ("Who knows", "x", "changed", answered(None, "hotels"), answered(None, "new_tool")),
    ]
    return [
        DriftRecord(
            id=f"id{number}",
            query=query,
            family=family,
            outcome=outcome,
            regression=outcome in ("pulled_away", "broken_call") or (outcome == "unreadable_after" and before.right is True),
            pulled_by=after.chosen if outcome == "pulled_away" else None,
            reason=f"{before.chosen} before, {after.chosen} after",
            before=before,
            after=after,
        )
        for number, (query, family, outcome, before, after) in enumerate(rows)
    ]


def make_summary(records: list[DriftRecord], limit: str | int = 0) -> DriftSummary:
    empty = DriftSummary(model="openai:small", before="old.jsonl", after="new.jsonl", change=CHANGE, written_by="rules", notes=("read the <notes>",))
    summary = summarise_drift(empty, records)
    return summary.model_copy(update={"checks": check_thresholds(summary, limit, "40%")})


def make_equal() -> DriftSummary:
    """Catalogues without a difference."""
    same = CatalogueChange(tools_before=2, tools_after=2, unchanged=("a", "b"))
    summary = summarise_drift(DriftSummary(model="hf:any", before="a", after="b", change=same), [])
    return summary.model_copy(update={"checks": check_thresholds(summary, 0, None)})
