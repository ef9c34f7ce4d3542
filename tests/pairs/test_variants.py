"""Training that leaves changes out: as many examples, other sets in their place, and a test that does not notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gentool.core.errors import CatalogueError
from gentool.core.example import Example
from gentool.core.family import Unserved
from gentool.pairs.variants import fill_training

FULL = ["zero_to_one", "weak_to_strong"]
LESS: dict[str, list[str]] = {"no_zero_to_one": ["weak_to_strong"], "no_weak_to_strong": ["zero_to_one"], "plain": []}
UNSERVED = [
    Unserved(id=f"u{n}", domain="d", text=f"nobody {' '.join(f'v{n}w{m}' for m in range(8))}", near=(f"tool{n}", f"tool{n + 1}")) for n in range(12)
]
Build = Callable[..., Any]


@pytest.fixture(scope="module")
def families(make: Any) -> Any:
    """Some families with weak tools of every fit, some without."""
    return [make.family(str(n), weak=n % 5 != 0, queries=5) for n in range(30)]


@pytest.fixture(scope="module", params=["none", "family", "cluster"])
def variants(request: pytest.FixtureRequest, families: Any, build: Build) -> dict[str, Any]:
    """The full method and each variant, built of the same families."""
    settings: dict[str, Any] = {"k": 3, "neighbours": 12, "share": request.param, "unserved": UNSERVED}
    return {name: build(families, changes=shown, **settings) for name, shown in {"full": FULL, **LESS}.items()}


@pytest.mark.parametrize("name", LESS)
def test_the_test_is_the_same_and_the_number_of_examples_too(variants: dict[str, Any], name: str) -> None:
    full, less = variants["full"], variants[name]
    assert less.files["test.jsonl"] == full.files["test.jsonl"]
    assert less.files["train.jsonl"] != full.files["train.jsonl"]
    assert 0.99 * len(full.train) <= len(less.train) <= len(full.train)
    assert less.build["training"]["examples"] == len(less.train)
    assert less.build["training"]["examples_of_the_full_method"] == full.build["training"]["examples"] == len(full.train)
    assert all(check["violations"] == 0 for check in less.build["leak_checks"])


def kinds(examples: Sequence[Example]) -> set[str]:
    return {example.kind for example in examples}


def test_training_shows_the_changes_that_are_wanted_and_no_others(variants: dict[str, Any]) -> None:
    assert kinds(variants["full"].train) == {"zero", "one", "weak", "strong", "unserved"}
    assert kinds(variants["no_zero_to_one"].train) == {"weak", "strong", "unserved"}
    assert kinds(variants["no_weak_to_strong"].train) == {"zero", "one", "unserved"}
    for name in ("no_zero_to_one", "no_weak_to_strong"):
        counts = {built: Counter(example.kind for example in variants[built].train)["unserved"] for built in ("full", name)}
        assert len(set(counts.values())) == 1


def test_in_plain_training_every_set_holds_a_tool_that_serves_the_query(variants: dict[str, Any]) -> None:
    plain = variants["plain"]
    assert plain.train and not [example for example in plain.train if example.answer.abstains]
    seen = {example.family for example in variants["full"].train if example.kind == "one"}
    assert all((example.kind == "one") == (example.family in seen) for example in plain.train)
    assert kinds(plain.train) == {"one", "weak"}, "families whose strong tool may not be seen train before their weak one"


@pytest.mark.parametrize("name", LESS)
def test_pairs_are_whole_where_the_full_method_s_are(variants: dict[str, Any], name: str) -> None:
    seen = {example.family for example in variants["full"].train if example.kind == "one"}
    sides = Counter(example.pair for example in variants[name].train if example.family in seen)
    assert set(sides.values()) == ({1} if name == "plain" else {2})


@pytest.mark.parametrize("name", LESS)
def test_no_set_stands_twice_before_a_query_nor_in_training_and_test(variants: dict[str, Any], name: str) -> None:
    built = variants[name]
    trained = [(example.query_id, frozenset(example.tools.names)) for example in built.train]
    assert len(set(trained)) == len(trained)
    assert not set(trained) & {(example.query_id, frozenset(example.tools.names)) for example in built.test}


@pytest.mark.parametrize("name", LESS)
def test_every_query_has_its_share(variants: dict[str, Any], name: str) -> None:
    """Of the queries that a variant can show at all none stands before many more sets than another."""
    counts = Counter((example.family, example.query_id) for example in variants[name].train if example.kind != "unserved")
    assert max(counts.values()) <= 3 * min(counts.values()) + 4


def test_tests_called_seen_for_what_only_the_full_method_shows_are_counted(variants: dict[str, Any]) -> None:
    for name, built in variants.items():
        queries = {example.query_id for example in built.train}
        lost = [example for example in built.test if str(example.scenario).startswith("seen_query") and example.query_id not in queries]
        assert built.build["training"]["tests_whose_seen_query_did_not_train"] == len(lost)
        assert (name == "full") <= (not lost)
    assert variants["full"].build["training"]["tests_whose_seen_tool_did_not_train"] == 0
    assert variants["plain"].build["training"]["tests_whose_seen_query_did_not_train"] > 0, "queries that only an unseen tool serves"


@pytest.mark.parametrize("share", ["none", "family"])
@pytest.mark.parametrize("changes", [FULL, []])
def test_fewer_queries_stand_before_more_sets(families: Any, build: Build, share: str, changes: list[str]) -> None:
    settings: dict[str, Any] = {"k": 3, "neighbours": 12, "share": share, "unserved": UNSERVED}
    full = build(families, **settings)
    for most in (1, 2):
        few = build(families, changes=changes, variant={"queries_per_family": most}, **settings)
        queries = {(example.family, example.query_id) for example in few.train if example.kind != "unserved"}
        assert set(Counter(family for family, _ in queries).values()) == {most}
        assert 0.99 * len(full.train) <= len(few.train) <= len(full.train)
        assert few.files["test.jsonl"] == full.files["test.jsonl"]


def test_a_cap_on_all_training_caps_a_variant_too(families: Any, build: Build) -> None:
    built = build(families, k=3, share="none", train_queries_per_family=2, variant={"queries_per_family": 4, "neighbours": 3})
    assert max(Counter(family for family, _ in {(example.family, example.query_id) for example in built.train}).values()) == 2


def test_training_alone_has_other_distractors(make: Any, build: Build) -> None:
    """Of forty families in a line, each most like its nearest, the sets of training are nearer with fewer neighbours."""
    texts = [" ".join(f"c{n + m}" for m in range(12)) for n in range(40)]
    families = [make.family(str(n), weak=0, words=text) for n, text in enumerate(texts)]
    full = build(families, k=3, neighbours=20, share="none")
    spread = {}
    for pool in (4, 20, 38):
        built = build(families, k=3, neighbours=20, share="none", variant={"neighbours": pool})
        assert built.files["test.jsonl"] == full.files["test.jsonl"]
        apart = [abs(int(name[4:]) - int(example.strong[4:])) for example in built.train for name in example.tools.names if name.startswith("tool")]
        spread[pool] = sum(apart) / len(apart)
    assert spread[4] < spread[20] < spread[38]


def test_a_seed_fixes_a_variant(families: Any, build: Build) -> None:
    first, again, other = (build(families, seed=seed, k=3, changes=[], share="none").files for seed in (4, 4, 5))
    assert first == again
    assert first["train.jsonl"] != other["train.jsonl"]


def test_what_is_full_in_another_order_is_full(families: Any, build: Build) -> None:
    assert build(families, k=3, changes=FULL[::-1]).files["train.jsonl"] == build(families, k=3).files["train.jsonl"]


def test_a_catalogue_that_cannot_make_up_for_what_is_left_out_is_refused(make: Any, build: Build) -> None:
    without_weak = [make.family(str(n), weak=0) for n in range(12)]
    with pytest.raises(
        CatalogueError,
        match=r"pairs\.changes: \['weak_to_strong'\] with this pairs.variant leaves 0 different training examples where the full method has",
    ):
        build(without_weak, k=3, changes=["weak_to_strong"])


def test_a_round_that_only_repeats_is_made_up_for_by_later_ones(variants: dict[str, Any]) -> None:
    singles = [example for example in variants["plain"].train if example.kind == "one"]
    halves = singles[: len(singles) // 2], singles[len(singles) // 2 :]
    audit: Counter[str] = Counter()
    tested = [halves[1][0]]
    drawn = [halves[0], halves[0], halves[1]]
    found = fill_training(lambda number: drawn[min(number, 2)], [], len(singles) - 1, tested, audit, 0)
    assert sorted(example.id for example in found) == sorted(example.id for example in singles if example != tested[0])
    assert audit["training_set_drawn_before"] >= len(halves[0])
    assert audit["training_set_that_the_test_shows"] == 1
