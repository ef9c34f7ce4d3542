"""The figures of the starter set, counted from its files: what its data card says. Called by the command `gentool starter stats`.

Spread of language is compared with what the rules teacher writes for the same tools; difficulty is what TF-IDF selects
where half of the families is kept from training.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Literal

from gentool.core.example import Example
from gentool.core.family import Family
from gentool.core.jsonl import read_records, write_records
from gentool.core.tool import Tool
from gentool.engines.vectors import words_of
from gentool.pairs.build import PairsSettings, build_pairs
from gentool.pairs.split import SplitSettings
from gentool.starter import read_readings, read_starter_families, read_starter_queries, read_starter_tools, read_unserved_queries
from gentool.starter.records import Reading, StarterQuery
from gentool.synth.pipeline import SynthSettings, synthesise

Table = dict[str, Any]
SAMPLED = 400
"""Queries that self-BLEU is measured on: its cost grows with their square."""
UNSEEN_TOOL = ("seen_query_unseen_tool", "unseen_query_unseen_tool")
HALF = SplitSettings(unseen_families=0.25, unseen_strong_tools=0.25)


def collect_stats(seed: int = 0) -> Table:
    """Every figure: counts, spread of language, second reading, difficulty."""
    tools, queries = read_starter_tools(), read_starter_queries()
    with TemporaryDirectory() as folder:
        ours = _synthesise(Path(folder) / "starter", tools, "starter", seed)
        rules = _synthesise(Path(folder) / "rules", tools, "rules", seed)
        difficulty = measure_difficulty(Path(folder) / "starter", seed)
    return {
        "counts": count_records(tools, queries),
        "verified": {"families": len(ours), "queries": sum(len(family.queries) for family in ours)},
        "language": {"starter": measure_language(ours, seed), "rules": measure_language(rules, seed)},
        "second_reading": summarise_readings(read_readings()),
        "difficulty": difficulty,
    }


def _synthesise(run: Path, tools: Sequence[Tool], teacher: Literal["starter", "rules"], seed: int) -> list[Family]:
    """The verified families of a teacher, made as a run makes them."""
    write_records(run / "tools.jsonl", tools)
    synthesise(run, SynthSettings(teacher=teacher, queries_per_pair=12), seed)
    return list(read_records(run / "synth" / "verified.jsonl", Family))


def count_records(tools: Sequence[Tool], queries: Sequence[StarterQuery]) -> Table:
    """What the files hold."""
    families, unserved = read_starter_families(), read_unserved_queries()
    languages = Counter(query.language for query in queries)
    foreign = Counter(query.strong for query in queries if query.language != "en")
    parameters = [len(tool.properties) for tool in tools]
    groups = Counter(f"{family.domain}/{family.twins}" for family in families if family.twins)
    return {
        "domains": len({tool.domain for tool in tools}),
        "families": len(families),
        "tools": len(tools) + len(families),
        "parameters_of_strong_tools": {"least": min(parameters), "median": median(parameters), "most": max(parameters)},
        "queries": len(queries),
        "weak_fit": dict(sorted(Counter(query.weak_fit for query in queries).items())),
        "calls": len(queries) + sum(query.weak_call is not None for query in queries),
        "arguments": sum(len(query.call) for query in queries),
        "unserved_queries": len(unserved),
        "unserved_kinds": dict(sorted(Counter(query.kind for query in unserved).items())),
        "twin_groups": sum(count > 1 for count in groups.values()),
        "families_in_twin_groups": sum(count for count in groups.values() if count > 1),
        "multilingual_families": sum(count >= 5 for count in foreign.values()),
        "languages": dict(languages.most_common()),
        "styles": dict(Counter(query.style for query in queries).most_common()),
        "ways": dict(Counter(way for family in families for way in family.ways).most_common()),
    }


# Language


def measure_language(families: Sequence[Family], seed: int) -> Table:
    """How varied the queries are: lengths, type/token ratio, overlap with the tool's schema, self-BLEU.

    The type/token ratio is over 5,000 words drawn query by query, as it falls with length. The overlap is the mean share of
    a query's words, stop words left out, that stand in the strong tool's name, description or parameters.
    """
    queries = [(query.text, family.strong) for family in families for query in family.queries]
    drawn = random.Random(f"language/{seed}").sample(queries, len(queries))
    lengths = [len(words_of(text)) for text, _ in queries]
    words = [word for text, _ in drawn for word in words_of(text)][:5000]
    cuts = quantiles(lengths, n=20)
    return {
        "words_per_query": {"p5": cuts[0], "median": median(lengths), "p95": cuts[-1]},
        "type_token_ratio": len(set(words)) / len(words),
        "schema_overlap": sum(schema_overlap(text, tool) for text, tool in queries) / len(queries),
        "self_bleu": self_bleu([words_of(text) for text, _ in drawn[:SAMPLED]]),
    }


def schema_overlap(text: str, tool: Tool) -> float:
    """The share of a query's words, stop words left out, that stand in the tool's text; 0 where none is left."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = {word for word in words_of(text) if word not in ENGLISH_STOP_WORDS}
    return len(words & set(words_of(tool.text))) / len(words) if words else 0.0


def self_bleu(texts: Sequence[Sequence[str]], longest: int = 4) -> float:
    """Self-BLEU (Zhu et al., Texygen, 2018): the mean BLEU-4 of each text with all others as references; lower is more varied.

    Precisions are smoothed by adding one for orders above 1 (Lin and Och, 2004); texts are no shorter than their nearest
    reference by much, so the brevity penalty is left out.
    """
    orders = range(1, longest + 1)
    counts = [[_ngrams(text, order) for order in orders] for text in texts]
    tops = [_two_highest([own[order - 1] for own in counts]) for order in orders]
    scores = []
    for own in counts:
        product = 1.0
        for order, (grams, top) in enumerate(zip(own, tops, strict=True), 1):
            matched = sum(min(count, _highest_elsewhere(top[gram], count)) for gram, count in grams.items())
            smoothing = int(order > 1)
            product *= (matched + smoothing) / (grams.total() + smoothing) if grams.total() + smoothing else 0.0
        scores.append(math.pow(product, 1 / longest))
    return sum(scores) / len(scores)


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))


def _two_highest(counts: Sequence[Counter[tuple[str, ...]]]) -> dict[tuple[str, ...], tuple[int, int]]:
    """For each n-gram its two highest counts over the texts: the highest of the others follows for any text."""
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    for own in counts:
        for gram, count in own.items():
            first, second = found.get(gram, (0, 0))
            found[gram] = (count, first) if count > first else (first, max(second, count))
    return found


def _highest_elsewhere(top: tuple[int, int], own: int) -> int:
    return top[1] if own == top[0] else top[0]


# Second reading


def summarise_readings(readings: Sequence[Reading]) -> Table:
    """Agreement of the blind readers with the records as they then stood: in all, by domain, and what became of the rest."""
    domains = {family.strong: family.domain for family in read_starter_families()}
    first = [reading for reading in readings if reading.round == 1]
    by_domain: dict[str, list[Reading]] = {}
    for reading in first:
        owner = reading.query.partition("/")[0]
        by_domain.setdefault(domains.get(owner, owner), []).append(reading)
    again = [reading for reading in readings if reading.round == 2]
    disagreed = [reading for reading in first if not (reading.same_tool and reading.same_call and reading.same_fit)]
    return {
        "all": _agreement(first),
        "read_anew": _agreement(again),
        "by_domain": {domain: _agreement(some) for domain, some in sorted(by_domain.items())},
        "disagreements": len(disagreed),
        "resolved": dict(Counter(reading.resolved or "open" for reading in disagreed).most_common()),
    }


def _agreement(readings: Sequence[Reading]) -> Table:
    """Shares of equal readings; the weak tool's fit over the queries that a tool serves."""
    served = [reading for reading in readings if "/unserved/" not in reading.query]
    return {
        "read": len(readings),
        "tool": _share([reading.same_tool for reading in readings]),
        "call": _share([reading.same_call for reading in readings]),
        "weak_fit": _share([reading.same_fit for reading in served]),
    }


def _share(right: Sequence[bool]) -> float | None:
    return sum(right) / len(right) if right else None


# Difficulty


def measure_difficulty(run: Path, seed: int) -> Table:
    """What TF-IDF selects where the tool is unseen, with half of the families kept from training.

    `top_1` is how often the strong tool is nearest to the query among the set's tools, over the examples that hold it.
    `selection` counts abstention too, by the threshold that is fitted on the training half.
    """
    from gentool.engines.engine import Request
    from gentool.engines.retrieval import TfidfEngine
    from gentool.prompts import read_call

    build_pairs(run, PairsSettings(test_queries=None, test_unserved=None, split=HALF), seed)
    engine = TfidfEngine().fit(list(read_records(run / "pairs" / "train.jsonl", Example)))
    test = [example for example in read_records(run / "pairs" / "test.jsonl", Example) if example.scenario in UNSEEN_TOOL]
    requests = [Request(example.id, "select", inputs={"query": example.query, "tools": example.tools}) for example in test]
    called = {reply.id: read_call(reply.text).call for reply in engine.reply(requests)}
    right = [(call := called[example.id]) is not None and call.name == example.answer.name for example in test]
    held = [example for example in test if example.kind in ("one", "strong")]
    nearest = [example.tools[int(engine.score_tools(example.query, example.tools).argmax())].name == example.strong for example in held]
    return {"examples": len(test), "selection": _share(right), "examples_with_the_tool": len(held), "top_1": _share(nearest)}


# Showing


def describe_stats(stats: Table) -> list[str]:
    """The figures as lines of text, as the command prints them and the data card shows them."""
    counts = stats["counts"]
    spread, reading, difficulty = stats["language"], stats["second_reading"], stats["difficulty"]
    return [
        *_describe_counts(counts, stats["verified"]),
        "",
        f"{'language':<28}{'starter':>12}{'rules teacher':>16}",
        *(_describe_spread(name, spread) for name in ("words_per_query", "type_token_ratio", "schema_overlap", "self_bleu")),
        "",
        f"{'second reading':<28}{'queries':>8}{'tool':>9}{'call':>9}{'weak fit':>10}",
        *(_describe_agreement(domain, found) for domain, found in reading["by_domain"].items()),
        _describe_agreement("all", reading["all"]),
        *([_describe_agreement("read anew when mended", reading["read_anew"])] if reading["read_anew"]["read"] else []),
        f"{reading['disagreements']} disagreements: {_list_counts(reading['resolved'])}",
        "",
        "TF-IDF where the tool is unseen (half of the families kept from training, sets of 5):",
        f"  the right tool is nearest in {difficulty['top_1']:.1%} of {difficulty['examples_with_the_tool']} examples that hold it",
        f"  selection, abstention included, {difficulty['selection']:.1%} of {difficulty['examples']} examples",
    ]


def _describe_counts(counts: Table, verified: Table) -> list[str]:
    parameters = counts["parameters_of_strong_tools"]
    return [
        f"{counts['families']} families of {counts['domains']} domains: {counts['tools']} tools, half of them strong, half weak",
        f"strong tools take {parameters['least']} to {parameters['most']} parameters, in the median {parameters['median']:g}",
        f"{counts['queries']} queries ({verified['queries']} pass verification), {counts['calls']} calls; "
        f"the weak tool's fit: {_list_counts(counts['weak_fit'])}",
        f"{counts['unserved_queries']} queries that no tool serves: {_list_counts(counts['unserved_kinds'])}",
        f"{counts['families_in_twin_groups']} families in {counts['twin_groups']} groups of near twins",
        f"{counts['multilingual_families']} multilingual families; languages: {_list_counts(counts['languages'])}",
        f"styles: {_list_counts(counts['styles'])}",
        f"{len(counts['ways'])} ways of being weaker: {_list_counts(counts['ways'])}",
    ]


def _list_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _describe_spread(name: str, spread: Table) -> str:
    values = [spread[teacher][name] for teacher in ("starter", "rules")]
    if name == "words_per_query":
        shown = [f"{value['median']:g} ({value['p5']:.0f}-{value['p95']:.0f})" for value in values]
    else:
        shown = [f"{value:.3f}" for value in values]
    return f"  {name.replace('_', ' '):<26}{shown[0]:>12}{shown[1]:>16}"


def _describe_agreement(name: str, found: Table) -> str:
    tool, call, fit = (f"{found[key]:.1%}" if found[key] is not None else "-" for key in ("tool", "call", "weak_fit"))
    return f"  {name:<26}{found['read']:>8}{tool:>9}{call:>9}{fit:>10}"
