"""Chats as text, under the kinds of chat template that models bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import ModelError
from gentool.core.message import Message
from gentool.engines.chat import PLAIN_TEMPLATE, prepare_tokenizer, render_completion, render_prompt

MESSAGES: list[Message] = [{"role": "system", "content": "Tools: f"}, {"role": "user", "content": "Rain?"}]
ANSWER = '{"name": "f", "arguments": {}}'
REPLY: Message = {"role": "assistant", "content": ANSWER}
TURN = "<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n"
CHATML = "{% for m in messages %}" + TURN + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
REFUSES_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + CHATML
NO_END = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
EMPTY_THINKING = CHATML.replace("assistant\n{% endif %}", "assistant\n{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}")


@pytest.fixture
def tokenizer(small_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(small_model)


def test_the_plain_template_marks_who_speaks(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    prepared = prepare_tokenizer(tokenizer, "here")
    assert prepared.chat_template == PLAIN_TEMPLATE
    assert render_prompt(prepared, MESSAGES) == "<|system|>\nTools: f\n<|user|>\nRain?\n<|assistant|>\n"
    assert render_completion(prepared, MESSAGES, REPLY) == ANSWER + "<|end|>"


def test_a_template_of_its_own_is_kept(tokenizer: Any) -> None:
    tokenizer.chat_template = CHATML
    assert prepare_tokenizer(tokenizer, "here").chat_template == CHATML


def test_a_missing_padding_token_is_the_end_token(tokenizer: Any) -> None:
    tokenizer.pad_token = None
    assert prepare_tokenizer(tokenizer, "here").pad_token == "<|end|>"


def test_without_an_end_token_nothing_can_be_learnt(tokenizer: Any) -> None:
    tokenizer.eos_token = None
    with pytest.raises(ModelError, match="here: the tokenizer has no end token"):
        prepare_tokenizer(tokenizer, "here")


@pytest.mark.parametrize("template", [PLAIN_TEMPLATE, CHATML, REFUSES_SYSTEM, NO_END, EMPTY_THINKING])
def test_prompt_and_completion_hold_all_and_end_with_the_end_token(tokenizer: Any, template: str) -> None:
    tokenizer.chat_template = template
    prompt = render_prompt(tokenizer, MESSAGES)
    assert "Tools: f" in prompt
    assert "Rain?" in prompt
    assert ANSWER not in prompt
    assert render_completion(tokenizer, MESSAGES, REPLY) == ANSWER + "<|end|>"


def test_what_a_template_writes_behind_the_end_token_is_cut(tokenizer: Any) -> None:
    tokenizer.chat_template = CHATML
    whole = tokenizer.apply_chat_template([*MESSAGES, REPLY], tokenize=False)
    assert whole.endswith("<|end|>\n")
    assert render_prompt(tokenizer, MESSAGES) + render_completion(tokenizer, MESSAGES, REPLY) == whole[:-1]


def test_a_refused_system_message_goes_to_the_head_of_the_users(tokenizer: Any) -> None:
    tokenizer.chat_template = REFUSES_SYSTEM
    assert render_prompt(tokenizer, MESSAGES) == "<|im_start|>user\nTools: f\n\nRain?<|end|>\n<|im_start|>assistant\n"


def test_a_template_that_refuses_all_says_why(tokenizer: Any) -> None:
    tokenizer.chat_template = "{{ raise_exception('no chats here') }}"
    with pytest.raises(ModelError, match="the model's chat template refuses the chat: no chats here"):
        render_prompt(tokenizer, MESSAGES)


def test_thinking_is_switched_off(tokenizer: Any) -> None:
    tokenizer.chat_template = EMPTY_THINKING
    assert render_prompt(tokenizer, MESSAGES).endswith("assistant\n<think>\n\n</think>\n\n")


def test_rendering_leaves_the_messages_as_they_were(tokenizer: Any) -> None:
    tokenizer.chat_template = REFUSES_SYSTEM
    before = [dict(message) for message in MESSAGES]
    render_completion(tokenizer, MESSAGES, REPLY)
    assert [dict(message) for message in MESSAGES] == before
