"""The pooled seeds on the terminal and as Markdown."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.evaluate.seeds import COLUMNS
from gentool.report.seeds_markdown import render_markdown
from gentool.report.seeds_terminal import describe_seeds
from gentool.report.seeds_view import HEADS


def cell(value: float | None, low: float | None = None, high: float | None = None, **more: Any) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": 1200, "families": 80, "lowest": value, "highest": value, **more}


@pytest.fixture
def table() -> dict[str, Any]:
    """Two models; only the whole call and format were measured."""
    empty = {column: cell(None, n=0, families=0, result="not told apart") for column in HEADS}
    return {
        "reference": "full",
        "models": ["full", "plain_sft"],
        "seeds": [0, 1],
        "records": 1200,
        "families": 80,
        "seed": 0,
        "draws": 10_000,
        "means": {
            "full": {**empty, "call": cell(0.318, 0.27, 0.369, lowest=0.3, highest=0.34), "format": cell(1.0, families=1)},
            "plain_sft": {**empty, "call": cell(0.055, 0.03, 0.09, lowest=0.05, highest=0.06), "format": cell(1.0, families=1)},
        },
        "differences": {
            "plain_sft": {
                **empty,
                "call": cell(-0.263, -0.3, -0.2, lowest=-0.27, highest=-0.25, result="behind"),
                "format": cell(0.0, result="not told apart"),
            }
        },
    }


def test_markdown_has_a_row_for_each_model_and_a_line_for_each_number(table: dict[str, Any]) -> None:
    text = render_markdown(table)
    assert text.startswith("1,200 records of 80 families, over 2 seeds (0, 1).  \n")
    assert "| full | - | - | - | - | 31.8 (27-37)<br>30.0 to 34.0 | - | - | 100.0 (one family)<br>100.0 to 100.0 |" in text
    behind = "-26.3<br>-30.0 to -20.0<br>-27.0 to -25.0<br>behind"
    assert f"| plain_sft | - | - | - | - | {behind} | - | - | 0.0<br>one family<br>0.0 to 0.0<br>not told apart |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_the_terminal_shows_the_same_in_columns(table: dict[str, Any]) -> None:
    lines = list(describe_seeds(table))
    shown = "\n".join(lines)
    place = next(number for number, line in enumerate(lines) if line.startswith("plain_sft") and "-26.3" in line)
    assert [line.split("  ")[-1].strip() for line in lines[place : place + 4]] == ["0.0", "one family", "0.0 to 0.0", "not told apart"]
    assert all(number in shown for number in ("31.8 (27-37)", "30.0 to 34.0", "-30.0 to -20.0", "behind", "records"))
    assert max(map(len, lines[3:place])) <= 230


def test_one_model_alone_has_no_differences(table: dict[str, Any]) -> None:
    alone = {**table, "means": {"full": table["means"]["full"]}, "differences": {}}
    assert "Difference" not in render_markdown(alone)
    assert not any("Difference" in line for line in describe_seeds(alone))


def test_no_column_is_left_out() -> None:
    assert tuple(HEADS) == COLUMNS
