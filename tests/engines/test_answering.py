"""Texts are those of transformers' generate on each prompt alone, for models of many kinds; scores come with them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from gentool.engines.answering import Asked, answer
from gentool.engines.decode_check import PLAIN, Ways, choose_ways
from gentool.engines.decoding import generate
from gentool.engines.hf import GenerationSettings
from gentool.engines.scoring import cut_tails, score_choices

sys.path.insert(0, str(Path(__file__).parent))
from random_models import CONFIGURATIONS, END, make_model, make_prompts

PROMPTS = make_prompts()
WHOLES = [[[*prompt, 5, 6, number] for number in range(7, 10)] + [[*prompt[:-1], 3, 4]] for prompt in PROMPTS]


def run(model: Any, ways: Ways, prompts: list[list[int]], tails: Any = None, **settings: Any) -> tuple[list[list[int]], list[Any]]:
    """Answers and scores in the order of the prompts."""
    asked = Asked(prompts, tails or [None] * len(prompts), [None] * len(prompts))
    found = {row: (ids, scores) for row, ids, scores in answer(model, asked, ways, GenerationSettings(**settings), [END])}
    assert sorted(found) == list(range(len(prompts)))
    return [found[row][0] for row in sorted(found)], [found[row][1] for row in sorted(found)]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_answers_are_those_of_generate_on_each_prompt_alone(name: str) -> None:
    model = make_model(name)
    alone = [generate(model, [prompt], [END], 16)[0] for prompt in PROMPTS]
    ways = choose_ways(model, PROMPTS[0])
    assert ways.shared != "none"
    for batch_tokens in (10**6, 500):
        assert run(model, ways, PROMPTS, max_new_tokens=16, batch_tokens=batch_tokens)[0] == alone
    assert len(set(map(tuple, alone))) > 8, "the model is too dull for this test"


@pytest.mark.parametrize("name", ["llama", "lfm2", "mistral of a middling window", "mistral of a short window", "mpt"])
def test_scores_come_with_the_same_answers(name: str) -> None:
    model = make_model(name, louder=4.0)
    tails: list[Any] = [cut_tails(prompt, wholes) for prompt, wholes in zip(PROMPTS, WHOLES, strict=True)]
    tails[2] = None
    ways = choose_ways(model, PROMPTS[0])
    free = run(model, PLAIN, PROMPTS, max_new_tokens=16)[0]
    expected: list[Any] = score_choices(model, PROMPTS, WHOLES, "separate")
    expected[2] = None
    for how in (ways, Ways(ways.shared, "separate"), PLAIN):
        answers, scores = run(model, how, PROMPTS, tails, max_new_tokens=16, batch_tokens=700)
        assert answers == free
        assert [one is None for one in scores] == [row == 2 for row in range(len(PROMPTS))]
        for found, wanted in zip(scores, expected, strict=True):
            assert found is wanted or found == pytest.approx(wanted, abs=2e-5)


def test_what_is_shared_is_read_once_for_all_that_share_it() -> None:
    model = make_model("llama")
    read: list[int] = []
    model.register_forward_pre_hook(lambda _module, _inputs, named: read.append(named["input_ids"].numel()), with_kwargs=True)
    prompts = [[7] * 100 + [number, number + 1, number + 2] for number in range(20, 36)]
    run(model, Ways("ragged", "packed"), prompts, max_new_tokens=1)
    assert sum(read) == 100 + 16 * 2 + 16
    read.clear()
    run(model, Ways("none", "separate"), prompts, max_new_tokens=1)
    assert sum(read) == 16 * 103


def test_where_nothing_is_shared_generate_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from gentool.engines import answering

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read in parts")

    monkeypatch.setattr(answering, "prefill", refuse)
    run(make_model("llama"), Ways("ragged", "packed"), PROMPTS[-2:], max_new_tokens=2)
    run(make_model("llama"), Ways("ragged", "packed"), [[5], [5, 6]], max_new_tokens=2)
    with pytest.raises(AssertionError, match="read in parts"):
        run(make_model("llama"), Ways("ragged", "packed"), PROMPTS, max_new_tokens=2)
    assert run(make_model("llama"), PLAIN, []) == ([], [])
