"""The starter teacher: what people wrote comes back as recorded and passes verification whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gentool.core.family import Family, Unserved
from gentool.core.jsonl import read_records, write_records
from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.starter import read_starter_families, read_starter_queries, read_starter_tools, read_unserved_queries
from gentool.starter.records import StarterQuery
from gentool.synth.pipeline import SynthSettings, synthesise
from gentool.synth.starter import StarterTeacher


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("starter")
    write_records(folder / "tools.jsonl", read_starter_tools())
    synthesise(folder, SynthSettings(teacher="starter", queries_per_pair=20), seed=0)
    return folder


def test_every_record_passes_verification(run: Path) -> None:
    families = list(read_records(run / "synth" / "verified.jsonl", Family))
    rejected = (run / "synth" / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert [line for line in rejected if json.loads(line)["check"] != "too_few"] == []
    assert len(families) == len(read_starter_families())
    assert sum(len(family.queries) for family in families) == len(read_starter_queries())
    assert len(list(read_records(run / "synth" / "verified_unserved.jsonl", Unserved))) == len(read_unserved_queries())


def test_fits_calls_evidence_and_alternatives_are_the_recorded_ones(run: Path) -> None:
    recorded = {(query.strong, query.text): query for query in read_starter_queries()}
    for family in read_records(run / "synth" / "verified.jsonl", Family):
        (weak,) = family.weak
        for query in family.queries:
            source = recorded[family.strong.name, query.text]
            assert query.weak_fit == source.weak_fit and query.needs == source.needs and query.also == (*source.also, *source.partly)
            assert query.calls[family.strong.id].arguments == source.call
            assert (weak.id in query.calls) == (source.weak_call is not None)
            if source.weak_call is not None:
                assert query.calls[weak.id].arguments == source.weak_call
            for name, spans in query.evidence.get(family.strong.id, {}).items():
                assert list(spans) == source.spans[name]


def ask(task: str, **inputs: object) -> str:
    (reply,) = StarterTeacher().reply([Request("r", task, inputs=inputs)])
    return reply.text


def test_fewer_queries_can_be_asked_for_and_pairs_need_no_weak_tool() -> None:
    tool = read_starter_tools()[0]
    written = json.loads(ask("queries", strong=tool, weak=None, count=3, seed=0))["queries"]
    assert len(written) == 3 and all(set(query) == {"text", "also"} for query in written)


def test_what_the_set_does_not_hold_is_said_in_words() -> None:
    tool = read_starter_tools()[0]
    changed = tool.model_copy(update={"description": "Another definition"})
    stranger = Tool.model_validate(changed.model_dump())
    weak = read_starter_families()[0].weak
    unserved: StarterQuery = next(query for query in read_starter_queries() if query.strong == tool.name and query.weak_fit == "none")
    assert ask("weaken", tool=stranger, number=0, seed=0).startswith("cannot do this: the starter set holds no tool")
    assert ask("weaken", tool=tool, number=1, seed=0) == "cannot do this: the starter set holds one weak tool for each strong one"
    assert ask("queries", strong=stranger, weak=None, count=3, seed=0).startswith("cannot do this")
    assert ask("calls", query="never asked", strong=tool, weak=weak, target=tool.id, count=3, seed=0).startswith("cannot do this")
    assert ask("calls", query=unserved.text, strong=tool, weak=weak, target=weak.id, count=3, seed=0).startswith("cannot do this")
    with pytest.raises(ValueError, match="knows no task 'sing'"):
        ask("sing")


def test_unserved_queries_are_those_of_the_domain() -> None:
    written = json.loads(ask("unserved", domain="travel", tools=[], count=4, seed=0))["queries"]
    assert [query["text"] for query in written] == [query.text for query in read_unserved_queries() if query.domain == "travel"][:4]
    assert json.loads(ask("unserved", domain="alchemy", tools=[], count=4, seed=0)) == {"queries": []}
