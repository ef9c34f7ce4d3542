"""Lessons: what is to be answered follows from the lines, names are like those of tools, and a name is never two lines'."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from gentool.nano.skills import Alphabet, Related, Skill, draw_skill

LINE, COLON, JOINT, ASKS, NONE, END = range(6)
ALPHABET = Alphabet(range(10, 400), LINE, COLON, JOINT, ASKS, NONE, END)


def read_lines(trunk: list[int]) -> dict[tuple[int, ...], list[int]]:
    """The lines of a lesson: their words by their names."""
    text = " ".join(map(str, trunk))
    lines = [[int(token) for token in line.split()] for line in text.split(f" {LINE}")]
    return {tuple(line[: line.index(COLON)]): line[line.index(COLON) + 1 :] for line in lines if COLON in line[1:]}


def answer_of(ids: list[int], choice: tuple[int, int]) -> tuple[int, ...]:
    return tuple(ids[slice(*choice)])


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_a_word_is_bound_to_the_name_of_its_line(seed: int, first: bool) -> None:
    row = draw_skill("bind", ALPHABET, random.Random(seed), 160, first)
    lines = read_lines(list(row.trunk)[1:])
    assert 2 <= len(lines) <= 6
    for branch in row.branches:
        word, asks, *_ = branch.ids
        assert asks == ASKS
        assert word in lines[answer_of(list(branch.ids), branch.choice)]
        assert branch.ids[branch.choice[1]] == END


@pytest.mark.parametrize("seed", range(20))
def test_a_line_is_chosen_by_its_words_or_none_is(seed: int) -> None:
    row = draw_skill("choose", ALPHABET, random.Random(seed), 160, False)
    lines = read_lines(list(row.trunk)[1:])
    for branch in row.branches:
        answer = answer_of(list(branch.ids), branch.choice)
        asked = set(branch.ids[: branch.trained])
        if answer == (NONE,):
            assert not asked & {word for name, words in lines.items() for word in (*name, *words)} - {LINE, COLON, JOINT}
        else:
            assert asked & set(lines[answer])


def test_some_names_begin_alike_and_none_are_the_same() -> None:
    alike = 0
    for seed in range(40):
        names = list(read_lines(list(draw_skill("bind", ALPHABET, random.Random(seed), 160, False).trunk)[1:]))
        assert len(set(names)) == len(names)
        assert all(JOINT not in (name[0], name[-1]) for name in names)
        alike += len({name[0] for name in names}) < len(names)
    assert alike > 5


def test_what_is_copied_stood_before() -> None:
    joined = 0
    for seed in range(40):
        row = draw_skill("copy", ALPHABET, random.Random(seed), 160, False)
        joined += JOINT in row.trunk
        text = ",".join(map(str, row.trunk))
        assert all(",".join(map(str, branch.ids)) in text for branch in row.branches)
        assert all(JOINT not in answer_of(list(branch.ids), branch.choice) for branch in row.branches)
    assert 5 < joined < 35


@pytest.mark.parametrize("seed", range(20))
def test_a_line_is_chosen_by_relatives_of_its_words_that_are_no_other_lines(seed: int) -> None:
    """Every word has four relatives, shared with its neighbours, and words around may be anybody's relatives."""
    words = range(10, 400)
    relatives = {word: [relative for relative in range(word - 2, word + 3) if relative != word] for word in words}
    row = draw_skill("relate", replace(ALPHABET, relations=(Related(words, relatives),)), random.Random(seed), 160, False)
    lines = read_lines(list(row.trunk)[1:])
    reach = {name: {*said, *(relative for word in said for relative in relatives[word])} for name, said in lines.items()}
    for branch in row.branches:
        answer = answer_of(list(branch.ids), branch.choice)
        asked = set(branch.ids[: branch.trained])
        others = set().union(*(reach[name] - reach.get(answer, set()) for name in reach if name != answer))
        assert not asked & others
        if answer != (NONE,):
            assert asked & reach[answer]


@pytest.mark.parametrize("skill", ["bind", "choose"])
def test_no_word_stands_in_two_lines(skill: Skill) -> None:
    for seed in range(40):
        said = [word for words in read_lines(list(draw_skill(skill, ALPHABET, random.Random(seed), 160, False).trunk)[1:]).values() for word in words]
        assert len(set(said)) == len(said)
