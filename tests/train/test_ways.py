"""Every way computes the loss and the gradients of each row as if it stood alone, for models of several kinds, full and with adapters."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from gentool.train.packing import Pass, build_pass, pack_rows, sort_key
from gentool.train.ways import Way, make_block_mask, make_mask, prepared, split_rows, sum_losses

from .small_models import VOCABULARY, make_model, make_rows

PASS = pack_rows(make_rows(), 10**6)[0]
EXACT = ("llama", "qwen3", "mistral", "phi")
SMALL_CHUNKS = 10 * VOCABULARY


def loss_by_hand(model: Any) -> Any:
    """The summed cross entropy of the completions, each row alone, from all its logits."""
    losses = []
    for row in make_rows():
        scores = model(torch.tensor([row.tokens])).logits[0].log_softmax(-1)
        losses += [-scores[len(row.prompt_ids) + place - 1, token] for place, token in enumerate(row.completion_ids)]
    return torch.stack(losses).sum()


def gradients(model: Any, loss: Any) -> dict[str, Any]:
    model.zero_grad()
    loss.backward()
    return {name: weights.grad.clone() for name, weights in model.named_parameters() if weights.grad is not None}


def assert_equal(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Every weight's gradient within 1e-5 of its norm."""
    assert set(ours) == set(theirs)
    for name, gradient in theirs.items():
        assert (ours[name] - gradient).norm() <= 1e-5 * gradient.norm() + 1e-9, name


def add_adapters(model: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    adapted: Any = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", init_lora_weights=False))
    return adapted


@pytest.mark.parametrize("adapters", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("way", [Way("tree"), Way("tree", SMALL_CHUNKS), Way("mask"), Way("cache"), Way("plain")], ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_loss_and_gradients_are_exact(name: str, way: Way, adapters: bool) -> None:
    model = make_model(name)
    model = add_adapters(model) if adapters else model
    by_hand = loss_by_hand(model)
    with prepared(model, way):
        loss = sum_losses(model, PASS, way)
    assert loss.item() == pytest.approx(by_hand.item(), rel=1e-6)
    assert_equal(gradients(model, loss), gradients(model, by_hand))


def test_a_hybrid_goes_on_from_a_cache_exactly() -> None:
    model = make_model("lfm2")
    by_hand = loss_by_hand(model)
    loss = sum_losses(model, PASS, Way("cache"))
    assert loss.item() == pytest.approx(by_hand.item(), rel=1e-6)
    assert_equal(gradients(model, loss), gradients(model, by_hand))


def test_activation_checkpointing_changes_nothing() -> None:
    model = make_model("llama")
    by_hand = gradients(model, loss_by_hand(model))
    model.gradient_checkpointing_enable({"use_reentrant": False})
    with prepared(model, Way("tree")):
        again = gradients(model, sum_losses(model, PASS, Way("tree")))
    assert_equal(again, by_hand)


def test_after_twenty_steps_the_weights_are_the_same() -> None:
    weights = []
    for way in (Way("tree"), Way("plain")):
        model = make_model("llama")
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, eps=1e-4)
        with prepared(model, way):
            for _ in range(20):
                optimizer.zero_grad()
                (sum_losses(model, PASS, way) / len(PASS.labels)).backward()
                optimizer.step()
        weights.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    assert (weights[0] - weights[1]).norm() <= 1e-5 * weights[1].norm()


def test_in_half_precision_gradients_point_the_same_way() -> None:
    full = make_model("llama")
    half = copy.deepcopy(full).bfloat16()
    found = []
    for model, way in ((full, Way("plain")), (half, Way("tree"))):
        with prepared(model, way):
            found.append(torch.cat([gradient.float().flatten() for gradient in gradients(model, sum_losses(model, PASS, way)).values()]))
    assert torch.cosine_similarity(found[0], found[1], dim=0) >= 0.999


@pytest.mark.parametrize("name", ["llama", "qwen3"])
def test_under_autocast_gradients_point_the_same_way(name: str) -> None:
    model = make_model(name)
    found = [gradients(model, loss_by_hand(model))]
    with prepared(model, Way("tree")):
        with torch.autocast("cpu", torch.bfloat16):
            loss = sum_losses(model, PASS, Way("tree"))
        found.append(gradients(model, loss))
    full, half = (torch.cat([gradient.flatten() for gradient in one.values()]) for one in found)
    assert torch.cosine_similarity(full, half, dim=0) >= 0.999


def test_a_loss_is_taken_on_completions_alone() -> None:
    """Another prompt changes the loss through what it means, never through being predicted: no gradient reaches scores before a completion."""
    model = make_model("llama")
    scores: list[Any] = []
    model.lm_head.register_forward_hook(lambda _module, _inputs, output: scores.append(output))
    with prepared(model, Way("tree")):
        sum_losses(model, PASS, Way("tree"))
    assert scores[0].shape[1] == sum(len(row.completion_ids) for row in make_rows())


@pytest.mark.parametrize("way", [Way("tree"), Way("mask"), Way("cache"), Way("plain")], ids=str)
def test_logits_are_computed_where_something_is_trained_and_nowhere_else(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    model, computed = make_model("llama"), []
    plain = torch.nn.functional.linear

    def count(hidden: Any, weight: Any, bias: Any = None) -> Any:
        computed.append(hidden.shape[:-1].numel() if weight is model.lm_head.weight else 0)
        return plain(hidden, weight, bias)

    monkeypatch.setattr(torch.nn.functional, "linear", count)
    with prepared(model, way), torch.no_grad():
        sum_losses(model, PASS, way)
    trunks = sum(stop > end for _, end, stop in PASS.roots) if way.name == "cache" else 0
    assert sum(computed) == sum(len(row.completion_ids) for row in make_rows()) + trunks


def test_the_model_is_left_as_it_was() -> None:
    model = make_model("llama")
    before = (model.config._attn_implementation, model.lm_head.forward)
    with prepared(model, Way("tree")):
        assert model.config._attn_implementation == "gentool_tree"
        sum_losses(model, PASS, Way("tree", SMALL_CHUNKS))
    assert (model.config._attn_implementation, model.lm_head.forward) == before
    assert "forward" not in model.lm_head.__dict__


def test_masks_say_who_sees_whom() -> None:
    """Each row's tokens see that row's tokens before them and nothing else."""
    dense = make_mask(PASS, make_model("llama"), torch.device("cpu"))[0, 0]
    for node, _ in PASS.leaves.tolist():
        own = [place for start, end in PASS.path(node) for place in range(start, end)]
        start, end, _ = PASS.node_tuples[node]
        for place in range(start, end):
            assert dense[place].nonzero().flatten().tolist() == [other for other in own if other <= place]
    blocks = make_block_mask(PASS, torch.device("cpu"))
    size = len(PASS.tokens)
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    assert torch.equal(blocks.mask_mod(torch.tensor(0), torch.tensor(0), rows, columns), dense)


def test_rows_are_split_into_passes_that_fit() -> None:
    parts = split_rows(PASS, 250)
    rows = [row for one in parts for row in one.rows()]
    assert sorted(row.tokens for row in rows) == sorted(row.tokens for row in make_rows())
    assert all(max(row.length for row in one.rows()) * len(one.leaves) <= 250 for one in parts)
    ordered = sorted(make_rows(), key=sort_key)
    whole: Pass = build_pass(ordered, [0] * len(ordered))
    assert sum(len(one.tokens) for one in parts) == len(whole.tokens)
