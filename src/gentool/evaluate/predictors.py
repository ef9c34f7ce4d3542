"""Who answers: an engine's name in, what stands behind it out. Called by gentool.evaluate.predict and by gentool.ask.

The names: `trained` (the run's student), `base` (the same model before it was fine-tuned), `hf:MODEL`, `openai:MODEL`,
`few_shot:` before `base`, `hf:` or `openai:` (worked examples stand before the query), `tfidf`, `embedding`, `random`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field

from gentool.core.errors import RecipeError, RunError
from gentool.core.example import TRAINED, Constraint, Example
from gentool.core.jsonl import read_records
from gentool.core.recipe import Settings
from gentool.engines.calls_alone import CallsAlone
from gentool.engines.engine import Engine
from gentool.engines.hf import GenerationSettings, HfEngine
from gentool.engines.openai import OpenAIEngine, OpenAISettings
from gentool.engines.retrieval import EmbeddingEngine, RandomEngine, TfidfEngine
from gentool.evaluate.served import CACHE, TABLE
from gentool.evaluate.shots import choose_shots
from gentool.prompts import TASKS, Task

FIT_EXAMPLES = 2000
BASE, EMBEDDING = "base", "embedding"
WITHOUT_PROMPTS = ("tfidf", EMBEDDING, "random")
"""Engines that read no prompts, and so know no constraints and no worked examples."""
FEW_SHOT = "few_shot:"
NAMES = "trained, base, tfidf, embedding, random, hf:MODEL or openai:MODEL, or few_shot: before base, hf:MODEL or openai:MODEL"


class ServerSettings(OpenAISettings):
    """How an OpenAI-compatible server is asked for predictions: as a teacher is, but without chance, and for shorter answers."""

    temperature: float | None = Field(default=0.0, ge=0)
    max_tokens: int = Field(default=1024, ge=1)


class PredictSettings(Settings):
    """Who answers the test examples.

    engines: `trained` (this run's student: train/rank ranks, train/select calls; train/joint does both in one answer, and
    train/select alone is asked to rank too, untrained for it), `base` (the model that its first stage starts from), `tfidf`,
    `embedding`, `random`, `hf:MODEL` (any Hugging Face causal language model by name or folder, untuned), `openai:MODEL` (any
    OpenAI-compatible server); with `few_shot:` before `base`, `hf:MODEL` or `openai:MODEL` worked examples stand before each
    query, `shots` of the training examples. embedding_model: the name or folder of the sentence-transformers model (the `embed`
    extra) that `embedding` compares with. generation: how language models answer. constrain: what holds their calls while they
    are decoded: `none`, the `names` of the set, or the whole `schema` of an answer; predictions that were held are filed apart,
    under NAME+names or NAME+schema. score_choices: local models also give the probability of each tool of the set, beside the
    ranking that they write. openai: how a server is asked. count_refused: requests that a server does not take (a prompt too
    long for it, a schema that it refuses) count as wrong answers; else they leave their examples without a prediction, which
    is an error.
    """

    engines: tuple[str, ...] = (TRAINED, "tfidf", "random")
    embedding_model: str = "sentence-transformers/all-MiniLM-L6-v2"
    shots: int = Field(default=4, ge=1)
    generation: GenerationSettings = GenerationSettings()
    constrain: Constraint = "none"
    score_choices: bool = True
    openai: ServerSettings = ServerSettings()
    count_refused: bool = False


@dataclass(frozen=True)
class Predictor:
    """Who answers under one name: one engine that selects and one that ranks, often the same.

    `joint`: the engine gives ranking and call in one answer and is asked once for both. `reads_prompts` is False for those
    that read the structured inputs alone, and so answer in JSON whatever is asked for. `scores_choices`: the engine can give
    the log-probability of each tool of the set. `shares_prompts`: one engine, which reads what both questions on a tool set
    share once where it is asked them together. `shots` stand before the query as worked examples. `server` is the same engine
    where it is a server, which is asked for all at once.
    """

    name: str
    select: Engine
    rank: Engine
    joint: bool = False
    reads_prompts: bool = True
    scores_choices: bool = False
    shares_prompts: bool = False
    shots: tuple[Example, ...] = ()
    server: OpenAIEngine | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        """What a local model turned out not to do, in words; known once it has answered."""
        return tuple(dict.fromkeys(notice for engine in (self.select, self.rank) for notice in getattr(engine, "notices", ())))

    def close(self) -> None:
        """End the connections of an engine that has any."""
        if self.server is not None:
            self.server.close()


def ask_calls_alone(predictor: Predictor) -> Predictor:
    """The same predictor, whose engine is not asked for rankings, nor a server paid for them."""
    alone = CallsAlone(predictor.select)
    return replace(predictor, select=alone, rank=alone)


def name_of(engine: str, constrain: Constraint = "none") -> str:
    """The name under which an engine's predictions and scores are filed. Raises RecipeError for an unknown engine."""
    asked = engine.removeprefix(FEW_SHOT)
    kind, _, model = asked.partition(":")
    if engine in (TRAINED, *WITHOUT_PROMPTS) or asked == BASE:
        name = asked
    elif kind == "hf" and model:
        name = Path(model.rstrip("/")).name
    elif kind == "openai" and re.search(r"\w", model):
        name = re.sub(r"[^\w.+-]", "_", model).lstrip(".")
    else:
        raise RecipeError(f"unknown engine '{engine}': use {NAMES}")
    name += "+few_shot" if asked != engine else ""
    return name if constrain == "none" or engine in WITHOUT_PROMPTS else f"{name}+{constrain}"


def check_engines(engines: Sequence[str]) -> None:
    """Raise RecipeError for an unknown engine, or two that would share a name."""
    names = [name_of(engine) for engine in engines]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise RecipeError(f"predict.engines: two engines are both named '{repeated[0]}'")


def open_predictor(engine: str, run: Path, settings: PredictSettings, seed: int, stages: Sequence[Task] = TASKS) -> Predictor:
    """Load what stands behind an engine's name; `stages` are those that the run trains. Raises RunError, ModelError, RecipeError or TeacherError."""
    name = name_of(engine, settings.constrain)
    match engine.partition(":"):
        case ["random", _, _]:
            chance = RandomEngine(seed)
            return Predictor(name, chance, chance, reads_prompts=False)
        case ["tfidf", _, _]:
            nearest = TfidfEngine().fit(_read_training(run))
            return Predictor(name, nearest, nearest, reads_prompts=False)
        case ["embedding", _, _]:
            meant = EmbeddingEngine(settings.embedding_model).fit(_read_training(run))
            return Predictor(name, meant, meant, reads_prompts=False)
        case ["trained", _, _]:
            return _open_trained(name, run, settings, stages)
        case ["openai", _, model]:
            server = OpenAIEngine(model, settings.openai, run / "predict" / CACHE, TABLE)
            return Predictor(name, server, server, server=server)
        case ["base", _, _]:
            untuned = HfEngine(find_base(run), settings.generation, BASE, settings.constrain)
            return Predictor(name, untuned, untuned, scores_choices=True, shares_prompts=True)
        case ["few_shot", _, asked]:
            return replace(open_predictor(asked, run, settings, seed, stages), name=name, shots=choose_shots(run, settings.shots, seed))
        case [_, _, model]:
            local = HfEngine(model, settings.generation, constrain=settings.constrain)
            return Predictor(name, local, local, scores_choices=True, shares_prompts=True)
    raise AssertionError(engine)


def _read_training(run: Path) -> list[Example]:
    """What engines without weights are fitted on. Raises RunError where the run has no training examples."""
    source = run / "pairs" / "train.jsonl"
    if not source.exists():
        raise RunError(
            f"{source}: no such file, and this engine is fitted on training examples; run `gentool pairs {run}` first, or take another engine"
        )
    return list(read_records(source, Example))[:FIT_EXAMPLES]


def find_base(run: Path) -> str:
    """The model that a run's first stage starts from: the small student as it was pretrained, or made, or else the recipe's model.

    Raises RunError where the small student is not made yet.
    """
    import yaml

    for folder, sign in ((run / "train" / "pretrain", "done.json"), (run / "train" / "nano-scratch", "config.json")):
        if (folder / sign).exists():
            return str(folder)
    recipe = run / "recipe.yaml"
    settings = yaml.safe_load(recipe.read_text(encoding="utf-8")) if recipe.exists() else {}
    model = settings.get("train", {}).get("model", "nano-scratch")
    if model == "nano-scratch":
        raise RunError(f"{run / 'train'}: holds no base model yet: run `gentool train {run}` first")
    return str(model)


def _open_trained(name: str, run: Path, settings: PredictSettings, stages: Sequence[Task]) -> Predictor:
    """The student: the last stage calls and the first one ranks, which may be the same."""
    for stage in stages:
        if not (run / "train" / stage / "done.json").exists():
            raise RunError(f"{run / 'train' / stage} is not trained yet: run `gentool train {run}` first")
    engines = {stage: HfEngine(str(run / "train" / stage), settings.generation, constrain=settings.constrain) for stage in stages}
    select, rank = engines[stages[-1]], engines[stages[0]]
    return Predictor(name, select, rank, joint=stages[-1] == "joint", scores_choices=True, shares_prompts=select is rank)
