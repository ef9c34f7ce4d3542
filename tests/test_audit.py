"""The audit: rates by check and by domain from what synth refused, and records that a seed draws."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.audit import audit, describe_audit
from gentool.core.errors import RunError
from gentool.core.jsonl import read_json, read_records, write_json, write_records
from gentool.synth.verify import Rejection


@pytest.fixture
def refusing(run_copy: Path) -> Path:
    """The finished run with refusals that are known: of its queries 10 by one check, then 5 by another."""
    queries = [json.loads(line) for line in (run_copy / "synth" / "queries.jsonl").read_text().splitlines()[:15]]
    refused = [Rejection(id=query["id"], kind="query", check="grounded", reason="not there", record=query) for query in queries[:10]]
    refused += [Rejection(id=query["id"], kind="query", check="judge_weak", reason="differs", record=query) for query in queries[10:]]
    refused += [Rejection(id="r", kind="QueryCall", check="reply", reason="the answer is empty", record={"reply": ""})] * 2
    write_records(run_copy / "synth" / "rejected.jsonl", refused)
    return run_copy


def test_a_check_is_rated_on_the_records_that_came_to_it(refusing: Path) -> None:
    found = audit(refusing)
    total = read_json(refusing / "synth" / "build.json")["written"]["queries"]
    rates = {rate.name: (rate.count, rate.total) for rate in found.checks}
    assert rates == {"query: grounded": (total - 10, total), "query: judge_weak": (total - 15, total - 10)}
    assert {rate.name: rate.count for rate in found.kept}["query"] == total - 15
    assert found.unusable == (("QueryCall: the answer is empty", 2),)


def test_domains_add_up_to_the_whole(finished: Path) -> None:
    build, found = read_json(finished / "synth" / "build.json"), audit(finished)
    assert len(found.domains) > 5
    assert sum(rate.count for rate in found.domains) == build["verified"]["queries"]
    assert sum(rate.total for rate in found.domains) == build["written"]["queries"]


def test_a_seed_draws_the_same_records_and_another_others(refusing: Path) -> None:
    first = audit(refusing, sample=6)
    assert first == audit(refusing, sample=6) and len(first.accepted) == len(first.rejected) == 6
    assert audit(refusing, sample=6, seed=1).accepted != first.accepted
    assert len(audit(refusing, sample=100).rejected) == 17
    assert all(one in list(read_records(refusing / "synth" / "rejected.jsonl", Rejection)) for one in first.rejected)


def test_the_judge_s_agreement_is_shown_where_one_was_asked(refusing: Path) -> None:
    assert "Nobody judged a sample (synth.judge)" in list(describe_audit(audit(refusing)))
    build: dict[str, Any] = read_json(refusing / "synth" / "build.json")
    judge = {"queries": 40, "queries_agreed": 30, "unserved": 0, "unserved_agreed": 0, "distractors": 9, "distractors_serving": 1}
    write_json(refusing / "synth" / "build.json", build | {"judge": judge | {"several_votes": 0, "votes_agreed": 0}})
    lines = list(describe_audit(audit(refusing)))
    assert "   75.0%  30 of 40  queries read as they were written" in lines
    assert "       -  0 of 0  several votes that are all alike" in lines


def test_the_command_prints_it(refusing: Path, gentool: Callable[..., Any]) -> None:
    outcome = gentool("audit", refusing, "--sample", "3", "--seed", "4")
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert lines == list(describe_audit(audit(refusing, 3, 4)))
    assert "3 accepted queries, drawn at random" in lines and lines[-4] == "3 rejected records, drawn at random"


def test_a_run_without_synth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="synth is not done, so there is nothing to audit: run `gentool synth"):
        audit(tmp_path)
