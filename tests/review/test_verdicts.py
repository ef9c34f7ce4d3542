"""The store: what stands, what undo leaves, that an action counts once, and that the export never says less."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gentool.core.errors import RunError
from gentool.core.jsonl import read_records
from gentool.core.review import VERDICTS, Decision, Review
from gentool.review.verdicts import VerdictStore


def judge(query: str, decision: Decision = "accept", reviewer: str = "anna", reason: str = "") -> Review:
    return Review(query=query, content="c", reviewer=reviewer, decision=decision, reason=reason)


def standing(store: VerdictStore) -> list[Review]:
    return [action.review for action in store.standing()]


def exported(run: Path) -> list[Review]:
    return list(read_records(run / VERDICTS, Review))


def test_the_last_verdict_of_each_reviewer_stands_and_is_exported(tmp_path: Path) -> None:
    store = VerdictStore(tmp_path)
    assert not (tmp_path / VERDICTS).exists()
    reject = judge("a", "reject", reason="unclear")
    for review in (judge("a"), judge("b"), reject, judge("a", reviewer="bea")):
        store.give(review)
        assert exported(tmp_path) == standing(store)
    assert standing(store) == [judge("b"), reject, judge("a", reviewer="bea")]
    assert standing(VerdictStore(tmp_path)) == exported(tmp_path)


def test_a_verdict_that_is_sent_twice_counts_once(tmp_path: Path) -> None:
    store = VerdictStore(tmp_path)
    store.give(judge("a"))
    first = store.last_action("anna")
    store.give(judge("a"))
    assert store.last_action("anna") == first
    assert first
    store.undo(first.number, "anna")
    assert standing(store) == exported(tmp_path) == []


def test_undo_brings_back_what_stood_before_and_touches_nobody_else(tmp_path: Path) -> None:
    store = VerdictStore(tmp_path)
    for review in (judge("a"), judge("b"), judge("a", reviewer="bea"), judge("a", "reject", reason="no")):
        store.give(review)
    last = store.last_action("anna")
    assert last
    store.undo(last.number, "bea")
    assert store.last_action("anna") == last, "another's action stays"
    store.undo(last.number, "anna")
    store.undo(last.number, "anna")
    assert standing(store) == exported(tmp_path) == [judge("a"), judge("b"), judge("a", reviewer="bea")]
    assert store.last_action("nobody") is None


def test_two_servers_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    def work(reviewer: str) -> None:
        store = VerdictStore(tmp_path)
        for number in range(15):
            store.give(judge(str(number), reviewer=reviewer))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("anna", "bea", "cem")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(exported(tmp_path)) == 45
    assert exported(tmp_path) == standing(VerdictStore(tmp_path))


def test_an_export_that_was_lost_is_written_again(tmp_path: Path) -> None:
    VerdictStore(tmp_path).give(judge("a"))
    (tmp_path / VERDICTS).unlink()
    VerdictStore(tmp_path)
    assert exported(tmp_path) == [judge("a")]


def test_an_export_that_cannot_be_written_leaves_no_verdict(tmp_path: Path) -> None:
    store = VerdictStore(tmp_path)
    (tmp_path / VERDICTS).mkdir()
    with pytest.raises(OSError, match="directory"):
        store.give(judge("a"))
    assert standing(store) == []


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "review").mkdir()
    (tmp_path / "review" / "verdicts.sqlite").write_text("not a database, whatever its name says" * 100)
    with pytest.raises(RunError, match=r"verdicts\.sqlite: cannot be used as a file of verdicts \(file is not a database\)"):
        VerdictStore(tmp_path)
