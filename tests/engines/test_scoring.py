"""Log-probabilities of choices: those of whole forwards, of the tokens that belong to the choice."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gentool.engines import scoring
from gentool.engines.scoring import Tails, cut_tails, score_choices

sys.path.insert(0, str(Path(__file__).parent))
from random_models import draw, make_model, make_prompts

FULL = ("llama", "qwen3", "phi", "mistral of a wide window", "gpt2")
STATES = ("lfm2", "qwen3 next", "mistral of a short window", "gemma2")
PROMPTS = make_prompts()


def make_wholes(prompt: list[int], count: int = 6, seed: int = 0) -> list[list[int]]:
    """Choices of one beginning and several lengths, one a part of another, one that changes the prompt's last token."""
    rng = random.Random(seed)
    begin = draw(rng, 3)
    wholes = [prompt + begin + draw(rng, rng.randint(1, 5)) for _ in range(count)]
    return [*wholes, prompt + begin[:2], prompt[:-1] + draw(rng, 3)]


WHOLES = [make_wholes(prompt, seed=number) for number, prompt in enumerate(PROMPTS)]


def by_hand(model: Any, prompt: list[int], whole: list[int]) -> float:
    common = next((place for place, (one, other) in enumerate(zip(prompt, whole, strict=False)) if one != other), len(prompt))
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([whole]), use_cache=False).logits[0].log_softmax(-1)
    return float(sum(found[place - 1, whole[place]] for place in range(common, len(whole))))


def worst(one: list[list[float]], other: list[list[float]]) -> float:
    return max(abs(left - right) for some, others in zip(one, other, strict=True) for left, right in zip(some, others, strict=True))


@pytest.mark.parametrize(
    ("name", "way"), [*((name, way) for name in FULL for way in ("packed", "rows")), *((name, "rows") for name in STATES), ("llama", "separate")]
)
def test_scores_are_those_of_separate_forwards(name: str, way: Any) -> None:
    model = make_model(name, louder=4.0)
    found = score_choices(model, PROMPTS, WHOLES, way)
    expected = [[by_hand(model, prompt, whole) for whole in wholes] for prompt, wholes in zip(PROMPTS, WHOLES, strict=True)]
    assert worst(found, expected) < 1e-5
    assert len({round(score, 3) for scores in expected for score in scores}) > 50, "the model is too dull for this test"


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_both_kinds_of_attention_take_the_packed_mask(implementation: str) -> None:
    model = make_model("llama", louder=4.0, implementation=implementation)
    assert worst(score_choices(model, PROMPTS, WHOLES), score_choices(model, PROMPTS, WHOLES, "separate")) < 1e-5


def test_scores_do_not_depend_on_how_many_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model("llama", louder=4.0)
    expected = score_choices(model, PROMPTS, WHOLES)
    assert worst(score_choices(model, PROMPTS, WHOLES, "rows", batch_tokens=300), expected) < 1e-5
    monkeypatch.setattr(scoring, "MOST_LOGITS", 1)
    assert worst(score_choices(model, PROMPTS, WHOLES, batch_tokens=300), expected) < 1e-5


def test_all_choices_of_a_prompt_take_one_forward_behind_it() -> None:
    model, prompt = make_model("llama"), PROMPTS[0]
    wholes = [[*prompt, 5, 6, 7, number] for number in range(10, 26)]
    passes: list[Any] = []
    model.register_forward_pre_hook(lambda _module, _inputs, named: passes.append(tuple(named["input_ids"].shape)), with_kwargs=True)
    score_choices(model, [prompt], [wholes])
    assert passes == [(1, len(prompt) - 1), (1, 4)], "the prompt's last token, and what all choices begin with; their last tokens are not read"


def test_what_cannot_be_packed_is_refused() -> None:
    for name in STATES:
        with pytest.raises(NotImplementedError, match="choices in one row"):
            score_choices(make_model(name), PROMPTS, WHOLES, "packed")


def test_counting_begins_where_prompt_and_choice_part() -> None:
    tails = cut_tails([1, 2, 3, 4], [[1, 2, 3, 4, 5, 6], [1, 2, 3, 9]])
    assert tails == Tails(2, ((3, 4, 5, 6), (3, 9)), (2, 1))
    assert tails.begin_at(1, [1, 2, 3, 4]) == Tails(1, ((2, 3, 4, 5, 6), (2, 3, 9)), (3, 2))
    with pytest.raises(ValueError, match="does not even begin"):
        cut_tails([1, 2], [[3, 4]])


def test_probabilities_of_all_single_tokens_sum_to_one() -> None:
    model, prompt = make_model("llama", louder=4.0), PROMPTS[0]
    (scores,) = score_choices(model, [prompt], [[[*prompt, token] for token in range(120)]])
    assert float(torch.tensor(scores).exp().sum()) == pytest.approx(1.0, abs=1e-5)


def test_a_choice_without_tokens_is_certain() -> None:
    model = make_model("llama")
    for way in ("packed", "rows", "separate"):
        assert score_choices(model, [[5, 6, 7]], [[[5, 6, 7]]], way) == [[0.0]]  # type: ignore[arg-type]
