"""A real model, trained in seconds to answer a few queries before two catalogues: what it chooses is known, though nothing is scripted.

A GPT-2 of one layer learns by heart which answer belongs to which query before which tools. The tools stand at the beginning of
every prompt, so each catalogue is computed once a step and its queries go on from the cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gentool.core.tool import ToolSet
from gentool.engines.chat import render_prompt
from gentool.engines.hf import load_tokenizer
from gentool.prompts import PromptSettings, render_messages
from gentool.train.nano import NanoSettings, build_nano

PROMPTS = PromptSettings(tools="signature")
STEPS, LEARNT = 400, 0.01
"""At most so many steps; training ends where the loss is this low and every token of every answer is the likeliest."""


def train_chooser(folder: Path, sets: tuple[ToolSet, ToolSet], answers: Mapping[str, tuple[str, str]]) -> Path:
    """A model folder whose model answers each query before each of the two tool sets with the text given for it."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    chats = {query: [render_messages("select", query, tools, PROMPTS) for tools in sets] for query in answers}
    texts = [message["content"] for both in chats.values() for chat in both for message in chat]
    build_nano([*texts, *(text for both in answers.values() for text in both)], folder, NanoSettings(vocab_size=700, hidden_size=8), seed=0)
    tokenizer: Any = load_tokenizer(str(folder))
    torch.manual_seed(0)
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    sizes = {"vocab_size": len(tokenizer), "n_embd": 64, "n_layer": 1, "n_head": 4, "n_positions": 1024}
    config = GPT2Config(**sizes, **ends, initializer_range=0.1, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
    model = GPT2LMHeadModel(config)
    prompts = [{query: render_prompt(tokenizer, both[side]) for query, both in chats.items()} for side in (0, 1)]
    sides = [_prepare(tokenizer, own, {query: both[side] for query, both in answers.items()}) for side, own in enumerate(prompts)]
    _learn(model, sides)
    model.save_pretrained(folder)
    return folder


def _prepare(tokenizer: Any, prompts: Mapping[str, str], answers: Mapping[str, str]) -> tuple[Any, Any, Any]:
    """One side as tensors: what all its prompts begin with, the rest of each with its answer, and the labels, of the answers alone."""
    import torch

    asked = [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts.values()]
    said = [[*tokenizer(answers[query], add_special_tokens=False)["input_ids"], tokenizer.eos_token_id] for query in prompts]
    shared = next(place for place, tokens in enumerate(zip(*asked, strict=False)) if len(set(tokens)) > 1)
    longest = max(len(prompt) + len(answer) for prompt, answer in zip(asked, said, strict=True)) - shared
    ids, labels = torch.full((len(asked), longest), tokenizer.pad_token_id), torch.full((len(asked), longest), -100)
    for row, (prompt, answer) in enumerate(zip(asked, said, strict=True)):
        rest = [*prompt[shared:], *answer]
        ids[row, : len(rest)] = torch.tensor(rest)
        labels[row, len(rest) - len(answer) : len(rest)] = torch.tensor(answer)
    return torch.tensor([asked[0][:shared]]), ids, labels


def _learn(model: Any, sides: list[tuple[Any, Any, Any]]) -> None:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.0)
    for _ in range(STEPS):
        loss, right = 0.0, True
        for beginning, ids, labels in sides:
            cache = model(input_ids=beginning, use_cache=True).past_key_values
            cache.batch_repeat_interleave(len(ids))
            logits, wanted = model(input_ids=ids, past_key_values=cache, use_cache=True).logits[:, :-1], labels[:, 1:]
            right &= bool(((logits.argmax(-1) == wanted) | (wanted == -100)).all())
            loss = loss + torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten()) / len(sides)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if right and loss.item() < LEARNT:
            break
        optimizer.step()
        optimizer.zero_grad()
    torch.set_num_threads(threads)
    assert right, f"the small model did not learn its answers: {loss.item()}"
