"""The alphabet of lessons: the tokenizer's words, and which of them are related; which tokens of a reply decide something."""

from __future__ import annotations

import random
from itertools import accumulate
from typing import Any

import pytest

from gentool.nano.episodes import draw_episode
from gentool.nano.rows import RowMaker, deciding, make_alphabet
from gentool.nano.skills import FIRST_SKILLS, SKILLS
from gentool.prompts import PromptSettings

RELATIONS = {"meaning": {"lamp": ("river", "unheard"), "river": ("lamp",), "unheard": ("lamp",)}, "gloss": {"unheard": ("lamp",)}}


def test_relations_are_those_of_the_tokens(tokenizer: Any) -> None:
    ids = tokenizer.get_vocab()
    (meaning,) = make_alphabet(tokenizer, RELATIONS.values()).relations
    assert meaning.relatives == {ids["lamp"]: [ids["river"]], ids["river"]: [ids["lamp"]]}


def test_marks_are_single_tokens_and_no_words(tokenizer: Any) -> None:
    alphabet = make_alphabet(tokenizer)
    marks = [alphabet.line, alphabet.colon, alphabet.joint, alphabet.asks, alphabet.end]
    assert tokenizer.convert_ids_to_tokens(marks)[-2:] == ["<|assistant|>", "<|end|>"]
    assert not set(marks) & set(alphabet.words)


@pytest.mark.parametrize(("relations", "skills"), [({}, FIRST_SKILLS), ({"gloss": {}}, FIRST_SKILLS), (RELATIONS, SKILLS)])
def test_what_is_not_known_is_no_lesson(tokenizer: Any, relations: Any, skills: Any) -> None:
    assert RowMaker(tokenizer, {}, 0, relations).skills == skills


def test_lessons_by_relatives_ask_with_them(tokenizer: Any) -> None:
    """Where a line is chosen it is by the only relative of one of its words, or, if that stands in another line's name, by the word."""
    words = sorted(token for token in tokenizer.get_vocab() if token.isascii() and token.isalpha() and token.islower() and len(token) > 2)
    half = len(words) // 2
    maker = RowMaker(tokenizer, {}, 0, {"meaning": {word: (other,) for word, other in zip(words[:half], words[half:], strict=False)}})
    alphabet, relatives = maker.alphabet, maker.alphabet.relations[0].relatives
    row = maker.lesson("relate", random.Random(0), False)
    said, describes = set(), False
    for token in row.trunk:
        describes = token == alphabet.colon or (describes and token != alphabet.line)
        said.update({token} - {alphabet.colon} if describes else ())
    near = {other for token in said for other in relatives.get(token, ())}
    by_relatives = 0
    for branch in row.branches:
        asked = set(branch.ids[: branch.trained])
        chosen = tuple(branch.ids[slice(*branch.choice)]) != (alphabet.none,)
        assert bool(asked & (near | said)) == chosen
        by_relatives += bool(asked & near)
    assert by_relatives > len(row.branches) / 2


@pytest.mark.parametrize(
    "marked",  # tokens stand between bars, behind an asterisk those that decide
    [
        '{"|*name|": |*"|*x|*", "|*arguments|": |*{"|*to|": |*"|*a| b|*", "|*n|": |*2|0|*, "|*l|": |*["|*c|*", "|*d|*"]}}|<|end|>',
        '{"|*name|": |*"|*x|*", "|*arguments|": |*{}}|<|end|>',
    ],
)
def test_names_values_and_what_follows_a_value_decide(marked: str) -> None:
    tokens = marked.removesuffix("|<|end|>").split("|")
    ends = list(accumulate(len(token.lstrip("*")) for token in tokens))
    offsets = list(zip([0, *ends[:-1]], ends, strict=True))
    text = "".join(token.lstrip("*") for token in tokens) + "<|end|>"
    assert deciding(text, [*offsets, (len(text) - 7, len(text))]) == {number for number, token in enumerate(tokens) if token.startswith("*")}


def test_an_arguments_first_token_decides_and_the_rest_of_its_value_does_not(tokenizer: Any, source: Any) -> None:
    maker = RowMaker(tokenizer, {"things": source}, 4000)
    row = maker.pack(draw_episode(source, random.Random(0), 2, 8), "select", PromptSettings(tools="signature"))
    calls = [branch for branch in row.branches if "place" in tokenizer.decode(branch.ids[branch.trained :])]
    assert calls
    for branch in calls:
        decided = tokenizer.convert_ids_to_tokens([branch.ids[at] for at in sorted(branch.decides)])
        assert "place" in decided
        assert set(decided) & {"Rome", "Oslo", "Bern"}
        assert "<|end|>" not in decided
