"""The stage `synth`: tools.jsonl in; synth/{weak,queries,calls,unserved,votes,verified,verified_unserved,rejected}.jsonl and build.json out.

The teacher's records are appended as they come; what a stopped run holds already is not appended again, and replies that were
paid for (synth/replies.sqlite) are not asked for again. The verified families are written at the end, build.json last: where
it stands, the stage is done. A language model judges verified queries a second time where the recipe asks for it (votes.jsonl).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from gentool.core.errors import CatalogueError
from gentool.core.family import Family, Query, Unserved, WeakTool
from gentool.core.jsonl import read_records, write_json, write_records
from gentool.core.recipe import Settings
from gentool.core.tool import Tool
from gentool.engines.engine import Request
from gentool.engines.openai import OpenAISettings
from gentool.synth.calls import QueryCall, ask_call, read_call_reply
from gentool.synth.collect import Task, collect
from gentool.synth.counts import Written, count_records, count_spending
from gentool.synth.judging import JudgeSettings, judge_records
from gentool.synth.objections import object_to_call, object_to_queries, object_to_weak_tool
from gentool.synth.queries import ask_queries, read_queries
from gentool.synth.teacher import OPENAI, Teacher, check_teacher, make_teacher
from gentool.synth.unserved import ask_unserved, read_unserved
from gentool.synth.verify import Rejection, VerifySettings, verify_families, verify_tools, verify_unserved, verify_weak_tools
from gentool.synth.weaken import ask_weak_tool, read_weak_tool

CACHE = "replies.sqlite"


class SynthSettings(Settings):
    """How a catalogue becomes families.

    teacher: `starter` answers for the tools of the starter set, as people wrote it; `rules` works offline for any catalogue,
        from names, descriptions and schemas alone; `openai:MODEL` asks a language model on any OpenAI-compatible server.
    openai: the server, its limits, prices and the budget, for `openai:MODEL`.
    reasks: how often a language model is asked again, with what is wrong, after an answer that cannot be used.
    judge: a second, blind reading of verified queries by a language model; null: none.
    weak_per_tool: weak counterparts for each tool; 0 leaves weak-to-strong out.
    queries_per_pair: queries for each pair of strong and weak tool (the paper: about 10).
    unserved_per_domain: queries that no tool serves, at most so many for each domain; the rules teacher writes none.
    verify: what verification allows.
    """

    teacher: str = "rules"
    openai: OpenAISettings = OpenAISettings()
    reasks: int = Field(default=2, ge=0)
    judge: JudgeSettings | None = None
    weak_per_tool: int = Field(default=1, ge=0)
    queries_per_pair: int = Field(default=10, ge=1)
    unserved_per_domain: int = Field(default=12, ge=0)
    verify: VerifySettings = VerifySettings()

    @field_validator("teacher")
    @classmethod
    def _check_teacher(cls, name: str) -> str:
        return check_teacher(name)

    @model_validator(mode="after")
    def _check_judge(self) -> Self:
        if self.judge and self.judge.model is None and not self.teacher.startswith(OPENAI):
            raise ValueError(f"judge.model: the teacher {self.teacher} cannot judge; name a model as openai:MODEL, or set judge to null")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """The teachers that cost money: the writer, the judge."""
        judge = self.judge.model if self.judge else None
        return tuple(dict.fromkeys(name for name in (self.teacher, judge) if name and name.startswith(OPENAI)))


@dataclass(frozen=True)
class Work:
    """What every step of a run needs."""

    folder: Path
    settings: SynthSettings
    seed: int
    teacher: Teacher
    judge: Teacher
    rejections: list[Rejection]


def synthesise(run: Path, settings: SynthSettings, seed: int) -> dict[str, Any]:
    """Run the stage in a run folder; returns what build.json holds. Raises TeacherError where the teacher fails or the budget is used up."""
    tools = read_catalogue_of(run)
    folder = run / "synth"
    with ExitStack() as stack:
        teacher = make_teacher(settings.teacher, settings.openai, folder / CACHE, settings.reasks)
        stack.callback(teacher.close)
        judge = make_judge(settings, teacher, folder / CACHE)
        if judge is not teacher:
            stack.callback(judge.close)
        work = Work(folder, settings, seed, teacher, judge, [])
        return _finish(write_all(tools, work), work)


def write_all(tools: list[Tool], work: Work) -> Written:
    """Ask the teacher for everything."""
    strong = verify_tools(tools, work.rejections)
    written = write_weak_tools(strong, work)
    weak = verify_weak_tools(written, strong, work.rejections)
    queries = write_queries(strong, weak, work)
    calls = write_calls(strong, weak, queries, work)
    unserved = write_unserved(strong, work)
    return Written(tools, strong, written, weak, queries, calls, unserved)


def verify_all(written: Written, work: Work) -> tuple[list[Family], list[Unserved]]:
    """The families and unserved queries that pass every check but the judge's."""
    settings, rejections = work.settings.verify, work.rejections
    families = verify_families(written.strong, written.weak, written.queries, written.calls, settings, rejections)
    return families, verify_unserved(written.unserved, families, settings, rejections)


def _finish(written: Written, work: Work) -> dict[str, Any]:
    """Verify what was written, let it be judged, and leave the stage's results in their files."""
    settings, rejections, folder = work.settings, work.rejections, work.folder
    families, unserved = verify_all(written, work)
    judged = None
    if settings.judge:
        path = folder / "votes.jsonl"
        families, unserved, judged = judge_records(families, unserved, settings.judge, work.seed, work.judge, path, rejections)
    write_records(folder / "verified.jsonl", families)
    write_records(folder / "verified_unserved.jsonl", unserved)
    write_records(folder / "rejected.jsonl", rejections)
    build = count_records(written, families, unserved, rejections)
    spending = count_spending([work.teacher, work.judge], build["verified"]["queries"] + len(unserved))
    build |= {"teacher": settings.teacher} | ({"judge": judged} if judged else {}) | ({"spending": spending} if spending else {})
    write_json(folder / "build.json", build)
    return build


def make_judge(settings: SynthSettings, teacher: Teacher, cache: Path) -> Teacher:
    """Who judges: the model that the recipe names, or the teacher itself."""
    name = settings.judge.model if settings.judge else None
    return teacher if name in (None, settings.teacher) else make_teacher(name or "", settings.openai, cache, settings.reasks)


def read_catalogue_of(run: Path) -> list[Tool]:
    """The tools of a run folder. Raises CatalogueError where there is none."""
    tools = list(read_records(run / "tools.jsonl", Tool))
    if not tools:
        raise CatalogueError(f"{run / 'tools.jsonl'}: the catalogue is empty")
    return tools


def weak_tool_requests(tools: Sequence[Tool], settings: SynthSettings, seed: int) -> list[Request]:
    """A request for every weak counterpart of every tool."""
    return [ask_weak_tool(tool, number, seed) for tool in tools for number in range(settings.weak_per_tool)]


def query_requests(tools: Sequence[Tool], weak: Sequence[WeakTool], settings: SynthSettings, seed: int) -> list[Request]:
    """A request for the queries of every pair; a tool without a weak counterpart has a pair of its own."""
    return [ask_queries(tool, other, settings.queries_per_pair, seed) for tool in tools for other in _counterparts(tool, weak)]


def _counterparts(tool: Tool, weak: Sequence[WeakTool]) -> Sequence[Tool | None]:
    return [record.tool for record in weak if record.strong == tool.id] or [None]


def call_requests(
    tools: Sequence[Tool], weak: Sequence[WeakTool], queries: Sequence[Query], settings: SynthSettings, seed: int
) -> dict[str, tuple[Request, Query]]:
    """A request for the call of every query with each tool that serves it at least in part, by the request's id."""
    by_id = {tool.id: tool for tool in tools} | {record.id: record.tool for record in weak}
    asked = {}
    for query in queries:
        for identifier, fit in query.fits.items():
            if fit != "none":
                pair = by_id[query.strong], by_id[query.weak] if query.weak else None
                request = ask_call(query, *pair, by_id[identifier], settings.queries_per_pair, seed)
                asked[request.id] = request, query
    return asked


def unserved_requests(tools: Sequence[Tool], settings: SynthSettings, seed: int) -> list[Request]:
    """A request for queries that no tool serves for every domain."""
    by_domain: dict[str | None, list[Tool]] = {}
    for tool in tools:
        by_domain.setdefault(tool.domain, []).append(tool)
    count = settings.unserved_per_domain
    return [ask_unserved(domain, own, count, seed) for domain, own in by_domain.items() if count]


def write_weak_tools(tools: list[Tool], work: Work) -> list[WeakTool]:
    """Ask for the weak counterparts of every tool."""
    requests = weak_tool_requests(tools, work.settings, work.seed)
    objection = partial(object_to_weak_tool, taken={tool.name for tool in tools})
    task = Task("weak tools", WeakTool, lambda request, text: [read_weak_tool(request, text)], objection)
    return collect(task, requests, work.teacher, work.folder / "weak.jsonl", work.rejections)


def write_queries(tools: list[Tool], weak: list[WeakTool], work: Work) -> list[Query]:
    """Ask for the queries of every pair."""
    requests = query_requests(tools, weak, work.settings, work.seed)
    task = Task("queries", Query, read_queries, object_to_queries, note_missing_queries)
    return collect(task, requests, work.teacher, work.folder / "queries.jsonl", work.rejections)


def note_missing_queries(request: Request, found: Sequence[Query]) -> Rejection | None:
    """That fewer queries were written than asked for, if so."""
    count: int = request.inputs["count"]
    if len(found) >= count:
        return None
    reason = f"{len(found)} of {count} queries could be written"
    return Rejection(id=request.id, kind="Query", check="too_few", reason=reason, record={"strong": request.inputs["strong"].id})


def write_calls(tools: list[Tool], weak: list[WeakTool], queries: list[Query], work: Work) -> list[QueryCall]:
    """Ask for the call of every query with each tool that serves it at least in part."""
    asked = call_requests(tools, weak, queries, work.settings, work.seed)
    task = Task(
        "calls",
        QueryCall,
        lambda request, text: [read_call_reply(request, asked[request.id][1], text)],
        lambda request, calls: object_to_call(request, calls, asked[request.id][1]),
    )
    return collect(task, [request for request, _ in asked.values()], work.teacher, work.folder / "calls.jsonl", work.rejections)


def write_unserved(tools: list[Tool], work: Work) -> list[Unserved]:
    """Ask for queries that no tool serves, domain by domain."""
    requests = unserved_requests(tools, work.settings, work.seed)
    return collect(Task("unserved queries", Unserved, read_unserved), requests, work.teacher, work.folder / "unserved.jsonl", work.rejections)
