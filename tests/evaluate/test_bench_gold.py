"""Examples of other benchmarks: an answer that was damaged in any way is never right.

On a few examples made up here, and on a sample of each benchmark where its real data lies beside the checkout.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import gentool.prompts
from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example, Prediction, Verdict, Wanted
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.evaluate.verdict import judge
from gentool.formats.bench import Bench
from gentool.formats.bench_metatool import read_metatool
from gentool.formats.bench_seal_tools import read_seal_tools
from gentool.formats.bench_toolalpaca import read_toolalpaca
from gentool.formats.bench_when2call import read_when2call

SAMPLE = 50
READERS: dict[str, Callable[[Path], Bench]] = {
    "seal_tools": read_seal_tools,
    "toolalpaca": read_toolalpaca,
    "when2call": read_when2call,
    "metatool": read_metatool,
}
READS_SEVERAL = hasattr(gentool.prompts, "read_calls")

SAIL = Tool(name="sail", parameters={"type": "object", "properties": {"boat": {"type": "string"}, "hours": {"type": "integer"}}})
ROW, PDF = Tool(name="row", parameters={"type": "object", "properties": {"price": {"type": "number"}}}), Tool(name="PDF&URLTool")
SAILING, ROWING = Call(name="sail", arguments={"boat": "Gull", "hours": 2}), Call(name="row", arguments={"price": 2.5})


def given(identifier: str, answer: Call, tools: tuple[Tool, ...] = (SAIL, ROW, PDF), **changes: Any) -> Example:
    fields: dict[str, Any] = {"id": identifier, "pair": identifier, "family": identifier, "query_id": identifier, "kind": "given"}
    ranking = tuple(dict.fromkeys((answer.name, GENERATE_RESPONSE)))
    return Example(**fields, query="To sea!", tools=ToolSet.of(tools), ranking=ranking, answer=answer, **changes)


MADE_UP = [
    given("call", SAILING),
    given("either", ROWING, alternatives={"price": ("", 3)}),
    given("nothing_to_give", Call(name="PDF&URLTool")),
    given("several", SAILING, further=(Wanted(call=ROWING), Wanted(call=Call(name="PDF&URLTool")))),
    given("one_tool", Call(name="PDF&URLTool"), gold="tool"),
    given("two_tools", Call(name="sail"), further=(Wanted(call=Call(name="row")),), gold="tool"),
    given("none", ABSTAIN),
    given("none_of_none", ABSTAIN, tools=()),
]


@pytest.fixture(scope="module", params=["made up", *READERS])
def some(request: pytest.FixtureRequest) -> list[Example]:
    """A sample of one benchmark's examples."""
    if request.param == "made up":
        return MADE_UP
    path = Path(__file__).parents[3] / "shared" / "data" / request.param
    if not path.exists():
        pytest.skip(f"the real data is not here: shared/data/{request.param} beside the checkout")
    examples = READERS[request.param](path).examples
    return random.Random(0).sample(examples, min(SAMPLE, len(examples)))


def write(calls: list[Call]) -> str:
    """Calls as JSON: one alone, several as a list."""
    values = [{"name": call.name, "arguments": call.arguments} for call in calls]
    return json.dumps(values[0] if len(values) == 1 else values)


def readable(some: list[Example]) -> list[Example]:
    """Those of the examples that verdicts can read."""
    return [example for example in some if READS_SEVERAL or not example.further]


def ask(example: Example, text: str) -> Verdict:
    return judge(example, Prediction(id=example.id, select=text, rank=""))


def wrong_names(example: Example) -> Iterator[str]:
    """The gold with the name of its first call replaced by every other, and by names that are not in the set."""
    first, *others = example.calls
    wanted = {call.name for call in example.calls}
    names = [name for name in (*example.tools.names, GENERATE_RESPONSE) if name not in wanted]
    for name in (*names, f"{first.name}_", first.name.upper(), "search_web"):
        yield write([Call(name=name, arguments=first.arguments), *others])


def missing_arguments(example: Example) -> Iterator[str]:
    """The gold without one argument of one call."""
    calls = list(example.calls)
    for place, call in enumerate(calls if example.gold == "call" else []):
        for name in call.arguments:
            less = Call(name=call.name, arguments={key: value for key, value in call.arguments.items() if key != name})
            yield write([*calls[:place], less, *calls[place + 1 :]])


def further_arguments(example: Example) -> Iterator[str]:
    """The gold with an argument that no tool has."""
    first, *others = example.calls
    if example.gold == "call" and not first.abstains:
        yield write([Call(name=first.name, arguments={**first.arguments, "no_such_argument": 1}), *others])


def prose(example: Example) -> Iterator[str]:
    """Words, with and without the right names."""
    yield from ("", "I am afraid that no tool helps here.", "To sea!")
    yield f"I would call {' and then '.join(call.name for call in example.calls)}."
    yield "\n".join(f"{call.name}({call.arguments})" for call in example.calls)


def broken_json(example: Example) -> Iterator[str]:
    """The gold with its end torn off, at several places, and without its quotes."""
    text = write(list(example.calls))
    yield from (text[:-2], text[: len(text) // 2], text[:1], text.replace('"', ""))


def further_calls(example: Example) -> Iterator[str]:
    """The gold with a call that nobody wants behind it, or before it."""
    calls = list(example.calls)
    extra = Call(name=next((name for name in example.tools.names if name not in {call.name for call in calls}), "search_web"))
    yield from (write([*calls, extra]), write([extra, *calls]))


def calls_left_out(example: Example) -> Iterator[str]:
    """The gold without one of its several calls."""
    calls = list(example.calls)
    for place in range(len(calls) if len(calls) > 1 else 0):
        yield write([*calls[:place], *calls[place + 1 :]])


DAMAGES = (wrong_names, missing_arguments, further_arguments, prose, broken_json, further_calls)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_answer_is_never_right(some: list[Example], damage: Callable[[Example], Iterator[str]]) -> None:
    credited = [(example.id, text) for example in readable(some) for text in damage(example) if ask(example, text).call]
    assert credited == []


@pytest.mark.parametrize("damage", [prose, broken_json], ids=lambda damage: damage.__name__)
def test_what_cannot_be_read_has_no_credit_at_all(some: list[Example], damage: Callable[[Example], Iterator[str]]) -> None:
    for example in (example for example in some if not example.further):
        for text in damage(example):
            verdict = ask(example, text)
            assert (verdict.error, verdict.format, verdict.selection, verdict.selected) == ("unparsable", False, False, None), (example.id, text)
            assert not (verdict.parameter_names or verdict.parameter_values or verdict.parameter_values_normalised), (example.id, text)


def test_the_gold_itself_is_right(some: list[Example]) -> None:
    assert [example.id for example in readable(some) if not ask(example, write(list(example.calls))).call] == []


@pytest.mark.skipif(not READS_SEVERAL, reason="needs verdicts of several calls")
def test_a_call_that_is_left_out_is_missed(some: list[Example]) -> None:
    credited = [(example.id, text) for example in some for text in calls_left_out(example) if ask(example, text).call]
    assert credited == []


@pytest.mark.skipif(not READS_SEVERAL, reason="needs verdicts of several calls")
def test_several_calls_are_right_in_any_order(some: list[Example]) -> None:
    assert [example.id for example in some if not ask(example, write(list(reversed(example.calls)))).call] == []


@pytest.mark.skipif(not READS_SEVERAL, reason="needs verdicts of several calls")
def test_where_the_tool_alone_is_gold_any_arguments_are_right(some: list[Example]) -> None:
    tools = [example for example in some if example.gold == "tool"]
    texts = [write([Call(name=call.name, arguments={"any": [1]}) for call in example.calls]) for example in tools]
    assert [example.id for example, text in zip(tools, texts, strict=True) if not ask(example, text).call] == []
