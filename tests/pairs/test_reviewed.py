"""Verdicts in pairs: what reviewers rejected leaves, what they edited takes its place, and the build stays as strict as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.example import Example
from gentool.core.family import Family, Query
from gentool.core.jsonl import read_records, write_records
from gentool.core.review import VERDICTS, Decision, Review, edited_id, query_content
from gentool.pairs.build import PairsSettings, build_pairs
from gentool.pairs.reviewed import apply_reviews, has_new_verdicts


@pytest.fixture
def families(make: Any) -> list[Family]:
    return [make.family(str(number)) for number in range(20)]


def judge(query: Query, decision: Decision, reviewer: str = "anna", text: str = "") -> Review:
    edited = None
    if decision == "edit":
        edited = query.model_copy(update={"text": text})
        edited = edited.model_copy(update={"id": edited_id(query, edited)})
    return Review(query=query.id, content=query_content(query), reviewer=reviewer, decision=decision, reason="unclear", edited=edited)


def queries(families: list[Family]) -> dict[str, str]:
    return {query.id: query.text for family in families for query in family.queries}


def test_a_rejection_outweighs_all_and_an_edit_an_acceptance(families: list[Family]) -> None:
    first, second, third, fourth = families[0].queries
    reviews = [
        judge(first, "reject"),
        judge(first, "accept", "bea"),
        judge(first, "edit", "cem", "never seen"),
        judge(second, "accept"),
        judge(second, "edit", "bea", "an older edit"),
        judge(second, "edit", "cem", "the last edit"),
        judge(third, "accept"),
    ]
    kept, counts = apply_reviews(families, reviews)
    assert [query.text for query in kept[0].queries] == ["the last edit", third.text, fourth.text]
    assert kept[0].queries[0].id not in queries(families)
    assert kept[1:] == families[1:]
    outcome = counts.pop("outcome")
    assert counts == {
        "reviewers": 3,
        "accepted": 1,
        "rejected": 1,
        "edited": 1,
        "disputed": 2,
        "not_reviewed": 77,
        "outdated": 0,
        "families_left_out": 0,
    }
    assert outcome != apply_reviews(families, reviews[1:])[1]["outcome"]


def test_a_family_without_queries_leaves_and_is_counted(families: list[Family]) -> None:
    kept, counts = apply_reviews(families, [judge(query, "reject") for query in families[3].queries])
    assert [family.id for family in kept] == [family.id for family in families if family is not families[3]]
    assert (counts["families_left_out"], counts["rejected"]) == (1, 4)


def test_verdicts_on_other_content_are_counted_and_change_nothing(families: list[Family]) -> None:
    query = families[0].queries[0]
    other = query.model_copy(update={"calls": {**query.calls, query.strong: Call(name="tool0", arguments={"a": "other"})}})
    gone = query.model_copy(update={"id": "gone"})
    kept, counts = apply_reviews(families, [judge(other, "reject"), judge(gone, "reject")])
    assert kept == families
    assert (counts["outdated"], counts["rejected"], counts["outcome"]) == (2, 0, apply_reviews(families, [])[1]["outcome"])


def build(folder: Path, families: list[Family], reviews: list[Review]) -> dict[str, Any]:
    write_records(folder / "synth" / "verified.jsonl", families)
    if reviews:
        write_records(folder / VERDICTS, reviews)
    return build_pairs(folder, PairsSettings(), 0)


def read_examples(folder: Path) -> list[Example]:
    return [example for name in ("train", "test") for example in read_records(folder / "pairs" / f"{name}.jsonl", Example)]


def test_the_build_honours_verdicts_and_is_the_same_again(families: list[Family], tmp_path: Path) -> None:
    rejected, edited = families[0].queries[0], families[1].queries[1]
    reviews = [judge(rejected, "reject"), judge(edited, "edit", text="ask something that a reviewer wrote anew")]
    built = build(tmp_path / "1", families, reviews)
    build(tmp_path / "2", families, reviews)
    examples = read_examples(tmp_path / "1")
    assert {example.query for example in examples} == set(queries(apply_reviews(families, reviews)[0]).values())
    assert not {rejected.id, edited.id} & {example.query_id for example in examples}
    assert (built["reviewed"]["rejected"], built["reviewed"]["edited"]) == (1, 1)
    files = ("train.jsonl", "test.jsonl", "build.json")
    assert all((tmp_path / "1" / "pairs" / name).read_bytes() == (tmp_path / "2" / "pairs" / name).read_bytes() for name in files)


def test_an_edited_query_shares_no_example_id_with_what_it_was(families: list[Family], tmp_path: Path) -> None:
    edited = families[1].queries[1]
    build(tmp_path / "1", families, [])
    build(tmp_path / "2", families, [judge(edited, "edit", text=f"{edited.text} please")])
    before = {example.id for example in read_examples(tmp_path / "1") if example.query_id == edited.id}
    after = {example.id for example in read_examples(tmp_path / "2") if example.query.endswith("please")}
    assert before and after and not before & after


def test_edits_that_make_two_queries_alike_do_not_leak(families: list[Family], tmp_path: Path) -> None:
    same = families[0].queries[0].text
    reviews = [judge(family.queries[0], "edit", text=f"{same} x{number % 2}") for number, family in enumerate(families[1:12])]
    build(tmp_path, families, reviews)  # raises LeakError where near-duplicates are parted
    roles: dict[str, set[str]] = {}
    for name in ("train", "test"):
        for example in read_records(tmp_path / "pairs" / f"{name}.jsonl", Example):
            if example.query.startswith(same):
                roles.setdefault("unseen" if (example.scenario or "").startswith("unseen_query") else "seen", set()).add(example.query_id)
    assert len(roles) == 1, "near-duplicates stay on one side"


def test_a_build_without_a_review_says_nothing_of_it(families: list[Family], tmp_path: Path) -> None:
    assert "reviewed" not in build(tmp_path, families, [])


def test_new_verdicts_are_noticed(families: list[Family], tmp_path: Path) -> None:
    first = build(tmp_path, families, [])
    query = families[0].queries[0]
    assert not has_new_verdicts(tmp_path, first)
    write_records(tmp_path / VERDICTS, [judge(query, "accept")])
    assert not has_new_verdicts(tmp_path, first)
    write_records(tmp_path / VERDICTS, [judge(query, "accept"), judge(query, "reject", "bea")])
    assert has_new_verdicts(tmp_path, first)
    second = build(tmp_path, families, [judge(query, "reject")])
    assert not has_new_verdicts(tmp_path, second)
    (tmp_path / VERDICTS).unlink()
    assert has_new_verdicts(tmp_path, second)


def test_broken_verdicts_are_refused_by_their_line(families: list[Family], tmp_path: Path) -> None:
    path = tmp_path / VERDICTS
    path.parent.mkdir()
    path.write_text('{"query": "x", "content": "y", "reviewer": "z", "decision": "perhaps"}\n', encoding="utf-8")
    with pytest.raises(RecordError, match=r"verdicts\.jsonl, line 1: decision"):
        build(tmp_path, families, [])
    stranger = judge(families[0].queries[0], "edit", text="x").model_dump()
    stranger["edited"] |= {"fits": {"nobody": "full"}}
    with pytest.raises(RecordError, match=r"verdicts\.jsonl: .*names tools that are not of this family: nobody"):
        build(tmp_path, families, [Review.model_validate(stranger)])
