"""What a model holds of prompts that it has read: each group's common beginning is computed once, then what follows it in each prompt.

A model, prompts as token ids and a batch of groups in, a `State` out, from which gentool.engines.decoding goes on writing and
gentool.engines.scoring reads probabilities. All padding that a state holds is on the left, as in a batch that was padded
there, except where `ragged` says that it may also stand between the two parts.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

from gentool.engines.sharing import Batch, Ids

ROOM = 64
"""Tokens for which a layer makes room at once."""


class RoomyLayer(DynamicLayer):
    """A layer of a cache that makes room for many tokens at once, where transformers' own copies all that it holds for every token."""

    room: tuple[Tensor, Tensor] | None = None

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        held = self.get_seq_length()
        end = held + key_states.shape[-2]
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)  # type: ignore[no-untyped-call]
        if self.room is None or _start(self.keys) != _start(self.room[0]) or end > self.room[0].shape[-2]:
            self.room = _make_room(self.keys, key_states, held, end), _make_room(self.values, value_states, held, end)
        keys, values = self.room
        keys[:, :, held:end], values[:, :, held:end] = key_states, value_states
        self.keys, self.values = keys[:, :, :end], values[:, :, :end]
        return self.keys, self.values


def _start(tensor: Any) -> int:
    """Where it lies in memory: rows that were selected since lie elsewhere."""
    return int(tensor.data_ptr())


def _make_room(held: Any, new: Tensor, length: int, end: int) -> Tensor:
    room = new.new_empty(new.shape[0], new.shape[1], end + ROOM, new.shape[3])
    if length:
        room[:, :, :length] = held
    return room


@dataclass
class State:
    """What is held of some rows. cache: the model's. mask: (rows, tokens held) 1 for a token, 0 for padding."""

    cache: Any
    mask: Tensor

    def extend(self, model: Any, ids: Tensor, real: Tensor | None = None, logits_to_keep: int = 1) -> Tensor:
        """Read further tokens (rows, n), of which `real` are no padding; the logits behind the last ones."""
        self.mask = torch.cat([self.mask, torch.ones_like(ids) if real is None else real], dim=1)
        positions = (self.mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        inputs = {"input_ids": ids, "attention_mask": self.mask, "position_ids": positions, "past_key_values": self.cache, "use_cache": True}
        output: Tensor = model(**inputs, logits_to_keep=logits_to_keep).logits
        return output

    def select(self, rows: Sequence[int]) -> State:
        """A copy of some rows, each as often as it is named."""
        index = torch.tensor(rows, device=self.mask.device)
        cache = copy.copy(self.cache)
        cache.layers = [_copy_layer(layer) for layer in self.cache.layers]
        cache.reorder_cache(index)
        return State(cache, self.mask[index])

    def keep(self, rows: Sequence[int]) -> None:
        """Drop all rows but some."""
        index = torch.tensor(rows, device=self.mask.device)
        self.cache.reorder_cache(index)
        self.mask = self.mask[index]


def _copy_layer(layer: Any) -> Any:
    """The layer with tables of its own; the tensors in them are replaced when rows are selected."""
    copied = copy.copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, dict):
            setattr(copied, name, dict(value))
    return copied


def make_cache(model: Any) -> Any:
    """An empty cache of the model's kinds of layers."""
    cache = DynamicCache(config=model.config)
    cache.layers = [RoomyLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]  # type: ignore[no-untyped-call]
    return cache


def sees_all(model: Any, length: int) -> bool:
    """Whether each of the model's layers is attention that looks back over `length` tokens: no states, no shorter windows."""

    def wide(layer: Any) -> bool:
        return type(layer) is RoomyLayer or (type(layer) is DynamicSlidingWindowLayer and layer.sliding_window > length)

    return all(wide(layer) for layer in make_cache(model).layers)


def prefill(model: Any, prompts: Sequence[Ids], batch: Batch, ragged: bool) -> tuple[State, list[int]]:
    """Read the prompts of a batch; the state, and which prompt each of its rows is.

    `ragged` reads what follows the common beginnings in one padded pass, which only attention over all tokens takes
    (`sees_all`); else what is of one length is read together, and put together afterwards.
    """
    alone = all(len(group.rows) == 1 for group in batch)
    rows = [row for group in batch for row in group.rows]
    trunk = [number for number, group in enumerate(batch) for _ in group.rows]
    shared = [group.shared if alone else min(group.shared, len(prompts[group.rows[0]]) - 1) for group in batch]
    state = _read_trunks(model, [prompts[group.rows[0]][:length] for group, length in zip(batch, shared, strict=True)])
    branches = [prompts[row][shared[number] :] for row, number in zip(rows, trunk, strict=True)]
    if alone:
        return state, rows
    if ragged:
        state.keep(trunk)
        state.extend(model, *pad_left(branches, state.mask.device))
        return state, rows
    parts, order = [], []
    for length in sorted({len(branch) for branch in branches}):
        places = [place for place, branch in enumerate(branches) if len(branch) == length]
        part = state.select([trunk[place] for place in places])
        part.extend(model, *pad_left([branches[place] for place in places], state.mask.device))
        parts.append(part)
        order += [rows[place] for place in places]
    return join(parts), order


def _read_trunks(model: Any, trunks: Sequence[Ids]) -> State:
    ids, real = pad_left(trunks, model.device)
    state = State(make_cache(model), real[:, :0])
    state.extend(model, ids, real)
    return state


def pad_left(sequences: Sequence[Ids], device: Any) -> tuple[Tensor, Tensor]:
    """(sequences, longest) token ids, and which of them are no padding. Padding repeats a token of its row: nothing ever sees it."""
    longest = max(map(len, sequences))
    ids = [[*[sequence[0]] * (longest - len(sequence)), *sequence] for sequence in sequences]
    real = [[0] * (longest - len(sequence)) + [1] * len(sequence) for sequence in sequences]
    return torch.tensor(ids, device=device), torch.tensor(real, device=device)


def join(states: Sequence[State]) -> State:
    """Rows of several states in one, the shorter ones padded on the left."""
    if len(states) == 1:
        return states[0]
    longest = max(state.mask.shape[1] for state in states)
    cache = copy.copy(states[0].cache)
    cache.layers = [_join_layers(layers, longest) for layers in zip(*(state.cache.layers for state in states), strict=True)]
    return State(cache, torch.cat([pad(state.mask, (longest - state.mask.shape[1], 0)) for state in states]))


def _join_layers(layers: Sequence[Any], longest: int) -> Any:
    """One layer of several caches. Raises NotImplementedError for a kind of layer that holds something else than is known here."""
    joined = _copy_layer(layers[0])
    for name, value in vars(layers[0]).items():
        values = [getattr(layer, name) for layer in layers]
        if name in ("keys", "values") and isinstance(value, Tensor):
            width = max(tensor.shape[-2] for tensor in values)
            joined.__dict__[name] = torch.cat([pad(tensor, (0, 0, width - tensor.shape[-2], 0)) for tensor in values])
        elif name in ("conv_states", "recurrent_states"):
            joined.__dict__[name] = {key: None if held is None else torch.cat([table[key] for table in values]) for key, held in value.items()}
        elif name == "cumulative_length":
            joined.__dict__[name] = longest
        elif isinstance(value, Tensor) and name != "_sliding_window_tensor":
            raise NotImplementedError(f"a cache that holds {name}")
    return joined
