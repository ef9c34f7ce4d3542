"""Any Hugging Face model: loading, its faults, and answers that do not depend on what shares their batch."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import ModelError
from gentool.engines import decode_check
from gentool.engines.chat import decode_answer, render_prompt
from gentool.engines.engine import Request
from gentool.engines.hf import GenerationSettings, HfEngine, find_ends, load_model, load_tokenizer

sys.path.insert(0, str(Path(__file__).parent))
from random_models import make_model

QUERIES = ["Rain?", "Book a table for two in Paris, please, at nine o'clock.", "0 1 2", "Rain in Bern today? " * 6, "?", "Tools:"]
REQUESTS = [Request(str(number), "select", ({"role": "user", "content": query},)) for number, query in enumerate(QUERIES)]


@pytest.fixture
def copied(small_model: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may change."""
    return Path(shutil.copytree(small_model, tmp_path / "copied"))


def load_engine(model: Path, **settings: Any) -> HfEngine:
    """An engine in 32 bits on every machine, so that rounding decides nothing."""
    import torch

    engine = HfEngine(str(model), GenerationSettings(**settings))
    engine._model.to(torch.float32)
    return engine


def answers(engine: HfEngine, requests: list[Request]) -> dict[str, str]:
    return {reply.id: reply.text for reply in engine.reply(requests)}


# Replies


def test_a_reply_in_a_batch_is_the_reply_alone(small_model: Path) -> None:
    """Fails where prompts are padded on the right or padding is attended to."""
    engine = load_engine(small_model, max_new_tokens=12)
    together = answers(engine, REQUESTS)
    alone = {request.id: answers(engine, [request])[request.id] for request in REQUESTS}
    assert together == alone
    assert len(set(together.values())) > 3, "the model is too dull for this test"


def test_small_batches_give_the_same_replies(small_model: Path) -> None:
    whole = load_engine(small_model, max_new_tokens=8)
    small = load_engine(small_model, max_new_tokens=8, batch_tokens=1)
    assert answers(whole, REQUESTS) == answers(small, REQUESTS)


def test_replies_are_the_most_likely_tokens(small_model: Path) -> None:
    """The same, worked out by hand token for token."""
    import torch

    tokenizer, model = load_tokenizer(str(small_model)), load_engine(small_model, max_new_tokens=1)._model
    ids = tokenizer(render_prompt(tokenizer, REQUESTS[1].messages), add_special_tokens=False)["input_ids"]
    made: list[int] = []
    while len(made) < 6:
        with torch.no_grad():
            made.append(int(model(torch.tensor([ids + made], device=model.device)).logits[0, -1].argmax()))
        if made[-1] == tokenizer.eos_token_id:
            break
    assert answers(load_engine(small_model, max_new_tokens=6), REQUESTS)["1"] == tokenizer.decode(made, skip_special_tokens=True)


def test_a_models_own_sampling_is_switched_off(copied: Path, small_model: Path) -> None:
    (copied / "generation_config.json").write_text(json.dumps({"do_sample": True, "temperature": 5.0, "top_k": 50, "max_length": 3}))
    assert answers(load_engine(copied, max_new_tokens=8), REQUESTS) == answers(load_engine(small_model, max_new_tokens=8), REQUESTS)


def test_each_of_a_models_end_tokens_ends_a_reply(copied: Path) -> None:
    before = answers(load_engine(copied, max_new_tokens=1), REQUESTS[1:2])["1"]
    assert before
    ending = load_tokenizer(str(copied))(before, add_special_tokens=False)["input_ids"]
    assert len(ending) == 1
    (copied / "generation_config.json").write_text(json.dumps({"eos_token_id": [*ending, 7]}))
    assert answers(load_engine(copied, max_new_tokens=8), REQUESTS[1:2])["1"] in (before, "")


def test_tools_are_shown_to_the_model_by_its_template(small_model: Path) -> None:
    """A reply to a request with tools is what the model writes behind the template's own prompt, special tokens kept."""
    import torch

    engine, tokenizer = load_engine(small_model, max_new_tokens=6), load_tokenizer(str(small_model))
    tool = {"type": "function", "function": {"name": "forecast", "description": "Rain.", "parameters": {"type": "object", "properties": {}}}}
    request = Request("native", "select", REQUESTS[1].messages, tools=(tool,))
    prompt = render_prompt(tokenizer, request.messages, request.tools)
    assert "forecast" in prompt
    ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        made = engine._model.generate(input_ids=ids.to(engine._model.device), max_new_tokens=6)[0, ids.shape[1] :].tolist()
    text = answers(engine, [request, *REQUESTS])["native"]
    assert text == decode_answer(tokenizer, made, native=True)
    assert text != answers(engine, REQUESTS)["1"]


def test_no_requests_no_replies(small_model: Path) -> None:
    engine = HfEngine(str(small_model), GenerationSettings())
    assert list(engine.reply([])) == []
    assert engine.name == "small"
    assert HfEngine(str(small_model), GenerationSettings(), name="student").name == "student"


# Shared prompts and scores

TOOLS = "".join(f'{{"name": "tool_{number}", "parameters": {{"city": "Bern", "days": {number}}}}}\n' for number in range(6))
CHOICES = {"rain": '{"name": "rain"', "book": '{"name": "book"', "none": "none"}


def make_shared_requests() -> list[Request]:
    """Three queries on each of two tool sets, one of them a part of another, and one query on none."""
    requests = []
    for number, tools in enumerate((TOOLS, TOOLS[::-1])):
        system = {"role": "system", "content": f"Tools:\n{tools}"}
        for query in ("Rain in Bern today?", "Book a table.", "Rain"):
            requests.append(Request(f"{number} {query}", "select", (system, {"role": "user", "content": query}), choices=CHOICES))  # type: ignore[arg-type]
    return [*requests, Request("alone", "select", ({"role": "user", "content": "Rain in Bern today? " * 4},))]


@pytest.fixture(params=["llama", "lfm2", "mistral of a short window"])
def kind(request: pytest.FixtureRequest, tmp_path: Path, small_model: Path) -> Path:
    """A model of a kind with a trained tokenizer."""
    tokenizer = load_tokenizer(str(small_model))
    sizes = {"vocab_size": len(tokenizer), "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    make_model(request.param, louder=16.0, **sizes).save_pretrained(tmp_path / "kind")
    tokenizer.save_pretrained(tmp_path / "kind")
    return tmp_path / "kind"


def test_texts_are_the_same_with_and_without_shared_prompts(kind: Path) -> None:
    requests = make_shared_requests()
    shared, plain = (load_engine(kind, max_new_tokens=16, sharing=sharing) for sharing in ("auto", "off"))
    replies, expected = ({reply.id: reply for reply in engine.reply(requests)} for engine in (shared, plain))
    assert {key: reply.text for key, reply in replies.items()} == {key: reply.text for key, reply in expected.items()}
    assert len({reply.text for reply in replies.values()}) > 4, "the model is too dull for this test"
    assert (shared.notices, plain.notices) == ((), ())
    for key, reply in replies.items():
        if key == "alone":
            assert reply.scores is None
        else:
            assert reply.scores is not None and list(reply.scores) == list(CHOICES)
            assert reply.scores == pytest.approx(expected[key].scores, abs=1e-4)


def test_scores_are_those_of_the_choice_s_tokens_behind_the_prompt(small_model: Path) -> None:
    import torch

    engine, tokenizer, request = load_engine(small_model, max_new_tokens=1), load_tokenizer(str(small_model)), make_shared_requests()[0]
    (reply,) = engine.reply([request])
    prompt = render_prompt(tokenizer, request.messages)
    begun = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    for name, text in CHOICES.items():
        ids = tokenizer(prompt + text, add_special_tokens=False)["input_ids"]
        assert ids[: len(begun)] == begun
        with torch.no_grad():
            found = engine._model(torch.tensor([ids], device=engine._model.device)).logits[0].float().log_softmax(-1)
        expected = sum(float(found[place - 1, ids[place]]) for place in range(len(begun), len(ids)))
        assert reply.scores is not None and reply.scores[name] == pytest.approx(expected, abs=1e-4)


def test_what_a_model_cannot_do_is_said_once_it_was_tried(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = make_shared_requests()
    engine = load_engine(small_model, max_new_tokens=4)
    expected = answers(engine, requests)
    assert engine.notices == ()
    monkeypatch.setattr(decode_check, "compare_logits", lambda *_: "its logits differ by 3.00%")
    engine = load_engine(small_model, max_new_tokens=4)
    assert answers(engine, requests) == expected
    assert engine.notices == ("shared prompts (ragged): its logits differ by 3.00%", "shared prompts (aligned): its logits differ by 3.00%")


# Loading


@pytest.mark.parametrize(
    ("settings", "ends"),
    [({"eos_token_id": [2, 3]}, ("<|system|>", "<|user|>")), ({"eos_token_id": 1}, ("<|end|>",)), ({}, ()), ("{", ()), (None, ())],
)
def test_the_tokens_that_end_a_models_answers_are_its_own_settings(copied: Path, settings: Any, ends: tuple[str, ...]) -> None:
    (copied / "generation_config.json").unlink(missing_ok=True)
    if settings is not None:
        (copied / "generation_config.json").write_text(settings if isinstance(settings, str) else json.dumps(settings))
    assert find_ends(str(copied), load_tokenizer(str(copied))) == ends


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for model in (tmp_path / "empty", tmp_path / "absent"):
        for load in (load_model, load_tokenizer):
            with pytest.raises(ModelError, match="holds no model") as caught:
                load(str(model))
            assert str(model) in str(caught.value)


def test_relative_paths_are_not_looked_up_elsewhere() -> None:
    with pytest.raises(ModelError, match=r"^runs/a/train/select: holds no model"):
        load_tokenizer("runs/a/train/select")


def test_a_model_without_a_tokenizer_is_refused(copied: Path) -> None:
    for file in copied.glob("tokenizer*"):
        file.unlink()
    for load in (load_model, load_tokenizer):
        with pytest.raises(ModelError, match="holds a model without a tokenizer: save the tokenizer into the same folder"):
            load(str(copied))


@pytest.mark.parametrize(
    ("file", "content", "load"),
    [
        ("tokenizer.json", "{", load_tokenizer),
        ("config.json", "{", load_model),
        ("config.json", "{}", load_model),
        ("config.json", '{"model_type": "no_such_model"}', load_model),
        ("config.json", '{"model_type": "t5"}', load_model),
        ("model.safetensors", None, load_model),
        ("model.safetensors", "torn", load_model),
    ],
)
def test_a_broken_file_is_one_line(copied: Path, file: str, content: str | None, load: Any) -> None:
    if content is None:
        (copied / file).unlink()
    else:
        (copied / file).write_text(content)
    with pytest.raises(ModelError, match="cannot load") as caught:
        load(str(copied))
    assert str(caught.value).startswith(f"{copied}: ")
    assert "\n" not in str(caught.value)


def test_a_model_is_loaded_in_a_precision_that_the_machine_has(small_model: Path) -> None:
    import torch

    expected = torch.bfloat16 if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else torch.float32
    assert load_model(str(small_model)).dtype == expected
