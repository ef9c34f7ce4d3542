"""The task `judge`: a query and a few tools in, which of them serve it fully, in part or not at all out. The request, its words, its reader.

The judge is blind: it does not see which tool a query was written for, and the order of the tools is drawn anew for each vote.
Called by gentool.synth.pipeline through gentool.synth.judging.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from gentool.core.canonical import content_hash
from gentool.core.family import Fit
from gentool.core.tool import Record, Tool
from gentool.engines.engine import Request
from gentool.synth.replies import STRINGS, UnreadableReplyError, object_schema, read_reply, show_tools, write_chat

INSTRUCTIONS = """\
You judge which tools serve what a user said. You are shown some tools (functions with JSON Schemas) and one query. Judge each tool by itself, \
by its definition alone:

- full: one call of this tool can do all that the query asks for. Every constraint that the query states can be given to it or holds anyway, \
and what the user wants to know is among what it returns (where the definition says what it returns).
- partial: one call serves the core of the need, but something that the query asks for is lost: a constraint that the tool cannot take, a \
value outside of what it accepts, a detail that it does not return, a limit that its description states.
- none: the tool is for something else, or what it lacks is the very thing that is asked for.

Several tools may be full, and it may be that none is. Names that sound right are no reason; read the parameters and the limits in the \
descriptions.

Answer with one JSON object and nothing else; each tool that is neither full nor partial is left out:
{"full": ["tool_name"], "partial": ["tool_name"]}"""

SCHEMA = object_schema({"full": STRINGS, "partial": STRINGS})
FITS: tuple[Fit, ...] = ("none", "partial", "full")


class JudgeReply(Record):
    """What is asked for: the names of the tools that serve the query fully and in part."""

    full: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()


class Vote(Record):
    """One reading of a query: the fit of each tool that was shown, by the tool's id."""

    id: str
    query: str
    fits: dict[str, Fit]


def ask_judge(identifier: str, text: str, tools: Sequence[Tool], vote: int, seed: int) -> Request:
    """Ask how well each of some tools, of names all different, serves the query of that id."""
    shown = list(tools)
    random.Random(f"judge/{seed}/{vote}/{identifier}").shuffle(shown)
    messages = write_chat(INSTRUCTIONS, f"The tools:\n{show_tools(shown)}", f"The query:\n{text}")
    request = content_hash("judge", identifier, [tool.id for tool in tools], vote, seed)
    return Request(request, "judge", messages=messages, inputs={"query": identifier, "text": text, "tools": shown}, schema=SCHEMA, sample=vote)


def read_vote(request: Request, text: str) -> Vote:
    """The vote of a reply. Raises UnreadableReplyError, also where it names a tool that was not shown or one twice."""
    reply = read_reply(JudgeReply, text)
    tools: Sequence[Tool] = request.inputs["tools"]
    named = [*reply.full, *reply.partial]
    strange = sorted(set(named) - {tool.name for tool in tools})
    if strange:
        raise UnreadableReplyError(f"no tool here is named {strange[0]}")
    if len(set(named)) < len(named):
        raise UnreadableReplyError("a tool is named more than once")
    given: dict[str, Fit] = {**dict.fromkeys(reply.full, FITS[2]), **dict.fromkeys(reply.partial, FITS[1])}
    return Vote(id=request.id, query=request.inputs["query"], fits={tool.id: given.get(tool.name, "none") for tool in tools})


def settle(votes: Sequence[Vote]) -> dict[str, Fit]:
    """The middle fit of each tool over the votes on one query, of two middle ones the lower."""
    fits = {identifier: sorted(FITS.index(vote.fits[identifier]) for vote in votes) for identifier in votes[0].fits}
    return {identifier: FITS[ranks[(len(ranks) - 1) // 2]] for identifier, ranks in fits.items()}
