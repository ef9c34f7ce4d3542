"""The base that is shipped: it loads plainly, is small enough, is what its card says, and fills in calls behind a real server."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import openai
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from gentool.core.call import Call
from gentool.core.tool import Tool, ToolSet
from gentool.engines.chat import PLAIN_TEMPLATE
from gentool.engines.engine import Request
from gentool.engines.hf import NANO, SHIPPED, GenerationSettings, HfEngine, load_tokenizer
from gentool.nano.curve import draw_curve
from gentool.prompts import PromptSettings, read_call, render_messages

sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))
from transformers_server import serve

MOST_BYTES = 25_000_000
PROMPTS = PromptSettings(tools="signature")


def tool(name: str, description: str, **parameters: str) -> Tool:
    properties = {parameter: {"type": kind} for parameter, kind in parameters.items()}
    return Tool(name=name, description=description, parameters={"type": "object", "properties": properties, "required": list(properties)})


TOOLS = ToolSet.of(
    [
        tool("rename_boat", "Gives a boat another name.", boat="string", title="string"),
        tool("count_bees", "Counts the bees of a hive.", hive="string"),
        tool("water_garden", "Waters a garden for some minutes.", garden="string", minutes="integer"),
    ]
)
ASKED = {
    "Count the bees of hive Meadow": Call(name="count_bees", arguments={"hive": "Meadow"}),
    "Please count the bees, hive: orchard.": Call(name="count_bees", arguments={"hive": "orchard"}),
    "How many bees live in the hive Birch?": Call(name="count_bees", arguments={"hive": "Birch"}),
    "Could you rename boat with boat Heron and title Kestrel?": Call(name="rename_boat", arguments={"boat": "Heron", "title": "Kestrel"}),
    "water garden for roses 7 minutes": Call(name="water_garden", arguments={"garden": "roses", "minutes": 7}),
}
UNSERVED = ["Send an invoice to the dentist.", "Translate this letter into Welsh."]


@pytest.fixture(scope="module")
def model() -> Any:
    return AutoModelForCausalLM.from_pretrained(SHIPPED, dtype="auto", output_loading_info=True)


def test_it_loads_plainly_and_whole(model: Any) -> None:
    loaded, report = model
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert loaded.dtype == torch.bfloat16
    assert loaded.config.model_type == "lfm2"
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED)
    assert len(tokenizer) == loaded.config.vocab_size
    assert tokenizer.chat_template == PLAIN_TEMPLATE
    assert load_tokenizer(NANO).get_vocab() == tokenizer.get_vocab()


def test_it_is_small_enough() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*")) <= MOST_BYTES


def test_the_card_says_what_the_log_says(model: Any, tmp_path: Path) -> None:
    last = json.loads((SHIPPED / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert f"{last['tokens'] / 1e6:.1f} million tokens" in card
    assert f"{sum(weight.numel() for weight in model[0].parameters()):,} parameters" in card
    said = dict(re.findall(r"^\| (\w+) \| [\d.]+ \| ([\d.]+) \|$", card, re.MULTILINE))
    assert said == {kind: f"{100 * last[f'{kind} answers']:.0f}" for kind in said}
    assert len(said) == 8
    draw_curve(SHIPPED / "log.jsonl", tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").stat().st_size == pytest.approx((SHIPPED / "curve.svg").stat().st_size, rel=0.05)


def request(query: str) -> Request:
    return Request(query, "select", tuple(render_messages("select", query, TOOLS, PROMPTS)))


def test_it_calls_tools_that_it_never_saw_and_abstains() -> None:
    """Before any fine-tuning, on plain queries that it is known to be right on: all tools, all calls but one, and where nothing fits none."""
    engine = HfEngine(NANO, GenerationSettings(max_new_tokens=60))
    replies = {reply.id: read_call(reply.text, "json", TOOLS).call for reply in engine.reply([request(query) for query in (*ASKED, *UNSERVED)])}
    assert [reply and reply.name for reply in map(replies.get, ASKED)] == [call.name for call in ASKED.values()]
    assert sum(replies[query] == call for query, call in ASKED.items()) >= len(ASKED) - 1, replies
    assert all(call is not None and call.abstains for query, call in replies.items() if query in UNSERVED), replies


def test_it_answers_behind_transformers_serve() -> None:
    query, call = next(iter(ASKED.items()))
    with serve(SHIPPED) as url:
        client = openai.OpenAI(base_url=url, api_key="none")
        messages: Any = list(request(query).messages)
        answer = client.chat.completions.create(model=str(SHIPPED), messages=messages, max_tokens=60, temperature=0)
    assert read_call(answer.choices[0].message.content or "", "json", TOOLS).call == call
