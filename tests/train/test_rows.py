"""Training rows: the prompt as generation renders it, the loss on the completion alone, and rows that are refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import ModelError, TrainingError
from gentool.core.example import Example
from gentool.engines.chat import decode_answer, prepare_tokenizer, render_prompt
from gentool.prompts import PromptSettings, ReadCall, Task, read_call, read_ranking, render_messages, render_tools
from gentool.train.rows import Row, check_rows, make_language_rows, make_rows, show_row

sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))
from native_templates import CHATML_TOKENS, DROPS_CALLS, DROPS_TOOLS, QWEN, TEMPLATES, Template, make_tokenizer

TURNS = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
DROPS_SYSTEM = TURNS.replace("in messages", "in messages if m['role'] != 'system'")
DROPS_USER = TURNS.replace("in messages", "in messages if m['role'] != 'user'")
REFUSES_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + TURNS
TASKS: tuple[Task, ...] = ("rank", "select", "joint")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("template", [None, TURNS, REFUSES_SYSTEM])
def test_rows_are_what_generation_sees_and_what_it_should_add(
    examples: list[Example], tokenizer: Any, prompts: PromptSettings, task: Task, template: str | None
) -> None:
    tokenizer.chat_template = template or tokenizer.chat_template
    rows = make_rows(examples, task, tokenizer, prompts)
    check_rows(rows, examples, task, tokenizer, prompts)
    assert [row.id for row in rows] == [example.id for example in examples]
    for row, example in zip(rows, examples, strict=True):
        prompt = render_prompt(tokenizer, render_messages(task, example.query, example.tools, prompts))
        assert row.prompt_ids == tokenizer(prompt, add_special_tokens=False)["input_ids"]
        assert row.completion_ids[-1] == tokenizer.eos_token_id
        assert tokenizer.eos_token_id not in row.completion_ids[:-1]
        answer = tokenizer.decode(row.completion_ids[:-1])
        if task != "rank":
            assert read_call(answer).call == example.answer
        if task != "select":
            assert read_ranking(answer).names == example.ranking


def test_special_tokens_are_the_templates_alone(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    """A tokenizer that puts a first token before every text would put a second one behind the template's."""
    from tokenizers.processors import TemplateProcessing

    plain = make_rows(examples, "select", tokenizer, prompts)
    first = tokenizer.pad_token
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{first} $A", special_tokens=[(first, tokenizer.pad_token_id)])
    assert tokenizer("a")["input_ids"][0] == tokenizer.pad_token_id
    assert make_rows(examples, "select", tokenizer, prompts) == plain


def test_what_is_trained_is_the_completion_and_nothing_of_the_prompt() -> None:
    row = Row("e", [5, 6, 7], [8, 9])
    assert (row.tokens, row.length, row.trained, row.shareable) == ([5, 6, 7, 8, 9], 5, 2, 2)
    language = Row("e", [], [8, 9, 10])
    assert (language.trained, language.shareable) == (2, 0)


def test_rows_know_their_bundle(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    bundled = [examples[0].model_copy(update={"bundle": "b"}), examples[1]]
    assert [row.bundle for row in make_rows(bundled, "rank", tokenizer, prompts)] == ["b", examples[1].pair]


def refused(rows: list[Row], examples: list[Example], tokenizer: Any, prompts: PromptSettings, task: Task = "select") -> str:
    """The message with which rows are refused."""
    with pytest.raises(TrainingError) as caught:
        check_rows(rows, examples, task, tokenizer, prompts)
    return str(caught.value)


def test_a_template_that_drops_the_tools_is_refused_with_the_row(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    tokenizer.chat_template = DROPS_SYSTEM
    message = refused(make_rows(examples, "select", tokenizer, prompts), examples, tokenizer, prompts)
    assert message.startswith("example Bern-zero: the rendered prompt does not hold the tool 'book_table': the chat template drops it.")
    assert "<user>Call the tool" in message
    assert "Rain in Bern?" in message
    assert '[[trained: {"name": "generate_response", "arguments": {}}<|end|>]]' in message


def test_a_template_that_drops_the_query_is_refused(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    tokenizer.chat_template = DROPS_USER
    assert "the rendered prompt does not hold the query" in refused(make_rows(examples, "rank", tokenizer, prompts), examples, tokenizer, prompts)


def test_every_row_is_checked(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    rows = make_rows(examples, "select", tokenizer, prompts)
    last = rows[-1]
    for broken, fault in (
        (Row(last.id, last.prompt_ids, []), "it has no labels"),
        (Row(last.id, last.prompt_ids, last.completion_ids[:-1]), "its last label is not the end token '<|end|>'"),
    ):
        message = refused([*rows[:-1], broken], examples, tokenizer, prompts)
        assert message.startswith(f"example {last.id}: {fault}")
        assert show_row(broken, tokenizer) in message


def test_nothing_to_train_on_is_refused(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    assert "there are no rows to train on" in refused([], examples, tokenizer, prompts)


def test_language_rows_hold_both_tasks_and_train_on_every_token(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    rows = make_language_rows(examples, tokenizer, prompts)
    tasks: tuple[Task, Task] = ("rank", "select")
    wanted = [make_rows([example], tasks[number % 2], tokenizer, prompts)[0] for number, example in enumerate(examples)]
    assert [tokenizer.decode(row.completion_ids) for row in rows] == [
        tokenizer.decode(row.prompt_ids) + tokenizer.decode(row.completion_ids) for row in wanted
    ]
    assert all((row.prompt_ids, row.trained) == ([], row.length - 1) for row in rows)


def test_language_rows_of_one_task_hold_nothing_of_the_others(examples: list[Example], tokenizer: Any, prompts: PromptSettings) -> None:
    rows = make_language_rows(examples, tokenizer, prompts, ("joint",))
    wanted = make_rows(examples, "joint", tokenizer, prompts)
    assert [tokenizer.decode(row.completion_ids) for row in rows] == [
        tokenizer.decode(row.prompt_ids) + tokenizer.decode(row.completion_ids) for row in wanted
    ]


# Native rows


NATIVE = PromptSettings(answer="native")


@pytest.mark.parametrize("task", TASKS[:2])
@pytest.mark.parametrize("name", TEMPLATES)
def test_native_rows_are_what_generation_sees_and_what_it_should_add(examples: list[Example], task: Task, name: str) -> None:
    tokenizer = prepare_tokenizer(make_tokenizer(TEMPLATES[name]), name)
    rows = make_rows(examples, task, tokenizer, NATIVE)
    check_rows(rows, examples, task, tokenizer, NATIVE)
    for row, example in zip(rows, examples, strict=True):
        messages, tools = render_messages(task, example.query, example.tools, NATIVE), render_tools(example.tools, NATIVE)
        assert row.prompt_ids == tokenizer(render_prompt(tokenizer, messages, tools), add_special_tokens=False)["input_ids"]
        assert row.completion_ids[-1] == tokenizer.eos_token_id
        answer = decode_answer(tokenizer, row.completion_ids, native=True)
        if task == "select":
            assert read_call(answer, "native", example.tools) == ReadCall(example.answer)
        else:
            assert read_ranking(answer).names == example.ranking


@pytest.mark.parametrize(("template", "dropped"), [(DROPS_TOOLS, "drops tools"), (DROPS_CALLS, "drops or changes calls")])
def test_a_template_that_drops_tools_or_calls_is_refused_whatever_the_task(examples: list[Example], template: str, dropped: str) -> None:
    tokenizer = make_tokenizer(Template(template, **CHATML_TOKENS))
    rows = make_rows(examples, "rank", tokenizer, NATIVE)
    with pytest.raises(ModelError, match=dropped):
        check_rows(rows, examples, "rank", tokenizer, NATIVE)
    check_rows(make_rows(examples, "rank", tokenizer, PromptSettings()), examples, "rank", tokenizer, PromptSettings())


@pytest.mark.parametrize(
    ("task", "template", "fault"),
    [
        (
            "select",
            QWEN.replace("arguments | tojson", "arguments | tojson | replace('Rome', 'rome')"),
            "which is read back as forecast with {'city': 'rome'}",
        ),
        (
            "select",
            QWEN.replace("arguments | tojson", "arguments | tojson | replace('\"Rome\"', '1')"),
            "which is read back as forecast with {'city': 1}",
        ),
        (
            "select",
            QWEN.replace("arguments | tojson", "arguments | tojson | replace('Rome\"', '')"),
            "its answer cannot be read back (a call that cannot",
        ),
        (
            "rank",
            QWEN.replace("{{ m.content }}", "{{ m.content | replace('[\"forecast\", ', '[') }}"),
            "its ranking is read back as ('generate_response',)",
        ),
        ("select", QWEN.replace("tool | tojson", "tool | tojson | replace('play_song', 'song')"), "does not hold the tool 'play_song'"),
    ],
)
def test_a_native_row_that_would_teach_another_answer_is_refused(examples: list[Example], task: Task, template: str, fault: str) -> None:
    tokenizer = make_tokenizer(Template(template, **CHATML_TOKENS))
    message = refused(make_rows(examples, task, tokenizer, NATIVE), examples, tokenizer, NATIVE, task)
    assert fault in message
    assert "[[trained: " in message


def test_values_of_native_rows_are_compared_with_their_types(examples: list[Example]) -> None:
    """To Python, 1 is true is 1.0; to the student they are not."""
    tokenizer = make_tokenizer(Template(QWEN.replace("arguments | tojson", "arguments | tojson | replace('true', '1')"), **CHATML_TOKENS))
    one = examples[1].model_copy(update={"answer": examples[1].answer.model_copy(update={"arguments": {"city": True}})})
    rows = make_rows([one], "select", tokenizer, NATIVE)
    assert "read back as forecast with {'city': 1}" in refused(rows, [one], tokenizer, NATIVE)
