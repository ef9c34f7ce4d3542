"""The ways in which a model computes a pass: with shared prompts where the model can, exactly as row by row.

A model, a pass and a way in, the summed loss of its trained tokens out; called by gentool.train.trainer. Which way a model
can go is tried out by gentool.train.self_check.

tree: all tokens of the pass in one row, attention by gentool.train.attention (processors).
flex: the same with PyTorch's FlexAttention and a block mask (GPUs).
mask: the same with a dense mask of four dimensions, for models that take one and have no attention interface.
cache: the shared prompt first, its cache handed to all rows; for models that keep a state beside attention, as hybrids do.
plain: every row by itself, padded: any causal language model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from gentool.train.attention import TREE, Node, attend_tree
from gentool.train.packing import Pass, build_pass
from gentool.train.rows import IGNORED, Row

Head = Callable[[Tensor], Tensor]
"""An output layer: hidden states in, logits out."""
WayName = Literal["tree", "flex", "mask", "cache", "plain"]
CHUNK_LOGITS = 2**25
"""From so many logits on, a pass's losses are computed chunk by chunk, and each chunk's logits again in the backward pass."""


@dataclass(frozen=True)
class Way:
    """How passes are computed. With `chunk_logits` no more logits than that are held at once; None where the model forbids it."""

    name: WayName
    chunk_logits: int | None = CHUNK_LOGITS


def unwrapped(model: Any) -> Any:
    """The causal language model itself, without what training or adapters wrapped around it."""
    inner = getattr(model, "module", model)
    return inner.get_base_model() if hasattr(inner, "get_base_model") else inner


@contextmanager
def prepared(model: Any, way: Way) -> Iterator[None]:
    """The model made ready for a way, and as it was before afterwards."""
    inner = unwrapped(model)
    before = inner.config._attn_implementation
    wanted = {"tree": TREE, "flex": "flex_attention"}.get(way.name, before)
    if wanted == TREE:
        _register_tree()
    inner.set_attn_implementation(wanted)
    try:
        yield
    finally:
        inner.set_attn_implementation(before)


def _register_tree() -> None:
    from transformers import AttentionInterface

    AttentionInterface.register(TREE, _tree_attention)


def _tree_attention(
    module: Any,  # noqa: ARG001
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001
    scaling: float | None = None,
    dropout: float = 0.0,
    tree_nodes: Sequence[Node] | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it; whatever else would change the scores is refused, and the model goes another way.

    A sliding window does not, where it is wider than every row (gentool.train.self_check).
    """
    odd = [name for name in ("softcap", "s_aux", "position_bias") if others.get(name) is not None]
    if tree_nodes is None or dropout or odd:
        raise NotImplementedError(f"attention with {', '.join(odd) or 'dropout or without nodes'} is not computed as a tree")
    if torch.is_autocast_enabled(query.device.type):  # as autocast does for PyTorch's own attention
        query, key, value = (states.to(torch.get_autocast_dtype(query.device.type)) for states in (query, key, value))
    output = attend_tree(query, key, value, tree_nodes, scaling if scaling is not None else query.shape[-1] ** -0.5)
    return output.transpose(1, 2), None


def sum_losses(model: Any, one: Pass, way: Way) -> Tensor:
    """The summed cross entropy of the pass's trained tokens; the model has to be `prepared` for the way."""
    device = next(model.parameters()).device
    match way.name:
        case "tree" | "flex" | "mask":
            return _sum_packed(model, one, way, device)
        case "cache":
            return _sum_cached(model, one, device)
        case "plain":
            return _sum_padded(model, one, device)


def _sum_packed(model: Any, one: Pass, way: Way, device: torch.device) -> Tensor:
    index, labels = _tensor(one.predicting, device), _tensor(one.labels, device)
    inputs = {"input_ids": _tensor(one.tokens, device)[None], "position_ids": _tensor(one.positions, device)[None], "use_cache": False}
    match way.name:
        case "tree":
            inputs["tree_nodes"] = one.node_tuples
        case "flex":
            inputs["attention_mask"] = make_block_mask(one, device)
        case _:
            inputs["attention_mask"] = make_mask(one, unwrapped(model), device)
    rows = _chunk_rows(unwrapped(model), way, len(labels))
    with _losses_for_logits(unwrapped(model), labels, rows) if rows else nullcontext():
        logits = model(**inputs, logits_to_keep=index).logits[0]
    return logits.sum() if rows else cross_entropy(logits.float(), labels, reduction="sum")


def _tensor(values: Any, device: torch.device) -> Tensor:
    return torch.from_numpy(values.astype("int64")).to(device, non_blocking=True)


def _stops(one: Pass, device: torch.device) -> Tensor:
    """For each token the place before which its node's subtree ends: up to there tokens see it."""
    starts, ends, stops = (torch.from_numpy(one.nodes[:, column].astype("int64")) for column in range(3))
    return torch.repeat_interleave(stops, ends - starts).to(device)


def make_mask(one: Pass, model: Any, device: torch.device) -> Tensor:
    """(1, 1, n, n) which token sees which: booleans for SDPA, else what is added to the scores."""
    places = torch.arange(len(one.tokens), device=device)
    seen = (places[None] <= places[:, None]) & (places[:, None] < _stops(one, device)[None])
    if model.config._attn_implementation == "sdpa":
        return seen[None, None]
    return torch.zeros(seen.shape, dtype=model.dtype, device=device).masked_fill(~seen, torch.finfo(model.dtype).min)[None, None]


def make_block_mask(one: Pass, device: torch.device) -> Any:
    """The same for FlexAttention, which skips the blocks that nobody sees."""
    from torch.nn.attention.flex_attention import create_block_mask

    stops = _stops(one, device)
    size = len(one.tokens)
    return create_block_mask(lambda _batch, _head, row, column: (column <= row) & (row < stops[column]), None, None, size, size, device=str(device))


def _chunk_rows(model: Any, way: Way, rows: int) -> int:
    """How many rows of logits are held at once; 0 where all may be."""
    vocabulary = int(model.config.get_text_config().vocab_size)
    if way.chunk_logits is None or rows * vocabulary <= way.chunk_logits:
        return 0
    return max(1, way.chunk_logits // vocabulary)


def _losses_for_logits(model: Any, labels: Tensor, rows: int) -> AbstractContextManager[None]:
    """Inside, the model's output layer gives the losses of `labels` in place of logits, `rows` at a time; gradients compute them again."""
    from torch.utils.checkpoint import checkpoint

    def in_chunks(head: Head) -> Head:
        def losses(hidden: Tensor, wanted: Tensor) -> Tensor:
            return cross_entropy(head(hidden).float(), wanted, reduction="none")

        def forward(hidden: Tensor) -> Tensor:
            parts = zip(torch.split(hidden[0], rows), torch.split(labels, rows), strict=True)
            return torch.cat([checkpoint(losses, part, wanted, use_reentrant=False) for part, wanted in parts])[None, :, None]

        return forward

    return _head_of(model, in_chunks)


@contextmanager
def _head_of(model: Any, changed: Callable[[Head], Head]) -> Iterator[None]:
    """Inside, the model's output layer computes what `changed` makes of its own forward."""
    head = model.get_output_embeddings()
    own = head.__dict__.get("forward")
    head.forward = changed(head.forward)
    try:
        yield
    finally:
        del head.forward
        if own is not None:
            head.forward = own


def _sum_padded(model: Any, one: Pass, device: torch.device) -> Tensor:
    """Rows side by side, padded on the right: a causal model never looks there."""
    ids, labels = pad_rows(one.rows(), device)
    return _sum_trained(model, labels, input_ids=ids, use_cache=False)


def _sum_trained(model: Any, labels: Tensor, **inputs: Any) -> Tensor:
    """The summed cross entropy of the labels; logits are computed where there is one, and nowhere else."""
    trained = labels != IGNORED
    with _head_of(unwrapped(model), lambda head: lambda hidden: head(hidden[:, -labels.shape[1] :][trained])[None]):
        logits = model(**inputs, logits_to_keep=labels.shape[1]).logits[0]
    return cross_entropy(logits.float(), labels[trained], reduction="sum")


def pad_rows(rows: Sequence[Row], device: torch.device, skipped: int = 0) -> tuple[Tensor, Tensor]:
    """Rows without their first `skipped` tokens: (rows, longest) token ids, and the next token where it is trained.

    The latter for the last columns alone, from the first on in which any row has a token to be predicted.
    """
    cut = [row.tokens[skipped:] for row in rows]
    longest = max(len(tokens) for tokens in cut)
    ids = torch.tensor([[*tokens, *[tokens[-1]] * (longest - len(tokens))] for tokens in cut], device=device)
    labels = torch.full((len(rows), longest), IGNORED, device=device)
    for number, (row, tokens) in enumerate(zip(rows, cut, strict=True)):
        labels[number, len(tokens) - row.trained - 1 : len(tokens) - 1] = ids[number, len(tokens) - row.trained : len(tokens)]
    first = min(len(tokens) - row.trained - 1 for row, tokens in zip(rows, cut, strict=True))
    return ids, labels[:, first:]


def _sum_cached(model: Any, one: Pass, device: torch.device) -> Tensor:
    """Each tree's root once, with a cache that its rows go on from; deeper nodes are computed with every row below them."""
    from transformers import DynamicCache

    total = torch.zeros((), device=device)
    for start, end, stop in one.roots:
        rows = one.rows_of((start, end, stop))
        trunk = end - start if stop > end else 0
        ids, labels = pad_rows(rows, device, trunk)
        inputs: dict[str, Any] = {"use_cache": False}
        if trunk:
            cache: Any = DynamicCache(config=unwrapped(model).config)
            model(input_ids=_tensor(one.tokens[start:end], device)[None], past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.reorder_cache(torch.zeros(len(rows), dtype=torch.int64, device=device))
            places = torch.arange(trunk, trunk + ids.shape[1], device=device)
            inputs = {"past_key_values": cache, "use_cache": True, "position_ids": places[None].expand(len(rows), -1)}
        total = total + _sum_trained(model, labels, input_ids=ids, **inputs)
    return total


def split_rows(one: Pass, most_tokens: int) -> list[Pass]:
    """The pass's rows without sharing, in passes whose padded size is at most `most_tokens` where a row alone is not longer."""
    groups: list[list[Row]] = []
    for row in sorted(one.rows(), key=lambda row: -row.length):
        if groups and (len(groups[-1]) + 1) * groups[-1][0].length <= most_tokens:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [build_pass(group, [0] * len(group)) for group in groups]
