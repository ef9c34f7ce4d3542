"""Scoring: from an answer's raw text to the verdict of its call, in records a second of one core.

Beside it, on the same records in the same run: jsonschema with compiled validators on the arguments as they are after parsing, and
json.loads alone, which no checker of JSON in Python can beat. First it is proved on damaged and undamaged answers that the
short way through strict JSON reads, and so judges, as the reader does that looks for JSON among anything. Times are those of this process
on the processor, the best of several rounds that take turns.

    python benchmarks/score.py [--records 10000] [--rounds 9]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from gentool.core.call import Call
from gentool.core.canonical import canonical_json
from gentool.core.example import Example, Prediction
from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, ToolSet
from gentool.evaluate.verdict import CallVerdict, examine, judge_calls, read_answer
from gentool.prompts.json_calls import gather_calls
from gentool.prompts.json_values import search_values
from gentool.starter import read_starter_queries, read_starter_tools

Record = tuple[Example, Prediction]
K = 5


def make_records(count: int) -> list[Record]:
    """The starter set's queries before sets of K tools, over and over, each answered rightly by one call as it is asked for."""
    tools, queries = read_starter_tools(), read_starter_queries()
    places = {tool.name: place for place, tool in enumerate(tools)}
    records = []
    for number in range(count):
        query = queries[number % len(queries)]
        name = query.id.split("/")[0]
        shown = ToolSet.of(tools[(places[name] - number % K + step) % len(tools)] for step in range(K))
        target = Call(name=name, arguments=query.call)
        example = Example(
            id=f"{query.id}/{number}",
            pair=query.id,
            kind="one",
            family=name,
            query_id=query.id,
            query=query.text,
            tools=shown,
            ranking=(name, GENERATE_RESPONSE),
            answer=target,
            alternatives={key: tuple(values) for key, values in query.alternatives.items()},
        )
        records.append((example, Prediction(id=example.id, select=write(name, query.call), rank=json.dumps([name, GENERATE_RESPONSE]))))
    return records


def write(name: str, arguments: dict[str, Any]) -> str:
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def _without_last(arguments: dict[str, Any]) -> dict[str, Any]:
    return dict(list(arguments.items())[:-1])


DAMAGES: dict[str, Callable[[Call], str]] = {
    "wrong name": lambda call: write(call.name + "_", call.arguments),
    "missing argument": lambda call: write(call.name, _without_last(call.arguments)),
    "unknown parameter": lambda call: write(call.name, {**call.arguments, "zzz": 1}),
    "wrong type": lambda call: write(call.name, {key: {} for key in call.arguments}),
    "values as strings": lambda call: write(call.name, {key: str(value) for key, value in call.arguments.items()}),
    "value off": lambda call: write(call.name, dict.fromkeys(call.arguments, "off")),
    "capitals": lambda call: write(call.name, call.arguments).replace(': "', ': "X'),
    "abstention": lambda _: write(GENERATE_RESPONSE, {}),
    "extra call": lambda call: f"[{write(call.name, call.arguments)}, {write(call.name, {})}]",
    "twice": lambda call: "\n".join([write(call.name, call.arguments)] * 2),
    "prose": lambda call: f"I would call {call.name} here.",
    "broken": lambda call: write(call.name, call.arguments)[:-1],
    "cut off": lambda call: write(call.name, call.arguments)[: len(call.name) + 20],
    "fence": lambda call: f"```json\n{write(call.name, call.arguments)}\n```",
    "words around": lambda call: f"Sure: {write(call.name, call.arguments)} Done.",
    "Python": lambda call: repr({"name": call.name, "arguments": call.arguments}),
    "trailing comma": lambda call: write(call.name, call.arguments)[:-1] + ",}",
    "markers": lambda call: f"<tool_call>\n{write(call.name, call.arguments)}\n</tool_call>",
}


def damage_all(records: list[Record]) -> list[Record]:
    """Every second record damaged, by each kind of damage in turn."""
    kinds = list(DAMAGES.values())
    texts = [kinds[n // 2 % len(kinds)](example.answer) if n % 2 else prediction.select for n, (example, prediction) in enumerate(records)]
    return [(example, prediction.model_copy(update={"select": text})) for (example, prediction), text in zip(records, texts, strict=True)]


def judge_text(record: Record) -> CallVerdict:
    """What is measured: from the raw text to the verdict of the call."""
    example, prediction = record
    return judge_calls(example, read_answer(example, prediction))


def judge_searched(record: Record) -> CallVerdict:
    """The same without the short way."""
    example, prediction = record
    return judge_calls(example, gather_calls(search_values(prediction.select)))


def prove_equal(records: list[Record]) -> Counter[str]:
    """Counts the verdicts by what is wrong; raises AssertionError where the two ways of reading judge differently."""
    found: Counter[str] = Counter()
    for record in records:
        verdict = judge_text(record)
        assert verdict == judge_searched(record), record[1].select
        found[verdict.reason.code if verdict.reason else "right"] += 1
    return found


def measure(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Seconds of processor time of each way, the best of the rounds."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    right = make_records(options.records)
    damaged = damage_all(right)
    assert set(prove_equal(right)) == {"right"}
    print(f"equal       {len(damaged)} answers are judged alike by both readers: {dict(prove_equal(damaged).most_common())}")
    validators = {example.answer.name: _validator(example) for example, _ in right}
    ways: dict[str, Callable[[], None]] = {
        "json.loads": lambda: _each(lambda record: json.loads(record[1].select), right),
        "jsonschema": lambda: _each(lambda record: validators[record[0].answer.name].is_valid(record[0].answer.arguments), right),
        "text to verdict of the call": lambda: _each(judge_text, right),
        "the same, half damaged": lambda: _each(judge_text, damaged),
        "whole verdict, with ranking": lambda: _each(lambda record: examine(*record), right),
    }
    best = measure(ways, options.rounds)
    for name, seconds in best.items():
        rate, against = len(right) / seconds, best["json.loads"] / seconds
        print(f"{name:<30}{rate:>12,.0f} records/s  {against:>6.2f} of json.loads  {best['jsonschema'] / seconds:>6.2f} of jsonschema")


def _each(run: Callable[[Record], Any], records: list[Record]) -> None:
    for record in records:
        run(record)


def _validator(example: Example) -> Any:
    """The compiled validator of the right tool, as gentool.core.schema caches it."""
    from gentool.core.schema import _validator

    tool = example.tools.by_name(example.answer.name)
    assert tool is not None and not schema_faults(example.answer.arguments, tool.parameters)
    return _validator(canonical_json(tool.parameters))


if __name__ == "__main__":
    main()
