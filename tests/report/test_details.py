"""Tables of what lies behind the metrics: the score files' numbers, and nothing where an older file has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gentool.core.example import REASON_CODES
from gentool.core.jsonl import read_json, write_json
from gentool.report.details import MEAN, REASON_WORDS, category_tables, reason_table, scores_table
from gentool.report.html import write_report
from gentool.report.results import Scored, read_runs
from gentool.report.view import Table


def scored(name: str, **score: Any) -> Scored:
    return Scored(name, score, (), {})


def texts(table: Table) -> dict[str, tuple[str, ...]]:
    return {name: tuple(cell.text for cell in cells) for name, cells in table.rows}


def test_rules_that_none_breaks_are_left_out() -> None:
    found = reason_table([scored("a", reasons={"unparsable": 2, "wrong_count": 0}), scored("b", reasons={"missing_optional": 1}), scored("old")])
    assert found is not None
    assert found.columns == ("Could not be read", "Optional argument lacks")
    assert texts(found) == {"a": ("2", "–"), "b": ("–", "1"), "old": ("–", "–")}
    assert found.rows[0][1][0].href == "#examples&model=a&q=unparsable"
    assert reason_table([scored("old"), scored("a", reasons={"unparsable": 0})]) is None
    assert set(REASON_WORDS) == set(REASON_CODES)


def test_rankings_by_scores_stand_beside_models_that_gave_none() -> None:
    block = {"n": 3, "selection": {"value": 2 / 3, "low": 0.2, "high": 0.9, "n": 3}, "mrr": 0.5, "same_first": {"value": 1.0}}
    found = scores_table([scored("a", ranking_by_scores=block), scored("b", ranking_by_scores=None)])
    assert found is not None
    assert found.columns == ("Examples", "Selection", "Mean reciprocal rank", "Ranked first as by scores")
    assert texts(found) == {"a": ("3", "66.7 %", "0.500", "100.0 %"), "b": ("–",) * 4}
    assert scores_table([scored("b", ranking_by_scores=None), scored("old")]) is None


def test_categories_have_a_mean_of_their_own() -> None:
    share = {"value": 0.5, "low": 0.1, "high": 0.9, "n": 4}
    block = {
        "by_category": {"simple": {"n": 4, "selection": share, "call": share}, "live": {"n": 1, "selection": share, "call": {"value": 0.0}}},
        "macro_mean": {"selection": 0.5, "call": 0.25, "format": 1.0},
    }
    selection, call = category_tables([scored("a", categories=block), scored("old")])
    assert selection.columns == call.columns == ("simple", "live", MEAN)
    assert texts(selection) == {"a": ("50.0 %", "50.0 %", "50.0 %"), "old": ("–",) * 3}
    assert texts(call)["a"] == ("50.0 %", "0.0 %", "25.0 %")
    assert call.rows[0][1][0].interval == "[10.0, 90.0]"
    assert category_tables([scored("old"), scored("own", categories=None)]) == []


def test_a_run_that_was_scored_by_an_earlier_version_is_reported(run_folder: Path) -> None:
    new = ("settings", "constrained", "categories", "ranking_by_scores", "reasons")
    for name in ("base", "tuned"):
        path = run_folder / "score" / f"{name}.json"
        score = {key: value for key, value in read_json(path).items() if key not in new}
        for table in score["scenarios"].values():
            for key in ("ranking_by_scores", "reasons"):
                del table[key]
            for key in ("coerced", "levenshtein"):
                del table["parameter_values"][key]
        write_json(path, score)
    text = write_report([run_folder], run_folder / "report.html").read_text(encoding="utf-8")
    assert "<h3>Ranking by scores</h3>" not in text and "metric-parameter_values_coerced" not in text
    assert len(read_runs([run_folder])[0].scored) == 2


def test_the_page_shows_what_the_score_files_hold(run_folder: Path) -> None:
    text = write_report([run_folder], run_folder / "report.html").read_text(encoding="utf-8")
    for words in ("Ranking by scores", "Parameter values, coerced", "What is wrong first", "Likeness (Levenshtein)", "Chosen as by scores".lower()):
        assert words.lower() in text.lower()
    assert "By category" not in text
