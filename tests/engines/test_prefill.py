"""What is held of prompts that were read in parts is what is held of each that was read alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gentool.engines.prefill import ROOM, RoomyLayer, make_cache, pad_left, prefill, sees_all
from gentool.engines.sharing import Group, plan_shared

sys.path.insert(0, str(Path(__file__).parent))
from random_models import make_model, make_prompts

EXACT = {
    True: ("llama", "qwen3", "phi", "mistral of a wide window"),
    False: ("llama", "mistral of a short window", "mistral of a middling window", "gemma2", "lfm2", "qwen3 next"),
}
CASES = [(name, ragged) for ragged, names in EXACT.items() for name in names]


def next_logits(model: Any, tokens: list[int]) -> Any:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1]


@pytest.mark.parametrize(("name", "ragged"), CASES)
def test_logits_behind_what_was_read_together_are_those_of_each_row_alone(name: str, ragged: bool) -> None:
    """Two tokens further on, as a cache's faults show only there; and again after rows were dropped and copied."""
    model, prompts = make_model(name), make_prompts()
    (batch,) = plan_shared([prompt[:-2] for prompt in prompts], 10**6)
    assert any(len(group.rows) > 1 for group in batch)
    with torch.inference_mode():
        state, rows = prefill(model, [prompt[:-2] for prompt in prompts], batch, ragged)
        assert sorted(rows) == list(range(len(prompts)))
        state.extend(model, torch.tensor([prompts[row][-2:-1] for row in rows]))
        copied = state.select([3, 0, 3])
        logits = state.extend(model, torch.tensor([prompts[row][-1:] for row in rows]))[:, -1]
        again = copied.extend(model, torch.tensor([prompts[rows[place]][-1:] for place in (3, 0, 3)]))[:, -1]
    expected = torch.stack([next_logits(model, prompts[row]) for row in rows])
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(again, expected[[3, 0, 3]], rtol=1e-4, atol=1e-5)


def test_padding_between_the_parts_is_not_for_models_that_keep_a_state() -> None:
    """The reason for reading what is of one length together; fails where the test above could not fail."""
    model, prompts = make_model("lfm2"), make_prompts()
    rows = [prompts[0], prompts[1]]
    assert len(rows[0]) != len(rows[1])
    with torch.inference_mode():
        state, order = prefill(model, [row[:-1] for row in rows], [Group((0, 1), 90)], ragged=True)
        logits = state.extend(model, torch.tensor([rows[row][-1:] for row in order]))[:, -1]
    shortest = min((0, 1), key=lambda row: len(rows[row]))
    assert float((logits[order.index(shortest)] - next_logits(model, rows[shortest])).abs().max()) > 1e-3


def test_prompts_that_share_nothing_are_read_in_one_pass() -> None:
    model, prompts = make_model("llama"), [[5] * 20, [6] * 30]
    passes: list[Any] = []
    model.register_forward_pre_hook(lambda _module, _inputs, named: passes.append(named["input_ids"].shape), with_kwargs=True)
    with torch.inference_mode():
        state, rows = prefill(model, prompts, [Group((0,), 20), Group((1,), 30)], ragged=True)
    assert passes == [(2, 30)]
    assert (state.mask.tolist(), rows) == ([[0] * 10 + [1] * 20, [1] * 30], [0, 1])


def test_what_is_shared_is_read_once() -> None:
    model = make_model("llama")
    prompts = [[5] * 40 + [number] * (number - 5) for number in (6, 7, 8)]
    passes: list[Any] = []
    model.register_forward_pre_hook(lambda _module, _inputs, named: passes.append(named["input_ids"].shape), with_kwargs=True)
    with torch.inference_mode():
        prefill(model, prompts, [Group((0, 1, 2), 40)], ragged=True)
        prefill(model, prompts, [Group((0, 1, 2), 40)], ragged=False)
    assert passes == [(1, 40), (3, 3), (1, 40), (1, 1), (1, 2), (1, 3)]


def test_a_roomy_layer_holds_what_transformers_own_holds() -> None:
    from transformers.cache_utils import DynamicLayer

    torch.manual_seed(0)
    ours, theirs = RoomyLayer(), DynamicLayer()
    for count in (5, 1, 1, ROOM, 1):
        keys, values = torch.randn(2, 3, count, 4), torch.randn(2, 3, count, 4)
        for one, other in zip(ours.update(keys, values), theirs.update(keys, values), strict=True):
            assert torch.equal(one, other)
    rows = torch.tensor([1, 1, 0])
    for layer in (ours, theirs):
        layer.reorder_cache(rows)
    keys, values = torch.randn(3, 3, 1, 4), torch.randn(3, 3, 1, 4)
    for one, other in zip(ours.update(keys, values), theirs.update(keys, values), strict=True):
        assert torch.equal(one, other)
    assert ours.get_seq_length() == theirs.get_seq_length() == 9 + ROOM


def test_room_is_made_for_many_tokens_at_once() -> None:
    layer = RoomyLayer()
    token = torch.zeros(1, 1, 1, 4)
    places = {layer.update(token, token)[0].data_ptr() for _ in range(ROOM)}
    assert len(places) == 1


def test_who_sees_all() -> None:
    for name, length, expected in [
        ("llama", 10**9, True),
        ("mistral of a wide window", 399, True),
        ("mistral of a wide window", 400, False),
        ("gemma2", 100, False),
        ("lfm2", 5, False),
        ("qwen3 next", 5, False),
    ]:
        assert sees_all(make_model(name), length) == expected, (name, length)
    assert {type(layer) for layer in make_cache(make_model("llama")).layers} == {RoomyLayer}


def test_padding_stands_on_the_left() -> None:
    ids, real = pad_left([[7], [8, 9, 10]], "cpu")
    assert ids[:, -1].tolist() == [7, 10]
    assert real.tolist() == [[0, 0, 1], [1, 1, 1]]
