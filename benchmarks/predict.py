"""Prediction by one model: prompts that share their tools, and candidates that are ranked by scoring them, in one process.

Texts: ours, shared prompts read once and their answers written together, against transformers' generate on padded batches.
First both answer `--texts` prompts and have to write the same; then they take turns, and the medians are printed, with as many
queries on one tool set as `--queries` says. All answers are `--answer` tokens long, as no end token is known.
Scores: log P(candidate | prompt) of all candidates in one forward, against one forward for each; first equal within 1e-5.
The limit is by tokens: how many times more of them the other way computes.

    OMP_NUM_THREADS=1 python benchmarks/predict.py [--model llama] [--queries 1 16] [--candidates 5 16] [--rounds 5]
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import GenerationConfig

from gentool.engines.answering import Asked, answer
from gentool.engines.decode_check import PLAIN, Ways, choose_ways
from gentool.engines.hf import GenerationSettings, quieten_transformers
from gentool.engines.scoring import score_choices
from measure import Measured, print_table
from models import KINDS, PAD, make_model

Ids = list[int]
Scores = list[list[float]]
TOLERANCE = 1e-5
CANDIDATE = 8
"""Tokens of a candidate's text; the first four are the same for all, as `{"name": "` is."""
NO_END = -1
LOUDER = 4.0
SEVERAL = 4
"""Queries on one tool set in the second half of the scores' table."""


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    quieten_transformers()
    model = make_model(options.model, options.vocab, options.hidden, options.layers, options.seed, options.device).eval()
    model.generation_config = GenerationConfig(do_sample=False, pad_token_id=PAD)
    print(describe(model, options))
    if not options.skip_scores:
        compare_scores(model, options)
    if not options.skip_texts:
        make_louder(model)
        compare_texts(model, options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=KINDS, default="llama")
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--vocab", type=int, default=16000)
    parser.add_argument("--tools", type=int, default=760, help="tokens of a tool set, which all queries on it begin with")
    parser.add_argument("--query", type=int, default=40, help="tokens of a query, on average")
    parser.add_argument("--answer", type=int, default=40, help="tokens of an answer")
    parser.add_argument("--queries", type=int, nargs="+", default=[1, 16], help="queries on one tool set, one line for each number")
    parser.add_argument("--candidates", type=int, nargs="+", default=[5, 16])
    parser.add_argument("--texts", type=int, default=500, help="prompts on which both ways have to write the same")
    parser.add_argument("--batch-tokens", type=int, default=24_576)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip-texts", action="store_true", help="the scores alone")
    parser.add_argument("--skip-scores", action="store_true", help="the texts alone")
    return parser.parse_args()


def describe(model: Any, options: argparse.Namespace) -> str:
    config, size = model.config, sum(parameter.numel() for parameter in model.parameters()) / 1e6
    shape = f"hidden {config.hidden_size}, {config.num_hidden_layers} layers, vocabulary {config.vocab_size}"
    where = f"{options.threads} thread(s)" if options.device == "cpu" else torch.cuda.get_device_name()
    return f"{options.model}, {size:.0f}M parameters ({shape}), float32, {where}, {options.rounds} rounds"


def make_louder(model: Any) -> None:
    """Weights so large that texts depend on all of their prompts: small ones write nearly the same for all."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "embed" not in name:
                weight.mul_(LOUDER)


def draw(rng: random.Random, count: int, vocab: int) -> Ids:
    return [rng.randrange(2, vocab) for _ in range(count)]


def make_prompts(count: int, queries: int, options: argparse.Namespace, seed: int) -> list[Ids]:
    """Prompts of random tokens, `queries` on each tool set; queries are up to a fifth shorter or longer."""
    rng = random.Random(seed)
    prompts: list[Ids] = []
    while len(prompts) < count:
        tools = draw(rng, options.tools, options.vocab)
        prompts += [tools + draw(rng, round(options.query * rng.uniform(0.8, 1.2)), options.vocab) for _ in range(queries)]
    return prompts[:count]


def compare_texts(model: Any, options: argparse.Namespace) -> None:
    """Equality on many prompts first, then the times of one full batch."""
    settings = GenerationSettings(max_new_tokens=options.answer, batch_tokens=options.batch_tokens)
    ways = choose_ways(model, make_prompts(1, 1, options, options.seed)[0])
    print(f"\ntexts: shared prompts are read the way '{ways.shared}'{' after ' + '; '.join(ways.refused) if ways.refused else ''}")

    def write(prompts: list[Ids], how: Ways) -> list[Ids]:
        asked = Asked(prompts, [None] * len(prompts), [None] * len(prompts))
        made = {row: ids for row, ids, _ in answer(model, asked, how, settings, [NO_END])}
        return [made[row] for row in range(len(prompts))]

    prompts = make_prompts(options.texts, 16, options, options.seed + 1)
    ours, plain = write(prompts, ways), write(prompts, PLAIN)
    same = sum(one == other for one, other in zip(ours, plain, strict=True))
    print(f"  equal to generate's: {same} of {len(prompts)} texts of {options.answer} tokens, {len(set(map(tuple, plain)))} of them distinct")
    if same < len(prompts):
        raise SystemExit("the texts differ")
    lines = []
    for queries in options.queries:
        few = make_prompts(max(queries, 16), queries, options, options.seed + 2)
        times = take_turns({"ours": lambda few=few: write(few, ways), "generate": lambda few=few: write(few, PLAIN)}, options)
        lines.append([name_queries(queries), str(len(few)), *compared(times, "ours", "generate"), limit_of_texts(few, queries, options)])
    print_table(("", "prompts", *heads("generate"), "limit by tokens"), lines)


def limit_of_texts(prompts: Sequence[Ids], queries: int, options: argparse.Namespace) -> str:
    """Tokens that plain generation computes over those that ours does, the answers' included."""
    whole = sum(map(len, prompts)) + len(prompts) * options.answer
    return f"{whole / (whole - len(prompts) // queries * (queries - 1) * options.tools):.2f}x"


def take_turns(ways: dict[str, Callable[[], object]], options: argparse.Namespace) -> dict[str, Measured]:
    """Every way once in each round, after one that is not counted."""
    measured = {name: Measured() for name in ways}
    for number in range(options.rounds + 1):
        for name, run in ways.items():
            gc.collect()
            wall, processor = time.perf_counter(), time.process_time()
            run()
            if options.device == "cuda":
                torch.cuda.synchronize()
            if number:
                measured[name].wall.append(time.perf_counter() - wall)
                measured[name].processor.append(time.process_time() - processor)
    return measured


def name_queries(queries: int) -> str:
    return f"{queries} quer{'y' if queries == 1 else 'ies'} a tool set"


def heads(other: str) -> tuple[str, ...]:
    return ("ours s", f"{other} s", "ours processor s", f"{other} processor s", f"{other} / ours", "by processor")


def compared(measured: dict[str, Measured], ours: str, other: str) -> list[str]:
    """The medians and their ratios, by the clock and by the processor's time, which other work on the machine changes less."""
    one, two = measured[ours], measured[other]
    ratios = [f"{two.seconds / one.seconds:.2f}x", f"{two.processor_seconds / one.processor_seconds:.2f}x"]
    return [f"{one.seconds:.3f}", f"{two.seconds:.3f}", f"{one.processor_seconds:.3f}", f"{two.processor_seconds:.3f}", *ratios]


def compare_scores(model: Any, options: argparse.Namespace) -> None:
    """One query on a tool set and several, with each number of candidates."""
    lines = []
    for queries in (1, SEVERAL):
        for count in options.candidates:
            prompts, wholes = make_choices(count, queries, options)

            def score(way: Any, prompts: list[Ids] = prompts, wholes: list[list[Ids]] = wholes) -> Scores:
                return score_choices(model, prompts, wholes, way, options.batch_tokens)

            worst = max(
                abs(one - other)
                for some, others in zip(score("packed"), score("separate"), strict=True)
                for one, other in zip(some, others, strict=True)
            )
            if worst > TOLERANCE:
                raise SystemExit(f"{count} candidates: the scores differ by {worst}")
            times = take_turns({"ours": lambda score=score: score("packed"), "each": lambda score=score: score("separate")}, options)
            lines.append(
                [
                    f"{count} candidates, {name_queries(queries)}",
                    f"{worst:.1e}",
                    *compared(times, "ours", "each"),
                    limit_of_scores(prompts, wholes, options),
                ]
            )
    print("scores: all candidates of a prompt in one forward")
    print_table(("", "off by", *heads("one each"), "limit by tokens"), lines)


def make_choices(count: int, queries: int, options: argparse.Namespace) -> tuple[list[Ids], list[list[Ids]]]:
    """Prompts on one tool set, and each with its candidates' texts behind it."""
    rng = random.Random(options.seed + 3)
    prompts = make_prompts(queries, queries, options, options.seed + 4)
    begin = draw(rng, CANDIDATE // 2, options.vocab)
    texts = [begin + draw(rng, CANDIDATE - len(begin), options.vocab) for _ in range(count)]
    return prompts, [[prompt + text for text in texts] for prompt in prompts]


def limit_of_scores(prompts: Sequence[Ids], wholes: Sequence[Sequence[Ids]], options: argparse.Namespace) -> str:
    """Tokens of all whole forwards over those of the shared tools, the queries and each candidate's own."""
    separate = sum(len(whole) - 1 for some in wholes for whole in some)
    own = CANDIDATE // 2 + len(wholes[0]) * (CANDIDATE - CANDIDATE // 2 - 1)
    packed = options.tools + sum(len(prompt) - options.tools + own for prompt in prompts)
    return f"{separate / packed:.2f}x"


if __name__ == "__main__":
    main()
