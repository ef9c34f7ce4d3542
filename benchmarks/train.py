"""A training step on rows that share a prompt: ours against TRL's SFTTrainer and transformers' Trainer, in one process.

Every way to train gets the same weights and the same rows, as one optimizer step. First one step of each is compared with the
plain one's loss and gradients; then they take turns, and the medians are printed. A step is forward and backward; the
optimizer's part is the same for all and left out. The limit is what computing every common prefix once could gain.

    python benchmarks/train.py [--model llama] [--branches 1 2 4 8 16] [--prompt 800] [--branch 70] [--rounds 5]
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gentool.engines.hf import quieten_transformers
from measure import Deviation, Gradients, Measured, Step, compare, copy_gradients, count_shared_tokens, measure_peak, print_table, time_rounds
from models import KINDS, make_model, make_rows
from ours import Ours
from rivals import Rival, make_rivals

PLAIN = "plain"
LIMIT = "limit by tokens"
Ratios = dict[str, float]
"""How many times ours each other way takes, by name."""
LOSS_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-4
COSINE = 0.999


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    quieten_transformers()
    model = make_model(options.model, options.vocab, options.hidden, options.layers, options.seed, options.device)
    print(describe(model, options))
    results = {branches: compare_at(branches, model, options) for branches in options.branches}
    if options.figure:
        draw_ratios(options.figure, results, describe(model, options))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=KINDS, default="llama")
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocab", type=int, default=32000)
    parser.add_argument("--prompt", type=int, default=800, help="tokens that all rows begin with")
    parser.add_argument("--branch", type=int, default=70, help="tokens of query and completion, on average")
    parser.add_argument("--branches", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="rows of the step, one table for each number")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the products; weights are float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="draw the ratios of time into this SVG file")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of the rivals only these, and plain")
    return parser.parse_args()


def draw_ratios(path: Path, results: dict[int, Ratios], title: str) -> None:
    """How many times ours each way takes, over the rows of a step; the limit dashed."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "gentool", "font.size": 9})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 3.8))
    places = list(results)
    for name in next(iter(results.values())):
        style = {"linestyle": "--", "color": "grey"} if name == LIMIT else {"marker": "o"}
        axes.plot(places, [results[place][name] for place in places], label=name, **style)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="rows that share a prompt in one step", ylabel="time, times gentool's")
    axes.set_xticks(places, [str(place) for place in places])
    axes.set_yticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
    axes.minorticks_off()
    axes.set_title(title, fontsize=7)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")


def describe(model: Any, options: argparse.Namespace) -> str:
    config, size = model.config, sum(parameter.numel() for parameter in model.parameters()) / 1e6
    shape = f"hidden {config.hidden_size}, {config.num_hidden_layers} layers, {config.num_attention_heads}/{config.num_key_value_heads} heads"
    where = f"{options.threads} thread(s)" if options.device == "cpu" else torch.cuda.get_device_name()
    return f"{options.model}, {size:.0f}M parameters ({shape}, vocabulary {config.vocab_size}), {options.dtype}, {where}, {options.rounds} rounds"


def compare_at(branches: int, model: Any, options: argparse.Namespace) -> Ratios:
    """One table: rows of `branches` branches as one step of every way to train."""
    rows = make_rows(branches, options.prompt, options.branch, options.vocab, options.seed)
    tokens, least = sum(row.length for row in rows), count_shared_tokens(rows)
    print(f"\n{branches} rows, prompt {options.prompt}, branch {options.branch}: {tokens} tokens, {least} where shared, limit {tokens / least:.2f}x")
    rivals = choose_rivals(options)
    steps: dict[str, Step] = {}
    fed: dict[str, int] = {}
    for rival in rivals:
        (batch,) = rival.prepare(model, rows, branches)
        steps[rival.name], fed[rival.name] = partial(rival.step, batch), batch.tokens
    measured = {name: Measured() for name in steps}
    check_equal(steps, measured, model, options.dtype)
    time_rounds(steps, measured, model, options.rounds)
    print_results(measured, fed)
    ratios = {name: result.seconds / measured["ours"].seconds for name, result in measured.items() if name != "ours"}
    return {**ratios, LIMIT: tokens / least}


def choose_rivals(options: argparse.Namespace) -> list[Rival]:
    rivals: list[Rival] = list(make_rivals(options.dtype, options.device))
    if options.only:
        unknown = set(options.only) - {rival.name for rival in rivals}
        if unknown:
            raise SystemExit(f"no rival is called {', '.join(sorted(unknown))}: there are {', '.join(rival.name for rival in rivals)}")
        rivals = [rival for rival in rivals if rival.name in {PLAIN, *options.only}]
    return [*rivals, Ours(options.dtype)]


def check_equal(steps: dict[str, Step], measured: dict[str, Measured], model: Any, dtype: str) -> None:
    """One step of each, its memory measured, against the plain one's loss and gradients."""
    loss, reference = 0.0, Gradients()
    for name, step in steps.items():
        found, measured[name].megabytes = measure_peak(step, model)
        if name == PLAIN:
            loss, reference = found, copy_gradients(model)
            continue
        deviation = compare(loss, reference, found, copy_gradients(model))
        print(f"  {name:16} loss {found:.6f} (off {deviation.loss:.1e}), gradients off {deviation.gradient:.1e}, cosine {deviation.cosine:.6f}")
        refuse_unequal(name, deviation, exact=dtype == "float32" and name != "trl")


def refuse_unequal(name: str, deviation: Deviation, exact: bool) -> None:
    """In 32 bits to rounding; in bfloat16, as TRL computes by default, by the direction of all gradients."""
    equal = deviation.loss <= LOSS_TOLERANCE and deviation.gradient <= GRADIENT_TOLERANCE if exact else deviation.cosine >= COSINE
    if not equal:
        raise SystemExit(f"{name} does not compute what the plain step does: {deviation}")


def print_results(measured: dict[str, Measured], fed: dict[str, int]) -> None:
    """Ratios are to ours: times of others over it, its memory over theirs."""
    base = "ours" if "ours" in measured else PLAIN
    heads = ("", "wall s", "processor s", "fastest s", "peak MB", "tokens fed", f"time / {base}", f"{base} MB / its")
    print_table(heads, [line_of(name, result, fed[name], measured[base]) for name, result in measured.items()])


def line_of(name: str, result: Measured, fed: int, base: Measured) -> list[str]:
    times = [f"{result.seconds:.3f}", f"{result.processor_seconds:.3f}", f"{min(result.wall):.3f}"]
    ratios = [f"{result.seconds / base.seconds:.2f}x", f"{100 * base.megabytes / result.megabytes:.0f}%"]
    return [name, *times, f"{result.megabytes:.0f}", str(fed), *ratios]


if __name__ == "__main__":
    main()
