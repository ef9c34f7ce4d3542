"""One stage of training: stopped anywhere it ends with the same bytes, finished it is skipped, and faults are named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import ModelError, RecipeError, TrainingError
from gentool.core.example import Example
from gentool.engines.hf import load_model, load_tokenizer
from gentool.prompts import PromptSettings
from gentool.train import stage
from gentool.train.arguments import StageSettings, make_arguments
from gentool.train.epochs import TrainingExamples
from gentool.train.masking import MaskingSettings
from gentool.train.plan import Plan
from gentool.train.rows import make_rows
from gentool.train.stage import LoraSettings, find_checkpoint, train_stage

SETTINGS = StageSettings(
    learning_rate=1e-2,
    num_train_epochs=2,
    per_device_train_batch_size=2,
    bf16=False,
    logging_steps=1,
    save_steps=2,
)
"""Two epochs of eight examples: eight steps, a checkpoint at every second."""
LORA = LoraSettings(r=4, lora_alpha=8)
RESULTS = ("model.safetensors", "metrics.jsonl", "done.json")

Train = Callable[..., dict[str, Any]]


@pytest.fixture
def train(nano: Path, training: TrainingExamples, prompts: PromptSettings) -> Train:
    """Trains one stage on the examples into a folder."""

    def run(out: Path, settings: StageSettings = SETTINGS, lora: LoraSettings | None = None, base: Path = nano) -> dict[str, Any]:
        return train_stage(str(base), training, "select", out, settings, lora, prompts, MaskingSettings(), 0)

    return run


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the reading of the nth step of the plan from now a stop from the keyboard. Steps are read one ahead; the first for the self-check."""

    def arm(step: int) -> None:
        left, read = [step + 1], Plan.__getitem__

        def count_down(plan: Plan, number: int) -> Any:
            left[0] -= 1
            if left[0] == 0:
                monkeypatch.setattr(Plan, "__getitem__", read)
                raise KeyboardInterrupt
            return read(plan, number)

        monkeypatch.setattr(Plan, "__getitem__", count_down)

    return arm


def read_results(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in RESULTS}


def read_metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_stage_learns_and_says_what_it_did(
    train: Train, nano: Path, tokenizer: Any, examples: list[Example], prompts: PromptSettings, tmp_path: Path
) -> None:
    done = train(tmp_path / "out")
    rows = make_rows(examples, "select", tokenizer, prompts)
    assert done == {
        "task": "select",
        "base": "nano",
        "parameters": sum(weight.numel() for weight in load_model(str(nano)).parameters()),
        "rows": 8,
        "rows_too_long": 0,
        "tokens_seen": 2 * sum(row.length for row in rows),
        "tokens_computed": done["tokens_computed"],
        "way": "tree",
        "ways_refused": [],
        "steps": 8,
    }
    assert json.loads((tmp_path / "out" / "done.json").read_text()) == done
    metrics = read_metrics(tmp_path / "out")
    assert [line["step"] for line in metrics] == list(range(1, 9))
    assert metrics[-1]["epoch"] == 2.0
    assert metrics[-1]["loss"] < 0.8 * metrics[0]["loss"]
    assert done["tokens_computed"] < done["tokens_seen"]
    assert not {"checkpoints", "plan"} & {path.name for path in (tmp_path / "out").iterdir()}
    speed = json.loads((tmp_path / "out" / "speed.json").read_text())
    assert speed["tokens_seen_per_second"] > speed["tokens_computed_per_second"] > 0
    assert speed["peak_memory_gib"] > 0
    assert load_tokenizer(str(tmp_path / "out")).chat_template == tokenizer.chat_template


def test_the_seed_makes_the_bytes_and_a_finished_stage_is_skipped(train: Train, tmp_path: Path) -> None:
    first = train(tmp_path / "one")
    train(tmp_path / "two")
    assert read_results(tmp_path / "one") == read_results(tmp_path / "two")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "one").iterdir()}
    assert train(tmp_path / "one", base=tmp_path / "absent") == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "one").iterdir()} == times


@pytest.mark.parametrize(("lora", "optim"), [(None, "adamw_torch"), (None, "muon"), (LORA, "adamw_torch")], ids=["full", "muon", "lora"])
def test_stopped_and_gone_on_it_ends_with_the_same_bytes(
    train: Train, stop_at: Callable[[int], None], tmp_path: Path, lora: LoraSettings | None, optim: str
) -> None:
    settings = SETTINGS.model_copy(update={"optim": optim})
    train(tmp_path / "whole", settings, lora=lora)
    out = tmp_path / "stopped"
    for batch in (1, 8, 2):
        stop_at(batch)
        with pytest.raises(KeyboardInterrupt):
            train(out, settings, lora=lora)
        assert not (out / "done.json").exists()
    assert find_checkpoint(out / "checkpoints") == out / "checkpoints" / "checkpoint-6"
    train(out, settings, lora=lora)
    assert read_results(out) == read_results(tmp_path / "whole")


def test_a_torn_checkpoint_is_passed_over(train: Train, stop_at: Callable[[int], None], tmp_path: Path) -> None:
    train(tmp_path / "whole")
    out = tmp_path / "stopped"
    stop_at(6)
    with pytest.raises(KeyboardInterrupt):
        train(out)
    state = out / "checkpoints" / "checkpoint-4" / "trainer_state.json"
    state.write_text(state.read_text()[:40])
    assert find_checkpoint(out / "checkpoints") == out / "checkpoints" / "checkpoint-2"
    with (out / "metrics.jsonl").open("a") as file:
        file.write('{"step": 6, "ep')
    train(out)
    assert read_results(out) == read_results(tmp_path / "whole")


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
def test_a_stop_between_the_last_step_and_saving_trains_no_step_twice(
    train: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lora: LoraSettings | None
) -> None:
    train(tmp_path / "whole", lora=lora)
    out = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr(stage, "_save", lambda *_: (_ for _ in ()).throw(OSError("No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            train(out, lora=lora)
    train(out, lora=lora)
    assert read_results(out) == read_results(tmp_path / "whole")


def test_training_that_ends_early_is_not_done_and_goes_on(train: Train, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from transformers import TrainerCallback

    class StopEarly(TrainerCallback):
        """Ends training without an error, as the Trainer does on some signals."""

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            control.should_training_stop = state.global_step == 3

    with monkeypatch.context() as patch:
        patch.setattr(stage, "make_callback", lambda *_: StopEarly())
        with pytest.raises(TrainingError, match="training stopped at step 3 of 8: run the same command again to go on"):
            train(tmp_path / "out")
    assert not (tmp_path / "out" / "done.json").exists()
    assert train(tmp_path / "out")["steps"] == 8


def test_checkpoints_are_found_by_number_and_wholeness(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path / "absent") is None
    for step, text in ((2, '{"global_step": 2}'), (10, '{"global_step": 10}'), (12, '{"glob'), (14, "{}"), (16, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if text is not None:
            (folder / "trainer_state.json").write_text(text)
    assert find_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    shutil.rmtree(tmp_path / "checkpoint-10")
    assert find_checkpoint(tmp_path) == tmp_path / "checkpoint-2"


def test_lora_is_merged_into_a_plain_folder(train: Train, nano: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    train(tmp_path, lora=LORA)
    assert not list(tmp_path.glob("adapter*"))
    before, after = (dict(load.named_parameters()) for load in (load_model(str(nano)), AutoModelForCausalLM.from_pretrained(tmp_path)))
    changed = {name for name, weight in after.items() if not bool((weight == before[name].to(weight.dtype)).all())}
    assert set(before) == set(after)
    assert changed == {name for name in after if "proj" in name}


def test_max_steps_end_training_and_rows_are_gone_through_as_often_as_needed(train: Train, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"max_steps": 3, "gradient_accumulation_steps": 2, "num_train_epochs": 100.0})
    assert train(tmp_path / "short", settings)["steps"] == 3
    assert read_metrics(tmp_path / "short")[-1] | {"epoch": 1.5, "step": 3} == read_metrics(tmp_path / "short")[-1]
    assert train(tmp_path / "long", SETTINGS.model_copy(update={"max_steps": 6, "num_train_epochs": 1.0}))["steps"] == 6


def test_rows_that_are_too_long_are_counted(train: Train, tokenizer: Any, examples: list[Example], prompts: PromptSettings, tmp_path: Path) -> None:
    lengths = sorted(row.length for row in make_rows(examples, "select", tokenizer, prompts))
    done = train(tmp_path / "some", SETTINGS.model_copy(update={"max_length": lengths[-1] - 1, "max_steps": 1}))
    assert done["rows_too_long"] == lengths.count(lengths[-1])
    assert done["rows"] + done["rows_too_long"] == len(lengths)
    with pytest.raises(TrainingError, match="every row is longer than max_length"):
        train(tmp_path / "none", SETTINGS.model_copy(update={"max_length": 3}))


@pytest.mark.parametrize(
    ("training_args", "fault"),
    [
        ({"learning_rat": 1}, r"training_args\.learning_rat: the installed TrainingArguments has no such field"),
        ({"eval_strategy": "zigzag"}, "TrainingArguments refuses the recipe: "),
        ({"lr_scheduler_type": "linear"}, r"training_args\.lr_scheduler_type: the stage sets this itself"),
        ({"remove_unused_columns": True}, r"training_args\.remove_unused_columns: the stage sets this itself"),
    ],
)
def test_training_args_that_transformers_lacks_are_refused(train: Train, tmp_path: Path, training_args: dict[str, Any], fault: str) -> None:
    with pytest.raises(RecipeError, match=fault):
        train(tmp_path, SETTINGS.model_copy(update={"training_args": training_args}))
    assert not (tmp_path / "done.json").exists()


def test_sharding_reaches_the_trainer_and_is_refused_for_adapters(tmp_path: Path, train: Train) -> None:
    sharded = SETTINGS.model_copy(update={"training_args": {"fsdp": True, "fsdp_config": {"reshard_after_forward": False}}})
    arguments = make_arguments(tmp_path, sharded, 8, 0)
    assert (arguments.fsdp_plugin_args["fsdp_version"], arguments.fsdp_plugin_args["reshard_after_forward"]) == (2, False)
    with pytest.raises(RecipeError, match="adapters cannot be merged from shards"):
        train(tmp_path / "out", sharded, lora=LORA)


def test_training_args_reach_the_trainer(train: Train, tmp_path: Path) -> None:
    quick = {"max_steps": 2, "save_steps": 2}
    train(tmp_path / "plain", SETTINGS.model_copy(update=quick))
    train(tmp_path / "frozen", SETTINGS.model_copy(update={**quick, "training_args": {"max_grad_norm": 1e-12}}))
    assert (tmp_path / "plain" / "model.safetensors").read_bytes() != (tmp_path / "frozen" / "model.safetensors").read_bytes()


def test_a_model_without_a_tokenizer_is_refused_before_anything_is_written(train: Train, nano: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(nano, base, ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(ModelError, match="save the tokenizer into the same folder"):
        train(tmp_path / "out", base=base)
    assert not (tmp_path / "out").exists()


def test_activation_checkpointing_changes_no_loss(train: Train, tmp_path: Path) -> None:
    quick = {"max_steps": 2, "save_steps": 2}
    train(tmp_path / "plain", SETTINGS.model_copy(update=quick))
    train(tmp_path / "checkpointed", SETTINGS.model_copy(update={**quick, "training_args": {"activation_checkpointing": True}}))
    losses = [[line["loss"] for line in read_metrics(tmp_path / name)] for name in ("plain", "checkpointed")]
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)
