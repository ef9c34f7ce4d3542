"""The self-test of a chat template that is to show tools and to write calls: one of each is rendered and looked for.

A tokenizer in, ModelError out where its template drops what a model could then not learn. Called by gentool.train before
anything is trained and by gentool.engines.hf before anything is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentool.core.call import ABSTAIN, Call
from gentool.core.errors import ModelError
from gentool.core.tool import Tool, ToolSet
from gentool.engines.chat import decode_answer, render_completion, render_prompt
from gentool.prompts import PromptSettings, read_call, render_messages, render_reply, render_tools

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NATIVE = PromptSettings(answer="native")
QUERY = "When is it?"
TOOL = Tool(
    name="probe_calendar",
    description="Probes the days of a year.",
    parameters={
        "type": "object",
        "properties": {"probed_words": {"type": "string"}, "probed_days": {"type": "array", "items": {"type": "object"}}},
        "required": ["probed_words"],
    },
)
CALL = Call(name=TOOL.name, arguments={"probed_words": 'A "quoted" Café', "probed_days": [{"day": 1, "free": True}]})
ADVICE = "so its own tool format cannot be used: take prompts.answer: json, or another model"


def check_tools_shown(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise ModelError where the chat template does not show a tool with its description and parameters."""
    tools = ToolSet.of([TOOL])
    prompt = render_prompt(tokenizer, render_messages("select", QUERY, tools, NATIVE), render_tools(tools, NATIVE))
    for what, text in (("tools", TOOL.name), ("the descriptions of tools", TOOL.description), *(("parameters", name) for name in TOOL.properties)):
        if text not in prompt:
            raise ModelError(f"the model's chat template drops {what}, {ADVICE}")


def check_calls_written(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise ModelError where a call or an answer in words is not read back as what it was from the text that the template writes."""
    tools = ToolSet.of([TOOL])
    messages, definitions = render_messages("select", QUERY, tools, NATIVE), render_tools(tools, NATIVE)
    for what, call in (("calls", CALL), ("answers in words", ABSTAIN)):
        text = render_completion(tokenizer, messages, render_reply("select", (), call, NATIVE), definitions)
        written = decode_answer(tokenizer, tokenizer(text, add_special_tokens=False)["input_ids"], native=True)
        if read_call(written, "native", tools).call != call:
            raise ModelError(f"the model's chat template drops or changes {what} (one is written as {written!r}), {ADVICE}")
