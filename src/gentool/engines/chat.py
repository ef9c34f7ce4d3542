"""Chats as one model's text: its own chat template where it has one, a plain one of ours where it has none.

Messages, tools where they are given natively, and a tokenizer in; text out. gentool.train renders its rows and
gentool.engines.hf its prompts through this file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from gentool.core.errors import ModelError
from gentool.core.message import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PLAIN_TEMPLATE = (
    "{% if tools %}{{ '<|tools|>\n' }}{% for tool in tools %}{{ (tool['function'] | tojson) + '\n' }}{% endfor %}{% endif %}"
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] }}"
    "{% for call in message['tool_calls'] or [] %}{{ '<tool_call>\n' + (call['function'] | tojson) + '\n</tool_call>' }}{% endfor %}"
    "{{ (eos_token if message['role'] == 'assistant' else '') + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
"""The template of tokenizers that bring none, nano's included."""
NO_THOUGHTS = re.compile(r"<think>\s*</think>\s*\Z")
"""What some templates put before an answer where thinking is switched off, in the prompt and not in the turn."""
PROBE: list[Message] = [{"role": "user", "content": "The question."}, {"role": "assistant", "content": "The answer."}]
"""A chat that shows how a template ends a turn."""


def prepare_tokenizer(tokenizer: PreTrainedTokenizerBase, where: str, ends: Collection[str] = ()) -> PreTrainedTokenizerBase:
    """Give a tokenizer what training and generation need: a chat template, a padding token, and the end token that its template writes.

    `ends` are the tokens that end the model's answers: where the template ends a turn with one of them, that is the end
    token, whatever the tokenizer calls so. Raises ModelError without an end token.
    """
    if tokenizer.eos_token is None:
        raise ModelError(f"{where}: the tokenizer has no end token, so a model could not learn to stop")
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    end = find_turn_end(tokenizer)
    if end in ends:
        tokenizer.eos_token = end
    return tokenizer


def find_turn_end(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """The special token that the chat template ends an answer with; None where it writes none."""
    try:
        _, answer, behind = _apply(tokenizer, PROBE, (), add_generation_prompt=False).rpartition(PROBE[1]["content"])
    except ModelError:
        return None
    special = {*tokenizer.all_special_tokens, *(token.content for token in tokenizer.added_tokens_decoder.values() if token.special)}
    found = [(behind.index(token), -len(token), token) for token in special if answer and token and token in behind]
    return min(found)[2] if found else None


def render_prompt(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> str:
    """The text after which the model's answer begins. Raises ModelError where the template refuses the chat."""
    return _apply(tokenizer, messages, tools, add_generation_prompt=True)


def render_completion(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], reply: Message, tools: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The text that the model has to add to the prompt: the reply up to and including the end token.

    Raises ModelError where a native reply's text cannot be told from the prompt's.
    """
    end, answer = str(tokenizer.eos_token), reply["content"]
    prompt = render_prompt(tokenizer, messages, tools)
    whole = _apply(tokenizer, [*messages, reply], tools, add_generation_prompt=False)
    begun = next((start for start in (prompt, NO_THOUGHTS.sub("", prompt)) if whole.startswith(start)), None)
    if begun is None and tools:
        raise ModelError("the model's chat template writes an answer otherwise than it asks for one: take prompts.answer: json, or another model")
    completion = answer if begun is None else whole[len(begun) :]
    stop = completion.find(end, len(answer) if completion.startswith(answer) else 0)
    return completion[: stop + len(end)] if stop >= 0 else completion.rstrip() + end


def decode_answer(tokenizer: PreTrainedTokenizerBase, ids: list[int], native: bool) -> str:
    """The text of an answer's tokens. A native one keeps special tokens, as templates write calls with them, up to the end of the turn."""
    if not native:
        return str(tokenizer.decode(ids, skip_special_tokens=True))
    end = find_turn_end(tokenizer)
    ends = {tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.convert_tokens_to_ids(end) if end else None}
    answer = list(takewhile(lambda token: token not in ends, ids))
    return str(tokenizer.decode(answer, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _apply(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], add_generation_prompt: bool) -> str:
    """The template's text; templates that refuse a system message get it at the head of the user's."""
    from jinja2.exceptions import TemplateError

    chat: list[Any] = list(messages)
    options: dict[str, Any] = {"tokenize": False, "add_generation_prompt": add_generation_prompt, "enable_thinking": False}
    options |= {"tools": list(tools)} if tools else {}
    for form in (chat, _without_system(chat)):
        try:
            return str(tokenizer.apply_chat_template(form, **options))
        except (TemplateError, TypeError) as error:
            refusal = error
    raise ModelError(f"the model's chat template refuses the chat: {refusal}") from refusal


def _without_system(chat: list[Any]) -> list[Any]:
    if len(chat) < 2 or chat[0]["role"] != "system":
        return chat
    first = {"role": chat[1]["role"], "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}
    return [first, *chat[2:]]
