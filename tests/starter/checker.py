"""The checker of the starter set: what every record must hold beyond its schema. Tests run it over the package's data.

`python tests/starter/checker.py FOLDER` runs it over one domain's tools, families, queries and unserved queries in a folder
(four .jsonl files), for those who write or change them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gentool.core.schema import schema_faults
from gentool.core.tool import Tool
from gentool.engines.vectors import find_near_duplicates, words_of
from gentool.formats.lint import lint
from gentool.starter.records import WAYS, StarterFamily, StarterQuery, UnservedQuery
from gentool.synth.gaps import Gap, find_gaps, returned_names
from gentool.synth.grounding import is_grounded

STRUCTURAL = WAYS[:5]
NEAR_DUPLICATE = 0.75
LEAST_QUERIES = 10
LEAST_OF_FIT = {"full": 3, "partial": 3, "none": 2}


@dataclass(frozen=True)
class Starter:
    """The records of one domain, or of all."""

    tools: list[Tool]
    families: list[StarterFamily]
    queries: list[StarterQuery]
    unserved: list[UnservedQuery]

    def tool(self, name: str) -> Tool:
        return next(tool for tool in self.tools if tool.name == name)


def check_all(starter: Starter) -> list[str]:
    """Every fault, each with the record's name or id."""
    faults = [fault for tool in starter.tools for fault in check_tool(tool)]
    names = Counter(name for family in starter.families for name in (family.strong, family.weak.name))
    faults += [f"{name}: {count} tools have this name" for name, count in names.items() if count > 1]
    owned = {family.strong for family in starter.families}
    faults += [f"{tool.name}: has no family" for tool in starter.tools if tool.name not in owned]
    by_name = {tool.name: tool for tool in starter.tools}
    for family in starter.families:
        if family.strong not in by_name:
            faults.append(f"{family.strong}: the family's strong tool is not in tools.jsonl")
            continue
        own = [query for query in starter.queries if query.strong == family.strong]
        faults += check_family(by_name[family.strong], family, own)
    faults += [f"{query.id}: no such family" for query in starter.queries if query.strong not in owned]
    ids = Counter(query.id for query in [*starter.queries, *starter.unserved])
    faults += [f"{identifier}: {count} queries have this id" for identifier, count in ids.items() if count > 1]
    everyone: list[StarterQuery | UnservedQuery] = [*starter.queries, *starter.unserved]
    pairs = find_near_duplicates([query.text for query in everyone], NEAR_DUPLICATE)
    return faults + [f"{everyone[second].id}: nearly the same text as {everyone[first].id}" for first, second in pairs]


def check_tool(tool: Tool) -> list[str]:
    faults = [finding.message for finding in lint([tool]) if finding.level == "error"]
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", tool.name):
        faults.append("the name is not snake_case of two words or more")
    if not 1 <= len(tool.properties) <= 8:
        faults.append(f"{len(tool.properties)} parameters; 2 to 8 are asked for (a weak tool: 1 to 8)")
    if len(tool.description.split()) < 6:
        faults.append("the description is too short")
    faults += [f"parameter {name} has no description" for name, schema in tool.properties.items() if not schema.get("description")]
    if tool.parameters.get("additionalProperties") is not False:
        faults.append("additionalProperties must be false")
    if not returned_names(tool):
        faults.append("it returns nothing")
    for name, schema in tool.properties.items():
        if "default" in schema and schema_faults(schema["default"], schema):
            faults.append(f"the default of {name} is not valid")
        if "default" in schema and name in tool.required:
            faults.append(f"{name} is required and has a default")
    return [f"{tool.name}: {fault}" for fault in faults]


def check_family(strong: Tool, family: StarterFamily, queries: list[StarterQuery]) -> list[str]:
    faults = check_tool(family.weak)
    gaps = find_gaps(strong, family.weak, family.renamed)
    kinds = {gap.kind for gap in gaps}
    faults += [f"{family.weak.name}: way {way} does not show in the schemas" for way in family.ways if way in STRUCTURAL and way not in kinds]
    for ours, theirs in family.renamed.items():
        if ours not in strong.properties or theirs not in family.weak.properties:
            faults.append(f"{family.weak.name}: renamed {ours} -> {theirs} names a parameter that is not there")
    if len(strong.properties) < 2:
        faults.append(f"{strong.name}: a strong tool has at least 2 parameters")
    fits = Counter(query.weak_fit for query in queries)
    if len(queries) < LEAST_QUERIES:
        faults.append(f"{strong.name}: {len(queries)} queries, at least {LEAST_QUERIES} are asked for")
    faults += [f"{strong.name}: {fits[fit]} queries of fit {fit}, at least {least}" for fit, least in LEAST_OF_FIT.items() if fits[fit] < least]
    if len({query.style for query in queries}) < 4:
        faults.append(f"{strong.name}: fewer than 4 styles among its queries")
    for query in queries:
        faults += [f"{query.id}: {fault}" for fault in check_query(strong, family, gaps, query)]
    return faults


def check_query(strong: Tool, family: StarterFamily, gaps: list[Gap], query: StarterQuery) -> list[str]:
    faults = [f"call: {fault}" for fault in _check_call(strong, query.call, query)]
    if (query.weak_call is None) != (query.weak_fit == "none"):
        faults.append("weak_call must be there exactly where weak_fit is not none")
    if query.weak_call is not None:
        faults += [f"weak_call: {fault}" for fault in _check_call(family.weak, query.weak_call, query)]
    for parameter, spans in query.spans.items():
        faults += [f"evidence of {parameter}: '{span}' is not in the query" for span in spans if span.lower() not in query.text.lower()]
        if parameter not in strong.properties and parameter not in family.weak.properties:
            faults.append(f"evidence of {parameter}: no such parameter")
    for parameter, values in query.alternatives.items():
        schemas = [tool.properties[parameter] for tool in (strong, family.weak) if parameter in tool.properties]
        wrong = [value for value in values if all(schema_faults(value, schema) for schema in schemas)]
        faults += [f"alternatives of {parameter}: {value!r} is not valid" for value in wrong]
    return faults + _check_needs(strong, family, gaps, query)


def _check_call(tool: Tool, arguments: dict[str, Any], query: StarterQuery) -> list[str]:
    faults = list(schema_faults(arguments, tool.parameters))
    spans = query.spans
    for name, value in arguments.items():
        schema = tool.properties.get(name, {})
        if value != schema.get("default", ...) and not is_grounded(name, value, query.text, schema, spans.get(name, [])):
            faults.append(f"{name} = {value!r} is not grounded in the query: give its evidence or change one of them")
    return faults


def _used(strong: Tool, query: StarterQuery) -> set[str]:
    """The parameters that the strong call gives, and not as their defaults."""
    return {name for name, value in query.call.items() if value != strong.properties.get(name, {}).get("default", ...)}


def _check_needs(strong: Tool, family: StarterFamily, gaps: list[Gap], query: StarterQuery) -> list[str]:
    if query.weak_fit == "full":
        missing = {gap.name for gap in gaps if gap.kind == "missing_parameter"} & _used(strong, query)
        return (["a full fit needs nothing, but `needs` is given"] if query.needs else []) + [
            f"weak_fit is full, but the weak tool has no parameter for {name}" for name in sorted(missing)
        ]
    faults = [] if query.needs else ["`needs` must say what the weak tool lacks"]
    labels = {gap.label: gap for gap in gaps}
    for need in query.needs:
        if need in labels:
            faults += _check_gap_used(labels[need], strong, family, query)
        elif need not in family.ways or need in STRUCTURAL:
            faults.append(f"need {need} is neither a gap of the schemas ({', '.join(labels) or 'none'}) nor a way of the family")
    return faults


def _check_gap_used(gap: Gap, strong: Tool, family: StarterFamily, query: StarterQuery) -> list[str]:
    if gap.kind == "missing_return":
        return []
    if gap.name not in _used(strong, query):
        return [f"need {gap.label}: the strong call does not use {gap.name}"]
    theirs = family.weak.properties.get(family.renamed.get(gap.name, gap.name))
    if theirs is not None and not schema_faults(query.call[gap.name], theirs):
        return [f"need {gap.label}: the weak tool takes {query.call[gap.name]!r} as well"]
    return []


def read_folder(folder: Path) -> tuple[Starter, list[str]]:
    """The records of a folder, with a fault for each line that is none."""
    faults: list[str] = []
    read: dict[str, list[Any]] = {}
    for name, model in (("tools", Tool), ("families", StarterFamily), ("queries", StarterQuery), ("unserved", UnservedQuery)):
        read[name] = []
        path = folder / f"{name}.jsonl"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], 1):
            try:
                read[name].append(model.model_validate_json(line))
            except ValueError as error:
                faults.append(f"{path.name}:{number}: {' '.join(str(error).split())[:300]}")
    return Starter(**read), faults


def main(folder: Path) -> int:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    from gentool.engines.vectors import embed_tfidf, similarities

    starter, faults = read_folder(folder)
    faults += check_all(starter)
    print(*faults[:200], sep="\n")
    print(f"{len(faults)} faults; {len(starter.families)} families, {len(starter.queries)} queries, {len(starter.unserved)} unserved")
    print("fits", dict(Counter(query.weak_fit for query in starter.queries)), "styles", dict(Counter(query.style for query in starter.queries)))
    print("ways", dict(Counter(way for family in starter.families for way in family.ways)))
    print("languages", dict(Counter(query.language for query in starter.queries)))
    print("twins", dict(Counter(family.twins for family in starter.families if family.twins)))
    english = [query for query in starter.queries if query.language == "en" and query.strong in {tool.name for tool in starter.tools}]
    if english:
        shares = []
        for query in english:
            words = {word for word in words_of(query.text) if word not in ENGLISH_STOP_WORDS}
            shares.append((len(words & set(words_of(starter.tool(query.strong).text))) / max(1, len(words)), query.id))
        print(f"share of content words that stand in the tool's schema: {sum(share for share, _ in shares) / len(shares):.2f} (aim below 0.25)")
        print("  highest:", ", ".join(f"{identifier} {share:.2f}" for share, identifier in sorted(shares, reverse=True)[:8]))
        vectors = embed_tfidf([tool.text for tool in starter.tools] + [query.text for query in english])
        cosines = similarities(vectors[len(starter.tools) :], vectors[: len(starter.tools)])
        right = sum(starter.tools[int(row.argmax())].name == query.strong for row, query in zip(cosines, english, strict=True))
        print(f"TF-IDF picks the right tool of the domain for {right / len(english):.0%} of the English queries (aim below 60%)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
