"""The words that all files of a drift share, and reading its results back."""

from __future__ import annotations

from pathlib import Path

import pytest

from gentool.core.drift import Rate
from gentool.core.errors import RecordError, RunError
from gentool.core.jsonl import write_json, write_records, write_text
from gentool.report.drift_view import counts_words, headline_sentences, rate_words, read_drift, result_words, short_rate

from .drift_samples import make_equal, make_records, make_summary

RATE = Rate(count=5, of=6, value=5 / 6, low=0.4365, high=0.9699)


def test_shares_in_words() -> None:
    assert rate_words(RATE) == "5 of 6 (83.3%, 43.6-97.0)"
    assert short_rate(RATE) == "5 of 6 (83%)"
    assert (rate_words(Rate()), short_rate(Rate())) == ("-", "-")
    assert counts_words({"a": 3, "generate_response": 2, "b": 1, "c": 1}) == "a 3, no tool 2, b 1, ..."
    assert counts_words({}) == "-"


def test_the_headline_answers_what_the_reader_asks() -> None:
    records = make_records()
    adopted, lost = headline_sentences(make_summary(records), records)
    assert adopted.startswith("The model calls them on 1 of 3 (33.3%, interval ")
    assert adopted.endswith(") queries for the 2 added tools.")
    assert lost.startswith("It loses 5 of 10 (50.0%, interval ")
    assert lost.endswith(
        "answers that were right: 2 to new_tool (added), 1 to no tool, 1 to the same tool, with a call that no longer holds, "
        "1 to an answer that cannot be read."
    )
    unknown = [record for record in records if record.outcome == "changed"]
    assert headline_sentences(make_summary(unknown), unknown)[0].startswith("Nothing says what is right; 1 of 1 (100.0%, interval ")
    assert headline_sentences(make_equal(), []) == []


def test_the_result_in_a_word() -> None:
    records = make_records()
    unknown = [record for record in records if record.outcome == "changed"]
    assert result_words(make_summary(records)) == "FAILED"
    assert result_words(make_equal()) == "passed"
    assert result_words(make_summary(unknown).model_copy(update={"checks": ()})) == "no threshold was judged"


def test_results_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    records = make_records()
    summary = make_summary(records)
    write_json(tmp_path / "drift.json", summary.model_dump(mode="json") | {"passed": summary.passed})
    write_records(tmp_path / "outcomes.jsonl", records)
    assert read_drift(tmp_path) == (summary, records)


def test_results_that_are_missing_or_broken_are_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no results of gentool drift"):
        read_drift(tmp_path)
    write_text(tmp_path / "drift.json", '{"model": 3}')
    with pytest.raises(RecordError, match=r"drift\.json: model"):
        read_drift(tmp_path)
    write_text(tmp_path / "drift.json", "[]")
    with pytest.raises(RecordError):
        read_drift(tmp_path)
