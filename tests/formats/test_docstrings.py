"""Docstrings in the three ways in which people write them."""

from __future__ import annotations

import pytest

from gentool.formats.docstrings import read_docstring

GOOGLE = """Books a table.

    Takes a while: be patient.

    Args:
        who (str, optional): Who it is for,
            by name.
        when: The day: a date.

            A second paragraph.
        *rest: Others.

    Returns:
        when: never this.

    Raises:
        ValueError: Not this either.
    """
NUMPY = """
    Books a table.

    Takes a while: be patient.

    Parameters
    ----------
    who : str, optional
        Who it is for,
        by name.
    when, until : date
        The day: a date.
        A second paragraph.
    *rest
        Others.

    Returns
    -------
    when : bool
        Never this.
    """
REST = """Books a table.

    Takes a while: be patient.

    :param str who: Who it is for,
        by name.
    :param when: The day: a date.
        A second paragraph.
    :type when: date
    :param rest: Others.
    :returns: never this
    :raises ValueError: not this either
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, REST], ids=["google", "numpy", "rest"])
def test_the_three_ways_say_the_same(text: str) -> None:
    description, parameters = read_docstring(text)
    assert description == "Books a table.\n\nTakes a while: be patient."
    said = {"who": "Who it is for, by name.", "when": "The day: a date. A second paragraph.", "rest": "Others."}
    assert {name: parameters[name] for name in said} == said
    assert set(parameters) - set(said) <= {"until"}


@pytest.mark.parametrize(
    ("text", "description"),
    [
        (None, ""),
        ("", ""),
        ("One line.", "One line."),
        ("Returns: the sum of both.", "Returns: the sum of both."),
        ("Reads.\n\nExamples\nshow how.", "Reads.\n\nExamples\nshow how."),
        ("Reads.\n\nExample:\n    >>> read()", "Reads."),
        ("Args:\n    a: The a.", ""),
        ("Uses `:param:`, at 10:30.", "Uses `:param:`, at 10:30."),
    ],
)
def test_the_description_is_what_stands_before_the_sections(text: str | None, description: str) -> None:
    assert read_docstring(text).description == description


def test_lines_that_are_no_entries_are_passed_over() -> None:
    text = "Adds.\n\nArgs:\n    All of them are numbers.\n    a: The a.\n    (b) no entry\n    c (list[tuple[int, int]]): The c."
    assert read_docstring(text).parameters == {"a": "The a.", "c": "The c."}
