"""Chats as text, under the kinds of chat template that models bring."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import ModelError
from gentool.core.message import Message
from gentool.core.tool import Tool, ToolSet
from gentool.engines.chat import PLAIN_TEMPLATE, decode_answer, find_turn_end, prepare_tokenizer, render_completion, render_prompt
from gentool.prompts import PromptSettings, ReadCall, Task, read_call, read_ranking, render_messages, render_reply, render_tools

sys.path.insert(0, str(Path(__file__).parent))
from native_templates import CHATML_TOKENS, QWEN, TEMPLATES, Template, make_tokenizer

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


# Native answers


NATIVE = PromptSettings(answer="native")
FORECAST = Tool(
    name="get_forecast",
    description="Rain.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "places": {"type": "array"}}},
)
TOOLS = ToolSet.of([FORECAST, Tool(name="book_table", description="Books.")])
QUERY = "Rain in Zürich?"
CALLS = [
    Call(name="book_table"),
    Call(name="get_forecast", arguments={"city": "Zürich", "days": 2}),
    Call(name="get_forecast", arguments={"city": 'the "old" town\'s \\ <b> ☂', "places": [{"at": [47.4, -8], "open": True, "note": None}, []]}),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@cache
def native(name: str) -> Any:
    """A prepared tokenizer of a template's name; one serves all tests, which leave it as it is."""
    if name == "plain":
        plain = make_tokenizer(Template("", "<|end|>", ()))
        plain.chat_template = None
        return prepare_tokenizer(plain, name)
    return prepare_tokenizer(make_tokenizer(TEMPLATES[name]), name, ends=("<|eot_id|>", "<|end_of_text|>"))


def render(name: str, task: Task, answer: Call) -> tuple[str, str]:
    """The texts of a prompt and its completion."""
    messages, tools = render_messages(task, QUERY, TOOLS, NATIVE), render_tools(TOOLS, NATIVE)
    reply = render_reply(task, ("get_forecast", "generate_response"), answer, NATIVE)
    return render_prompt(native(name), messages, tools), render_completion(native(name), messages, reply, tools)


def generated(name: str, completion: str) -> str:
    """The text as it would be after a model had generated it, further tokens behind it."""
    ids = native(name)(completion, add_special_tokens=False)["input_ids"]
    return decode_answer(native(name), [*ids, native(name).pad_token_id, ids[0]], native=True)


@pytest.mark.parametrize("name", [*TEMPLATES, "plain"])
@pytest.mark.parametrize("answer", [*CALLS, ABSTAIN])
def test_a_native_answer_is_rendered_and_read_back(name: str, answer: Call) -> None:
    prompt, completion = render(name, "select", answer)
    assert QUERY in prompt
    for tool in TOOLS:
        assert tool.name in prompt
        assert all(parameter in prompt for parameter in tool.properties)
    assert "generate_response" not in prompt
    assert completion.count(native(name).eos_token) == 1
    assert completion.endswith(native(name).eos_token)
    assert read_call(generated(name, completion), "native", TOOLS) == ReadCall(answer)


@pytest.mark.parametrize("name", [*TEMPLATES, "plain"])
def test_prompt_and_completion_are_what_the_template_writes(name: str) -> None:
    messages, tools = render_messages("select", QUERY, TOOLS, NATIVE), render_tools(TOOLS, NATIVE)
    for answer in (CALLS[1], ABSTAIN):
        reply = render_reply("select", (), answer, NATIVE)
        whole = native(name).apply_chat_template([*messages, reply], tools=list(tools), tokenize=False)
        prompt, completion = render(name, "select", answer)
        assert whole.startswith(prompt.removesuffix("<think>\n\n</think>\n\n") + completion)


@pytest.mark.parametrize("name", [*TEMPLATES, "plain"])
def test_a_native_ranking_is_rendered_and_read_back(name: str) -> None:
    prompt, completion = render(name, "rank", CALLS[0])
    assert all(text in prompt for text in (QUERY, "get_forecast", "book_table", "generate_response"))
    ranking = read_ranking(generated(name, completion))
    assert (ranking.names, ranking.repairs) == (("get_forecast", "generate_response"), ())


@pytest.mark.parametrize("name", ["qwen", "hermes", "llama", "mistral", "mistral_args"])
@given(st.dictionaries(st.text(), VALUES, max_size=3))
@settings(max_examples=40, deadline=None)
def test_any_arguments_come_back_from_formats_that_hold_json(name: str, arguments: dict[str, Any]) -> None:
    call = Call(name="get_forecast", arguments=arguments)
    assert read_call(generated(name, render(name, "select", call)[1]), "native", TOOLS) == ReadCall(call)


@pytest.mark.parametrize("name", [*TEMPLATES, "plain"])
def test_a_native_call_cut_off_anywhere_is_never_abstention_nor_another_call(name: str) -> None:
    """At every character and at every token, with the special tokens and, as other programs give it, without."""
    call = CALLS[2]
    completion = render(name, "select", call)[1]
    ids = native(name)(completion, add_special_tokens=False)["input_ids"]
    texts = [generated(name, completion), native(name).decode(ids, skip_special_tokens=True)]
    torn = [text[:end] for text in texts for end in range(len(text) + 1)]
    torn += [decode_answer(native(name), ids[:end], native=True) for end in range(len(ids))]
    for text in torn:
        assert read_call(text, "native", TOOLS).call in (None, call), text


def test_thinking_that_only_the_prompt_shows_is_no_part_of_the_answer() -> None:
    prompt, completion = render("qwen_thinking", "select", CALLS[0])
    assert prompt.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert completion == '<tool_call>\n{"name": "book_table", "arguments": {}}\n</tool_call><|im_end|>'


def test_a_template_that_writes_an_answer_otherwise_than_it_asks_for_it_is_refused() -> None:
    tokenizer = make_tokenizer(Template(QWEN.replace("<|im_start|>assistant\n{% endif %}", "<|im_start|>model\n{% endif %}"), **CHATML_TOKENS))
    messages, tools = render_messages("select", QUERY, TOOLS, NATIVE), render_tools(TOOLS, NATIVE)
    with pytest.raises(ModelError, match="writes an answer otherwise than it asks for one"):
        render_completion(tokenizer, messages, render_reply("select", (), CALLS[0], NATIVE), tools)


def test_a_template_that_cannot_take_arguments_says_why() -> None:
    tokenizer = make_tokenizer(Template(QWEN.replace("call.function.arguments | tojson", "'' + call.function.arguments"), **CHATML_TOKENS))
    messages = render_messages("select", QUERY, TOOLS, NATIVE)
    with pytest.raises(ModelError, match=r"refuses the chat: can only concatenate str"):
        render_completion(tokenizer, messages, render_reply("select", (), CALLS[0], NATIVE), render_tools(TOOLS, NATIVE))


# The end of a turn


@pytest.mark.parametrize(
    ("name", "end"), [("qwen", "<|im_end|>"), ("llama", "<|eot_id|>"), ("mistral", "</s>"), ("plain", "<|end|>"), ("qwen_thinking", "<|im_end|>")]
)
def test_the_token_that_ends_a_turn_is_found(name: str, end: str) -> None:
    assert find_turn_end(native(name)) == end


@pytest.mark.parametrize("template", [NO_END, "{{ raise_exception('no chats here') }}", "{{ bos_token }}"])
def test_a_template_may_end_no_turn(tokenizer: Any, template: str) -> None:
    tokenizer.chat_template = template
    assert find_turn_end(tokenizer) is None


def test_a_turns_end_that_ends_the_models_answers_becomes_the_end_token() -> None:
    """Otherwise the tokenizer's end token is written behind it, so that the model learns to stop."""
    known = prepare_tokenizer(make_tokenizer(TEMPLATES["llama"]), "here", ends=("<|end_of_text|>", "<|eot_id|>"))
    unknown = prepare_tokenizer(make_tokenizer(TEMPLATES["llama"]), "here", ends=("<|end_of_text|>",))
    assert (known.eos_token, unknown.eos_token) == ("<|eot_id|>", "<|end_of_text|>")
    assert render_completion(known, MESSAGES, REPLY) == ANSWER + "<|eot_id|>"
    assert render_completion(unknown, MESSAGES, REPLY) == ANSWER + "<|eot_id|><|end_of_text|>"
    for tokenizer in (known, unknown):
        ids = tokenizer(ANSWER + "<|eot_id|><|end_of_text|>", add_special_tokens=False)["input_ids"]
        assert decode_answer(tokenizer, ids, native=True) == ANSWER


def test_answers_in_json_are_decoded_without_special_tokens() -> None:
    ids = native("mistral")(f"[TOOL_CALLS]{ANSWER}</s>", add_special_tokens=False)["input_ids"]
    assert decode_answer(native("mistral"), ids, native=False) == ANSWER
    assert decode_answer(native("mistral"), ids, native=True) == f"[TOOL_CALLS]{ANSWER}"
