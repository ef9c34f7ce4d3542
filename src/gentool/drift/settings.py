"""The settings of a drift: a recipe of its own, over those of a run folder, with overrides from the command line.

Called by gentool.cli and gentool.drift.run; docs/drift.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator

from gentool.core.errors import RecipeError
from gentool.core.recipe import Settings, dump_recipe, parse_recipe, read_recipe
from gentool.drift.synthesise import DriftSynthSettings
from gentool.evaluate.candidates import TFIDF
from gentool.evaluate.drift_summary import parse_limit
from gentool.evaluate.predictors import PredictSettings, name_of
from gentool.prompts import PromptSettings
from gentool.run import load_run

WITHOUT_RUN = ("hf", "openai")
"""Engines that need no run folder."""
REACHING = ("api_key_env", "budget", "prices", "concurrency", "requests_per_minute", "tokens_per_minute", "timeout", "max_retries")
CHANGEABLE = (
    *("max_regressions", "min_adoption", "max_changed", "predict.generation.batch_tokens", "predict.count_refused"),
    *(f"{table}.openai.{name}" for table in ("predict", "synth") for name in REACHING),
)
"""Settings that may change in a folder: what passes, and how a server is reached."""


class DriftSettings(Settings):
    """How two catalogues are compared, and what passes.

    candidates: the model is shown the so many tools that are nearest to the query; null: all where there are at most 64, else
    20. retrieval: what is near, `tfidf` or a sentence-transformers model. prompts, predict: as in a run; with a run folder its own
    are the defaults. synth: who writes queries where none are given. max_regressions, max_changed: a count, or a percentage as
    `5%`, of the answers that were right before, and of all; null: any. min_adoption: a percentage of the queries for added
    tools. seed: from it everything that is drawn is drawn.
    """

    candidates: int | None = Field(default=None, ge=1)
    retrieval: str = TFIDF
    prompts: PromptSettings = PromptSettings()
    predict: PredictSettings = Field(default_factory=lambda: PredictSettings(score_choices=False))
    synth: DriftSynthSettings = DriftSynthSettings()
    max_regressions: int | str | None = 0
    min_adoption: str | None = None
    max_changed: int | str | None = None
    seed: int = 0

    @field_validator("predict", mode="before")
    @classmethod
    def _fill_predict(cls, value: Any) -> Any:
        """One setting that is given leaves the others as they are here: no choices are scored."""
        return {"score_choices": False, **value} if isinstance(value, Mapping) else value

    @field_validator("max_regressions", "min_adoption", "max_changed")
    @classmethod
    def _check_limit(cls, value: int | str | None) -> int | str | None:
        if value is not None:
            parse_limit(value)
        return value

    @field_validator("min_adoption")
    @classmethod
    def _check_share(cls, value: str | None) -> str | None:
        if value is not None and not value.strip().endswith("%"):
            raise ValueError(f"write a percentage, as 80%, not {value!r}")
        return value


@dataclass(frozen=True)
class DriftInputs:
    """What is compared and where the results go: catalogues, queries (none: they are written), engine, run folder where it needs one."""

    before: Path
    after: Path
    model: str
    out: Path
    queries: Path | None = None
    run: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None


def read_drift_settings(recipe: Path | None, overrides: Sequence[str], run: Path | None) -> DriftSettings:
    """The settings: a recipe's where one is given, over those of the run folder, with overrides. Raises RecipeError."""
    text = dump_recipe(read_recipe(recipe, (), DriftSettings)) if recipe else ""
    if run is not None:
        made_by = load_run(run).recipe
        given = yaml.safe_load(recipe.read_text(encoding="utf-8")) if recipe else {}
        own = {"prompts": made_by.prompts.model_dump(mode="json"), "predict": {"generation": made_by.predict.generation.model_dump(mode="json")}}
        text = yaml.safe_dump(own | (given or {}))
    return parse_recipe(text, str(recipe or "gentool drift"), overrides, DriftSettings)


def check_engine(inputs: DriftInputs, settings: DriftSettings) -> None:
    """Raise RecipeError for an unknown engine, or one that is fitted or trained in a run where none is named."""
    name_of(inputs.model, settings.predict.constrain)
    if inputs.run is None and needs_run(inputs.model):
        raise RecipeError(f"the engine '{inputs.model}' is made from a run's training examples: name the run folder with --run RUN")


def needs_run(engine: str) -> bool:
    """Whether an engine is made from what a run folder holds."""
    return engine.partition(":")[0] not in WITHOUT_RUN and engine != "random"
