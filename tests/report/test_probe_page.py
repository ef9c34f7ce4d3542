"""The page of a probe: its numbers are those of the results, its figures stand in the page, and in a browser nothing is amiss."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gentool.report.probe_page import GROUPS, QUESTIONS, make_section, render_probe_page, write_probe_page

VARIANTS = {"candidates": ["5", "10", "20"], "position": ["1", "2", "3"], "names": ["as they are", "slight", "heavy"]}
OUTSIDE = """key => {
    const svg = document.querySelector(`#figure-${key} svg`), frame = svg.getBoundingClientRect();
    const isOutside = box => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
    return [...svg.querySelectorAll("text")].filter(text => isOutside(text.getBoundingClientRect())).map(text => text.textContent);
}"""
"""The labels of a figure that do not fit into it."""
NASTY = '</title><script>document.title="broken"</script>&'


def share(value: float, n: int = 30) -> dict[str, Any]:
    return {"value": value, "low": max(0.0, value - 0.1), "high": min(1.0, value + 0.1), "n": n}


def make_group(variants: list[str], first: float, step: float) -> dict[str, Any]:
    values = [first - place * step for place in range(len(variants))]
    rows = [
        {
            "variant": variant,
            "selection": share(value),
            "format": share(1.0),
            "call": share(value),
            "difference": {"value": value - first, "low": value - first - 0.05, "high": value - first + 0.05},
        }
        for variant, value in zip(variants, values, strict=True)
    ]
    return {"n": 30, "rows": rows, "always": share(values[-1] / 2), "ever": share(first)}


def make_result(name: str, first: float, step: float) -> dict[str, Any]:
    questions: dict[str, Any] = {}
    for key, variants in VARIANTS.items():
        groups = {group: make_group(variants, first, step) for group in GROUPS if key != "position" or group == "call"}
        questions[key] = {"variants": variants, "groups": groups, "notes": []}
    questions["similarity"] = {"variants": [], "groups": {}, "notes": [f"30 examples are left out {NASTY}"]}
    return {"name": name, "sample": 30, "seed": 4, "questions": questions}


@pytest.fixture(scope="module")
def results() -> list[dict[str, Any]]:
    return [make_result("trained", 0.9, 0.2), make_result(f"tfidf{NASTY}", 0.5, 0.05)]


def test_every_number_of_the_results_stands_in_the_page(results: list[dict[str, Any]]) -> None:
    page = render_probe_page("demo", results)
    cells = re.findall(r'data-engine="([^"]*)" data-group="(\w+)" data-variant="([^"]*)" data-value="([^"]*)">([^<]*)', page)
    wanted = [
        (group, row["variant"], row["selection"]["value"])
        for result in results
        for one in result["questions"].values()
        for group, found in one["groups"].items()
        for row in [*found["rows"], {"variant": "always", "selection": found["always"]}]
    ]
    assert sorted((group, variant, float(value)) for _, group, variant, value, _ in cells) == sorted(wanted)
    assert all(text.strip() == f"{100 * float(value):.1f} %" for *_, value, text in cells)
    assert len({cell[0] for cell in cells}) == 2
    assert "-20.0 (-25 to -15)" in page


def test_the_page_has_a_section_for_each_question_that_was_asked(results: list[dict[str, Any]]) -> None:
    page = render_probe_page("demo", results)
    assert [key for key in QUESTIONS if f'<section id="{key}"' in page] == ["candidates", "position", "similarity", "names"]
    assert [key for key in QUESTIONS if f'id="figure-{key}"' in page] == ["candidates", "position", "names"]
    assert "Nothing could be asked." in page
    assert NASTY not in page and "&lt;/title&gt;" in page
    assert page == render_probe_page("demo", results), "the same results give the same bytes"


def test_a_figure_shows_each_engine_and_says_its_numbers_in_words(results: list[dict[str, Any]]) -> None:
    section = make_section("candidates", results)
    assert section.figure is not None
    assert "trained: 5 90.0 %, 10 70.0 %, 20 50.0 %." in section.figure.alternative
    for series in (0, 1):
        assert f"var(--series-{series})" in section.figure.svg
    assert all(title in section.figure.svg for title in GROUPS.values())
    assert "No tool serves the query" not in (make_section("position", results).figure or section.figure).svg


@pytest.mark.parametrize("width", [1100, 380])
def test_in_a_browser_nothing_is_amiss(browser: Any, results: list[dict[str, Any]], tmp_path: Path, width: int) -> None:
    """No complaint, no request but for itself, no scrolling sideways, the figures as wide as they may be and every label inside."""
    address = write_probe_page("demo", results, tmp_path / "probe.html").as_uri()
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if not request.url.startswith(address) else None)
    page.goto(address)
    assert page.title() == "demo – GenTool probe"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for key in ("candidates", "position", "names"):
        box = page.locator(f"#figure-{key} svg").bounding_box()
        assert box["width"] > 500 and box["height"] > 120
        outside = page.evaluate(OUTSIDE, key)
        assert [text for text in outside if NASTY[:5] not in text] == []
    page.get_by_role("link", name="Names").click()
    assert page.evaluate("location.hash") == "#names"
    context.close()
    assert complaints == []
