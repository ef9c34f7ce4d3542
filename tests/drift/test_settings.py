"""The settings of a drift: defaults that one override leaves in place, a recipe over a run, and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RecipeError, RunError
from gentool.drift.settings import CHANGEABLE, DriftSettings, needs_run, read_drift_settings
from gentool.evaluate.predictors import PredictSettings


def test_one_setting_of_a_table_leaves_the_others_as_they_are() -> None:
    settings = read_drift_settings(None, ["predict.openai.base_url=http://127.0.0.1:1/v1"], None)
    assert (settings.predict.openai.temperature, settings.predict.openai.max_tokens) == (0.0, 1024)
    assert settings.predict.score_choices is False
    assert DriftSettings().predict == PredictSettings(score_choices=False)


def test_a_recipe_stands_over_the_run_and_overrides_over_both(finished: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "drift.yaml"
    recipe.write_text("candidates: 7\nmax_regressions: 5%\n")
    settings = read_drift_settings(recipe, ["candidates=8"], finished)
    assert (settings.candidates, settings.max_regressions, settings.prompts.tools) == (8, "5%", "signature")
    assert settings.predict.generation.max_new_tokens == 12
    recipe.write_text("prompts: {tools: json}\n")
    assert read_drift_settings(recipe, [], finished).prompts.tools == "json"


def keys_of(settings: Any) -> list[str]:
    return [
        key
        for name, field in settings.model_fields.items()
        for key in (name, *(keys_of(field.annotation) if hasattr(field.annotation, "model_fields") else ()))
    ]


def test_every_setting_is_in_the_documents() -> None:
    docs = Path(__file__).parents[2] / "docs"
    text = "".join((docs / name).read_text(encoding="utf-8") for name in ("drift.md", "recipes.md"))
    assert not [key for key in keys_of(DriftSettings) if f"{key}" not in text]
    assert all(key.split(".")[-1] in keys_of(DriftSettings) for key in CHANGEABLE)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("max_regressions=few", "max_regressions: write a count, as 3, or a percentage, as 5%"),
        ("max_regressions=-1", "out of range"),
        ("min_adoption='80'", "min_adoption: write a percentage, as 80%"),
        ("min_adoption=200%", "out of range"),
        ("max_changed=0.5", "max_changed"),
        ("candidates=0", "candidates"),
        ("candidate=3", "unknown key 'candidate'; did you mean 'candidates'?"),
        ("synth.teacher=nobody", "no teacher is named 'nobody'"),
    ],
)
def test_a_wrong_setting_is_named(override: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read_drift_settings(None, [override], None)
    assert message in str(caught.value)


def test_a_run_folder_that_holds_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        read_drift_settings(None, [], tmp_path)


def test_engines_that_are_made_from_a_run_need_one() -> None:
    assert [engine for engine in ("hf:a/b", "openai:m", "random", "trained", "tfidf", "few_shot:hf:a") if needs_run(engine)] == [
        "trained",
        "tfidf",
        "few_shot:hf:a",
    ]
