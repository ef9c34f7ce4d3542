"""The Markdown of a drift: what a pull request's comment says, and that nothing in a text acts there."""

from __future__ import annotations

import re

from gentool.report.drift_markdown import render_markdown

from .drift_samples import make_equal, make_records, make_summary

GITHUB_LIMIT = 65_536


def test_the_comment_says_what_failed_and_where() -> None:
    records = make_records()
    text = render_markdown(make_summary(records), records)
    assert text.startswith("## Catalogue change: FAILED\n")
    for line in (
        "- Catalogue: 60 tools before, 61 after: 2 added, 1 removed, 1 renamed, 1 changed, 2 unchanged",
        "- Model: `openai:small`, shown all tools",
        "- Regressions, at most 0: **failed** (5 of 10 answers that were right before (50.0%))",
        "- Note: read the \\<notes\\>",
        "| `pulled_away` | 3 | right before, now another answer, which is wrong |",
        "| `Find a room` | `hotels` | `new_tool` | pulled\\_away |",
        "| `Mumble` | `trains` | (unreadable) | unreadable\\_after |",
        "| `Do the new thing again` | `generate_response` | `new_tool` |",
        "- renamed `wether` to `weather`",
    ):
        assert line in text.splitlines()


def test_texts_stand_in_code_and_keep_their_rows() -> None:
    records = make_records()
    text = render_markdown(make_summary(records), records)
    row = next(line for line in text.splitlines() if "document.title" in line)
    cells = re.split(r"(?<!\\)\|", row)
    assert len(cells) == 6, "a bar in a text is no new cell"
    assert re.fullmatch(r" ``.*@someone.*`` ", cells[1]), "a mention in code is none"
    assert "\\|" in cells[1]
    for line in text.splitlines():
        outside = re.sub(r"(`+).*?\1", "", line)
        assert "@" not in outside
        assert "<script" not in outside


def test_a_thousand_regressions_stay_below_the_limit_of_a_comment() -> None:
    record = make_records()[0]
    many = [record.model_copy(update={"id": str(n), "query": f"{n} " + "long words " * 100}) for n in range(1000)]
    text = render_markdown(make_summary(many), many)
    assert len(text) < GITHUB_LIMIT
    assert "and 975 more." in text


def test_equal_catalogues_need_few_words() -> None:
    text = render_markdown(make_equal(), [])
    assert text == (
        "## Catalogue change: passed\n\n- Catalogue: 2 tools, the same before and after: nothing changes\n"
        "- Regressions, at most 0: passed (the catalogues are equal)\n"
    )
