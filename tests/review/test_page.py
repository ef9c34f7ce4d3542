"""The review page in a browser: twenty queries by keys alone, two reviewers, refused edits, and what pairs makes of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gentool.core.example import Example
from gentool.core.jsonl import read_json, read_records
from gentool.core.review import Review

Serve = Callable[..., Any]
Open = Callable[..., Any]


@pytest.fixture
def visit(browser: Any) -> Iterator[Open]:
    """Opens a served page; fails the test where a page complains (a refused edit's status aside) or asks another host."""
    contexts, complaints = [], []

    def note_console(message: Any) -> None:
        if "status of 422" not in message.text:
            complaints.append(f"console: {message.text}")

    def open_page(served: Any, **options: Any) -> Any:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}))
        page = contexts[-1].new_page()
        page.on("console", note_console)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda request: complaints.append(request.url) if not request.url.startswith(served.origin) else None)
        page.goto(served.address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def press(page: Any, key: str) -> None:
    """Press a key that leads to another page, and wait for that."""
    with page.expect_navigation():
        page.keyboard.press(key)


def place(page: Any) -> str:
    return str(page.locator("#record").get_attribute("data-place"))


def edit_by_keys(page: Any, text: str) -> None:
    """Type another text for the query and save it, by keys alone."""
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    press(page, "Control+Enter")


def reject_by_keys(page: Any, reason: str) -> None:
    page.keyboard.press("r")
    page.keyboard.type(reason)
    press(page, "Enter")


def test_twenty_queries_by_keys_a_second_reviewer_and_what_pairs_makes_of_it(
    serve: Serve, visit: Open, run: Path, gentool: Callable[..., Any]
) -> None:
    anna = serve(run, "anna", 20)
    page = visit(anna)
    assert page.url == f"{anna.origin}/query/1", "the token has left the address"
    items = anna.desk.items
    edited = f"{items[9].query.text} That is what I want to know today."
    for number in range(1, 21):
        assert place(page) == str(number)
        match number:
            case 5 | 6:
                press(page, "3")
            case 8:
                reject_by_keys(page, "ejkau 123: unclear")
            case 10:
                edit_by_keys(page, edited)
            case _:
                press(page, "a")
    assert page.url == f"{anna.origin}/done"
    assert "All 20 queries are reviewed" in page.locator("h1").text_content()
    decisions = {review.query: review for review in anna.verdicts()}
    assert [decisions[item.query.id].decision for item in items] == ["accept"] * 4 + ["reject"] * 2 + ["accept", "reject", "accept", "edit"] + [
        "accept"
    ] * 10
    assert decisions[items[7].query.id].reason == "ejkau 123: unclear"
    assert decisions[items[4].query.id].reason == "the strong tool does not serve it"

    other = visit(serve(run, "bea", 20))
    for number in range(1, 21):
        press(other, "1" if number in (5, 12) else "a")
    agreement = other.locator(".agreement")
    # both accept 15 of 20, anna alone 1 (12), bea alone 3 (6, 8, 10), neither 1 (5): p_o 16/20; p_e (16*18 + 4*2)/400 = 0.74
    assert float(agreement.get_attribute("data-kappa")) == pytest.approx((0.8 - 0.74) / (1 - 0.74))
    assert "κ 0.23, 16 of n = 20 the same" in " ".join(agreement.text_content().split())

    outcome = gentool("pairs", run)
    assert outcome.status == 0, outcome.err
    reviewed = read_json(run / "pairs" / "build.json")["reviewed"]
    assert {key: reviewed[key] for key in ("reviewers", "rejected", "edited", "accepted", "disputed", "outdated")} == {
        "reviewers": 2,
        "rejected": 4,
        "edited": 1,
        "accepted": 15,
        "disputed": 4,
        "outdated": 0,
    }
    texts = {example.query for name in ("train", "test") for example in read_records(run / "pairs" / f"{name}.jsonl", Example)}
    assert edited in texts
    assert not texts & {items[number - 1].query.text for number in (5, 6, 8, 10, 12)}


def test_undo_and_movement_by_keys(serve: Serve, visit: Open, run: Path) -> None:
    served = serve(run, "anna", 5)
    page = visit(served)
    press(page, "j")
    press(page, "j")
    press(page, "k")
    assert place(page) == "2"
    press(page, "a")
    assert place(page) == "3"
    press(page, "2")
    press(page, "u")
    assert (place(page), len(served.verdicts())) == ("3", 1), "undo leads back to the query"
    press(page, "u")
    assert (place(page), served.verdicts()) == ("2", [])
    page.keyboard.press("u")
    assert page.locator("#undo").is_disabled()
    press(page, "a")
    press(page, "n")
    assert place(page) == "4", "the next that is not reviewed"


def test_a_key_that_is_held_or_typed_into_a_field_decides_nothing(serve: Serve, visit: Open, run: Path) -> None:
    served = serve(run, "anna", 5)
    page = visit(served)
    page.keyboard.press("r")
    page.keyboard.type("aaau1")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.evaluate("for (let n = 0; n < 5; n++) document.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', repeat: true, bubbles: true}))")
    assert (place(page), served.verdicts()) == ("1", [])
    with page.expect_navigation():
        page.evaluate("for (let n = 0; n < 5; n++) document.getElementById('accept').click()")
    assert len(served.verdicts()) == 1


def test_a_key_while_a_verdict_is_on_its_way_decides_nothing(serve: Serve, visit: Open, run: Path) -> None:
    served = serve(run, "anna", 5)
    page = visit(served)
    held: list[Any] = []
    page.route("**/accept", lambda route: held.append(route))
    page.keyboard.press("a")
    page.wait_for_timeout(100)
    page.keyboard.press("1")
    page.wait_for_timeout(100)
    held[0].continue_()
    page.wait_for_url("**/query/2")
    assert [review.decision for review in served.verdicts()] == ["accept"]


def test_an_edit_that_breaks_the_schema_is_refused_with_the_reason(serve: Serve, visit: Open, pair_run: Path) -> None:
    served = serve(pair_run)
    page = visit(served)
    page.keyboard.press("e")
    page.locator("[name=calls_0]").fill('{"place": "Roma", "people": "<b>4</b>"}')
    press(page, "Control+Enter")
    alert = page.get_by_role("alert")
    assert "the call of book_table is not valid: $.people: '<b>4</b>' is not of type 'integer'" in alert.text_content()
    assert alert.is_visible() and alert.bounding_box()["y"] < 800, "the reason is on the screen"
    assert page.locator("[name=calls_0]").input_value() == '{"place": "Roma", "people": "<b>4</b>"}'
    assert served.verdicts() == []
    page.locator("[name=calls_0]").fill('{"place": "Roma", "people": 4}')
    press(page, "Control+Enter")
    (review,) = served.verdicts()
    assert review.edited.calls[served.desk.items[0].family.id].arguments == {"place": "Roma", "people": 4}


def test_all_works_without_javascript(serve: Serve, visit: Open, pair_run: Path) -> None:
    served = serve(pair_run)
    page = visit(served, java_script_enabled=False)
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("link", name="Previous").click()
    page.locator("#edit summary").click()
    page.locator("[name=text]").fill("Roma in the sun, for four people.")
    page.get_by_role("button", name="Save the edit").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="an argument is wrong").click()
    page.locator("#reason").fill("no such place")
    page.get_by_role("button", name="Reject", exact=True).click()
    assert [(review.query, review.decision, review.reason) for review in served.verdicts()] == [
        ("first", "reject", "an argument is wrong"),
        ("second", "reject", "no such place"),
    ]


def test_two_tabs_of_one_reviewer(serve: Serve, visit: Open, pair_run: Path) -> None:
    served = serve(pair_run)
    page = visit(served)
    tab = page.context.new_page()
    tab.goto(f"{served.origin}/query/1")
    press(page, "a")
    press(tab, "1")
    assert [(review.query, review.decision) for review in served.verdicts()] == [("first", "reject")]
    assert tab.url == page.url == f"{served.origin}/query/2"


def test_a_record_of_html_and_script_is_shown_as_text(serve: Serve, visit: Open, nasty_run: Path) -> None:
    served = serve(nasty_run)
    page = visit(served)
    nasty = served.desk.items[0].query.text
    reject_by_keys(page, nasty)
    press(page, "k")
    assert page.locator("h1").text_content() == nasty
    assert nasty in page.locator(".compare").text_content()
    assert nasty in page.locator(".place").text_content()
    assert page.locator("[name=text]").input_value() == nasty
    assert page.title() == "Query 1 of 3 – GenTool review"
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1


def test_another_site_can_neither_send_a_form_nor_frame_the_page(serve: Serve, browser: Any, pair_run: Path) -> None:
    served, other = serve(pair_run), serve(pair_run, "bea")
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    page.goto(other.address)  # another origin of the same machine: cookies know no ports, so they come along
    statuses: list[int] = []
    page.on("response", lambda response: statuses.append(response.status) if response.url.startswith(served.origin) else None)
    page.route("**/evil", lambda route: route.fulfill(content_type="text/html", body=evil_page(served)))
    for host in ("http://evil.example/evil", f"{other.origin}/evil"):
        page.goto(host)
        page.frame_locator("iframe").locator("body").wait_for(state="attached")
        assert page.frame_locator("iframe").get_by_text("Roma").count() == 0
        with page.expect_navigation():
            page.locator("#send").click()
        assert "Forms are taken from this page only" in page.content()
    assert set(statuses) == {403}
    assert served.verdicts() == []
    context.close()


def evil_page(served: Any) -> str:
    form = f'<form method="post" action="{served.origin}/query/1/accept"><input name="form_token" value="{served.desk.keys.form}"><button id="send">'
    return f'<!DOCTYPE html><iframe src="{served.origin}/query/1"></iframe>{form}</button></form>'


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_screen_and_can_be_read(serve: Serve, visit: Open, run: Path, scheme: str, width: int) -> None:
    page = visit(serve(run, "anna", 20), viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.keyboard.press("e")
    for number in random.Random(0).sample(range(1, 21), 3):
        page.goto(f"{page.url.rsplit('/', 1)[0]}/{number}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#accept").bounding_box()["y"] < 844, "the decision is on the screen"
        for selector in ("h1", ".soft", ".kind", "mark.strong", "mark.weak", "button.main"):
            for one in page.locator(selector).all()[:3]:
                assert one.evaluate(CONTRAST) >= 4.5, (selector, one.text_content())


CONTRAST = """element => {
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element;
  while (behind.parentElement && (parse(getComputedStyle(behind).backgroundColor)[3] === 0)) behind = behind.parentElement;
  const [one, other] = [light(parse(getComputedStyle(element).color)), light(parse(getComputedStyle(behind).backgroundColor))].sort((a, b) => b - a);
  return (one + 0.05) / (other + 0.05);
}"""
"""The contrast of an element's text to what is behind it (WCAG 2.2, 1.4.3)."""


def test_verdicts_are_read_as_reviews(serve: Serve, visit: Open, pair_run: Path) -> None:
    served = serve(pair_run)
    press(visit(served), "a")
    assert list(read_records(pair_run / "review" / "verdicts.jsonl", Review)) == served.verdicts() != []
