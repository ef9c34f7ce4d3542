"""Small local tokenizers with chat templates in the manner of models that call tools, written for these tests.

`TEMPLATES` holds them by name, `make_tokenizer` makes one's tokenizer: a byte-level BPE without merges, which knows every text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CALL_AS_JSON = '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}'
CHATML_TURNS = (
    "{% for m in messages %}{% if m.role == 'assistant' and m.tool_calls %}<|im_start|>assistant{% for call in m.tool_calls %}"
    "\n<tool_call>\nCALL\n</tool_call>{% endfor %}<|im_end|>\n"
    "{% else %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QWEN = (
    "<|im_start|>system\nYou are a test.{% if tools %}\n# Tools\n<tools>{% for tool in tools %}\n{{ tool | tojson }}{% endfor %}\n</tools>\n"
    'For a call answer <tool_call>\n{"name": ..., "arguments": ...}\n</tool_call>{% endif %}<|im_end|>\n' + CHATML_TURNS.replace("CALL", CALL_AS_JSON)
)
QWEN_THINKING = QWEN.replace(
    "assistant\n{% endif %}",
    "assistant\n{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
)
QWEN_XML = QWEN.replace(
    CALL_AS_JSON,
    "<function={{ call.function.name }}>\n{% for key, value in call.function.arguments | items %}<parameter={{ key }}>\n"
    "{{ value if value is string else (value | tojson if value is mapping or value is sequence else value | string) }}\n</parameter>\n{% endfor %}"
    "</function>",
)
KEYED = QWEN.replace(
    f"<tool_call>\n{CALL_AS_JSON}",
    "<tool_call>{{ call.function.name }}{% for key, value in call.function.arguments | items %}\n<arg_key>{{ key }}</arg_key>\n"
    "<arg_value>{{ value if value is string else value | tojson }}</arg_value>{% endfor %}",
)
HERMES = (
    "<|im_start|>system\n{% if tools %}You may call: {% for tool in tools %}{{ tool.function.name }}("
    "{% for key, schema in tool.function.parameters.properties | items %}{{ key }}: {{ schema.type }}{{ ', ' if not loop.last }}{% endfor %})"
    " - {{ tool.function.description }} {{ tool | tojson }}\n{% endfor %}{% endif %}<|im_end|>\n"
    + CHATML_TURNS.replace("CALL", '{"arguments": {{ call.function.arguments | tojson }}, "name": "{{ call.function.name }}"}')
)
LLAMA = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: then<|eot_id|>"
    "{% for m in messages %}{% if m.role == 'assistant' and 'tool_calls' in m %}{% if m.tool_calls | length != 1 %}{{ raise_exception('one call') }}"
    '{% endif %}<|start_header_id|>assistant<|end_header_id|>\n\n{% set call = m.tool_calls[0].function %}{"name": "{{ call.name }}", "parameters": '
    "{{ call.arguments | tojson }}}<|eot_id|>"
    "{% else %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{% if m.role == 'user' and tools %}Given these functions:\n\n"
    "{% for tool in tools %}{{ tool | tojson(indent=4) }}\n\n{% endfor %}{% endif %}{{ m.content | trim }}<|eot_id|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
MISTRAL_HEAD = (
    "<s>{% set asked = (messages | selectattr('role', 'equalto', 'user') | list)[-1] %}{% for m in messages %}"
    "{% if m.role == 'user' %}{% if tools and m == asked %}[AVAILABLE_TOOLS] {{ tools | tojson }}[/AVAILABLE_TOOLS]{% endif %}"
    "[INST] {{ m.content }}[/INST]"
    "{% elif m.tool_calls is defined and m.tool_calls is not none %}"
    "{% for call in m.tool_calls if call.id | length != 9 %}{{ raise_exception('ids have nine letters and digits') }}{% endfor %}"
)
MISTRAL_TAIL = "</s>{% else %} {{ m.content }}</s>{% endif %}{% endfor %}"
MISTRAL = (
    MISTRAL_HEAD + "[TOOL_CALLS] [{% for call in m.tool_calls %}"
    '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}, "id": "{{ call.id }}"}'
    "{{ ', ' if not loop.last }}{% endfor %}]" + MISTRAL_TAIL
)
MISTRAL_ARGS = (
    MISTRAL_HEAD
    + "{% for call in m.tool_calls %}[TOOL_CALLS]{{ call.function.name }}[ARGS]{{ call.function.arguments | tojson }}{% endfor %}"
    + MISTRAL_TAIL
)
PYTHONIC = QWEN.replace(
    f"<tool_call>\n{CALL_AS_JSON}\n</tool_call>",
    "<|tool_call_start|>[{{ call.function.name }}({% for key, value in call.function.arguments | items %}{{ key }}={{ value | tojson }}"
    "{{ ', ' if not loop.last }}{% endfor %})]<|tool_call_end|>",
)
DROPS_TOOLS = QWEN.replace("{% if tools %}", "{% if false %}")
DROPS_PARAMETERS = QWEN.replace("{{ tool | tojson }}", "{{ tool.function.name }}: {{ tool.function.description }}")
DROPS_CALLS = QWEN.replace("m.role == 'assistant' and m.tool_calls", "false")
CHANGES_CALLS = QWEN.replace("call.function.arguments | tojson", "call.function.arguments | tojson | lower")


@dataclass(frozen=True)
class Template:
    """A chat template with its special tokens; `end` is the end token that the tokenizer names, `plain` are added tokens that are not special."""

    text: str
    end: str
    special: tuple[str, ...]
    plain: tuple[str, ...] = ()


CHATML_TOKENS: dict[str, Any] = {"end": "<|im_end|>", "special": ("<|im_start|>",), "plain": ("<tool_call>", "</tool_call>", "<think>", "</think>")}
LLAMA_TOKENS = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>")
MISTRAL_TOKENS = ("<s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[ARGS]")
TEMPLATES = {
    "qwen": Template(QWEN, **CHATML_TOKENS),
    "qwen_thinking": Template(QWEN_THINKING, **CHATML_TOKENS),
    "qwen_xml": Template(QWEN_XML, **CHATML_TOKENS),
    "keyed": Template(KEYED, **CHATML_TOKENS),
    "hermes": Template(HERMES, **CHATML_TOKENS),
    "llama": Template(LLAMA, "<|end_of_text|>", LLAMA_TOKENS),
    "mistral": Template(MISTRAL, "</s>", MISTRAL_TOKENS),
    "mistral_args": Template(MISTRAL_ARGS, "</s>", MISTRAL_TOKENS),
    "pythonic": Template(PYTHONIC, "<|im_end|>", ("<|im_start|>", "<|tool_call_start|>", "<|tool_call_end|>")),
}


def make_tokenizer(template: Template) -> Any:
    """A tokenizer of bytes that brings the template, as a model's would."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|pad|>", template.end, *template.special]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=256 + len(special), special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([], trainer)
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in template.plain])
    made: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token=template.end, additional_special_tokens=list(template.special)
    )
    made.chat_template = template.text.replace("%}\n", "%}{{ '\n' }}")  # line breaks behind a block are dropped
    return made
