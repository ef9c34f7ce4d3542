"""The stage `pairs`: synth/verified.jsonl and synth/verified_unserved.jsonl in; pairs/{train,test}.jsonl and pairs/build.json out.

Where people reviewed the queries (review/verdicts.jsonl), what they rejected is left out and what they edited is taken as edited.

Every query becomes pairs of examples that differ in one slot: zero/one (no tool fits, then one appears) and weak/strong
(a weak tool serves, then a strong one appears). build.json is written last: where it stands, the stage is done.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from gentool.core.errors import CatalogueError, RunError
from gentool.core.example import SCENARIOS, Example, Scenario
from gentool.core.family import Family, Query, Unserved
from gentool.core.jsonl import read_records, write_json, write_records
from gentool.core.progress import track
from gentool.core.recipe import Settings
from gentool.engines.vectors import embed
from gentool.pairs.distractors import Distractors
from gentool.pairs.examples import pair_examples
from gentool.pairs.layout import Layout, Share, find_clusters, find_trainees
from gentool.pairs.leaks import check_leaks, fail_on_leaks
from gentool.pairs.reviewed import read_reviewed
from gentool.pairs.split import Role, Split, SplitSettings, split_families
from gentool.pairs.unserved import UNSERVED_PER_SET, check_unserved, share_unserved, split_unserved, train_unserved
from gentool.pairs.variants import CHANGES, Change, VariantSettings, describe_training, fill_training

TRIES = 20


class PairsSettings(Settings):
    """How families become examples.

    k: tools in a set, `generate_response` not counted (the paper: 5); a pair of weak and strong tool needs 2.
    similarity: `tfidf`, or the name or folder of a sentence-transformers model (the `embed` extra).
    neighbours: distractors are drawn from this many nearest tools.
    train_queries_per_family: at most so many of a family's queries train; null takes all.
    share: which training queries share their tool sets, so that one prompt of tools serves many: those of a `family`, those of
        a `cluster` of up to k families (each family's strong tool is the answer to its own queries), or `none`.
    queries_per_set: at most so many queries of a family share theirs; null: all.
    changes: which changes training shows; what is left out is made up for by more sets that show the others, up to as many
        examples. With none, every set holds a tool that serves the query, and no query is unserved. The test asks for both always.
    variant: what else training has otherwise, to compare with; the test is the full method's.
    test_queries: at most so many queries a scenario, each with its pairs; null takes all.
    test_unserved: at most so many queries that no tool serves in each scenario of unseen queries; null takes all.
    split: what is kept from training.
    """

    k: int = Field(default=5, ge=2)
    similarity: str = "tfidf"
    neighbours: int = Field(default=15, ge=1)
    train_queries_per_family: int | None = Field(default=None, ge=1)
    share: Share = "family"
    queries_per_set: int | None = Field(default=None, ge=1)
    changes: tuple[Change, ...] = CHANGES
    variant: VariantSettings = VariantSettings()
    test_queries: int | None = Field(default=60, ge=1)
    test_unserved: int | None = Field(default=30, ge=0)
    split: SplitSettings = SplitSettings()


def build_pairs(run: Path, settings: PairsSettings, seed: int) -> dict[str, Any]:
    """Run the stage in a run folder; returns what build.json holds. Raises LeakError where the split leaks."""
    prepared = prepare_families(run, settings, seed)
    families, split, distractors = prepared.families, prepared.split, prepared.distractors
    unserved, unseen = split_unserved(_read_unserved(run), families, distractors, settings.split, seed)
    # The full method's training, whatever trains: from it follow the test, and how many examples train.
    method = distractors if is_full(settings) else Distractors(families, split, prepared.vectors, prepared.owners, settings.neighbours)
    full = build_train(families, split, method, settings, seed) + build_unserved(unserved, method, settings, seed)
    test = build_test(families, split, distractors, settings, seed, find_trained(full))
    test += check_unserved(unseen, distractors, settings.k, settings.test_unserved, seed)
    train = full
    if not is_full(settings):
        own = apply_variant(settings)
        trainer = Distractors(families, split, prepared.vectors, prepared.owners, own.neighbours, distractors.audit)
        kept = build_unserved(unserved, trainer, own, seed) if own.changes else []
        draw = partial(_draw_round, families, split, trainer, own, seed)
        train = kept + fill_training(draw, own.changes, len(full) - len(kept), test, trainer.audit, seed)
    random.Random(f"train/{seed}").shuffle(train)
    checks = check_leaks(train, test, families, split, prepared.vectors, settings.split)
    fail_on_leaks(checks)
    build = {**_count(train, test, split, settings, seed), "training": describe_training(train, full, test, settings.changes)}
    build |= {"audit": dict(sorted(distractors.audit.items()))}
    build |= {"reviewed": prepared.reviewed} if prepared.reviewed else {}
    build["leak_checks"] = [check.model_dump() for check in checks]
    write_records(run / "pairs" / "train.jsonl", train)
    write_records(run / "pairs" / "test.jsonl", test)
    write_json(run / "pairs" / "build.json", build)
    return build


@dataclass(frozen=True)
class Prepared:
    """The families as reviewed (with the counts of that), their split, and who may stand beside whom. `vectors` and `owners` are of their tools."""

    families: list[Family]
    reviewed: dict[str, Any] | None
    split: Split
    vectors: Any
    owners: list[int]
    distractors: Distractors


def prepare_families(run: Path, settings: PairsSettings, seed: int) -> Prepared:
    """Read and split the families of a run; the same for the same files, settings and seed. gentool.probe calls it too."""
    source = run / "synth" / "verified.jsonl"
    if not source.exists():
        raise RunError(f"{source} is missing: run `gentool synth {run}` first")
    families, reviewed = read_reviewed(run, list(read_records(source, Family)))
    if len(families) <= settings.k:
        raise CatalogueError(f"{len(families)} families are too few for sets of k = {settings.k} tools: lower pairs.k or add tools to the catalogue")
    tools = [tool for family in families for tool in family.tools]
    owners = [index for index, family in enumerate(families) for _ in family.tools]
    vectors = embed([tool.text for tool in tools], settings.similarity)
    split = split_families(families, vectors, owners, settings.split, seed)
    return Prepared(families, reviewed, split, vectors, owners, Distractors(families, split, vectors, owners, settings.neighbours))


def is_full(settings: PairsSettings) -> bool:
    """Whether training shows all that the method shows."""
    return set(settings.changes) == set(CHANGES) and settings.variant == VariantSettings()


def apply_variant(settings: PairsSettings) -> PairsSettings:
    """The settings that training is drawn with where it is a variant."""
    variant, most = settings.variant, settings.train_queries_per_family
    fewest = min((number for number in (variant.queries_per_family, most) if number is not None), default=None)
    return settings.model_copy(update={"train_queries_per_family": fewest, "neighbours": variant.neighbours or settings.neighbours})


def _draw_round(families: Sequence[Family], split: Split, distractors: Distractors, settings: PairsSettings, seed: int, number: int) -> list[Example]:
    """Training examples before other sets in each round; those of the first are the full method's. A cluster has one set, so families go on alone."""
    if number == 0:
        return build_train(families, split, distractors, settings, seed)
    alone = settings.model_copy(update={"share": "family"}) if settings.share == "cluster" else settings
    return build_train(families, split, distractors, alone, f"{seed}/{number}")


def _read_unserved(run: Path) -> list[Unserved]:
    """The queries that no tool serves; families made by hand may stand without any."""
    path = run / "synth" / "verified_unserved.jsonl"
    return list(read_records(path, Unserved)) if path.exists() else []


def _names(example: Example) -> frozenset[str]:
    return frozenset(example.tools.names)


@dataclass(frozen=True)
class Trained:
    """What training sees: the tool sets (names) of each query by its id, and the ids of all tools."""

    sets: dict[str, set[frozenset[str]]]
    tools: frozenset[str]


def find_trained(train: Sequence[Example]) -> Trained:
    """What the training examples show."""
    sets: dict[str, set[frozenset[str]]] = {}
    for example in train:
        sets.setdefault(example.query_id, set()).add(_names(example))
    return Trained(sets, frozenset(tool.id for example in train for tool in example.tools))


def build_train(families: Sequence[Family], split: Split, distractors: Distractors, settings: PairsSettings, seed: int | str) -> list[Example]:
    """The training examples of families: whole pairs of seen families, only `zero` and `weak` where the strong tool is unseen."""
    layout = Layout(distractors, settings.k, settings.queries_per_set, seed)
    trainees = find_trainees(families, split, settings.train_queries_per_family)
    clusters = find_clusters(trainees, split, distractors, settings.k) if settings.share == "cluster" else [[trainee] for trainee in trainees]
    examples: list[Example] = []
    for cluster in track(clusters, "training examples", len(clusters)):
        if len(cluster) > 1:
            examples += layout.draw_for_cluster(cluster)
        else:
            examples += layout.draw_for_queries(cluster[0]) if settings.share == "none" else layout.draw_for_family(cluster[0])
    return examples


def build_unserved(queries: Sequence[Unserved], distractors: Distractors, settings: PairsSettings, seed: int) -> list[Example]:
    """The training examples of queries that no tool serves: in shared sets where families' queries share theirs."""
    if settings.share == "none":
        return train_unserved(queries, distractors, settings.k, seed)
    return share_unserved(queries, distractors, settings.k, settings.queries_per_set or UNSERVED_PER_SET, seed)


def build_test(
    families: Sequence[Family],
    split: Split,
    distractors: Distractors,
    settings: PairsSettings,
    seed: int,
    trained: Trained,
) -> list[Example]:
    """The test examples, scenario by scenario; a query that trains is tested with another tool set, or left out and counted.

    A set that training shows is drawn again from a seed of its own: what training shows of one query changes no other's test.
    """
    examples: list[Example] = []
    for scenario in SCENARIOS:
        rng = random.Random(f"test/{seed}/{scenario}")
        for family, query in _test_queries(families, split, scenario, settings.test_queries, trained, rng):
            for attempt in range(TRIES):
                again = random.Random(f"test/{seed}/{scenario}/{query.id}/{attempt}") if attempt else rng
                pairs = pair_examples(family, query, distractors, settings.k, scenario, again)
                if not any(_names(example) in trained.sets.get(query.id, ()) for example in pairs):
                    examples += [_honest_scenario(example, query, split.roles[family.id]) for example in pairs]
                    break
            else:
                distractors.audit["test_query_without_another_set"] += 1
    return examples


def _test_queries(
    families: Sequence[Family], split: Split, scenario: Scenario, most: int | None, trained: Trained, rng: random.Random
) -> list[tuple[Family, Query]]:
    """A scenario's queries, family by family in turn, so that a cap leaves every family some."""
    roles: dict[Scenario, Role] = {"seen_query_unseen_tool": "unseen_strong", "unseen_query_unseen_tool": "unseen"}
    role = roles.get(scenario, "seen")
    by_family = []
    for family in families:
        if split.roles[family.id] == role:
            own = [query for query in family.queries if _is_seen(query, scenario, trained) and _is_unseen(query, scenario, split)]
            by_family.append([(family, query) for query in rng.sample(own, len(own))])
    rng.shuffle(by_family)
    rounds = range(max((len(own) for own in by_family), default=0))
    return [own[number] for number in rounds for own in by_family if number < len(own)][:most]


def _is_seen(query: Query, scenario: Scenario, trained: Trained) -> bool:
    """Whether training saw what the scenario says that it saw: the query, or the tools that serve it."""
    if scenario.startswith("seen_query"):
        return query.id in trained.sets
    return scenario == "unseen_query_unseen_tool" or {query.strong, query.weak or query.strong} <= trained.tools


def _is_unseen(query: Query, scenario: Scenario, split: Split) -> bool:
    return (query.id in split.unseen_queries) == scenario.startswith("unseen_query")


def _honest_scenario(example: Example, query: Query, role: Role) -> Example:
    """A seen query that its weak tool serves, before the unseen strong tool appears, is served by a tool that training saw."""
    if role == "unseen_strong" and example.kind == "weak" and query.weak_fit != "none":
        return example.model_copy(update={"scenario": "seen_query_seen_tool"})
    return example


def _count(train: list[Example], test: list[Example], split: Split, settings: PairsSettings, seed: int) -> dict[str, Any]:
    groups = Counter(split.groups.values())
    positions = Counter(example.tools.names.index(example.answer.name) for example in train if not example.answer.abstains)
    return {
        "seed": seed,
        "k": settings.k,
        "split": {
            "families": dict(sorted(Counter(split.roles.values()).items())),
            "groups": len(groups),
            "largest_group": max(groups.values()),
            "queries_seen": len({example.query_id for example in train}),
            "queries_unseen_in_test": len({example.query_id for example in test if example.query_id in split.unseen_queries}),
        },
        "counts": {
            "train": _kinds(train),
            "test": _kinds(test),
            "train_targets_by_position": {str(position + 1): positions[position] for position in range(settings.k)},
        },
        "layout": _describe_layout(train, settings),
        "scenarios": {scenario: sum(example.scenario == scenario for example in test) for scenario in SCENARIOS},
    }


def _describe_layout(train: list[Example], settings: PairsSettings) -> dict[str, Any]:
    """How much is shared: bundles (a pair where there are none), different tool sets, and examples for each of those."""
    sets = {tuple(tool.id for tool in example.tools) for example in train}
    bundles = {example.bundle or example.pair for example in train}
    return {
        "share": settings.share,
        "bundles": len(bundles),
        "tool_sets": len(sets),
        "examples_per_tool_set": round(len(train) / max(1, len(sets)), 2),
    }


def _kinds(examples: list[Example]) -> dict[str, int]:
    counts = Counter(example.kind for example in examples)
    return {"examples": len(examples), "abstain": sum(example.answer.abstains for example in examples), **dict(sorted(counts.items()))}
