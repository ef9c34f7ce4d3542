"""The report in a browser: filters, addresses, keyboard, narrow screens, and no word to the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gentool.core.example import SCENARIOS, Example, Prediction, Verdict
from gentool.core.jsonl import read_json, read_records
from gentool.report.html import write_report

MODELS = ("tuned", "base")


@pytest.fixture(scope="module")
def address(shared_run: Path) -> str:
    return write_report([shared_run], shared_run.parent / "page.html").as_uri()


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


@pytest.fixture(scope="module")
def records(shared_run: Path) -> list[tuple[str, Example, Verdict]]:
    examples = {example.id: example for example in read_records(shared_run / "pairs" / "test.jsonl", Example)}
    return [
        (name, examples[verdict.id], verdict) for name in MODELS for verdict in read_records(shared_run / "score" / f"{name}.verdicts.jsonl", Verdict)
    ]


def count(page: Any) -> int:
    return int(page.locator("#count").get_attribute("data-count"))


def shown_ids(page: Any) -> list[str]:
    return list(page.eval_on_selector_all("#list > li", "items => items.map(item => item.dataset.id)"))


def wait_for_count(page: Any, expected: int) -> None:
    page.wait_for_function("wanted => Number(document.getElementById('count').dataset.count) === wanted", arg=expected, timeout=5000)


def test_cells_in_the_browser_are_the_scores(page: Any, shared_run: Path) -> None:
    cells = page.eval_on_selector_all(
        "td[data-table=scores]", "cells => cells.map(c => [c.dataset.name, c.dataset.scenario, c.dataset.metric, c.dataset.value, c.textContent])"
    )
    shown = {(name, scenario, metric): (float(value), text) for name, scenario, metric, value, text in cells}
    for name in MODELS:
        scenarios = read_json(shared_run / "score" / f"{name}.json")["scenarios"]
        for scenario in (*SCENARIOS, "all"):
            found = scenarios[scenario]["selection"]["value"]
            value, text = shown[name, scenario, "selection"]
            assert value == found
            assert text.startswith(f"{100 * found:.1f} %")


def test_filters_show_the_right_examples(page: Any, records: list[tuple[str, Example, Verdict]]) -> None:
    assert count(page) == len(records)
    assert page.locator("#list > li").count() == 20, "a page of twenty"
    page.locator("select[name=model]").select_option("base")
    page.locator("select[name=error]").select_option("called_when_none")
    page.locator("select[name=kind]").select_option("zero")
    wanted = [example.id for name, example, verdict in records if name == "base" and verdict.error == "called_when_none" and example.kind == "zero"]
    assert wanted
    wait_for_count(page, len(wanted))
    assert shown_ids(page) == wanted[:20]
    assert page.evaluate("location.hash") == "#examples&model=base&kind=zero&error=called_when_none"
    page.reload()
    assert count(page) == len(wanted), "the address keeps the filters"
    page.get_by_role("button", name="Clear filters").click()
    wait_for_count(page, len(records))


def test_text_search_and_pages(page: Any, records: list[tuple[str, Example, Verdict]]) -> None:
    page.get_by_role("searchbox", name="Text").fill("東京")
    wait_for_count(page, sum("東京" in example.query for _, example, _ in records))
    page.get_by_role("searchbox", name="Text").fill("")
    wait_for_count(page, len(records))
    page.get_by_role("button", name="Next").click()
    assert shown_ids(page) == [example.id for _, example, _ in records[20:40]]
    assert page.evaluate("location.hash") == "#examples&page=2"


def test_record_shows_everything_as_text(page: Any, records: list[tuple[str, Example, Verdict]], shared_run: Path, nasty: str) -> None:
    _, example, verdict = next(record for record in records if nasty in record[1].query and record[1].kind == "strong" and record[0] == "tuned")
    page.locator("select[name=model]").select_option("tuned")
    page.get_by_role("searchbox", name="Text").fill(example.id)
    wait_for_count(page, 1)
    page.locator("#list summary").click()
    text = page.locator("#list .record").text_content()
    assert nasty in page.locator("#list .query").text_content()
    for tool in example.tools:
        assert tool.name in text
        assert tool.description in text
    marks = page.locator("#list .tools li", has_text=example.strong).first.locator(".mark").all_text_contents()
    assert {"strong", "right answer"} <= set(marks)
    assert "weak" in page.locator("#list .tools li", has_text=str(example.weak)).first.locator(".mark").all_text_contents()
    assert " > ".join(example.ranking) in text
    assert verdict.reason in text
    raw = next(found for found in read_records(shared_run / "predict" / "tuned.jsonl", Prediction) if found.id == example.id)
    assert page.locator("#list pre.raw").all_text_contents() == [raw.select, raw.rank]
    assert page.title() == "demo – GenTool report"
    assert page.locator("#list img").count() == 0


@pytest.mark.parametrize("selector", ["td[data-table=scores][data-metric=parameter_names]", "td[data-table=errors]", "td[data-table=outcomes]"])
def test_cell_leads_to_the_examples_behind_it(page: Any, selector: str) -> None:
    page.get_by_role("radio", name="All", exact=True).check()
    for cell in page.locator(selector).all()[:6]:
        number = int(cell.get_attribute("data-n") or cell.get_attribute("data-value"))
        cell.locator("a").click()
        wait_for_count(page, 2 * number if "outcomes" in selector else number)


def test_keyboard_reaches_cells_and_filters(page: Any, shared_run: Path) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = []
    for _ in range(400):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name || document.activeElement.closest('td')?.dataset.metric || ''"))
        if seen[-1] == "model":
            break
    assert "selection" in seen
    assert seen[-1] == "model", "Tab reaches the first filter"
    page.locator("td[data-table=errors][data-name=base][data-metric=abstained_when_needed] a").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    wait_for_count(page, read_json(shared_run / "score" / "base.json")["errors"]["abstained_when_needed"])
    assert page.evaluate("document.activeElement.id") == "examples-title", "the focus follows"


def test_metric_switch_shows_one_table_and_all(page: Any) -> None:
    assert page.locator(".metric:visible").count() == 1
    page.get_by_role("radio", name="Whole call").check()
    assert page.locator("#metric-call").is_visible()
    assert page.locator(".metric:visible").count() == 1
    page.get_by_role("radio", name="All", exact=True).check()
    assert page.locator(".metric:visible").count() == 8


def test_narrow_page_does_not_scroll_sideways(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    page.get_by_role("button", name="Open all on this page").click()
    page.locator("#list .record").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("td[data-table=scores]").first.is_visible()


def test_dark_mode_changes_figures_with_the_page(page: Any) -> None:
    colour = "getComputedStyle(document.querySelector('#figure-selection text')).fill"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colour) != light
    assert page.evaluate(colour) == page.evaluate("getComputedStyle(document.body).color")


def test_tables_and_figures_show_without_javascript(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator(".metric:visible").count() == 8
    assert page.locator("figure svg:visible").count() == 4
    assert page.get_by_text("needs JavaScript").is_visible()
    context.close()
