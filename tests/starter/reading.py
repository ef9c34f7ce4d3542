"""Blind second reading: sheets for a reader who sees neither labels nor calls, and the comparison of the answers with the records.

`python tests/starter/reading.py sheet DRAFTS DOMAIN OUT` writes OUT/DOMAIN.md (for the reader) and OUT/DOMAIN.key.json.
`python tests/starter/reading.py compare DRAFTS DOMAIN OUT` reads OUT/DOMAIN.answers.jsonl, writes OUT/DOMAIN.readings.jsonl and
prints the agreement and every disagreement. DRAFTS holds a folder for each domain, as the checker reads them.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

from checker import Starter, read_folder

from gentool.core.tool import Tool
from gentool.engines.vectors import embed_tfidf, rank_neighbours, similarities
from gentool.evaluate.verdict import equal_normalised
from gentool.starter.records import Reading, StarterFamily, StarterQuery, UnservedQuery

CANDIDATES = 6


def read_drafts(drafts: Path) -> dict[str, Starter]:
    """The domains that are in a folder, with their tools at least."""
    return {folder.name: read_folder(folder)[0] for folder in sorted(drafts.iterdir()) if (folder / "families.jsonl").exists()}


def write_sheet(drafts: Path, domain: str, out: Path, only: set[str] | None = None) -> None:
    """The sheet of a domain (of `only` these queries), and its key."""
    everything = read_drafts(drafts)
    tools = [tool for starter in everything.values() for tool in [*starter.tools, *(family.weak for family in starter.families)]]
    owner = {name: family.strong for starter in everything.values() for family in starter.families for name in (family.strong, family.weak.name)}
    starter = everything[domain]
    queries: list[StarterQuery | UnservedQuery] = [*starter.queries, *starter.unserved]
    if only is not None:
        queries = [query for query in queries if query.id in only]
    rng = random.Random(f"{domain}/{len(queries)}")
    rng.shuffle(queries)
    shown = _candidates(queries, tools, owner, domain, rng)
    lines, key = [], {}
    for number, (query, names) in enumerate(zip(queries, shown, strict=True), 1):
        key[f"q{number:03d}"] = {"id": query.id, "candidates": names}
        lines.append(f"q{number:03d} [{' | '.join(names)}]\n  {query.text}")
    used = {name for names in shown for name in names}
    cards = [_card(tool) for tool in sorted(tools, key=lambda tool: tool.name) if tool.name in used]
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{domain}.md").write_text("# Tools\n\n" + "\n".join(cards) + "\n\n# Queries\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (out / f"{domain}.key.json").write_text(json.dumps(key), encoding="utf-8")


def _candidates(queries: list[Any], tools: list[Tool], owner: dict[str, str], domain: str, rng: random.Random) -> list[list[str]]:
    """For each query six tools: its family's two, three near the strong tool, one near the text; for an unserved query those near it."""
    vectors = embed_tfidf([tool.text for tool in tools] + [query.text for query in queries])
    near_tool = rank_neighbours(vectors[: len(tools)], 40)
    near_text = (-similarities(vectors[len(tools) :], vectors[: len(tools)])).argsort(axis=1, kind="stable")
    places = {tool.name: place for place, tool in enumerate(tools)}
    found = []
    for query, row in zip(queries, near_text, strict=True):
        by_text = [tools[int(place)].name for place in row if tools[int(place)].domain == domain]
        if isinstance(query, UnservedQuery):
            names = [name for name in query.near if name in places][: CANDIDATES - 2]
        else:
            family = [name for name, strong in owner.items() if strong == query.strong]
            by_tool = [tools[place].name for place in near_tool[places[query.strong]] if owner[tools[place].name] != query.strong]
            names = [*family, *by_tool[:3]]
            by_text = [name for name in by_text if owner[name] != query.strong]
        names += [name for name in by_text if name not in names][: CANDIDATES - len(names)]
        found.append(rng.sample(names, len(names)))
    return found


def _card(tool: Tool) -> str:
    returns = (tool.returns or {}).get("properties", {})
    shown = {"name": tool.name, "description": tool.description, "parameters": tool.parameters, "returns": returns}
    return json.dumps(shown, ensure_ascii=False)


def compare(drafts: Path, domain: str, out: Path) -> list[str]:
    """Write the readings; the lines that say what disagrees."""
    starter, _ = read_folder(drafts / domain)
    key = json.loads((out / f"{domain}.key.json").read_text(encoding="utf-8"))
    answers = {line["q"]: line for line in map(json.loads, filter(str.strip, (out / f"{domain}.answers.jsonl").read_text("utf-8").splitlines()))}
    families = {family.strong: family for family in starter.families}
    queries = {query.id: query for query in [*starter.queries, *starter.unserved]}
    readings, lines = [], [f"{number}: not answered" for number in key if number not in answers]
    for number, answer in answers.items():
        query, shown = queries[key[number]["id"]], key[number]["candidates"]
        fields = {name: answer.get(name) or [] for name in ("full", "partial")}
        reading = Reading(query=query.id, candidates=shown, choice=answer["choice"], arguments=answer.get("arguments") or {}, **fields)
        found = judge_reading(reading, query, families, starter)
        readings.append(reading.model_copy(update=found))
        if not all(found.values()):
            lines += [_describe(query, reading, found)]
    (out / f"{domain}.readings.jsonl").write_text("".join(reading.model_dump_json(exclude_defaults=True) + "\n" for reading in readings), "utf-8")
    served = [reading for reading in readings if "/unserved/" not in reading.query]
    shares = {field: sum(getattr(reading, field) for reading in readings) / len(readings) for field in ("same_tool", "same_call")}
    fits = sum(reading.same_fit for reading in served) / max(1, len(served))
    return [*lines, f"{domain}: {len(readings)} read; same tool {shares['same_tool']:.1%}, same call {shares['same_call']:.1%}, same fit {fits:.1%}"]


def judge_reading(reading: Reading, query: StarterQuery | UnservedQuery, families: dict[str, StarterFamily], starter: Starter) -> dict[str, bool]:
    """Whether the reader agrees on the tool, on the whole call and on the weak tool's fit."""
    if isinstance(query, UnservedQuery):
        return dict.fromkeys(("same_tool", "same_call", "same_fit"), reading.choice is None)
    family = families[query.strong]
    weak = family.weak.name
    right = {query.strong, *query.also} | ({weak} if query.weak_fit == "full" else set())
    fit = "full" if weak in reading.full else "partial" if weak in reading.partial else "none"
    same_tool = reading.choice in right
    tool, wanted = (family.weak, query.weak_call) if reading.choice == weak else (starter.tool(query.strong), query.call)
    same_call = same_tool and (reading.choice in query.also or equal_call(reading.arguments, wanted or {}, query, tool))
    return {"same_tool": same_tool, "same_call": same_call, "same_fit": fit == query.weak_fit}


def equal_call(given: dict[str, Any], wanted: dict[str, Any], query: StarterQuery, tool: Tool) -> bool:
    """Equal but for spelling and stated defaults, where each value may be one of its alternatives."""
    accepted = {
        name for name, values in query.alternatives.items() if name in given and any(equal_normalised(given[name], value) for value in values)
    }
    mended = {name: wanted[name] if name in accepted else value for name, value in given.items() if name not in accepted or name in wanted}
    return equal_normalised(mended, wanted, tool.parameters)


def _describe(query: StarterQuery | UnservedQuery, reading: Reading, found: dict[str, bool]) -> str:
    wrong = ", ".join(name for name, same in found.items() if not same)
    read = f"read: {reading.choice} {json.dumps(reading.arguments, ensure_ascii=False)} full {list(reading.full)} partial {list(reading.partial)}"
    if isinstance(query, UnservedQuery):
        return f"{query.id} ({wrong})\n  {query.text}\n  {read}"
    record = {"call": query.call, "weak_fit": query.weak_fit, "weak_call": query.weak_call}
    return f"{query.id} ({wrong})\n  {query.text}\n  record: {json.dumps(record, ensure_ascii=False)}\n  {read}"


def main(action: str, drafts: str, domain: str, out: str, *only: str) -> None:
    if action == "sheet":
        write_sheet(Path(drafts), domain, Path(out), set(only) or None)
    else:
        print(*compare(Path(drafts), domain, Path(out)), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
