"""Every recipe that is shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gentool.core.errors import RecipeError
from gentool.core.recipe import Settings, differing_keys, dump_recipe, parse_recipe, read_recipe
from gentool.pairs.build import build_pairs
from gentool.run import Recipe, check_size, find_recipe, open_run, read_tools, run_synth
from gentool.suite import Suite, is_suite, read_suite
from gentool.train.plan import Shape, open_plan
from gentool.train.rows import Row

ROOT = Path(__file__).parents[1]
ALL = sorted((ROOT / "recipes").glob("*.yaml"))
SUITES = [path for path in ALL if is_suite(str(path))]
SHIPPED = [path for path in ALL if path not in SUITES]


def test_there_are_recipes() -> None:
    assert {path.stem for path in SHIPPED} >= {"demo", "lora", "nano"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_found_by_name_and_can_be_run_on_its_catalogue(path: Path) -> None:
    assert find_recipe(path.stem).samefile(path)
    assert find_recipe(str(path)) == path
    recipe = read_recipe(find_recipe(path.stem), (), Recipe)
    check_size(read_tools(recipe), recipe)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_shipped_suite_is_found_by_name_and_each_of_its_runs_can_be_run(path: Path) -> None:
    assert find_recipe(path.stem).samefile(path)
    suite, recipes = read_suite(path.stem)
    assert len(recipes) > 1
    for recipe in recipes.values():
        check_size(read_tools(recipe), recipe)
        assert parse_recipe(dump_recipe(recipe), "saved", (), Recipe) == recipe
    assert parse_recipe(dump_recipe(suite), "saved", (), Suite) == suite


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_resolved_recipe_reads_back_as_itself(path: Path) -> None:
    recipe = read_recipe(path, ["seed=7"], Recipe)
    text = dump_recipe(recipe)
    assert parse_recipe(text, "saved", (), Recipe) == recipe
    assert dump_recipe(parse_recipe(text, "saved", (), Recipe)) == text


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    names = ", ".join(path.stem for path in ALL)
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
    assert not [key for key in keys_of(Suite) if f"`{key}" not in text and f".{key}" not in text]


def test_domains_leave_the_tools_of_the_others_out() -> None:
    tools = read_tools(Recipe(domains=("travel", "weather")))
    assert {tool.domain for tool in tools} == {"travel", "weather"}
    assert len(read_tools(Recipe())) > len(tools)
    with pytest.raises(RecipeError, match=r"domains: starter has no domain 'wether' \(it has: .*weather"):
        read_tools(Recipe(domains=("wether",)))


VARIANTS = {
    "select_only": ("select",),
    "joint": ("joint",),
    "masking": ("rank", "select"),
    "plain_sft": ("select",),
    "no_zero_to_one": ("rank", "select"),
    "no_weak_to_strong": ("rank", "select"),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_differs_from_the_recipe_that_it_is_compared_with_in_what_it_is_for(name: str) -> None:
    nano, variant = (read_recipe(find_recipe(shipped), (), Recipe) for shipped in ("nano", name))
    assert variant.train.stages == VARIANTS[name]
    own = ("name", "pairs.changes", "train.stages", "train.masking", "train.rank", "train.select", "train.joint", "predict.generation")
    own += ("predict.constrain",) if name == "joint" else ()  # an answer of two parts cannot be held
    assert not [key for key in differing_keys(nano.model_dump(), variant.model_dump()) if not key.startswith(own)]
    for stage in variant.train.stages:
        assert differing_keys(nano.train.select.model_dump(), getattr(variant.train, stage).model_dump()) in ([], ["num_train_epochs"])


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of two domains, as far as the stage synth."""
    run = open_run(tmp_path_factory.mktemp("verified") / "run", read_recipe(find_recipe("nano"), ["domains=[weather, travel]"], Recipe))
    run_synth(run)
    return run.path


def count_steps(recipe: Recipe, rows: int, folder: Path) -> int:
    """The steps of all stages of a recipe on so many rows, as training plans them."""
    steps = 0
    for stage in recipe.train.stages:
        settings = getattr(recipe.train, stage)
        shape = Shape(settings.num_train_epochs, 0, settings.per_device_train_batch_size, settings.bundle_rows, settings.pass_tokens, 64, 0)
        steps += len(open_plan(folder / stage, stage, shape, lambda _: [Row(str(number), [number], [1]) for number in range(rows)]))
    return steps


COMPARED = {
    "variants of nano": {name: read_recipe(find_recipe(name), (), Recipe) for name in ("nano", *VARIANTS)},
    "ablations": read_suite("ablations")[1],
}


@pytest.mark.parametrize("compared", COMPARED)
def test_what_is_compared_trains_as_many_steps_on_as_many_examples_and_answers_one_test(compared: str, verified: Path, tmp_path: Path) -> None:
    """Built of two domains, with the recipes' own settings for all else."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for name, recipe in COMPARED[compared].items():
        run = Path(shutil.copytree(verified, tmp_path / name))
        rows = build_pairs(run, recipe.pairs, recipe.seed)["counts"]["train"]["examples"]
        found[name] = (rows, count_steps(recipe, rows, run), (run / "pairs" / "test.jsonl").read_bytes())
    assert len(set(found.values())) == 1, {name: counts[:2] for name, counts in found.items()}
    assert min(rows for rows, _, _ in found.values()) > 300
