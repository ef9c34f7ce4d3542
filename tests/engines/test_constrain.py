"""Answers are held to names or to a schema, whatever the model would write; and left alone where it keeps to them by itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer

from gentool.core.schema import schema_faults
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.engines.constrain import JSON_STYLE, Constrainer
from gentool.engines.ending import Closers
from gentool.engines.engine import Request
from gentool.engines.hf import GenerationSettings, HfEngine, load_tokenizer
from gentool.prompts import PromptSettings, read_call, render_choices, render_messages, render_schema

sys.path.insert(0, str(Path(__file__).parent))
from odd_tokenizers import make_spaced_tokenizer, make_word_tokenizer

UNITS = {"type": "object", "properties": {"units": {"enum": ["metric", "imperial"]}, "hourly": {"type": "boolean"}}, "required": ["units"]}
DAYS = {"type": "object", "properties": {"days": {"type": "integer", "minimum": 1, "maximum": 7}}, "required": ["days"]}
TOOLS = ToolSet.of([Tool(name="forecast", parameters=UNITS), Tool(name="fore", parameters=DAYS), Tool(name="zürich_wetter")])
CHOICES = render_choices(TOOLS, PromptSettings())
SCHEMA = render_schema(TOOLS)
QUERIES = ["Rain?", "Book a table.", "0 1 2", "Rain in Bern today? " * 3, "Tools:", "a", "b", "c"]


def make_requests(**carried: Any) -> list[Request]:
    return [
        Request(str(number), "select", tuple(render_messages("select", query, TOOLS, PromptSettings())), **carried)
        for number, query in enumerate(QUERIES)
    ]


def answers(model: Path, constrain: Any, requests: list[Request], **settings: Any) -> dict[str, str]:
    engine = HfEngine(str(model), GenerationSettings(**{"max_new_tokens": 80, **settings}), constrain=constrain)
    return {reply.id: reply.text for reply in engine.reply(requests)}


@pytest.mark.parametrize("sharing", ["auto", "off"])
def test_an_answer_begins_with_one_of_the_names_and_is_free_behind_it(small_model: Path, sharing: str) -> None:
    requests = make_requests(choices=CHOICES)
    free = answers(small_model, "none", requests, sharing=sharing)
    held = answers(small_model, "names", requests, sharing=sharing)
    assert not any(text.startswith(tuple(CHOICES.values())) for text in free.values()), "the model obeys already"
    assert all(text.startswith(tuple(CHOICES.values())) for text in held.values())
    assert len({text[:20] for text in held.values()}) > 1
    assert len({text[len(min(CHOICES.values(), key=len)) :] for text in held.values()}) > 4


@pytest.mark.parametrize("sharing", ["auto", "off"])
def test_an_answer_is_json_of_the_schema(small_model: Path, sharing: str) -> None:
    held = answers(small_model, "schema", make_requests(schema=SCHEMA), sharing=sharing)
    for text in held.values():
        assert schema_faults(json.loads(text), SCHEMA) == []
        call = read_call(text, "json", TOOLS)
        assert call.call is not None and call.repairs == ()
        assert call.call.name in (*TOOLS.names, GENERATE_RESPONSE)


TEXT = {"type": "string"}
POINT = {"type": "object", "properties": {"x": {"type": "number"}, "note": TEXT}, "required": ["x", "note"], "additionalProperties": False}
ENDLESS = {
    "text": TEXT,
    "list": {"type": "array", "items": TEXT},
    "nested": {"type": "array", "items": {"type": "array", "items": POINT}},
    "free object": {"type": "object"},
    "long enough": {"type": "string", "minLength": 12},
    "a date": {"type": "string", "format": "date"},
    "an address": {"type": "string", "format": "uri"},
    "a mailbox": {"type": "string", "format": "email"},
    "a moment": {"type": "string", "format": "date-time"},
    "two addresses": {"type": "array", "minItems": 2, "items": {"type": "string", "format": "uri"}},
}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("most", [60, 90])
def test_an_answer_that_would_go_on_is_ended_before_its_tokens_run_out(small_model: Path, kind: str, most: int) -> None:
    schema = {"type": "object", "properties": {"a": ENDLESS[kind], "b": {"enum": [1, 2]}}, "required": ["a", "b"], "additionalProperties": False}
    texts = answers(small_model, "schema", make_requests(schema=schema), max_new_tokens=most)
    for text in texts.values():
        assert schema_faults(json.loads(text), schema) == [], text


def test_an_answer_that_ends_by_itself_is_not_ended(small_model: Path) -> None:
    """The same answers, whether many tokens are left or no more than were needed."""
    tokenizer = load_tokenizer(str(small_model))
    long = answers(small_model, "schema", make_requests(schema=SCHEMA), max_new_tokens=400)
    longest = max(len(tokenizer(text)["input_ids"]) for text in long.values())
    assert answers(small_model, "schema", make_requests(schema=SCHEMA), max_new_tokens=2 * longest) == long


@pytest.mark.parametrize(
    ("written", "ending"),
    [
        ('{"a": "x', '"}'),
        ('{"a": "}]', '"}'),
        ('{"a": "he said \\"', '"}'),
        ('{"a": "back\\\\', '"}'),
        ('{"a": "x", "b": [{"c": "', '"}]}'),
        ('{"a": "x", "b": [', "]}"),
        ('{"a": "x", "b": [{', "}]}"),
        ("{", '"a": ""}'),
        ('{"a": "x"}', ""),
    ],
)
def test_the_ending_closes_what_is_open(small_model: Path, written: str, ending: str) -> None:
    item = {"type": "object", "properties": {"c": TEXT}, "additionalProperties": False}
    schema = {"type": "object", "properties": {"a": TEXT, "b": {"type": "array", "items": item}}, "required": ["a"], "additionalProperties": False}
    grammars: Any = from_tokenizer(cast("Any", load_tokenizer(str(small_model))))
    matcher = LLMatcher(grammars, LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=JSON_STYLE))
    made = grammars.tokenize_str(written)
    assert matcher.consume_tokens(made)
    found = Closers(grammars).find_ending(matcher, made, 40)
    assert grammars.decode_str(found).replace(": ", ":") == ending.replace(": ", ":")
    assert matcher.is_accepting() == (ending == ""), "the matcher is left where it was"


def test_shared_prompts_do_not_change_held_answers(small_model: Path) -> None:
    for constrain, requests in (("names", make_requests(choices=CHOICES)), ("schema", make_requests(schema=SCHEMA))):
        assert answers(small_model, constrain, requests) == answers(small_model, constrain, requests, sharing="off")


def test_what_carries_nothing_is_free(small_model: Path) -> None:
    bare = make_requests()
    free = answers(small_model, "none", bare)
    assert answers(small_model, "names", bare) == answers(small_model, "schema", bare) == free
    assert answers(small_model, "none", make_requests(choices=CHOICES, schema=SCHEMA)) == free


def test_a_model_that_keeps_to_its_text_already_writes_the_same_free_and_held(small_model: Path) -> None:
    """Each answer's own beginning as the only choice; cut within characters and tokens."""
    bare = make_requests()
    free = answers(small_model, "none", bare, max_new_tokens=12)
    told = [
        Request(request.id, request.task, request.messages, choices={"own": free[request.id][:cut], "other": "nothing like it"})
        for request, cut in zip(bare, (1, 2, 3, 5, 7, 9, 11, 13), strict=True)
        if "�" not in free[request.id] and free[request.id]
    ]
    assert len(told) > 2
    held = answers(small_model, "names", told, max_new_tokens=12)
    assert held == {request.id: free[request.id] for request in told}


def test_a_call_of_the_schema_that_the_model_would_write_is_left_as_it_is(small_model: Path) -> None:
    """Every token of every right call is allowed, in its compact form too."""
    tokenizer = load_tokenizer(str(small_model))
    constrainer = Constrainer(tokenizer, "schema", [tokenizer.eos_token_id], 80)
    calls = [{"name": "forecast", "arguments": {"units": "metric", "hourly": True}}, {"name": "zürich_wetter", "arguments": {}}]
    for text in [*(json.dumps(call, ensure_ascii=False) for call in calls), json.dumps(calls[0], separators=(",", ":"))]:
        restriction = constrainer.restrict(Request("1", "select", schema=SCHEMA))
        assert restriction is not None
        ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        for done, token in enumerate(ids):
            allowed = restriction.allowed(ids[:done])
            assert allowed is not None and token in allowed, (text, done)
    restriction = constrainer.restrict(Request("1", "select", schema=SCHEMA))
    assert restriction is not None
    assert tokenizer.eos_token_id not in np.asarray(restriction.allowed([]))


@pytest.mark.parametrize("space", [False, True])
def test_a_tokenizer_that_puts_a_space_first_may(space: bool) -> None:
    """In SentencePiece's manner a text begins with a space that is not written."""
    tokenizer = make_spaced_tokenizer()
    restriction = Constrainer(tokenizer, "names", [1], 80).restrict(Request("1", "select", choices={"name": '{"name'}))
    assert restriction is not None
    begin = tokenizer.convert_tokens_to_ids("▁{" if space else "{")
    allowed = restriction.allowed([])
    assert allowed is not None and begin in allowed and tokenizer.convert_tokens_to_ids("}") not in allowed
    rest = [tokenizer.convert_tokens_to_ids(piece) for piece in ('"', "na", "me")]
    for done, token in enumerate(rest):
        allowed = restriction.allowed([begin, *rest[:done]])
        assert allowed is not None and token in allowed
    assert restriction.allowed([begin, *rest]) is None
    assert restriction.fault == ""


def test_names_that_a_tokenizer_cannot_write_are_a_fault() -> None:
    restriction = Constrainer(make_word_tokenizer(), "names", [1], 80).restrict(Request("1", "select", choices={"name": "forecast"}))
    assert restriction is not None
    assert list(np.asarray(restriction.allowed([]))) == [1]
    assert "no tokens for the names" in restriction.fault


def test_a_schema_that_cannot_be_followed_is_an_error_of_its_reply_alone(small_model: Path) -> None:
    """A pattern that is no regular expression; the other requests of the batch are answered."""
    broken = {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}, "required": ["a"]}
    requests = make_requests(schema=SCHEMA)[:2]
    requests.append(Request("broken", "select", requests[0].messages, schema=broken))
    engine = HfEngine(str(small_model), GenerationSettings(max_new_tokens=60), constrain="schema")
    replies = {reply.id: reply for reply in engine.reply(requests)}
    assert replies["broken"].text == ""
    assert "cannot be held to its schema" in (replies["broken"].error or "")
    assert [replies[key].error for key in ("0", "1")] == [None, None]
    assert all(schema_faults(json.loads(replies[key].text), SCHEMA) == [] for key in ("0", "1"))


def test_keywords_that_are_not_known_are_passed_over(small_model: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean", "not": {"const": True}}}, "required": ["a"], "additionalProperties": False}
    for text in answers(small_model, "schema", make_requests(schema=schema)).values():
        assert isinstance(json.loads(text)["a"], bool)
