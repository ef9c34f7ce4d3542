"""What the terminal shows of a drift: every part has its place, and long lists are cut where the page goes on."""

from __future__ import annotations

from gentool.core.drift import AddedTool
from gentool.report.drift_terminal import MOST_LINES, describe_catalogues, describe_drift

from .drift_samples import CHANGE, make_equal, make_records, make_summary


def test_the_change_is_told_tool_by_tool() -> None:
    assert list(describe_catalogues(CHANGE)) == [
        "catalogue: 60 tools before, 61 after: 2 added, 1 removed, 1 renamed, 1 changed, 2 unchanged",
        "  + new_tool  (most like hotels, 0.50)",
        "  + quiet",
        "  - fax",
        "  > wether is now weather",
        '  ~ songs: parameter added: artist (required); description: "a|b" -> "<b>c</b>"',
    ]


def test_the_results_are_told_from_outcomes_to_thresholds() -> None:
    records = make_records()
    lines = list(describe_drift(make_summary(records), records))
    assert lines[0] == "queries:   13 (12 with known right answers), written by the teacher rules"
    assert lines[1] == "model:     openai:small, shown all tools"
    assert "      3  pulled_away       right before, now another answer, which is wrong" in lines
    assert lines[lines.index("regressions: 5") + 1] == "  2 to new_tool (added)"
    assert "  1 to no tool" in lines
    assert "  1 to the same tool, with a call that no longer holds" in lines
    assert "  1 to an answer that cannot be read" in lines
    assert "new_tool    1 of 3 (33%)  no tool 1, hotels 1  2 of 9 (22%)    0 of 4 (0%)" in lines
    assert lines[-3:] == [
        "FAILED     regressions: 5 of 10 answers that were right before (50.0%); at most 0 allowed",
        "FAILED     adoption: 1 of 3 queries for added tools (33.3%); at least 40% wanted",
        "result:    FAILED",
    ]


def test_no_line_of_a_text_breaks_the_terminal() -> None:
    records = make_records()
    said = "\n".join(describe_drift(make_summary(records), records))
    assert "\x1b" not in said
    assert "\x00" not in said


def test_long_lists_are_cut() -> None:
    many = CHANGE.model_copy(update={"added": tuple(AddedTool(name=f"tool{n}") for n in range(100))})
    lines = list(describe_catalogues(many))
    assert sum(line.startswith("  + ") for line in lines) == MOST_LINES + 1
    assert f"  + ({100 - MOST_LINES} more on the page)" in lines
    records = [make_records()[0].model_copy(update={"id": str(n)}) for n in range(100)]
    said = list(describe_drift(make_summary(records), records))
    assert sum(line.strip() == "Find a room" for line in said) == MOST_LINES
    assert f"  ({100 - MOST_LINES} more on the page)" in said


def test_equal_catalogues_are_a_line_and_a_result() -> None:
    equal = make_equal()
    assert list(describe_catalogues(equal.change)) == ["catalogue: 2 tools, the same before and after: nothing changes"]
    assert list(describe_drift(equal, [])) == ["passed     regressions: the catalogues are equal; at most 0 allowed", "result:    passed"]
