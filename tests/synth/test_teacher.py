"""Who teaches: the names that a recipe may give, and what a teacher says of its cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from gentool.core.errors import RecipeError, TeacherError
from gentool.engines.openai import OpenAISettings
from gentool.synth.teacher import check_teacher, make_teacher


@pytest.mark.parametrize("name", ["rules", "starter", "openai:gpt-4.1-mini", "openai:org/model:7b"])
def test_a_known_teacher_is_taken(name: str) -> None:
    assert check_teacher(name) == name


@pytest.mark.parametrize("name", ["", "rule", "openai", "openai:", "openai: ", "anthropic:x"])
def test_another_name_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"take rules, starter or openai:MODEL$"):
        check_teacher(name)


@pytest.mark.parametrize("name", ["rules", "starter"])
def test_offline_teachers_cost_nothing_and_are_final(name: str, tmp_path: Path) -> None:
    teacher = make_teacher(name, OpenAISettings(), tmp_path / "cache.sqlite", reasks=2)
    assert (teacher.engine.name, teacher.reasks, teacher.spent, teacher.label("queries")) == (name, 0, None, "queries")
    assert not list(tmp_path.iterdir())


def test_a_model_shows_its_cost_where_its_price_is_known(tmp_path: Path) -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "prices": {"m": {"input": 1, "output": 2}}}
    dear = make_teacher("openai:m", OpenAISettings.model_validate(settings), tmp_path / "cache.sqlite", reasks=2)
    other = make_teacher("openai:n", OpenAISettings.model_validate(settings), tmp_path / "cache.sqlite", reasks=2)
    assert (dear.reasks, dear.label("queries"), other.label("queries")) == (2, "queries (cost 0.0000)", "queries (0 tokens)")
    dear.close()
    other.close()


def test_no_key_and_no_price_for_a_budget_are_said_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(TeacherError, match="NO_SUCH_KEY"):
        make_teacher("openai:m", OpenAISettings(api_key_env="NO_SUCH_KEY"), tmp_path / "cache.sqlite", 2)
    with pytest.raises(RecipeError, match="no price for the model"):
        make_teacher("openai:m", OpenAISettings(base_url="http://127.0.0.1:9/v1", budget=1.0), tmp_path / "cache.sqlite", 2)
