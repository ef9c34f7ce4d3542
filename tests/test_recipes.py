"""Every recipe that is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from gentool.core.errors import RecipeError
from gentool.core.recipe import Settings, differing_keys, dump_recipe, parse_recipe, read_recipe
from gentool.run import Recipe, check_size, find_recipe, read_tools

ROOT = Path(__file__).parents[1]
SHIPPED = sorted((ROOT / "recipes").glob("*.yaml"))


def test_there_are_recipes() -> None:
    assert {path.stem for path in SHIPPED} >= {"demo", "lora", "nano"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_found_by_name_and_can_be_run_on_its_catalogue(path: Path) -> None:
    assert find_recipe(path.stem).samefile(path)
    assert find_recipe(str(path)) == path
    recipe = read_recipe(find_recipe(path.stem), (), Recipe)
    check_size(read_tools(recipe), recipe)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_resolved_recipe_reads_back_as_itself(path: Path) -> None:
    recipe = read_recipe(path, ["seed=7"], Recipe)
    text = dump_recipe(recipe)
    assert parse_recipe(text, "saved", (), Recipe) == recipe
    assert dump_recipe(parse_recipe(text, "saved", (), Recipe)) == text


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    names = ", ".join(path.stem for path in SHIPPED)
    with pytest.raises(RecipeError, match=f"^dmeo: neither a recipe file nor a shipped recipe \\({names}\\)$"):
        find_recipe("dmeo")


def test_one_stage_is_set_alone_where_a_recipe_writes_both_as_one(tmp_path: Path) -> None:
    """YAML's aliases make one table of two."""
    path = tmp_path / "mine.yaml"
    path.write_text("train:\n  rank: &stage {max_steps: 5}\n  select: *stage\n", encoding="utf-8")
    recipe = read_recipe(path, ["train.rank.max_steps=9"], Recipe)
    assert (recipe.train.rank.max_steps, recipe.train.select.max_steps) == (9, 5)


def keys_of(settings: type[Settings]) -> list[str]:
    """The names of all settings, those of inner tables too."""
    keys: list[str] = []
    for name, field in settings.model_fields.items():
        keys.append(name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            keys += keys_of(field.annotation)
    return keys


def test_every_setting_is_in_the_documents() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert not [key for key in keys_of(Recipe) if key not in text]


def test_domains_leave_the_tools_of_the_others_out() -> None:
    tools = read_tools(Recipe(domains=("travel", "weather")))
    assert {tool.domain for tool in tools} == {"travel", "weather"}
    assert len(read_tools(Recipe())) > len(tools)
    with pytest.raises(RecipeError, match=r"domains: starter has no domain 'wether' \(it has: .*weather"):
        read_tools(Recipe(domains=("wether",)))


VARIANTS = {"select_only": ("select",), "joint": ("joint",), "masking": ("rank", "select")}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_differs_from_the_recipe_that_it_is_compared_with_in_what_it_is_for(name: str) -> None:
    nano, variant = (read_recipe(find_recipe(shipped), (), Recipe) for shipped in ("nano", name))
    assert variant.train.stages == VARIANTS[name]
    own = ("name", "train.stages", "train.masking", "train.rank", "train.select", "train.joint", "predict.generation")
    assert not [key for key in differing_keys(nano.model_dump(), variant.model_dump()) if not key.startswith(own)]
    stages = {"rank": variant.train.rank, "select": variant.train.select, "joint": variant.train.joint}
    epochs = sum(stages[stage].num_train_epochs for stage in variant.train.stages)
    assert epochs == nano.train.rank.num_train_epochs + nano.train.select.num_train_epochs
    for stage in variant.train.stages:
        assert differing_keys(nano.train.select.model_dump(), stages[stage].model_dump()) in ([], ["num_train_epochs"])
