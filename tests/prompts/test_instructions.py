"""The wordings: all are asked for, all differ, and all ask for the same form of answer."""

from __future__ import annotations

from typing import get_args

import pytest

from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.prompts import WORDINGS, PromptSettings, Task, Wording, render_messages
from gentool.prompts.instructions import INSTRUCTIONS

TOOLS = ToolSet.of([Tool(name="forecast", description="Tells the weather.")])


def test_every_wording_has_every_task_in_words_of_its_own() -> None:
    assert set(INSTRUCTIONS) == set(WORDINGS)
    texts = [text for by_task in INSTRUCTIONS.values() for text in by_task.values()]
    assert all(set(by_task) == set(get_args(Task)) for by_task in INSTRUCTIONS.values())
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("wording", WORDINGS)
def test_every_wording_says_the_form_of_the_answer(wording: Wording) -> None:
    rank, select, joint = (INSTRUCTIONS[wording][task] for task in ("rank", "select", "joint"))
    assert all("JSON" in text for text in (rank, select, joint))
    assert all(f'"{key}"' in text for key in ("name", "arguments") for text in (select, joint))
    assert '"ranking"' in joint
    assert all(GENERATE_RESPONSE in text for text in (rank, joint))


@pytest.mark.parametrize("wording", WORDINGS)
def test_only_the_instruction_changes_with_the_wording(wording: Wording) -> None:
    system, user = render_messages("select", "Rain in Bern?", TOOLS, PromptSettings(wording=wording))
    standard = render_messages("select", "Rain in Bern?", TOOLS, PromptSettings())
    assert system == standard[0]
    assert user["content"] == f"{INSTRUCTIONS[wording]['select']}\n\nRain in Bern?"
    natively = PromptSettings(answer="native", wording=wording)
    assert render_messages("select", "Rain in Bern?", TOOLS, natively) == [{"role": "user", "content": "Rain in Bern?"}]
    assert INSTRUCTIONS[wording]["rank"] in render_messages("rank", "Rain in Bern?", TOOLS, natively)[0]["content"]
