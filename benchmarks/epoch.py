"""A whole epoch on the starter set: our layout against the same rows shuffled by TRL, from a sample of steps.

The rows of the select stage (teacher `starter`, sets of k = 5, tools as JSON) and a Llama of random weights. Every way to train
makes the batches of its epoch; some of them, drawn at random, are trained in turns, and their time is extrapolated by the
tokens that they feed. That all ways compute the same loss is what train.py checks.

    python benchmarks/epoch.py [--batch 8] [--sample 12] [--layers 2] [--dtype float32]
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gentool.core.example import Example
from gentool.core.jsonl import read_records, write_records
from gentool.engines.hf import load_tokenizer, quieten_transformers
from gentool.pairs.build import PairsSettings, build_pairs
from gentool.prompts import PromptSettings
from gentool.starter import read_starter_tools
from gentool.synth.pipeline import SynthSettings, synthesise
from gentool.train.nano import NanoSettings, build_nano
from gentool.train.rows import Row, make_rows
from gentool.train.two_stage import training_texts
from measure import Measured, count_shared_tokens, print_table, time_step
from models import KINDS, make_model
from ours import Ours
from rivals import Batch, Rival, make_rivals

WAYS = ("trl", "trl as on a GPU", "trl packed")


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    quieten_transformers()
    rows = read_rows(options.vocab, options.seed)
    tokens, least = sum(row.length for row in rows), count_shared_tokens(rows)
    print(f"{len(rows)} rows, {tokens} tokens ({tokens / len(rows):.0f} a row), {least} where shared, limit {tokens / least:.2f}x")
    model = make_model(options.model, options.vocab, options.hidden, options.layers, options.seed, options.device)
    ways = [rival for rival in make_rivals(options.dtype, options.device) if rival.name in options.only]
    everyone: list[Rival] = [*ways, Ours(options.dtype)]
    epochs = {rival.name: rival.prepare(model, rows, options.batch) for rival in everyone}
    print(
        f"{options.sample} steps of each, {options.dtype}, {options.threads} thread(s), {options.layers} layers, hidden {options.hidden}", flush=True
    )
    measured = time_samples(everyone, epochs, model, options.sample, options.seed)
    print_results(measured, epochs, len(rows))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=KINDS, default="llama")
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--vocab", type=int, default=8192, help="of the tokenizer, trained on the rows' text, and the model")
    parser.add_argument("--batch", type=int, default=8, help="rows of a step (TRL's default: 8)")
    parser.add_argument("--sample", type=int, default=12, help="steps that are trained")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the products, TRL's defaults apart")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=WAYS, metavar="NAME", help="of the rivals only these")
    return parser.parse_args()


def read_rows(vocab_size: int, seed: int) -> list[Row]:
    """The select stage's training rows of the whole starter set, with a tokenizer trained on their text."""
    prompts = PromptSettings(tools="json")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_records(folder / "tools.jsonl", read_starter_tools())
        synthesise(folder, SynthSettings(teacher="starter"), seed)
        build_pairs(folder, PairsSettings(k=5), seed)
        examples = list(read_records(folder / "pairs" / "train.jsonl", Example))
        build_nano(training_texts(examples, prompts), folder / "nano", NanoSettings(vocab_size=vocab_size), seed)
        return make_rows(examples, "select", load_tokenizer(str(folder / "nano")), prompts)


def time_samples(rivals: Sequence[Rival], epochs: dict[str, list[Batch]], model: Any, sample: int, seed: int) -> dict[str, tuple[Measured, int]]:
    """For each way its times and the tokens of the steps that it was timed on; a step of each goes ahead untimed."""
    rng = random.Random(seed)
    drawn = {rival.name: rng.sample(epochs[rival.name], min(sample, len(epochs[rival.name]))) for rival in rivals}
    measured = {name: (Measured(), sum(batch.tokens for batch in batches)) for name, batches in drawn.items()}
    for rival in rivals:
        rival.step(drawn[rival.name][0])
    for place in range(sample):
        for rival in (rival for rival in rivals if place < len(drawn[rival.name])):
            wall, processor = time_step(partial(rival.step, drawn[rival.name][place]), model)
            measured[rival.name][0].wall.append(wall)
            measured[rival.name][0].processor.append(processor)
    return measured


def print_results(measured: dict[str, tuple[Measured, int]], epochs: dict[str, list[Batch]], rows: int) -> None:
    """The epoch's time by the tokens fed; ratios are to ours."""
    base = "ours" if "ours" in measured else next(iter(measured))
    fed = {name: sum(batch.tokens for batch in batches) for name, batches in epochs.items()}
    whole = {name: sum(result.wall) / tokens * fed[name] for name, (result, tokens) in measured.items()}
    processor = {name: sum(result.processor) / tokens * fed[name] for name, (result, tokens) in measured.items()}
    heads = ("", "steps", "timed", "tokens fed", "epoch wall s", "processor s", "rows/s", f"time / {base}")
    lines = []
    for name, (result, _) in measured.items():
        counts = [str(len(epochs[name])), str(len(result.wall)), str(fed[name])]
        lines.append(
            [name, *counts, f"{whole[name]:.0f}", f"{processor[name]:.0f}", f"{rows / whole[name]:.2f}", f"{whole[name] / whole[base]:.2f}x"]
        )
    print_table(heads, lines)


if __name__ == "__main__":
    main()
