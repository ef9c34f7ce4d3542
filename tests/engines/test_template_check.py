"""The self-test of chat templates: those that drop tools or calls are refused, those that do not are not."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from gentool.core.errors import ModelError
from gentool.engines.chat import PLAIN_TEMPLATE
from gentool.engines.template_check import check_calls_written, check_tools_shown

sys.path.insert(0, str(Path(__file__).parent))
from native_templates import CHANGES_CALLS, CHATML_TOKENS, DROPS_CALLS, DROPS_PARAMETERS, DROPS_TOOLS, QWEN, TEMPLATES, Template, make_tokenizer


@pytest.mark.parametrize("template", [*TEMPLATES.values(), Template(PLAIN_TEMPLATE, "<|end|>", ())])
def test_templates_that_show_tools_and_write_calls_pass(template: Template) -> None:
    tokenizer = make_tokenizer(template)
    check_tools_shown(tokenizer)
    check_calls_written(tokenizer)


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        (DROPS_TOOLS, "tools"),
        (DROPS_PARAMETERS, "parameters"),
        (QWEN.replace("{{ tool | tojson }}", "{{ tool.function.name }} {{ tool.function.parameters | tojson }}"), "the descriptions of tools"),
    ],
)
def test_a_template_that_drops_what_a_tool_is_is_refused(text: str, dropped: str) -> None:
    tokenizer = make_tokenizer(Template(text, **CHATML_TOKENS))
    with pytest.raises(ModelError, match=f"chat template drops {dropped}, so its own tool format cannot be used: take prompts.answer: json"):
        check_tools_shown(tokenizer)
    check_calls_written(tokenizer)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (DROPS_CALLS, r"calls \(one is written as ''\)"),
        (CHANGES_CALLS, r"calls \(one is written as '<tool_call>.*café"),
        (QWEN.replace("{{ m.content }}", "{{ m.content | replace('available', '') if m.role == 'user' else '' }}"), "answers in words"),
    ],
)
def test_a_template_that_drops_or_changes_answers_is_refused(text: str, what: str) -> None:
    tokenizer = make_tokenizer(Template(text, **CHATML_TOKENS))
    check_tools_shown(tokenizer)
    with pytest.raises(ModelError, match=f"chat template drops or changes {what}"):
        check_calls_written(tokenizer)


def test_an_answer_that_the_template_writes_in_a_form_unknown_here_is_refused() -> None:
    text = QWEN.replace('{"name": "{{ call.function.name }}", "arguments"', '{"what": "{{ call.function.name }}", "with"')
    with pytest.raises(ModelError, match="drops or changes calls"):
        check_calls_written(make_tokenizer(Template(text, **CHATML_TOKENS)))


@pytest.mark.parametrize(
    ("model", "end"),
    [
        ("qwen2_5", "<|im_end|>"),
        ("qwen3", "<|im_end|>"),
        ("qwen3_6", "<|im_end|>"),
        ("llama3_1", "<|eot_id|>"),
        ("llama3_2", "<|eot_id|>"),
        ("glm4moe", "<|endoftext|>"),
        ("lfm2_2_5", "<|im_end|>"),
    ],
)
def test_the_templates_of_models_pass(model: str, end: str) -> None:
    """The models' own templates, where TRL is installed, which brings them."""
    found = importlib.util.find_spec("trl")
    path = Path(found.submodule_search_locations[0]) / "chat_templates" / f"{model}.jinja" if found and found.submodule_search_locations else None
    if path is None or not path.exists():
        pytest.skip(f"TRL with the template of {model} is not installed")
    text = path.read_text(encoding="utf-8")
    special = sorted({*re.findall(r"<\|[^|<> ]+\|>", text)} - {end})
    tokenizer = make_tokenizer(Template("", end, tuple(special)))
    tokenizer.chat_template, tokenizer.bos_token = text, tokenizer.bos_token or "<|pad|>"
    check_tools_shown(tokenizer)
    check_calls_written(tokenizer)
