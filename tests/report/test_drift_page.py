"""The page of a drift: what it holds as text, and in a browser its filters, narrow screens, and no word to the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gentool.core.jsonl import write_json, write_records
from gentool.report.drift_page import render_page, write_page

from .drift_samples import NASTY, make_equal, make_records, make_summary


def test_the_same_results_give_the_same_page_and_it_loads_nothing() -> None:
    records = make_records()
    text = render_page(make_summary(records), records)
    assert text == render_page(make_summary(records), records)
    assert "http://" not in text
    assert "https://" not in text
    assert text.count("<script>") == 1
    assert "default-src 'none'" in text


def test_equal_catalogues_have_a_page_too() -> None:
    text = render_page(make_equal(), [])
    assert "no model was asked" in text
    assert "<script>" not in text


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder, records = tmp_path_factory.mktemp("drift"), make_records()
    write_json(folder / "drift.json", make_summary(records).model_dump(mode="json"))
    write_records(folder / "outcomes.jsonl", records)
    return write_page(folder, folder / "drift.html").as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The open page; fails the test where the page complains or asks for anything but itself."""
    context = browser.new_context(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("request", lambda request: complaints.append(f"request: {request.url}") if not request.url.startswith(address) else None)
    page.goto(address)
    yield page
    context.close()
    assert complaints == []


def shown(page: Any) -> list[str]:
    return list(page.eval_on_selector_all("#list > li", "items => items.filter(item => !item.hidden).map(item => item.id)"))


def test_the_answers_that_moved_show_first_and_regressions_above_them(page: Any) -> None:
    assert page.title() == "What the new catalogue does to openai:small – GenTool drift"
    assert page.locator(".result").inner_text() == "FAILED"
    ids = shown(page)
    assert [int(one.removeprefix("q-id")) for one in ids[:5]] == [0, 1, 2, 3, 9]
    assert {"q-id4", "q-id11"}.isdisjoint(ids), "what stayed as it was is not shown at first"
    assert page.locator("#count").inner_text() == "11 of 13 queries"


def test_filters_and_the_numbers_that_lead_to_them(page: Any) -> None:
    page.locator("td.count a", has_text="3").first.click()
    page.wait_for_function("document.querySelector('[name=outcome]').value === 'pulled_away'")
    assert shown(page) == ["q-id0", "q-id1", "q-id2"]
    page.locator("[name=tool]").select_option("new_tool")
    assert shown(page) == ["q-id0", "q-id1"]
    page.locator("[name=q]").fill("find ROOM")
    assert shown(page) == ["q-id0"]
    assert "outcome=pulled_away&tool=new_tool&q=find%20ROOM" in page.url
    page.reload()
    assert shown(page) == ["q-id0"], "the address keeps the filters"
    page.locator("[name=q]").fill("")
    page.locator("[name=tool]").select_option("")
    page.locator("[name=outcome]").select_option("regression")
    assert len(shown(page)) == 5
    page.locator("[name=outcome]").select_option("")
    assert len(shown(page)) == 13


def test_a_query_opens_on_both_raw_answers_as_text(page: Any) -> None:
    item = page.locator("#q-id1")
    item.locator("summary").click()
    texts = item.locator("pre.raw").all_text_contents()
    cleaned = NASTY.replace("\x00", "")
    assert [text.strip() for text in texts] == [cleaned, cleaned]
    assert item.locator("script, b, img").count() == 0
    assert page.title().startswith("What the new catalogue")


def test_a_narrow_page_does_not_scroll_sideways(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    page.locator("#q-id0 summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_all_queries_show_without_javascript(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator("#list > li:visible").count() == 13
    assert not page.locator("#filters").is_visible()
    context.close()
