"""Chats as one model's text: its own chat template where it has one, a plain one of ours where it has none.

Messages and a tokenizer in, text out. gentool.train renders its rows and gentool.engines.hf its prompts through this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gentool.core.errors import ModelError
from gentool.core.message import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] }}"
    "{{ (eos_token if message['role'] == 'assistant' else '') + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
"""The template of tokenizers that bring none, nano's included."""


def prepare_tokenizer(tokenizer: PreTrainedTokenizerBase, where: str) -> PreTrainedTokenizerBase:
    """Give a tokenizer what training and generation need: a chat template and a padding token. Raises ModelError without an end token."""
    if tokenizer.eos_token is None:
        raise ModelError(f"{where}: the tokenizer has no end token, so a model could not learn to stop")
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def render_prompt(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    """The text after which the model's answer begins."""
    return _apply(tokenizer, messages, add_generation_prompt=True)


def render_completion(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], answer: str) -> str:
    """The text that the model has to add to the prompt: the answer up to and including the end token."""
    end = str(tokenizer.eos_token)
    prompt = render_prompt(tokenizer, messages)
    whole = _apply(tokenizer, [*messages, {"role": "assistant", "content": answer}], add_generation_prompt=False)
    completion = whole[len(prompt) :] if whole.startswith(prompt) else answer
    stop = completion.find(end, len(answer) if completion.startswith(answer) else 0)
    return completion[: stop + len(end)] if stop >= 0 else completion.rstrip() + end


def _apply(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], add_generation_prompt: bool) -> str:
    """The template's text; templates that refuse a system message get it at the head of the user's."""
    from jinja2.exceptions import TemplateError

    chat: list[Any] = list(messages)
    options: dict[str, Any] = {"tokenize": False, "add_generation_prompt": add_generation_prompt, "enable_thinking": False}
    try:
        return str(tokenizer.apply_chat_template(chat, **options))
    except TemplateError:
        return str(tokenizer.apply_chat_template(_without_system(chat), **options))


def _without_system(chat: list[Any]) -> list[Any]:
    if len(chat) < 2 or chat[0]["role"] != "system":
        return chat
    first = {"role": chat[1]["role"], "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}
    return [first, *chat[2:]]
