"""Who answers: an engine's name in, what stands behind it out. Called by gentool.evaluate.predict and by gentool.ask.

The names: `trained` (the run's student), `base` (the same model before it was fine-tuned), `hf:MODEL`, `openai:MODEL`,
`few_shot:` before `base`, `hf:` or `openai:` (worked examples stand before the query), `tfidf`, `embedding`, `random`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from gentool.core.errors import RecipeError, RunError
from gentool.core.example import Constraint, Example
from gentool.core.jsonl import read_records
from gentool.core.recipe import Settings
from gentool.engines.engine import Engine
from gentool.engines.hf import GenerationSettings, HfEngine
from gentool.engines.openai import OpenAISettings
from gentool.engines.retrieval import RandomEngine, TfidfEngine
from gentool.prompts import TASKS, Task

FIT_EXAMPLES = 2000
TRAINED = "trained"
NAMES = "trained, tfidf, random or hf:MODEL"


class PredictSettings(Settings):
    """Who answers the test examples.

    engines: `trained` (this run's student: train/rank ranks, train/select calls; train/joint does both in one answer, and
    train/select alone is asked to rank too, untrained for it), `tfidf`, `random`, `hf:MODEL` (any Hugging Face causal
    language model by name or folder, untuned). generation: how language models answer. constrain: what holds their calls
    while they are decoded: `none`, the `names` of the set, or the whole `schema` of an answer; predictions that were held are
    filed apart, under NAME+names or NAME+schema. score_choices: local models also give the probability of each tool of the
    set, beside the ranking that they write. openai: how a server is asked.
    """

    engines: tuple[str, ...] = (TRAINED, "tfidf", "random")
    generation: GenerationSettings = GenerationSettings()
    constrain: Constraint = "none"
    score_choices: bool = True
    openai: OpenAISettings = Field(default_factory=lambda: OpenAISettings(temperature=0.0, max_tokens=1024))


@dataclass(frozen=True)
class Predictor:
    """Who answers under one name: one engine that selects and one that ranks, often the same.

    `joint`: the engine gives ranking and call in one answer and is asked once for both. `reads_prompts` is False for those
    that read the structured inputs alone, and so answer in JSON whatever is asked for. `scores_choices`: the engine can give
    the log-probability of each tool of the set. `shares_prompts`: one engine, which reads what both questions on a tool set
    share once where it is asked them together. `shots` stand before the query as worked examples.
    """

    name: str
    select: Engine
    rank: Engine
    joint: bool = False
    reads_prompts: bool = True
    scores_choices: bool = False
    shares_prompts: bool = False
    shots: tuple[Example, ...] = ()


def name_of(engine: str, constrain: Constraint = "none") -> str:
    """The name under which an engine's predictions and scores are filed. Raises RecipeError for an unknown engine."""
    kind, _, model = engine.partition(":")
    if engine in (TRAINED, "tfidf", "random"):
        name = engine
    elif kind == "hf" and model:
        name = Path(model.rstrip("/")).name
    else:
        raise RecipeError(f"unknown engine '{engine}': use {NAMES}")
    return name if constrain == "none" or name in ("tfidf", "random") else f"{name}+{constrain}"


def check_engines(engines: Sequence[str]) -> None:
    """Raise RecipeError for an unknown engine, or two that would share a name."""
    names = [name_of(engine) for engine in engines]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise RecipeError(f"predict.engines: two engines are both named '{repeated[0]}'")


def open_predictor(engine: str, run: Path, settings: PredictSettings, seed: int, stages: Sequence[Task] = TASKS) -> Predictor:
    """Load what stands behind an engine's name; `stages` are those that the run trains. Raises RunError, ModelError or RecipeError."""
    name = name_of(engine, settings.constrain)
    match engine.partition(":"):
        case ["random", _, _]:
            chance = RandomEngine(seed)
            return Predictor(name, chance, chance, reads_prompts=False)
        case ["tfidf", _, _]:
            nearest = TfidfEngine().fit(_read_training(run))
            return Predictor(name, nearest, nearest, reads_prompts=False)
        case ["trained", _, _]:
            return _open_trained(name, run, settings, stages)
        case [_, _, model]:
            local = HfEngine(model, settings.generation, constrain=settings.constrain)
            return Predictor(name, local, local, scores_choices=True, shares_prompts=True)
    raise AssertionError(engine)


def _read_training(run: Path) -> list[Example]:
    """What engines without weights are fitted on."""
    return list(read_records(run / "pairs" / "train.jsonl", Example))[:FIT_EXAMPLES]


def _open_trained(name: str, run: Path, settings: PredictSettings, stages: Sequence[Task]) -> Predictor:
    """The student: the last stage calls and the first one ranks, which may be the same."""
    for stage in stages:
        if not (run / "train" / stage / "done.json").exists():
            raise RunError(f"{run / 'train' / stage} is not trained yet: run `gentool train {run}` first")
    engines = {stage: HfEngine(str(run / "train" / stage), settings.generation, constrain=settings.constrain) for stage in stages}
    select, rank = engines[stages[-1]], engines[stages[0]]
    return Predictor(name, select, rank, joint=stages[-1] == "joint", scores_choices=True, shares_prompts=select is rank)
