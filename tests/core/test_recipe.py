"""Recipes: what is refused is named with its path, what was read and a suggestion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import Field, ValidationError

from gentool.core.errors import RecipeError
from gentool.core.recipe import Settings, differing_keys, dump_recipe, parse_recipe, read_recipe


class Stage(Settings):
    """A table inside a table."""

    learning_rate: float = 1e-4
    max_steps: int = -1
    training_args: dict[str, Any] = Field(default_factory=dict)


class Train(Settings):
    """A table."""

    model: str = "nano"
    rank: Stage = Stage()
    lora: Stage | None = None


class Recipe(Settings):
    """A whole recipe."""

    seed: int = 0
    train: Train = Train()


def parse(text: str, *overrides: str) -> Recipe:
    return parse_recipe(text, "r.yaml", overrides, Recipe)


def fault_of(text: str, *overrides: str) -> str:
    """The message with which a recipe is refused."""
    with pytest.raises(RecipeError) as caught:
        parse(text, *overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "---\n"])
def test_an_empty_recipe_is_all_defaults(text: str) -> None:
    assert parse(text) == Recipe()


def test_an_unknown_key_is_named_with_its_path_and_a_suggestion() -> None:
    assert fault_of("sede: 3") == "r.yaml: unknown key 'sede'; did you mean 'seed'?"
    assert fault_of("train: {rank: {learning_rat: 1}}") == "r.yaml: unknown key 'train.rank.learning_rat'; did you mean 'learning_rate'?"
    assert fault_of("train: {zzz: 1}") == "r.yaml: unknown key 'train.zzz'; known here: model, rank, lora"
    assert fault_of("train: {lora: {rr: 1}}").startswith("r.yaml: unknown key 'train.lora.rr'")
    assert fault_of("3: x").startswith("r.yaml: 3: ")


@pytest.mark.parametrize(
    ("text", "path", "read"),
    [
        ("seed: many", "seed", "'many'"),
        ("seed: 1.5", "seed", "1.5"),
        ("train: {rank: {learning_rate: fast}}", "train.rank.learning_rate", "'fast'"),
        ("train: {model: 3}", "train.model", "3"),
        ("train: 3", "train", "3"),
        ("train:", "train", "None"),
        ("train: {rank: [1]}", "train.rank", "[1]"),
    ],
)
def test_a_wrong_type_names_the_path_and_what_was_read(text: str, path: str, read: str) -> None:
    message = fault_of(text)
    assert message.startswith(f"r.yaml: {path}: ")
    assert message.endswith(f"(read: {read})")


def test_numbers_that_yaml_reads_as_text_are_numbers_where_one_is_wanted() -> None:
    assert yaml.safe_load("1e-5") == "1e-5", "YAML 1.1 wants a point in such numbers; where that changes, this test may go"
    assert parse("train: {rank: {learning_rate: 1e-5}}").train.rank.learning_rate == 1e-5
    assert parse("", "train.rank.learning_rate=2e-3").train.rank.learning_rate == 2e-3


def test_overrides_reach_into_tables_and_win() -> None:
    recipe = parse("seed: 1\ntrain: {model: a, rank: {max_steps: 3}}", "train.rank.max_steps=7", "seed=2", "train.rank.training_args.fp16=true")
    assert (recipe.seed, recipe.train.model, recipe.train.rank.max_steps) == (2, "a", 7)
    assert recipe.train.rank.training_args == {"fp16": True}
    assert parse("", "train.lora.max_steps=3").train.lora == Stage(max_steps=3)
    assert parse("train: {lora: {max_steps: 3}}", "train.lora=null").train.lora is None
    assert parse("", "train.model=a=b").train.model == "a=b"
    shared = parse("train: {rank: &stage {max_steps: 3}, lora: *stage}", "train.rank.max_steps=7").train
    assert (shared.rank.max_steps, shared.lora and shared.lora.max_steps) == (7, 3)


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("seed", "--set seed: write it as KEY=VALUE"),
        ("=3", "--set =3: write it as KEY=VALUE"),
        ("seed.deep=3", "--set seed.deep=3: 'seed' is a value, not a table"),
        ("seed=[", "--set seed=[: not a valid value"),
        ("seed=2025-13-45", "--set seed=2025-13-45: not a valid value"),
        ("train.modle=x", "r.yaml: unknown key 'train.modle'; did you mean 'model'?"),
    ],
)
def test_overrides_that_cannot_be_used_are_refused(override: str, fault: str) -> None:
    assert fault_of("seed: 1", override).startswith(fault)


@pytest.mark.parametrize("text", ["seed: [", "a: b: c", "seed: 2025-13-45", "\tseed: 1", "!!python/object:os.system {}"])
def test_broken_yaml_is_one_line(text: str) -> None:
    assert fault_of(text).startswith("r.yaml: not valid YAML: ")


@pytest.mark.parametrize(("text", "kind"), [("[1]", "list"), ("seed", "str"), ("3", "int")])
def test_a_recipe_is_a_table(text: str, kind: str) -> None:
    assert fault_of(text) == f"r.yaml: a recipe is a table of settings, but this is a {kind}"


def test_files_are_read_or_named(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    with pytest.raises(RecipeError, match=r"r\.yaml: no such recipe"):
        read_recipe(path, (), Recipe)
    with pytest.raises(RecipeError, match="is a folder, not a recipe"):
        read_recipe(tmp_path, (), Recipe)
    path.write_bytes("train: {model: Zürich}".encode("latin-1"))
    with pytest.raises(RecipeError, match="is not UTF-8 text"):
        read_recipe(path, (), Recipe)
    path.write_text("train: {model: Zürich}", encoding="utf-8")
    assert read_recipe(path, ["seed=4"], Recipe) == Recipe(seed=4, train=Train(model="Zürich"))


def test_a_dumped_recipe_holds_every_setting_and_is_read_back() -> None:
    recipe = parse("seed: 3", "train.lora.learning_rate=1e-5", "train.model=Zürich")
    text = dump_recipe(recipe)
    assert parse(text) == recipe
    assert "max_steps: -1" in text
    assert "Zürich" in text


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Recipe().seed = 3  # type: ignore[misc]


def test_differing_keys_are_paths() -> None:
    left = {"seed": 1, "train": {"model": "a", "rank": {"x": 1, "y": None}}, "same": {"a": [1]}}
    right = {"seed": 2, "train": {"model": "a", "rank": {"x": 1}}, "same": {"a": [1]}, "new": None}
    assert differing_keys(left, right) == ["seed", "train.rank.y", "new"]
    assert differing_keys(left, left) == []
    assert differing_keys({"lora": None}, {"lora": {"r": 4}}) == ["lora"]
