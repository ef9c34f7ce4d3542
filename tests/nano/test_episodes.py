"""Episodes and rows: every answer is right before its set, and what a row says is what the product's prompts say."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gentool.core.tool import GENERATE_RESPONSE
from gentool.engines.chat import render_completion, render_prompt
from gentool.nano.episodes import Episode, answer, draw_episode
from gentool.nano.material import Item, Request
from gentool.nano.rows import RowMaker, prompt_head
from gentool.prompts import PromptSettings, Task, render_messages, render_reply

from .conftest import WORDS, Handful


@pytest.fixture(scope="module")
def episodes(source: Handful) -> list[Episode]:
    rng = random.Random(0)
    return [draw_episode(source, rng, rng.randint(1, 4), 8) for _ in range(200)]


def test_the_answer_is_one_of_the_set_or_none(episodes: list[Episode]) -> None:
    asked = [(episode, one) for episode in episodes for one in episode.asked]
    for episode, one in asked:
        assert one.ranking[-1] == GENERATE_RESPONSE
        assert one.answer.name == one.ranking[0]
        assert set(one.ranking[:-1]) <= set(episode.tools.names)
        word = next(word for word in WORDS if word in one.query)
        assert all(word in name for name in one.ranking[:-1])
    kinds = {(len(one.ranking), one.answer.name.split("_")[0]) for _, one in asked}
    assert kinds == {(1, "generate"), (2, "fetch"), (2, "ask"), (3, "fetch")}
    assert 0.15 < sum(one.answer.abstains for _, one in asked) / len(asked) < 0.6


def test_what_could_serve_stands_in_no_set_of_an_unserved_query(episodes: list[Episode]) -> None:
    for episode in episodes:
        for one in episode.asked:
            word = next(word for word in WORDS if word in one.query)
            if one.answer.abstains:
                assert f"fetch_{word}" not in episode.tools.names


def test_a_weak_tool_that_cannot_serve_is_not_ranked(source: Handful) -> None:
    item = source.item("song", random.Random(0), 3)
    cannot = Request("the song", {"place": "Rome"}, None)
    assert item.weak is not None
    assert answer(cannot, item, [item.weak]).answer.abstains
    assert answer(cannot, item, [item.weak, item.strong]).ranking == ("fetch_song", GENERATE_RESPONSE)
    assert answer(Request("the song", {"place": "Rome"}, {"place": "Rome"}), item, [item.weak]).answer.name == "ask_for_song"


def test_the_same_seed_draws_the_same_episode(source: Handful) -> None:
    first, again, other = (draw_episode(source, random.Random(seed), 3, 6) for seed in (1, 1, 2))
    assert first == again != other


def test_names_that_clash_are_left_out() -> None:
    class Clashing(Handful):
        def item(self, key: str, rng: random.Random, requests: int) -> Item:
            assert key
            return super().item("song", rng, requests)

    for seed in range(20):
        names = draw_episode(Clashing(), random.Random(seed), 4, 4).tools.names
        assert len(names) == len(set(names))


TASKS: list[Task] = ["select", "rank", "joint"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("tools", ["json", "signature"])
def test_a_row_is_what_training_and_prediction_show(maker: RowMaker, tokenizer: Any, episodes: list[Episode], task: Task, tools: Any) -> None:
    settings = PromptSettings(tools=tools)
    episode = next(episode for episode in episodes if len(episode.asked) > 4)
    maker.length = 4000
    row = maker.pack(episode, task, settings)
    for asked, branch in zip(episode.asked, row.branches, strict=True):
        messages = render_messages(task, asked.query, episode.tools, settings)
        prompt = render_prompt(tokenizer, messages)
        completion = render_completion(tokenizer, messages, render_reply(task, asked.ranking, asked.answer, settings))
        assert [*row.trunk, *branch.ids[: branch.trained]] == tokenizer.encode(prompt, add_special_tokens=False)
        assert list(branch.ids[branch.trained :]) == tokenizer.encode(completion, add_special_tokens=False)


def test_nothing_of_a_prompt_is_learnt(maker: RowMaker) -> None:
    for seed in range(5):
        row = maker.episode("handful", random.Random(seed), 3)
        assert row.trained == len(row.trunk)
        assert row.length <= maker.length
        assert all(0 < branch.trained < len(branch.ids) for branch in row.branches)


def test_the_query_ends_the_prompt() -> None:
    messages: Any = [{"role": "system", "content": "Tools:"}, {"role": "user", "content": "Do it.\n\nthe lamp"}]
    assert prompt_head(messages, "the lamp") == "<|system|>\nTools:\n<|user|>\nDo it.\n\n"
