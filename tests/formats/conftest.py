"""What the tests of the readers share: a file made from text or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.example import Example, Prediction, Verdict
from gentool.core.schema import metaschema_fault, schema_faults
from gentool.formats.bench import Bench

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file: text as it is, anything else as JSON, with `lines=True` one JSON value to a line."""

    def write_file(content: Any, lines: bool = False) -> Path:
        path = tmp_path / "tools.json"
        if lines:
            content = "".join(json.dumps(value) + "\n" for value in content)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
        return path

    return write_file


def judge_gold(example: Example) -> Verdict:
    """The verdict on an example's own gold, written as JSON: one call, or a list where several are wanted."""
    from gentool.evaluate.verdict import judge

    calls = [{"name": call.name, "arguments": call.arguments} for call in example.calls]
    return judge(example, Prediction(id=example.id, select=json.dumps(calls[0] if len(calls) == 1 else calls), rank=json.dumps(example.ranking)))


@pytest.fixture
def gold_verdict() -> Callable[[Example], Verdict]:
    """Judges an example's own gold; skips where several calls are wanted and verdicts cannot read them yet."""

    def judge_one(example: Example) -> Verdict:
        import gentool.prompts

        if example.further and not hasattr(gentool.prompts, "read_calls"):
            pytest.skip("needs verdicts of several calls")
        return judge_gold(example)

    return judge_one


@pytest.fixture
def check_bench() -> Callable[[Bench, int], None]:
    """Checks what holds of every benchmark that was read from `records` records."""

    def check(bench: Bench, records: int) -> None:
        assert len(bench.examples) + len(bench.refused) == records
        assert len({example.id for example in bench.examples}) == len(bench.examples)
        assert {oddity.id for oddity in bench.oddities} <= {example.id for example in bench.examples}
        odd = {oddity.id for oddity in bench.oddities if oddity.what.startswith("gold not valid under its tool's schema: ")}
        for example in bench.examples:
            assert (example.kind, example.scenario, example.pair, example.family, example.query_id) == ("given", None, *[example.id] * 3)
            assert example.id.startswith(f"{bench.name}/") and example.query.strip() and example.category and example.source
            assert all(metaschema_fault(tool.parameters) is None for tool in example.tools)
            assert not [tool.name for tool in example.tools if tool.returns is not None and metaschema_fault(tool.returns)]
            faults = [] if example.gold != "call" else _gold_faults(example)
            assert bool(faults) == (example.id in odd), f"{example.id}: {faults}"
        single = [example for example in bench.examples if not example.further]
        assert [(verdict.id, verdict.reason) for verdict in map(judge_gold, single) if not verdict.call] == []

    return check


def _gold_faults(example: Example) -> list[str]:
    """What is wrong with an example's gold under the schemas of its tools."""
    tools = {tool.name: tool for tool in example.tools}
    return [fault for call in example.calls if not call.abstains for fault in schema_faults(call.arguments, tools[call.name].parameters)]
