"""The task `queries`: a pair of a strong and a weak tool in, queries with the weak tool's fit out. The request, its words, its reader.

All queries of a pair are asked for in one request, so that they differ from each other. Called by gentool.synth.pipeline.
"""

from __future__ import annotations

from collections import Counter

from pydantic import Field

from gentool.core.canonical import content_hash
from gentool.core.family import Fit, Query
from gentool.core.tool import Record, Tool
from gentool.engines.engine import Request
from gentool.synth.replies import STRINGS, object_schema, read_reply, show_tool, write_chat

INSTRUCTIONS = """\
You write what users say to an assistant that can call tools. You are shown a strong tool and, in most cases, a weak tool for the same \
purpose that can do less. Write queries that the strong tool serves fully with one call.

Each query
- gives, or clearly implies, a value for every required parameter of the strong tool and for each further parameter that matters to it; every \
value is complete and could be copied into the call (full names, ids, addresses, amounts with their unit);
- gives days with the year and times of day so that they can only be read in one way; nothing is relative to today, to an earlier message or \
to a file that is not there; nothing is left to be asked back;
- states values as people say them ("half past six in the evening", "my two kids and me"); nothing has to be calculated or looked up;
- sounds like a person with a need, not like a function: avoid the words of the tool's name and description and the names of its parameters \
wherever people would say it otherwise; never name a tool;
- is better served by the strong tool than by any other tool that one can think of, and needs no second step.

Over all queries vary who speaks and how: plain, terse, polite, rambling, indirect (the need is clear but not named), with facts that do not \
matter, in rare cases with a slip of the keyboard. Vary the length, the places, names and numbers, and which optional parameters are used. No \
two queries begin alike or say nearly the same.

If there is a weak tool, judge its fit for each query:
- "full": it can do all that the query asks for. `needs` is empty.
- "partial": it serves the core of the need, but something that the query asks for is lost. `needs` says what.
- "none": what it lacks is the very thing that is asked for, or a required value cannot be given to it. `needs` says what.
About four of ten queries are "full", about four "partial" (together they should use each thing that the weak tool lacks), the others "none" \
where such a query is possible. An entry of `needs` is `missing_parameter:NAME`, `fewer_values:NAME`, `narrower_range:NAME`, \
`single_value:NAME` (NAME is the strong tool's parameter) or `missing_return:NAME` for what the schemas show, else a limit that the weak \
tool's description states, in a few words. Without a weak tool all fits are "none" and all `needs` are empty.

Answer with one JSON object and nothing else:
{"queries": [{"text": "...", "weak_fit": "full", "needs": []}, ...]}"""

SCHEMA = object_schema(
    {
        "queries": {
            "type": "array",
            "items": object_schema(
                {"text": {"type": "string", "minLength": 1}, "weak_fit": {"type": "string", "enum": ["full", "partial", "none"]}, "needs": STRINGS}
            ),
        }
    }
)


class WrittenQuery(Record):
    """One query as a teacher wrote it, with the weak tool's fit and the capabilities that it lacks for it.

    `also` names tools of other families that serve it, if only in part; a teacher that sees the pair alone leaves it empty.
    """

    text: str = Field(min_length=1)
    weak_fit: Fit = "none"
    needs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class QueriesReply(Record):
    """What is asked for."""

    queries: tuple[WrittenQuery, ...]


def ask_queries(strong: Tool, weak: Tool | None, count: int, seed: int) -> Request:
    """Ask for `count` queries of a pair."""
    shown = f"The weak tool:\n{show_tool(weak)}" if weak else "There is no weak tool."
    messages = write_chat(INSTRUCTIONS, f"The strong tool:\n{show_tool(strong)}", shown, f"Write {count} queries.")
    identifier = content_hash("queries", strong.id, weak.id if weak else None, count, seed)
    inputs = {"strong": strong, "weak": weak, "count": count, "seed": seed}
    return Request(identifier, "queries", messages=messages, inputs=inputs, schema=SCHEMA)


def read_queries(request: Request, text: str) -> list[Query]:
    """The queries of a reply, their fits set; the calls are asked for later. Raises UnreadableReplyError."""
    strong: Tool = request.inputs["strong"]
    weak: Tool | None = request.inputs["weak"]
    queries: list[Query] = []
    times: Counter[str] = Counter()
    for written in read_reply(QueriesReply, text).queries:
        times[written.text] += 1
        queries.append(_to_query(written, strong, weak, times[written.text]))
    return queries


def _to_query(written: WrittenQuery, strong: Tool, weak: Tool | None, time: int) -> Query:
    fits: dict[str, Fit] = {strong.id: "full", **({weak.id: written.weak_fit} if weak else {})}
    identifier = content_hash("query", strong.id, weak.id if weak else None, written.text, time)
    pair = {"strong": strong.id, "weak": weak.id if weak else None}
    return Query(id=identifier, text=written.text, **pair, fits=fits, needs=written.needs, also=written.also)
