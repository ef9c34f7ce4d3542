"""The stage `synth`: tools.jsonl in; synth/{weak,queries,calls,unserved,verified,verified_unserved,rejected}.jsonl and build.json out.

The teacher's records are appended as they come; what a stopped run holds already is not appended again. The verified
families are written at the end, build.json last: where it stands, the stage is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field

from gentool.core.errors import CatalogueError
from gentool.core.family import Family, Query, Unserved, WeakTool
from gentool.core.jsonl import appended, read_records, resume_records, write_json, write_records
from gentool.core.progress import track
from gentool.core.recipe import Settings
from gentool.core.tool import Tool
from gentool.engines.engine import Engine, Request
from gentool.synth.rules import RulesTeacher
from gentool.synth.starter import StarterTeacher
from gentool.synth.teacher import (
    QueryCall,
    UnreadableReplyError,
    ask_call,
    ask_queries,
    ask_unserved,
    ask_weak_tool,
    read_call_reply,
    read_queries,
    read_unserved,
    read_weak_tool,
)
from gentool.synth.verify import Rejection, VerifySettings, verify_families, verify_tools, verify_unserved, verify_weak_tools

Teacher = Literal["rules", "starter"]


class SynthSettings(Settings):
    """How a catalogue becomes families.

    teacher: `starter` answers for the tools of the starter set, as people wrote it; `rules` works offline for any catalogue,
        from names, descriptions and schemas alone.
    weak_per_tool: weak counterparts for each tool; 0 leaves weak-to-strong out.
    queries_per_pair: queries for each pair of strong and weak tool (the paper: about 10).
    unserved_per_domain: queries that no tool serves, at most so many for each domain; the rules teacher writes none.
    verify: what verification allows.
    """

    teacher: Teacher = "rules"
    weak_per_tool: int = Field(default=1, ge=0)
    queries_per_pair: int = Field(default=10, ge=1)
    unserved_per_domain: int = Field(default=12, ge=0)
    verify: VerifySettings = VerifySettings()


AnyRecord = TypeVar("AnyRecord", WeakTool, Query, QueryCall, Unserved)


def synthesise(run: Path, settings: SynthSettings, seed: int) -> dict[str, Any]:
    """Run the stage in a run folder; returns what build.json holds."""
    folder = run / "synth"
    tools = list(read_records(run / "tools.jsonl", Tool))
    if not tools:
        raise CatalogueError(f"{run / 'tools.jsonl'}: the catalogue is empty")
    rejections: list[Rejection] = []
    teacher = make_teacher(settings.teacher)
    strong = verify_tools(tools, rejections)
    written = write_weak_tools(strong, settings, seed, teacher, folder / "weak.jsonl", rejections)
    weak = verify_weak_tools(written, strong, rejections)
    queries = write_queries(strong, weak, settings, seed, teacher, folder / "queries.jsonl", rejections)
    calls = write_calls(strong, weak, queries, settings, seed, teacher, folder / "calls.jsonl", rejections)
    asked = write_unserved(strong, settings, seed, teacher, folder / "unserved.jsonl", rejections)
    families = verify_families(strong, weak, queries, calls, settings.verify, rejections)
    unserved = verify_unserved(asked, families, settings.verify, rejections)
    write_records(folder / "verified.jsonl", families)
    write_records(folder / "verified_unserved.jsonl", unserved)
    write_records(folder / "rejected.jsonl", rejections)
    build = _count(tools, written, queries, calls, asked, families, unserved, rejections)
    write_json(folder / "build.json", build)
    return build


def make_teacher(name: Teacher) -> Engine:
    """The teacher of that name."""
    match name:
        case "starter":
            return StarterTeacher()
        case "rules":
            return RulesTeacher()


def write_weak_tools(
    tools: list[Tool], settings: SynthSettings, seed: int, teacher: Engine, path: Path, rejections: list[Rejection]
) -> list[WeakTool]:
    """Ask for the weak counterparts of every tool."""
    requests = [ask_weak_tool(tool, number, seed) for tool in tools for number in range(settings.weak_per_tool)]

    def read(request: Request, text: str) -> list[WeakTool]:
        return [read_weak_tool(request, text)]

    return _collect("weak tools", teacher, requests, read, WeakTool, path, rejections)


def write_queries(
    tools: list[Tool], weak: list[WeakTool], settings: SynthSettings, seed: int, teacher: Engine, path: Path, rejections: list[Rejection]
) -> list[Query]:
    """Ask for the queries of every pair; a tool without a weak counterpart has a pair of its own."""
    requests = [ask_queries(tool, other, settings.queries_per_pair, seed) for tool in tools for other in _counterparts(tool, weak)]

    def read(request: Request, text: str) -> list[Query]:
        found = read_queries(request, text)
        if len(found) < settings.queries_per_pair:
            reason = f"{len(found)} of {settings.queries_per_pair} queries could be written"
            rejections.append(Rejection(id=request.id, kind="Query", check="too_few", reason=reason, record={"strong": request.inputs["strong"].id}))
        return found

    return _collect("queries", teacher, requests, read, Query, path, rejections)


def _counterparts(tool: Tool, weak: list[WeakTool]) -> Sequence[Tool | None]:
    return [record.tool for record in weak if record.strong == tool.id] or [None]


def write_calls(
    tools: list[Tool],
    weak: list[WeakTool],
    queries: list[Query],
    settings: SynthSettings,
    seed: int,
    teacher: Engine,
    path: Path,
    rejections: list[Rejection],
) -> list[QueryCall]:
    """Ask for the call of every query with each tool that serves it at least in part."""
    by_id = {tool.id: tool for tool in tools} | {record.id: record.tool for record in weak}
    requests, asked = [], {}
    for query in queries:
        for identifier, fit in query.fits.items():
            if fit != "none":
                pair = by_id[query.strong], by_id[query.weak] if query.weak else None
                request = ask_call(query, *pair, by_id[identifier], settings.queries_per_pair, seed)
                requests.append(request)
                asked[request.id] = query

    def read(request: Request, text: str) -> list[QueryCall]:
        return [read_call_reply(request, asked[request.id], text)]

    return _collect("calls", teacher, requests, read, QueryCall, path, rejections)


def write_unserved(tools: list[Tool], settings: SynthSettings, seed: int, teacher: Engine, path: Path, rejections: list[Rejection]) -> list[Unserved]:
    """Ask for queries that no tool serves, domain by domain."""
    by_domain: dict[str | None, list[Tool]] = {}
    for tool in tools:
        by_domain.setdefault(tool.domain, []).append(tool)
    count = settings.unserved_per_domain
    requests = [ask_unserved(domain, own, count, seed) for domain, own in by_domain.items() if count]
    return _collect("unserved queries", teacher, requests, read_unserved, Unserved, path, rejections)


def _collect(
    label: str,
    teacher: Engine,
    requests: list[Request],
    read: Callable[[Request, str], list[AnyRecord]],
    model: type[AnyRecord],
    path: Path,
    rejections: list[Rejection],
) -> list[AnyRecord]:
    """Send the requests and append each record that the file does not hold yet; returns all that it then holds."""
    records = resume_records(path, model)
    held = {record.id: record for record in records}
    by_id = {request.id: request for request in requests}
    with appended(path) as file:
        for reply in track(teacher.reply(requests), label, len(requests)):
            try:
                read_here = read(by_id[reply.id], reply.text)
            except UnreadableReplyError as error:
                rejections.append(Rejection(id=reply.id, kind=model.__name__, check="reply", reason=str(error), record={"reply": reply.text}))
                continue
            for record in read_here:
                if record.id not in held:
                    held[record.id] = record
                    records.append(record)
                    file.append(record)
                elif held[record.id] != record:
                    reason = "another record of other content has its id"
                    rejections.append(
                        Rejection(id=record.id, kind=model.__name__, check="repeated", reason=reason, record=record.model_dump(mode="json"))
                    )
    return records


def _count(
    tools: list[Tool],
    weak: list[WeakTool],
    queries: list[Query],
    calls: list[QueryCall],
    asked: list[Unserved],
    families: list[Family],
    unserved: list[Unserved],
    rejections: list[Rejection],
) -> dict[str, Any]:
    accepted = [query for family in families for query in family.queries]
    return {
        "written": {"tools": len(tools), "weak_tools": len(weak), "queries": len(queries), "calls": len(calls), "unserved": len(asked)},
        "verified": {
            "families": len(families),
            "with_weak_tool": sum(bool(family.weak) for family in families),
            "queries": len(accepted),
            "unserved": len(unserved),
            "weak_fit": dict(sorted(Counter(query.weak_fit if query.weak else "no weak tool" for query in accepted).items())),
        },
        "weak_ways": dict(sorted(Counter(way for family in families for record in family.weak for way in record.ways).items())),
        "rejected": dict(sorted(Counter(f"{rejection.kind}: {rejection.check}" for rejection in rejections).items())),
    }
