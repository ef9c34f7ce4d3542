"""Muon and AdamW as one optimizer: which parameters each takes, and that schedulers and saved states reach both."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch

from gentool.engines.hf import load_model
from gentool.train.muon import make_muon, split_parameters


@pytest.fixture
def model(nano: Path) -> Any:
    return load_model(str(nano))


def test_muon_takes_the_inner_matrices_and_every_parameter_is_taken_once(model: Any) -> None:
    matrices, others = split_parameters(model)
    assert all(parameter.ndim == 2 for parameter in matrices)
    assert any(parameter is model.get_input_embeddings().weight for parameter in others)
    assert {id(parameter) for parameter in (*matrices, *others)} == {id(parameter) for parameter in model.parameters()}
    assert len(matrices) + len(others) == len(list(model.parameters()))


def test_frozen_parameters_are_left_alone(model: Any) -> None:
    model.get_input_embeddings().weight.requires_grad_(False)
    assert all(parameter is not model.get_input_embeddings().weight for part in split_parameters(model) for parameter in part)


def take_step(model: Any, optimizer: Any) -> None:
    ids = torch.arange(12)[None]
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def test_a_scheduler_reaches_both_parts(model: Any) -> None:
    optimizer = make_muon(model, 0.01, 0.0)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 0.5)
    assert [group["lr"] for part in optimizer.parts for group in part.param_groups] == [0.005, 0.005]


def test_a_restored_optimizer_goes_on_as_the_saved_one(model: Any, nano: Path) -> None:
    optimizer = make_muon(model, 0.01, 0.1)
    take_step(model, optimizer)
    saved = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, saved)
    other = load_model(str(nano))
    restored = make_muon(other, 0.5, 0.1)
    state = torch.load(io.BytesIO(saved.getvalue()))
    other.load_state_dict(state["model"])
    restored.load_state_dict(state["optimizer"])
    for one, its_optimizer in ((model, optimizer), (other, restored)):
        take_step(one, its_optimizer)
    assert all(torch.equal(left, right) for left, right in zip(model.parameters(), other.parameters(), strict=True))
    assert [group["lr"] for group in restored.param_groups] == [0.01, 0.01]
