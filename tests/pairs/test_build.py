"""Building examples: the definitions that every example must make true, on random small catalogues and on the starter catalogue.

They are judged from the families and the two files of examples alone, without gentool.pairs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gentool.core.errors import CatalogueError, RunError
from gentool.core.example import SCENARIOS, Example
from gentool.core.family import Family, Query
from gentool.core.jsonl import write_records
from gentool.engines.vectors import embed
from gentool.pairs.build import PairsSettings, Trained, build_pairs, build_test
from gentool.pairs.distractors import Distractors
from gentool.pairs.split import SplitSettings, split_families

FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
FILES = ("train.jsonl", "test.jsonl", "build.json")
JACCARD = 0.9


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.lower()))


def by_pair(examples: Iterable[Example]) -> dict[str, dict[str, Example]]:
    pairs: dict[str, dict[str, Example]] = {}
    for example in examples:
        assert example.kind not in pairs.setdefault(example.pair, {})
        pairs[example.pair][example.kind] = example
    return pairs


def check_pairs(examples: Sequence[Example], families: Sequence[Family]) -> None:
    """Before and after differ in one slot, which then holds the strong tool; an `after` is never alone."""
    strong = {family.id: family.strong for family in families}
    for sides in by_pair(examples).values():
        assert set(sides) in ({"zero", "one"}, {"weak", "strong"}, {"zero"}, {"weak"})
        before = sides.get("zero") or sides["weak"]
        assert strong[before.family].id not in {tool.id for tool in before.tools}
        if len(sides) == 2:
            after = sides.get("one") or sides["strong"]
            slots = [n for n, (old, new) in enumerate(zip(before.tools, after.tools, strict=True)) if old != new]
            assert len(slots) == 1 and after.tools[slots[0]] == strong[after.family]
            assert before.tools[slots[0]].name != before.answer.name
            assert (after.query, after.query_id, after.family) == (before.query, before.query_id, before.family)


def check_sets(examples: Sequence[Example], families: Sequence[Family], k: int) -> None:
    """k tools of different names; of the family only those that the kind says; the targets follow the definition."""
    of = {family.id: family for family in families}
    for example in examples:
        family = of[example.family]
        query = next(query for query in family.queries if query.id == example.query_id)
        assert len(example.tools) == k and len(set(example.tools.names)) == k
        own = {tool.id for tool in family.tools} & {tool.id for tool in example.tools}
        weak = {query.weak} if query.weak else set()
        assert own == {"zero": set(), "one": {query.strong}, "weak": weak, "strong": {query.strong} | weak}[example.kind]
        assert not {tool.name for tool in family.tools} & {tool.name for tool in example.tools if tool.id not in own}
        check_targets(example, query)


def check_targets(example: Example, query: Query) -> None:
    """Full fit first and strong before weak, then partial, then the default tool; the answer is the head, with its call."""
    held = {tool.id: tool.name for tool in example.tools}
    order = [query.strong] if query.strong in held else []
    order += [query.weak] if query.weak in held and query.weak_fit != "none" and query.weak else []
    assert example.ranking == (*(held[tool] for tool in order), "generate_response")
    assert example.answer == query.calls[order[0]] if order else example.answer.abstains
    assert example.acceptable == tuple(query.calls[tool] for tool in order if query.fits[tool] == "full")
    assert example.answer.abstains == (example.kind == "zero" or (example.kind == "weak" and query.weak_fit == "none"))


def check_scenarios(train: Sequence[Example], test: Sequence[Example], families: Sequence[Family]) -> None:
    """Each test example's scenario is true: seen and unseen are found out again from the training examples."""
    of = {family.id: family for family in families}
    texts, tools = {example.query for example in train}, {tool.id for example in train for tool in example.tools}
    names = {tool.name for example in train for tool in example.tools}
    sets = {(example.query_id, frozenset(example.tools.names)) for example in train}
    trained_words = [words(text) for text in texts]
    assert all(example.scenario is None for example in train)
    for example in test:
        family = of[example.family]
        answering = example.tools.by_name(example.answer.name) or family.strong
        seen_query, seen_tool = example.query in texts, answering.id in tools
        assert example.scenario == f"{'seen' if seen_query else 'unseen'}_query_{'seen' if seen_tool else 'unseen'}_tool", example.id
        if seen_query:
            assert (example.query_id, frozenset(example.tools.names)) not in sets
        else:
            mine = words(example.query)
            assert all(len(mine & other) < JACCARD * len(mine | other) for other in trained_words)
        if not seen_tool:
            assert answering.name not in names
        if example.scenario == "seen_query_unseen_tool":
            assert {other.kind for other in train if other.query_id == example.query_id} <= {"zero", "weak"}
            assert {other.kind for other in train if other.family == example.family} <= {"zero", "weak"}
        if example.scenario == "unseen_query_unseen_tool":
            assert not {tool.id for tool in family.tools} & tools and family.id not in {other.family for other in train}


@FEW
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(16, 26),
    k=st.integers(2, 5),
    cap=st.sampled_from([None, 1, 3]),
    neighbours=st.sampled_from([1, 4, 15]),
    unseen_queries=st.sampled_from([0.2, 0.5]),
    share=st.sampled_from(["family", "cluster", "none"]),
    queries_per_set=st.sampled_from([None, 1, 2]),
)
def test_random_catalogues_make_true_examples(
    make: Any, build: Any, seed: int, count: int, k: int, cap: int | None, neighbours: int, unseen_queries: float, **layout: Any
) -> None:
    made = make.families(seed, count)
    split = {"unseen_families": 0.2, "unseen_strong_tools": 0.2, "unseen_queries": unseen_queries}
    built = build(made.families, seed=seed, k=k, train_queries_per_family=cap, neighbours=neighbours, split=split, **layout)
    check_pairs([*built.train, *built.test], built.families)
    check_sets([*built.train, *built.test], built.families, k)
    check_scenarios(built.train, built.test, built.families)
    check_links(built, made.linked)


def check_links(built: Any, linked: Sequence[tuple[int, int]]) -> None:
    """Families that hold near-duplicates lie on one side, and never stand in one set."""
    trained = {example.family for example in built.train}
    for one, other in linked:
        left, right = built.families[one], built.families[other]
        assert (left.id in trained) == (right.id in trained)
        for example in (*built.train, *built.test):
            if example.family == left.id:
                assert not {tool.id for tool in right.tools} & {tool.id for tool in example.tools}


def test_the_starter_catalogue_makes_true_examples(starter_built: Any) -> None:
    built = starter_built
    check_pairs([*built.train, *built.test], built.families)
    check_sets([*built.train, *built.test], built.families, 5)
    check_scenarios(built.train, built.test, built.families)
    assert all(built.build["scenarios"][scenario] > 50 for scenario in SCENARIOS)
    assert all(check["violations"] == 0 and check["compared"] > 0 for check in built.build["leak_checks"])


@pytest.mark.parametrize("kind", ["one", "weak", "strong"])
def test_the_target_stands_anywhere(starter_built: Any, kind: str) -> None:
    """Each bundle counts once: its queries have the target in one slot, which training moves for all of them."""
    examples = [example for example in starter_built.train if example.kind == kind and not example.answer.abstains]
    drawn = {(example.bundle, example.tools.names.index(example.answer.name)) for example in examples}
    places, expected = Counter(place for _, place in drawn), len(drawn) / 5
    assert len(drawn) > 200
    assert sum((places[place] - expected) ** 2 / expected for place in range(5)) < 18.5, places  # chi-square, 4 degrees of freedom, p = 0.001


def test_training_is_shuffled_and_ids_are_unique(starter_built: Any) -> None:
    ids = [example.id for example in (*starter_built.train, *starter_built.test)]
    assert len(set(ids)) == len(ids)
    runs = sum(one.family == other.family for one, other in zip(starter_built.train, starter_built.train[1:], strict=False))
    assert runs < 0.05 * len(starter_built.train)


def test_the_build_counts_what_the_files_hold(starter_built: Any) -> None:
    built = starter_built
    for name, examples in (("train", built.train), ("test", built.test)):
        counts = built.build["counts"][name]
        assert counts["examples"] == len(examples) == sum(counts[kind] for kind in ("zero", "one", "weak", "strong"))
        assert counts["abstain"] == sum(example.answer.abstains for example in examples)
    positions = built.build["counts"]["train_targets_by_position"]
    assert sum(positions.values()) == sum(not example.answer.abstains for example in built.train)
    assert built.build["scenarios"] == {name: sum(example.scenario == name for example in built.test) for name in SCENARIOS}
    assert built.build["audit"]["family"] > 0
    layout, sets = built.build["layout"], {tuple(tool.id for tool in example.tools) for example in built.train}
    assert (layout["share"], layout["bundles"]) == ("family", len({example.bundle for example in built.train}))
    assert layout["tool_sets"] == len(sets) and layout["examples_per_tool_set"] == round(len(built.train) / len(sets), 2)


@pytest.mark.parametrize("share", ["family", "cluster", "none"])
def test_a_seed_fixes_every_byte_and_another_changes_them(make: Any, build: Any, share: str) -> None:
    families = make.families(1, 20).families
    first, again, other = (build(families, seed=seed, share=share).files for seed in (4, 4, 5))
    assert set(first) == set(FILES)
    assert first == again
    assert all(first[name] != other[name] for name in FILES)


def test_the_bytes_do_not_depend_on_the_order_of_sets(make: Any, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gentool.pairs.build import *; build_pairs(Path(sys.argv[1]), PairsSettings(share='cluster'), 0)"
    )
    folders = [tmp_path / "1", tmp_path / "2"]
    for folder in folders:
        write_records(folder / "synth" / "verified.jsonl", make.families(2, 16).families)
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env={**os.environ, "PYTHONHASHSEED": folder.name})
    assert all((folders[0] / "pairs" / name).read_bytes() == (folders[1] / "pairs" / name).read_bytes() for name in FILES)


def test_caps_hold(make: Any, build: Any) -> None:
    built = build([make.family(str(n), queries=6) for n in range(20)], train_queries_per_family=2, test_queries=3)
    trained = {(example.family, example.query_id) for example in built.train}
    assert max(Counter(family for family, _ in trained).values()) == 2
    tested = {(example.query_id) for example in built.test}
    assert len(tested) == 4 * 3


def test_a_weak_tool_that_never_trains_is_not_tested_as_seen(make: Any, build: Any) -> None:
    built = build([make.family(str(n), weak=2, queries=6) for n in range(20)], train_queries_per_family=1, k=2, test_queries=None)
    check_scenarios(built.train, built.test, built.families)
    assert built.build["scenarios"]["unseen_query_seen_tool"] > 0


def test_a_query_without_another_tool_set_is_left_out_and_counted(make: Any, build: Any) -> None:
    built = build([make.family(str(n), weak=0) for n in range(6)], k=3, split={"unseen_families": 0, "unseen_strong_tools": 0.3})
    check_scenarios(built.train, built.test, built.families)
    few = build([make.family(str(n), weak=0) for n in range(4)], k=3, split={"unseen_families": 0, "unseen_strong_tools": 0})
    assert few.build["audit"]["test_query_without_another_set"] > 0
    assert few.build["scenarios"]["seen_query_seen_tool"] == 0


def test_a_test_set_that_training_shows_is_drawn_again_and_no_other_changes(make: Any) -> None:
    families = [make.family(str(n)) for n in range(16)]
    vectors, owners = embed([tool.text for family in families for tool in family.tools], "tfidf"), [n for n in range(16) for _ in range(2)]
    split = split_families(families, vectors, owners, SplitSettings(), 0)
    trained = Trained(
        {query.id: set() for family in families for query in family.queries}, frozenset(tool.id for one in families for tool in one.tools)
    )
    distractors = Distractors(families, split, vectors, owners, 15)
    before = build_test(families, split, distractors, PairsSettings(), 0, trained)
    shown = before[0]
    trained.sets[shown.query_id].add(frozenset(shown.tools.names))
    after = build_test(families, split, distractors, PairsSettings(), 0, trained)
    changed = {(one.scenario, one.query_id) for one, other in zip(before, after, strict=True) if one != other}
    assert changed == {(shown.scenario, shown.query_id)}


@pytest.mark.parametrize("k", [3, 5])
def test_a_catalogue_that_is_too_small_is_refused_clearly(make: Any, build: Any, k: int) -> None:
    with pytest.raises(CatalogueError, match=f"3 families are too few for sets of k = {k} tools: lower pairs.k or add tools") as caught:
        build([make.family(str(n)) for n in range(3)], k=k)
    assert "\n" not in str(caught.value)


def test_too_few_tools_beside_a_family_are_refused_by_name(make: Any, build: Any) -> None:
    with pytest.raises(CatalogueError, match=r"5 distractors are needed for 'tool\d', but only \d tools that training may see are left"):
        build([make.family(str(n), weak=0) for n in range(6)])


def test_a_missing_stage_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"verified\.jsonl is missing: run `gentool synth"):
        build_pairs(tmp_path, PairsSettings(), 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 1},
        {"neighbours": 0},
        {"test_queries": 0},
        {"share": "domain"},
        {"queries_per_set": 0},
        {"train_queries_per_family": 0},
        {"split": {"unseen_families": 0.6, "unseen_strong_tools": 0.4}},
        {"split": {"unseen_queries": 1}},
        {"split": {"twin_tools": 0}},
        {"unknown": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PairsSettings.model_validate(wrong)
