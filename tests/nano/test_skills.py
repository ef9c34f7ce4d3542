"""Lessons: what is to be answered follows from the lines, names are like those of tools, and a name is never two lines'."""

from __future__ import annotations

import random

import pytest

from gentool.nano.skills import Alphabet, Related, draw_skill

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
    assert 5 < joined < 35


@pytest.mark.parametrize("seed", range(20))
def test_a_line_is_chosen_by_relatives_of_its_words(seed: int) -> None:
    relatives = {word: [word + 200] for word in range(10, 200)}
    related = Alphabet(range(500, 900), LINE, COLON, JOINT, ASKS, NONE, END, (Related(list(relatives), relatives),))
    row = draw_skill("relate", related, random.Random(seed), 160, False)
    lines = read_lines(list(row.trunk)[1:])
    for branch in row.branches:
        answer = answer_of(list(branch.ids), branch.choice)
        asked = {token for token in branch.ids[: branch.trained] if 200 < token < 500}
        if answer == (NONE,):
            assert not asked
        else:
            assert asked
            assert asked <= {word + 200 for word in lines[answer]}
