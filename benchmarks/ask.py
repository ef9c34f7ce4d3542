"""How long one query waits for its answer: the ranking and the call of a run's student, held to the schema against free.

`python benchmarks/ask.py RUN`: the tool sets and queries of some of the run's test examples, one after the other as `gentool ask` has them, once the
model is loaded. Both ways take turns query by query; the median and the longest are printed, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path

from gentool.ask import for_one_query
from gentool.core.example import TRAINED, Constraint, Example
from gentool.core.jsonl import read_records
from gentool.evaluate.predict import answer_both, make_request
from gentool.evaluate.predictors import Predictor, open_predictor
from gentool.prompts import PromptSettings
from gentool.run import Run, load_run

WAYS: tuple[Constraint, ...] = ("schema", "none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    run = load_run(options.run)
    examples = list(read_records(run.path / "pairs" / "test.jsonl", Example))
    examples = random.Random(options.seed).sample(examples, min(options.queries, len(examples)))
    predictors = {way: open_student(run, way) for way in WAYS}
    for way, predictor in predictors.items():
        time_answer(predictor, examples[0], run.recipe.prompts, way)
    seconds = {way: [0.0] * len(examples) for way in WAYS}
    for number, example in enumerate(examples):
        for way, predictor in predictors.items():
            seconds[way][number] = time_answer(predictor, example, run.recipe.prompts, way)
    for way in WAYS:
        print(f"{way:<8}{statistics.median(seconds[way]):6.2f} s a query, the longest {max(seconds[way]):.2f} s, of {len(examples)}")
    print(f"ratio   {statistics.median(seconds['schema']) / statistics.median(seconds['none']):6.2f}")


def open_student(run: Run, way: Constraint) -> Predictor:
    """The run's student as `gentool ask` opens it, its answers held in a way."""
    settings = for_one_query(run.recipe.predict).model_copy(update={"constrain": way})
    return open_predictor(TRAINED, run.path, settings, run.recipe.seed, run.recipe.train.stages)


def time_answer(predictor: Predictor, example: Example, prompts: PromptSettings, way: Constraint) -> float:
    """Seconds from a query to both answers."""
    began = time.perf_counter()
    answer_both(predictor, lambda task: [make_request(example, task, prompts, way)])
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
