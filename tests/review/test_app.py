"""The page over plain HTTP, as a browser without JavaScript uses it: forms, redirects, progress, agreement, refusals."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.jsonl import write_records
from gentool.core.review import Review
from gentool.review.view import REASONS

Serve = Callable[..., Any]


@pytest.fixture
def page(serve: Serve, pair_run: Path) -> Any:
    return serve(pair_run)


def decisions(page: Any) -> list[tuple[str, str, str]]:
    return [(review.query, review.reviewer, review.decision) for review in page.verdicts()]


def fields(text: str) -> dict[str, str]:
    """The fields of the edit form as a browser would send them."""
    form = text[text.index('id="edit-form"') : text.index("</details>")]
    found = {name: html.unescape(body) for name, body in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL)}
    chosen = re.search(r"<option selected>(\w+)", form)
    return found | ({"weak_fit": chosen[1]} if chosen else {})


def test_accept_reject_and_undo_go_through_the_queries(page: Any) -> None:
    assert page.see("/").headers["location"] == "/query/1"
    assert page.send("/query/1/accept").headers["location"] == "/query/2"
    assert page.see("/").headers["location"] == "/query/2"
    assert page.send("/query/2/reject", reason="  an argument\n is wrong ").headers["location"] == "/done"
    assert [review.reason for review in page.verdicts()] == ["", "an argument is wrong"]
    assert "All 2 queries are reviewed" in page.see("/done").text
    number = re.search(r'name="number" value="(\d+)"', page.see("/done").text)
    assert number
    for _ in range(2):
        assert page.send("/undo", number=number[1], query="second").headers["location"] == "/query/2"
        assert decisions(page) == [("first", "anna", "accept")]
    assert "<strong>1 of 2</strong> reviewed by anna" in page.see("/query/2").text


def test_a_double_click_and_a_second_tab_count_once(page: Any) -> None:
    for _ in range(3):
        assert page.send("/query/1/accept").status == 303
    assert decisions(page) == [("first", "anna", "accept")]
    assert page.send("/query/1/reject", reason="no").status == 303
    assert decisions(page) == [("first", "anna", "reject")], "the other tab's later verdict stands"
    last = page.desk.store.last_action("anna")
    page.send("/undo", number=str(last.number), query="first")
    assert decisions(page) == [("first", "anna", "accept")]


def test_a_rejection_needs_a_reason(page: Any) -> None:
    reply = page.send("/query/1/reject", reason="  ")
    assert reply.status == 422
    assert "a rejection needs its reason" in reply.text
    assert page.verdicts() == []
    page.send("/query/1/reject", reason="x" * 900)
    assert len(page.verdicts()[0].reason) == 500


def test_an_edit_that_breaks_the_schema_is_refused_and_what_was_typed_is_kept(page: Any) -> None:
    form = fields(page.see("/query/1").text)
    typed = {**form, "text": "Roma <b>now</b>", "calls_0": '{"place": "Roma", "people": "four"}', "weak_fit": "none"}
    reply = page.send("/query/1/edit", **typed)
    assert reply.status == 422
    assert "&#39;four&#39; is not of type &#39;integer&#39;" in reply.text
    assert fields(reply.text) == typed
    assert '<details id="edit" open>' in reply.text
    assert page.verdicts() == []


def test_an_edit_is_kept_and_shown_and_can_be_edited_again_or_taken_back(page: Any) -> None:
    form = fields(page.see("/query/1").text)
    text = "Get us four a place in the sun, at Roma, tonight."
    assert page.send("/query/1/edit", **{**form, "text": text}).headers["location"] == "/query/2"
    shown = page.see("/query/1").text
    assert fields(shown)["text"] == text
    assert "Accept goes back to what it was: Get four of us a place in the sun at Roma." in shown
    (review,) = page.verdicts()
    assert review.edited is not None and review.edited.text == text
    reply = page.send("/query/2/edit", **{**fields(page.see("/query/2").text), "text": text})
    assert f"it says the same as query {review.edited.id}" in reply.text, "standing edits count as queries"
    page.send("/query/1/accept")
    assert [review.decision for review in page.verdicts()] == ["accept"]


def test_two_reviewers_agreement_appears_with_n(serve: Serve, pair_run: Path) -> None:
    anna, bea = serve(pair_run), serve(pair_run, "bea")
    anna.send("/query/1/accept")
    anna.send("/query/2/reject", reason="no")
    assert "Agreement" not in anna.see("/query/1").text
    bea.send("/query/1/accept")
    assert "anna: rejected" not in bea.see("/query/2").text, "nobody sees another's verdict before giving one"
    assert "κ not defined" in bea.see("/query/2").text
    bea.send("/query/2/reject", reason="never")
    shown = bea.see("/query/2").text
    assert "anna: rejected, no" in shown
    assert 'data-reviewer="anna" data-n="2" data-kappa="1.0"' in shown
    assert 'data-reviewer="bea" data-n="2" data-kappa="1.0"' in anna.see("/done").text


def test_a_verdict_on_other_content_does_not_count(serve: Serve, pair_run: Path, family: Any) -> None:
    page = serve(pair_run)
    page.send("/query/1/accept")
    changed = family.queries[0].model_copy(update={"needs": ("people", "area")})
    write_records(pair_run / "synth" / "verified.jsonl", [family.model_copy(update={"queries": (changed, family.queries[1])})])
    assert "<strong>0 of 2</strong>" in serve(pair_run).see("/query/1").text


def test_the_page_shows_what_a_reviewer_needs(page: Any) -> None:
    text = page.see("/query/1").text
    for shown in (
        "restaurants",
        "fit: partial",
        "fit: full",
        '<mark class="said">in the sun</mark>',
        '<mark class="said">Roma</mark>',
        "from “in the sun”",
        '<li class="right">call schema</li>',
        '<li class="right">grounded</li>',
        '<mark class="strong">people</mark>',
        '<mark class="weak">name</mark>',
        *REASONS,
    ):
        assert shown in text, shown
    assert "no call: it does not serve the query" in page.see("/query/2").text


def test_text_of_a_record_is_only_ever_text(serve: Serve, nasty_run: Path) -> None:
    page = serve(nasty_run)
    typed = {**fields(page.see("/query/1").text), "calls_0": "</textarea><script>1</script>"}
    page.send("/query/1/reject", reason="<img src=y>")
    for reply in (page.see("/query/1"), page.send("/query/1/edit", **typed), page.see("/done")):
        assert not re.search(r"<img|onerror=\"|<script>", reply.text)
        assert reply.text.count("<script") == 1, "the page's own"
    assert "&lt;img src=y&gt;" in page.see("/query/1").text
    assert "{{ 7 * 7 }}" in page.see("/query/1").text


@pytest.mark.parametrize("path", ["/query/0", "/query/3", "/query/-1"])
def test_a_query_that_is_not_there(page: Any, path: str) -> None:
    assert page.see(path).status == 404


def test_wrong_forms_change_nothing(page: Any) -> None:
    assert page.send("/query/9/accept").status == 403
    assert page.send("/query/1/burn").status == 404
    assert page.send("/query/x/accept").status in (404, 422)
    for number in ("", "x", "-1", "9" * 40, "²"):
        assert page.send("/undo", number=number).status == 403
    assert page.send("/undo", number="12345", query="nobody").status == 303
    assert page.verdicts() == []


def test_a_verdict_that_cannot_be_saved_is_not_passed_over(page: Any) -> None:
    (page.desk.run / "review" / "verdicts.jsonl").mkdir()
    reply = page.send("/query/1/accept")
    assert (reply.status, "The verdict was not saved" in reply.text) == (500, True)


def test_what_is_exported_is_what_pairs_reads(page: Any) -> None:
    page.send("/query/1/accept")
    (review,) = page.verdicts()
    assert review == Review(query="first", content=page.desk.items[0].content, reviewer="anna", decision="accept")
