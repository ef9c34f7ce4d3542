"""Scoring a run: the test examples and one engine's predictions in, its score file and verdicts out.

Called by `gentool score`. The score file is read by gentool.report; docs/metrics.md explains every key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gentool.core.errors import RunError
from gentool.core.example import SCENARIOS, Example, Prediction
from gentool.core.jsonl import read_records, resume_records, write_json, write_records
from gentool.evaluate.bfcl_table import summarise_bfcl
from gentool.evaluate.metrics import (
    match_pairs,
    summarise,
    summarise_categories,
    summarise_kinds,
    summarise_pairs,
    summarise_pairs_by_scenario,
)
from gentool.evaluate.verdict import AS_DOCUMENTED, Outcome, ScoreSettings, examine


def score(name: str, examples: Sequence[Example], predictions: Sequence[Prediction], settings: ScoreSettings = AS_DOCUMENTED) -> dict[str, Any]:
    """The content of a score file for the engine `name`. Raises RunError where predictions and examples do not match one to one."""
    return _summarise_all(name, _examine_all(name, examples, predictions, "RUN", settings), predictions, settings)


def score_file(run: Path, name: str, settings: ScoreSettings = AS_DOCUMENTED) -> Path:
    """Score run/predict/NAME.jsonl by run/pairs/test.jsonl; returns the path of run/score/NAME.json.

    The verdicts are written beside it, in the order of the examples. Raises RunError where a file is missing or the predictions
    are not complete, RecordError (with the line) where one is broken.
    """
    test, predicted, scored = run / "pairs" / "test.jsonl", run / "predict" / f"{name}.jsonl", run / "score" / f"{name}.json"
    if not test.exists():
        raise RunError(f"{test}: no such file, so there is nothing to score by; run: gentool pairs {run}")
    if not predicted.exists():
        raise RunError(f"{predicted}: no such file; run: gentool predict {run}")
    examples = list(read_records(test, Example))
    predictions = resume_records(predicted, Prediction)
    outcomes = _examine_all(name, examples, predictions, str(run), settings)
    write_records(scored.with_name(f"{name}.verdicts.jsonl"), (outcome.verdict for outcome in outcomes))
    write_json(scored, _summarise_all(name, outcomes, predictions, settings))
    return scored


def _examine_all(name: str, examples: Sequence[Example], predictions: Sequence[Prediction], run: str, settings: ScoreSettings) -> list[Outcome]:
    """The outcomes in the order of the examples."""
    _check_examples([example.id for example in examples])
    _check_predictions(name, [example.id for example in examples], [prediction.id for prediction in predictions], run)
    by_id = {prediction.id: prediction for prediction in predictions}
    return [examine(example, by_id[example.id], settings) for example in examples]


def _check_examples(ids: Sequence[str]) -> None:
    repeated = _repeated(ids)
    if repeated:
        raise RunError(f"{len(repeated)} of {len(ids)} test examples repeat an id, the first {repeated[0]}; make them anew with gentool pairs")


def _check_predictions(name: str, wanted: Sequence[str], given: Sequence[str], run: str) -> None:
    """Raises RunError unless every example has one prediction and every prediction its example."""
    repeated = _repeated(given)
    known, answered = set(wanted), set(given)
    extra = [identifier for identifier in given if identifier not in known]
    missing = [identifier for identifier in wanted if identifier not in answered]
    if repeated:
        message = f"{len(repeated)} of {len(given)} predictions repeat an example, the first {repeated[0]}; remove those lines, then"
    elif extra:
        message = f"{len(extra)} of {len(given)} predictions are of no test example, the first {extra[0]}; remove those lines, then"
    elif missing:
        message = f"predictions are missing for {len(missing)} of {len(wanted)} test examples, the first {missing[0]};"
    else:
        return
    raise RunError(f"predict/{name}.jsonl: {message} `gentool predict {run}` completes it")


def _repeated(ids: Sequence[str]) -> list[str]:
    """The ids that stand more than once; each further time counts."""
    return [identifier for identifier, count in Counter(ids).items() for _ in range(count - 1)]


def _summarise_all(name: str, outcomes: Sequence[Outcome], predictions: Sequence[Prediction], settings: ScoreSettings) -> dict[str, Any]:
    pairs, incomplete = match_pairs(outcomes)
    scenarios = {scenario: summarise([outcome for outcome in outcomes if outcome.example.scenario == scenario]) for scenario in SCENARIOS}
    every = summarise(outcomes)
    return {
        "name": name,
        "n": len(outcomes),
        "settings": settings.model_dump(mode="json"),
        "constrained": ", ".join(sorted({prediction.constrained for prediction in predictions})) or "none",
        "scenarios": {**scenarios, "all": every},
        "without_scenario": sum(outcome.example.scenario is None for outcome in outcomes),
        "kinds": summarise_kinds(outcomes),
        "categories": summarise_categories(outcomes),
        "pairs": summarise_pairs(pairs),
        "pairs_by_scenario": summarise_pairs_by_scenario(pairs),
        "pairs_incomplete": incomplete,
        **{key: every[key] for key in ("ranking", "ranking_by_scores", "abstention", "errors", "reasons")},
        **summarise_bfcl([outcome.example for outcome in outcomes], predictions),
    }
