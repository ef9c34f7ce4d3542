"""What the openai engine says when it ends names the table of the recipe that it was opened with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gentool.core.errors import RecipeError, TeacherError
from gentool.engines.engine import Request
from gentool.engines.openai import OpenAIEngine, OpenAISettings
from gentool.engines.prices import Price

sys.path.insert(0, str(Path(__file__).parent))
from teacher_server import Answer, TeacherServer


def test_messages_name_the_table_that_the_engine_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_KEY", "sk-secret-0123456789")

    def ask(url: str | None, **settings: object) -> None:
        checked = OpenAISettings.model_validate({"base_url": url, "api_key_env": "TEACHER_KEY", "max_retries": 0, **settings})
        with OpenAIEngine("m", checked, tmp_path / "c", table="predict.openai") as engine:
            list(engine.reply([Request(f"r{number}", "select", ({"role": "user", "content": str(number)},)) for number in range(20)]))

    with TeacherServer(content=lambda _: Answer("no", status=404)) as server:
        with pytest.raises(TeacherError, match=r"settings in predict\.openai "):
            ask(server.base_url)
        with pytest.raises(RecipeError, match=r"^predict\.openai\.budget: .*prices\.m "):
            ask(server.base_url, budget=1)
    with pytest.raises(TeacherError, match=r"cannot be reached.*predict\.openai\.base_url"):
        ask(server.base_url)
    with TeacherServer(content=lambda _: "four") as server, pytest.raises(TeacherError, match=r"raise predict\.openai\.budget"):
        ask(server.base_url, prices={"m": Price(input=0, output=1_000_000)}, budget=2)
    monkeypatch.delenv("TEACHER_KEY")
    with pytest.raises(TeacherError, match=r"predict\.openai\.api_key_env"):
        ask(None)
