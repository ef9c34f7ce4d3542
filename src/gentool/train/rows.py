"""Examples as training rows: token ids of a prompt and its completion, with the loss on the completion alone.

Examples and a tokenizer in, rows out, checked before the first step; called by gentool.train.stage.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gentool.core.errors import TrainingError
from gentool.core.example import Example
from gentool.engines.chat import decode_answer, render_completion, render_prompt
from gentool.engines.template_check import check_calls_written, check_tools_shown
from gentool.prompts import TASKS, PromptSettings, Task, read_call, read_ranking, render_messages, render_reply, render_tools
from gentool.train.masking import bundle_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that no loss is taken on (PyTorch's convention)."""


@dataclass(frozen=True)
class Row:
    """One example of one task: the token ids of the prompt and, behind them, of the completion.

    Rows of one `bundle` are rendered alike and share most of their prompts.
    """

    id: str
    prompt_ids: Sequence[int]
    completion_ids: Sequence[int]
    bundle: str = ""

    @property
    def tokens(self) -> list[int]:
        return [*self.prompt_ids, *self.completion_ids]

    @property
    def length(self) -> int:
        return len(self.prompt_ids) + len(self.completion_ids)

    @property
    def shareable(self) -> int:
        """How many leading tokens may be computed once for several rows: the prompt but for its last token, which predicts the completion."""
        return max(len(self.prompt_ids) - 1, 0)

    @property
    def trained(self) -> int:
        """How many of the last tokens a loss is taken on: the completion; nothing predicts a row's first token."""
        return min(len(self.completion_ids), self.length - 1)


def render_row(example: Example, task: Task, tokenizer: PreTrainedTokenizerBase, settings: PromptSettings) -> tuple[str, str]:
    """The texts of an example's prompt and completion."""
    messages, tools = render_messages(task, example.query, example.tools, settings), render_tools(example.tools, settings)
    reply = render_reply(task, example.ranking, example.answer, settings)
    return render_prompt(tokenizer, messages, tools), render_completion(tokenizer, messages, reply, tools)


def make_rows(examples: Sequence[Example], task: Task, tokenizer: PreTrainedTokenizerBase, settings: PromptSettings) -> list[Row]:
    """The rows of all examples, in their order. Prompt and completion are tokenised apart, as generation does it."""
    texts = [render_row(example, task, tokenizer, settings) for example in examples]
    prompts = tokenizer([prompt for prompt, _ in texts], add_special_tokens=False)["input_ids"]
    completions = tokenizer([completion for _, completion in texts], add_special_tokens=False)["input_ids"]
    both = zip(examples, prompts, completions, strict=True)
    return [Row(example.id, prompt_ids, completion_ids, bundle_of(example)) for example, prompt_ids, completion_ids in both]


def make_language_rows(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, settings: PromptSettings, tasks: Sequence[Task] = TASKS
) -> list[Row]:
    """Rows for language modelling: an example's prompt and answer as one text, the tasks in turn, with the loss on every token."""
    rows = []
    for number, example in enumerate(examples):
        prompt, completion = render_row(example, tasks[number % len(tasks)], tokenizer, settings)
        rows.append(Row(example.id, [], tokenizer(prompt + completion, add_special_tokens=False)["input_ids"]))
    return rows


def check_rows(rows: Sequence[Row], examples: Sequence[Example], task: Task, tokenizer: PreTrainedTokenizerBase, settings: PromptSettings) -> None:
    """Refuse to train on rows that would teach something else: every row is checked, the first fault is shown with its row.

    Labels exist; they are exactly the completion, none in the prompt; the end token is trained; every tool's name stands in
    the prompt; in a model's own tool format the completion is read back as the answer. Raises TrainingError, and
    ModelError where the chat template fails its self-test.
    """
    if not rows:
        raise TrainingError("there are no rows to train on: pairs/train.jsonl is empty")
    if settings.answer == "native":
        check_tools_shown(tokenizer)
        check_calls_written(tokenizer)
    by_id = {example.id: example for example in examples}
    for row in rows:
        fault = _find_fault(row, by_id[row.id], tokenizer)
        if settings.answer == "native":
            fault = fault or _find_misread(row, by_id[row.id], task, tokenizer)
        if fault:
            raise TrainingError(f"example {row.id}: {fault}. The row as the model would see it:\n{show_row(row, tokenizer)}")


def _find_misread(row: Row, example: Example, task: Task, tokenizer: PreTrainedTokenizerBase) -> str | None:
    """A native completion that is not read back as the answer. Values are compared as JSON: 1 is neither 1.0 nor true."""
    text = decode_answer(tokenizer, [*row.completion_ids], native=True)
    if task == "rank":
        ranking = read_ranking(text)
        return None if ranking.names == example.ranking else f"its ranking is read back as {ranking.names or ranking.fault}"
    read, answer = read_call(text, "native", example.tools), example.answer
    if read.call is None:
        return f"its answer cannot be read back ({read.fault})"
    same = read.call.name == answer.name and (answer.abstains or json.dumps(read.call.arguments) == json.dumps(answer.arguments))
    return None if same else f"the chat template drops or changes its call, which is read back as {read.call.name} with {read.call.arguments}"


def _find_fault(row: Row, example: Example, tokenizer: PreTrainedTokenizerBase) -> str | None:
    trained = row.completion_ids
    if not trained:
        return "it has no labels"
    if trained[-1] != tokenizer.eos_token_id:
        return f"its last label is not the end token {tokenizer.eos_token!r}, so the model would not learn to stop"
    if tokenizer.eos_token_id in trained[:-1]:
        return f"the end token {tokenizer.eos_token!r} stands inside its answer"
    prompt = str(tokenizer.decode([*row.prompt_ids]))
    missing = [name for name in example.tools.names if name not in prompt]
    if missing:
        return f"the rendered prompt does not hold the tool {missing[0]!r}: the chat template drops it"
    return None if example.query.strip() in prompt else "the rendered prompt does not hold the query"


def show_row(row: Row, tokenizer: PreTrainedTokenizerBase) -> str:
    """A row as text, the trained part marked."""
    return f"{tokenizer.decode([*row.prompt_ids])}[[trained: {tokenizer.decode([*row.completion_ids])}]]"
