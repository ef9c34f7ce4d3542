"""The stage synth as a whole: the same bytes after a stop, every refusal in its file, and real catalogues go through."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gentool.core.errors import CatalogueError
from gentool.core.family import Family, WeakTool
from gentool.core.jsonl import read_records, to_line, write_records
from gentool.core.tool import Tool
from gentool.formats.catalogue import import_tools
from gentool.synth.pipeline import SynthSettings, synthesise
from gentool.synth.verify import Rejection

FILES = ("weak", "queries", "calls", "unserved", "verified", "verified_unserved", "rejected")


def run(folder: Path, tools: list[Tool], seed: int = 0, **settings: Any) -> dict[str, Any]:
    write_records(folder / "tools.jsonl", tools)
    return synthesise(folder, SynthSettings(**settings), seed)


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "synth").iterdir())}


@pytest.fixture(scope="module")
def few(starter_tools: list[Tool]) -> list[Tool]:
    return [*starter_tools[:12], Tool(name="ping", description="Ping the server")]


@pytest.fixture(scope="module")
def whole(few: list[Tool], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unbroken run."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, few)
    return folder


def test_the_run_holds_all_files_and_counts_what_they_hold(whole: Path) -> None:
    assert set(written(whole)) == {*(f"{name}.jsonl" for name in FILES), "build.json"}
    build = json.loads(written(whole)["build.json"])
    families = list(read_records(whole / "synth" / "verified.jsonl", Family))
    rejected = list(read_records(whole / "synth" / "rejected.jsonl", Rejection))
    assert build["verified"]["families"] == len(families) == 13
    assert build["verified"]["queries"] == sum(len(family.queries) for family in families) == sum(build["verified"]["weak_fit"].values())
    assert build["written"]["weak_tools"] == len((whole / "synth" / "weak.jsonl").read_text().splitlines()) == 12
    assert build["rejected"] == Counter(f"{rejection.kind}: {rejection.check}" for rejection in rejected)
    assert all(rejection.reason and rejection.record for rejection in rejected)


@pytest.mark.parametrize(("cut", "later"), [("weak", FILES[1:]), ("queries", FILES[2:]), ("calls", FILES[3:]), ("verified", FILES[5:])])
def test_a_stopped_run_goes_on_to_the_same_bytes(whole: Path, few: list[Tool], tmp_path: Path, cut: str, later: tuple[str, ...]) -> None:
    shutil.copytree(whole / "synth", tmp_path / "synth")
    for name in (*(f"{name}.jsonl" for name in later), "build.json"):
        (tmp_path / "synth" / name).unlink()
    torn = tmp_path / "synth" / f"{cut}.jsonl"
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    assert not torn.read_bytes().endswith(b"\n")
    run(tmp_path, few)
    assert written(tmp_path) == written(whole)


def test_a_second_run_appends_nothing(whole: Path, few: list[Tool], tmp_path: Path) -> None:
    shutil.copytree(whole / "synth", tmp_path / "synth")
    run(tmp_path, few)
    assert written(tmp_path) == written(whole)


def test_another_seed_writes_other_records(whole: Path, few: list[Tool], tmp_path: Path) -> None:
    run(tmp_path, few, seed=1)
    assert all(written(tmp_path)[f"{name}.jsonl"] != written(whole)[f"{name}.jsonl"] for name in ("weak", "queries", "calls", "verified"))


def test_an_empty_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"tools\.jsonl: the catalogue is empty"):
        run(tmp_path, [])


def test_refusals_stand_in_their_file_with_reason_and_record(tmp_path: Path, starter_tools: list[Tool]) -> None:
    broken = Tool(name="broken", parameters={"type": "object", "properties": {"x": {"type": "strange"}}})
    free = Tool(name="free_form", parameters={"type": "object", "properties": {"body": {"type": "object"}}, "required": ["body"]})
    odd = Tool(name="odd", parameters={"type": "object", "properties": ["x"]})
    build = run(tmp_path, [*starter_tools[:2], starter_tools[0], broken, free, odd])
    rejected = {(one.kind, one.check): one for one in read_records(tmp_path / "synth" / "rejected.jsonl", Rejection)}
    assert Tool.model_validate(rejected["tool", "repeated"].record) == starter_tools[0]
    assert "reply" in rejected["Query", "reply"].record and rejected["tool", "no_queries"].record["name"] == "free_form"
    assert build["rejected"]["tool: tool_lint"] == 2 and build["verified"]["families"] == 2


def test_a_tool_whose_weak_counterpart_is_refused_still_gets_queries(tmp_path: Path, starter_tools: list[Tool]) -> None:
    run(tmp_path, starter_tools[:1])
    weak = next(read_records(tmp_path / "synth" / "weak.jsonl", WeakTool))
    namesake = starter_tools[1].model_copy(update={"name": weak.tool.name})
    namesake = Tool(**namesake.model_dump())
    other = tmp_path / "other"
    build = run(other, [starter_tools[0], namesake])
    families = {family.strong.name: family for family in read_records(other / "synth" / "verified.jsonl", Family)}
    assert build["rejected"]["weak: name_taken"] == 1
    assert families[starter_tools[0].name].weak == () and len(families[starter_tools[0].name].queries) >= 8


def test_fewer_queries_than_asked_for_are_reported(tmp_path: Path) -> None:
    properties = {"city": {"type": "string"}, "extra": {"type": "object"}, "size": {"enum": ["s", "m"]}}
    tools = [Tool(name="t", description="Find a room", parameters={"type": "object", "properties": properties})]
    run(tmp_path, tools, weak_per_tool=0)
    found = [one for one in read_records(tmp_path / "synth" / "rejected.jsonl", Rejection) if one.check == "too_few"]
    assert len(found) == 1 and found[0].record == {"strong": tools[0].id}
    count = len((tmp_path / "synth" / "queries.jsonl").read_text().splitlines())
    assert found[0].reason == f"{count} of 10 queries could be written" and count < 10


@pytest.mark.parametrize("settings", [{"weak_per_tool": -1}, {"queries_per_pair": 0}, {"verify": {"near_duplicate": 0}}, {"unknown": 1}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SynthSettings.model_validate(settings)


@pytest.mark.parametrize(("form", "name"), [("ultratool", "ultratool/English-dataset/test.json"), ("mcp", "livemcp/tools_half_a.json")])
def test_real_catalogues_go_through(form: str, name: str, real_data: Callable[[str], Path], tmp_path: Path) -> None:
    tools = list(import_tools(form, real_data(name)).tools)
    build = run(tmp_path, tools, queries_per_pair=4)
    families = list(read_records(tmp_path / "synth" / "verified.jsonl", Family))
    share, weak = len(families) / len(tools), sum(bool(family.weak) for family in families) / len(tools)
    print(f"{name}: {len(tools)} tools, {share:.1%} become families, {weak:.1%} with a weak tool; refused {build['rejected']}")
    assert share > 0.95 and weak > 0.65
    refused = {one.id for one in read_records(tmp_path / "synth" / "rejected.jsonl", Rejection) if one.kind == "tool"}
    assert {tool.id for tool in tools} == {family.id for family in families} | refused
    assert to_line(families[0]).encode() == (tmp_path / "synth" / "verified.jsonl").read_bytes().splitlines(keepends=True)[0]
