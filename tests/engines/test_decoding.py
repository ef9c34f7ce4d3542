"""Greedy answers: token for token those of generate, up to an end token, and within what a restriction allows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gentool.engines.decoding import decode, generate, restrict_logits, until_end
from gentool.engines.prefill import prefill
from gentool.engines.sharing import plan_shared

sys.path.insert(0, str(Path(__file__).parent))
from random_models import END, make_model, make_prompts


class OnlyEven:
    """Allows even tokens for two tokens, and notes what it was asked."""

    fault = ""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def allowed(self, made: Sequence[int]) -> Any:
        self.asked.append(list(made))
        return np.arange(2, 120, 2) if len(made) < 2 else None


def write(model: Any, prompts: list[list[int]], ends: Sequence[int], most: int, restrictions: Any = ()) -> list[list[int]]:
    """Answers by our own loop, in the order of the prompts."""
    (batch,) = plan_shared([prompt[:-1] for prompt in prompts], 10**6)
    with torch.inference_mode():
        state, rows = prefill(model, [prompt[:-1] for prompt in prompts], batch, ragged=True)
        made = decode(model, state, [prompts[row][-1:] for row in rows], ends, most, [restrictions[row] for row in rows] if restrictions else ())
    return [made[rows.index(row)] for row in range(len(prompts))]


def write_by_hand(model: Any, prompt: list[int], ends: Sequence[int], most: int) -> list[int]:
    """The same without any cache."""
    made: list[int] = []
    while len(made) < most and not (made and made[-1] in ends):
        with torch.inference_mode():
            made.append(int(model(input_ids=torch.tensor([prompt + made]), use_cache=False).logits[0, -1].argmax()))
    return made


def test_answers_are_the_most_likely_tokens_one_by_one() -> None:
    model, prompts = make_model("llama"), make_prompts()
    expected = [write_by_hand(model, prompt, [END], 12) for prompt in prompts]
    assert write(model, prompts, [END], 12) == expected
    assert generate(model, prompts, [END], 12)[0] == expected[0]
    assert len(set(map(tuple, expected))) > 8, "the model is too dull for this test"


def test_an_answer_ends_with_the_first_of_the_end_tokens_and_the_others_go_on() -> None:
    """Rows end at different places, so that rows are dropped on the way, several times."""
    model, prompts = make_model("llama"), make_prompts()
    free = [write_by_hand(model, prompt, [], 16) for prompt in prompts]
    ends = sorted({free[0][0], free[1][3], free[2][6], free[4][9]})
    expected = [until_end(answer, ends) for answer in free]
    assert len({len(answer) for answer in expected}) >= 4
    assert write(model, prompts, ends, 16) == expected
    model.generation_config.eos_token_id = ends
    assert generate(model, prompts, ends, 16) == expected


def test_no_more_is_computed_than_is_asked_for() -> None:
    model, prompts = make_model("llama"), make_prompts()[:3]
    passes: list[Any] = []
    free = write(model, prompts, [], 8)
    assert [len(answer) for answer in free] == [8, 8, 8]
    model.register_forward_pre_hook(lambda _module, _inputs, named: passes.append(tuple(named["input_ids"].shape)), with_kwargs=True)
    write(model, prompts, [], 3)
    assert passes[2:] == [(3, 1)] * 3
    passes.clear()
    write(model, prompts, [answer[0] for answer in free], 8)
    assert passes[2:] == [(3, 1)], "all rows end at once"


def test_a_restriction_holds_its_own_row_alone() -> None:
    model, prompts = make_model("llama"), make_prompts()
    free = write(model, prompts, [END], 6)
    held = [OnlyEven() if row % 2 else None for row in range(len(prompts))]
    ours = write(model, prompts, [END], 6, held)
    assert ours[::2] == free[::2]
    assert all(token % 2 == 0 for answer in ours[1::2] for token in answer[:2])
    assert any(one != other for one, other in zip(ours[1::2], free[1::2], strict=True))
    assert generate(model, prompts, [END], 6, [OnlyEven() if row % 2 else None for row in range(len(prompts))]) == ours


def test_a_restriction_is_asked_once_for_each_token_and_not_after_the_end() -> None:
    held = OnlyEven()
    logits = torch.zeros(2, 120)
    restrict_logits(logits, [held, held], [[4], [4, END]], [END])
    assert held.asked == [[4]]
    assert torch.isinf(logits[0, 3]) and not torch.isinf(logits[1]).any()


def test_an_answer_is_cut_behind_its_end_token() -> None:
    assert until_end([5, 6, END, 0, 0], [END]) == [5, 6, END]
    assert until_end([5, 6], [END]) == [5, 6]
    assert until_end([END], [END, 3]) == [END]
