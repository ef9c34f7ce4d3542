"""Both stages: ranking first, selecting from where ranking ended."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RecipeError, RecordError, RunError
from gentool.core.example import Example
from gentool.core.jsonl import write_json, write_records
from gentool.core.recipe import check_recipe
from gentool.prompts import PromptSettings, Task
from gentool.train import two_stage
from gentool.train.arguments import StageSettings
from gentool.train.epochs import TrainingExamples
from gentool.train.masking import MaskingSettings
from gentool.train.nano import NanoSettings
from gentool.train.stage import train_stage
from gentool.train.two_stage import SCRATCH, TrainSettings, prepare_base, train_two_stages, training_texts

QUICK = StageSettings(learning_rate=1e-2, max_steps=2, per_device_train_batch_size=2, bf16=False, logging_steps=1)
SIZES = NanoSettings(vocab_size=400, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
SETTINGS = TrainSettings(model=SCRATCH, nano=SIZES, rank=QUICK, select=QUICK)


@pytest.fixture
def run(tmp_path: Path, examples: list[Example]) -> Path:
    """A run folder whose pairs are built."""
    write_records(tmp_path / "run" / "pairs" / "train.jsonl", examples)
    write_json(tmp_path / "run" / "pairs" / "build.json", {})
    return tmp_path / "run"


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_select_starts_from_where_rank_ended(run: Path, training: TrainingExamples, prompts: PromptSettings, tmp_path: Path) -> None:
    done = train_two_stages(run, SETTINGS, prompts, 0)
    assert (done["rank"]["task"], done["rank"]["base"]) == ("rank", "nano-scratch")
    assert (done["select"]["task"], done["select"]["base"]) == ("select", "rank")
    train_stage(str(run / "train" / "rank"), training, "select", tmp_path / "again", QUICK, None, prompts, MaskingSettings(), 0)
    assert weights(tmp_path / "again") == weights(run / "train" / "select")
    train_stage(str(run / "train" / "nano-scratch"), training, "select", tmp_path / "straight", QUICK, None, prompts, MaskingSettings(), 0)
    assert weights(tmp_path / "straight") != weights(run / "train" / "select")
    assert len({weights(run / "train" / name) for name in ("nano-scratch", "rank", "select")}) == 3


def test_what_is_finished_is_skipped_and_the_rest_is_made(run: Path, prompts: PromptSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: Any) -> Any:
        if arguments[2] == "select":
            raise KeyboardInterrupt
        return train_stage(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(two_stage, "train_stage", stop)
        with pytest.raises(KeyboardInterrupt):
            train_two_stages(run, SETTINGS, prompts, 0)
    kept = {path: path.stat().st_mtime_ns for name in ("nano-scratch", "rank") for path in (run / "train" / name).iterdir()}
    done = train_two_stages(run, SETTINGS, prompts, 0)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert done["select"] == json.loads((run / "train" / "select" / "done.json").read_text())
    assert train_two_stages(run, SETTINGS, prompts, 0) == done


def test_a_model_of_the_users_is_taken_as_it_is(nano: Path, training: TrainingExamples, prompts: PromptSettings, tmp_path: Path) -> None:
    settings = TrainSettings(model=str(nano))
    assert prepare_base(settings, training, prompts, tmp_path, 0) == str(nano)
    assert list(tmp_path.iterdir()) == []


def test_a_half_built_student_is_built_anew(training: TrainingExamples, prompts: PromptSettings, tmp_path: Path) -> None:
    whole = prepare_base(SETTINGS, training, prompts, tmp_path / "a", 0)
    (tmp_path / "b" / ".nano-scratch.part").mkdir(parents=True)
    (tmp_path / "b" / ".nano-scratch.part" / "stale").write_text("left by a stop")
    again = prepare_base(SETTINGS, training, prompts, tmp_path / "b", 0)
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["nano-scratch"]
    assert {path.name: path.read_bytes() for path in Path(again).iterdir()} == {path.name: path.read_bytes() for path in Path(whole).iterdir()}


def test_pairs_that_are_not_complete_are_refused(run: Path, prompts: PromptSettings) -> None:
    (run / "pairs" / "build.json").unlink()
    with pytest.raises(RunError, match=r"train\.jsonl is not complete: run `gentool pairs .*run` first"):
        train_two_stages(run, SETTINGS, prompts, 0)
    shutil.rmtree(run / "pairs")
    with pytest.raises(RunError, match="is not complete"):
        train_two_stages(run, SETTINGS, prompts, 0)


def test_a_broken_example_names_its_line(run: Path, prompts: PromptSettings) -> None:
    with (run / "pairs" / "train.jsonl").open("a") as file:
        file.write('{"id": "x"}\n')
    with pytest.raises(RecordError, match="line 9: "):
        train_two_stages(run, SETTINGS, prompts, 0)


def test_the_tokenizer_sees_each_text_once_and_all_of_them(examples: list[Example], prompts: PromptSettings) -> None:
    texts = list(training_texts(examples, prompts))
    assert len(texts) == len(set(texts))
    for part in (
        "Tools:",
        "forecast(city: string): Weather.",
        '["forecast", "generate_response"]',
        '{"name": "forecast", "arguments": {"city": "Rome"}}',
    ):
        assert part in texts
    assert any(text.endswith("\n\nRain in Rome?") for text in texts)


def test_the_small_student_can_be_pretrained_first(run: Path, prompts: PromptSettings) -> None:
    done = train_two_stages(run, SETTINGS.model_copy(update={"pretrain": QUICK}), prompts, 0)
    assert done["rank"]["base"] == "pretrain"
    assert json.loads((run / "train" / "pretrain" / "done.json").read_text())["base"] == "nano-scratch"
    assert len({weights(run / "train" / name) for name in ("nano-scratch", "pretrain", "rank")}) == 3


def test_a_trained_model_is_not_pretrained(nano: Path) -> None:
    with pytest.raises(ValueError, match="pretrain is for the model 'nano-scratch'"):
        TrainSettings(model=str(nano), pretrain=QUICK)


ONE_STAGE: list[Task] = ["select", "joint"]


@pytest.mark.parametrize("stage", ONE_STAGE)
def test_one_stage_alone_starts_from_the_base_with_its_own_settings(run: Path, prompts: PromptSettings, stage: Task) -> None:
    settings = SETTINGS.model_copy(update={"stages": (stage,), stage: QUICK.model_copy(update={"max_steps": 3}), "pretrain": QUICK})
    done = train_two_stages(run, settings, prompts, 0)
    assert list(done) == [stage]
    assert (done[stage]["task"], done[stage]["base"], done[stage]["steps"]) == (stage, "pretrain", 3)
    assert sorted(path.name for path in (run / "train").iterdir()) == sorted(["nano-scratch", "pretrain", stage])
    assert train_two_stages(run, settings, prompts, 0) == done


def test_a_student_of_one_stage_reads_the_texts_of_its_task_alone(examples: list[Example], prompts: PromptSettings) -> None:
    joint = list(training_texts(examples, prompts, ("joint",)))
    assert '{"ranking": ["forecast", "generate_response"], "name": "forecast", "arguments": {"city": "Rome"}}' in joint
    assert not {'["forecast", "generate_response"]', '{"name": "forecast", "arguments": {"city": "Rome"}}'} & set(joint)
    select = list(training_texts(examples, prompts, ("select",)))
    assert not any("Rank the tools" in text for text in select)


@pytest.mark.parametrize("stages", [("rank",), ("select", "rank"), ("rank", "joint"), ("rank", "select", "joint"), ()])
def test_other_stages_are_refused(stages: tuple[str, ...]) -> None:
    with pytest.raises(RecipeError) as caught:
        check_recipe({"stages": list(stages)}, "r.yaml", TrainSettings)
    said = f"r.yaml: stages: [{', '.join(stages)}] is no way to train: use [rank, select] or [select] or [joint]"
    assert str(caught.value).startswith(said)


def test_the_small_student_learns_natively_too(run: Path, examples: list[Example]) -> None:
    native = PromptSettings(answer="native")
    texts = list(training_texts(examples, native))
    assert len(texts) == len(set(texts))
    for part in ("Rain in Rome?", native.abstention, '{"name": "forecast", "arguments": {"city": "Rome"}}', '["generate_response"]'):
        assert part in texts
    assert any(text.startswith('{"name": "book_table", "description": "Books."') for text in texts)
    done = train_two_stages(run, SETTINGS.model_copy(update={"pretrain": QUICK}), native, 0)
    assert (done["rank"]["rows"], done["select"]["rows"]) == (len(examples), len(examples))
