"""The way is tried out before training: the fastest exact one is taken, and what a model cannot do is found and said."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gentool.core.errors import TrainingError
from gentool.train.packing import pack_rows
from gentool.train.self_check import choose_way, compare, find_leak, find_noise, find_window
from gentool.train.ways import Way

from .small_models import make_model, make_rows

SAMPLE = pack_rows(make_rows(), 10**6)[0]
LONGEST = max(row.length for row in make_rows())


@pytest.mark.parametrize(
    ("name", "way", "whole", "reason"),
    [
        ("llama", "tree", False, None),
        ("qwen3", "tree", False, None),
        ("mistral", "tree", False, None),
        ("phi", "tree", False, None),
        ("gemma2", "mask", True, "tree: attention with softcap is not computed as a tree"),
        ("mistral of a short window", "cache", True, f"packed rows: the model looks back 16 tokens, and the longest row has {LONGEST}"),
        ("lfm2", "cache", True, "tree: its gradients differ by"),
        ("qwen3 next", "plain", False, "cache: "),
        ("llama of dropout", "plain", False, "shared prompts: model.layers.0.self_attn drops out 0.1"),
    ],
)
def test_each_model_goes_the_fastest_way_that_is_exact(name: str, way: str, whole: bool, reason: str | None) -> None:
    choice = choose_way(make_model(name), SAMPLE, LONGEST)
    assert (choice.way.name, choice.way.chunk_logits is None) == (way, whole)
    assert not choice.refused if reason is None else any(refused.startswith(reason) for refused in choice.refused)


def test_a_way_that_is_asked_for_and_not_exact_is_refused() -> None:
    assert choose_way(make_model("llama"), SAMPLE, LONGEST, "cache").way.name == "cache"
    assert choose_way(make_model("lfm2"), SAMPLE, LONGEST, "plain").way.name == "plain"
    with pytest.raises(TrainingError, match=r"the model cannot be trained the way .mask. .*take auto"):
        choose_way(make_model("lfm2"), SAMPLE, LONGEST, "mask")


def test_rows_that_leak_are_found_in_any_precision() -> None:
    for model in (make_model("lfm2"), make_model("lfm2").bfloat16()):
        assert find_leak(model, SAMPLE, Way("mask")) == "rows leak into each other"
    for model in (make_model("llama"), make_model("llama").bfloat16()):
        assert find_leak(model, SAMPLE, Way("tree")) is None


def test_in_half_precision_a_hybrid_is_not_packed() -> None:
    choice = choose_way(make_model("lfm2").bfloat16(), SAMPLE, LONGEST)
    assert choice.way.name == "cache"


def test_adapters_that_drop_out_are_trained_row_by_row() -> None:
    from peft import LoraConfig, get_peft_model

    adapted: Any = get_peft_model(make_model("llama"), LoraConfig(task_type="CAUSAL_LM", r=4, lora_dropout=0.1, target_modules="all-linear"))
    assert "drops out 0.1" in str(find_noise(adapted))
    assert choose_way(adapted, SAMPLE, LONGEST).way.name == "plain"


def test_the_model_keeps_its_weights_and_no_gradients() -> None:
    model = make_model("llama").eval()
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    choose_way(model, SAMPLE, LONGEST)
    assert all(torch.equal(before[name], weights) for name, weights in model.state_dict().items())
    assert all(weights.grad is None for weights in model.parameters())
    assert not model.training


def test_windows_are_those_of_the_layers_that_have_one() -> None:
    assert find_window(make_model("llama")) is None
    assert find_window(make_model("mistral of a short window")) == 16
    assert find_window(make_model("gemma2")) == 400
    assert find_window(make_model("qwen3")) is None


def test_a_small_weight_with_a_wrong_gradient_is_not_lost_among_large_ones() -> None:
    large, small = torch.full((1000,), 10.0), torch.full((4,), 1.0)
    assert compare(1.0, [large, small], 1.0, [large, small]) is None
    assert compare(1.0, [large, small * 0.9], 1.0, [large, small]) is not None
    assert compare(1.001, [large], 1.0, [large]) == "its loss is 1.001000, not 1.000000"


def test_with_activation_checkpointing_no_cache_is_handed_on() -> None:
    """Models drop their cache then and say nothing; rows would not see their prompt."""
    model = make_model("lfm2")
    model.activation_checkpointing_enable()
    assert choose_way(model, SAMPLE, LONGEST).way.name == "plain"
    model = make_model("llama")
    model.activation_checkpointing_enable()
    assert choose_way(model, SAMPLE, LONGEST).way.name == "tree"
