"""The training step's batches against plain ones, in one run: equal losses first, then the ratio of the times.

Ours (gentool.train.rows.collate_rows): no attention mask, as padding is on the right, and logits from the first completion
on. Plain: an attention mask and all logits. Same nano model, rows and order; interleaved; median of the rounds.

    python benchmarks/train_step.py [--rounds 7] [--rows 16] [--threads 1]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from gentool.core.jsonl import write_records
from gentool.engines.hf import load_model, load_tokenizer
from gentool.pairs.build import PairsSettings, build_pairs
from gentool.prompts import PromptSettings
from gentool.starter import read_starter_tools
from gentool.synth.pipeline import SynthSettings, synthesise
from gentool.train.nano import NanoSettings, build_nano
from gentool.train.rows import Row, collate_rows, make_rows
from gentool.train.two_stage import training_texts


def prepare_rows(folder: Path, count: int) -> tuple[Any, list[Row]]:
    """A nano model and the first rows of the starter catalogue's training examples."""
    from gentool.core.example import Example
    from gentool.core.jsonl import read_records

    write_records(folder / "tools.jsonl", read_starter_tools())
    synthesise(folder, SynthSettings(), 0)
    build_pairs(folder, PairsSettings(), 0)
    examples = list(read_records(folder / "pairs" / "train.jsonl", Example))[:count]
    prompts = PromptSettings(tools="signature")
    build_nano(training_texts(examples, prompts), folder / "nano", NanoSettings(), 0)
    rows = make_rows(examples, "select", load_tokenizer(str(folder / "nano")), prompts)
    return load_model(str(folder / "nano")), sorted(rows, key=lambda row: row.length)


def plain_batch(features: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """The usual batch: padded on the right, with its mask."""
    batch = collate_rows(features, 0, keep_logits=False)
    lengths = torch.tensor([len(row["input_ids"]) for row in features])
    return {**batch, "attention_mask": (torch.arange(batch["input_ids"].shape[1])[None] < lengths[:, None]).long()}


def time_step(model: Any, batch: dict[str, Any]) -> tuple[float, float]:
    """Seconds of one forward and backward, and the loss."""
    start = time.perf_counter()
    loss = model(**batch).loss
    loss.backward()
    seconds = time.perf_counter() - start
    model.zero_grad()
    return seconds, float(loss.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        model, rows = prepare_rows(Path(folder), options.rows)
    features = [row.features() for row in rows]
    batches = {"plain": plain_batch(features), "ours": collate_rows(features, 0, keep_logits=True)}
    losses = {name: time_step(model, batch)[1] for name, batch in batches.items()}
    if abs(losses["plain"] - losses["ours"]) > 1e-5:
        raise SystemExit(f"the losses differ: {losses}")
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(options.rounds):
        for name, batch in batches.items():
            times[name].append(time_step(model, batch)[0])
    medians = {name: statistics.median(values) for name, values in times.items()}
    tokens = sum(row.length for row in rows)
    for name, seconds in medians.items():
        print(f"{name:6} {1000 * seconds:8.0f} ms a step, {tokens / seconds:8.0f} tokens/s")
    print(f"ratio  {medians['plain'] / medians['ours']:8.2f}x (loss {losses['ours']:.6f} both ways, {options.threads} thread(s), fp32)")


if __name__ == "__main__":
    main()
