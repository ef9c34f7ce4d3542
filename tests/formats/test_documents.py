"""Telling one JSON document from JSON Lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gentool.core.errors import RecordError
from gentool.formats.documents import join_place, read_documents

Write = Callable[..., Path]


def test_one_document_has_no_place(write: Write) -> None:
    assert read_documents(write("[\n 1,\n 2\n]\n")) == [("", [1, 2])]


def test_json_lines_keep_their_numbers_over_blank_lines(write: Write) -> None:
    assert read_documents(write('{"a": 1}\n\n{"a": 2}\n')) == [("line 1", {"a": 1}), ("line 3", {"a": 2})]


def test_one_line_is_one_document(write: Write) -> None:
    assert read_documents(write('{"a": 1}\n')) == [("", {"a": 1})]


@pytest.mark.parametrize(("text", "line"), [("[\n1,\n2,,\n3]\n", 3), ('{"a": 1}\n{"a": \n', 2), ("{\n}\n{\n}\n", 3)])
def test_broken_json_names_its_line(write: Write, text: str, line: int) -> None:
    with pytest.raises(RecordError, match="not valid JSON") as caught:
        read_documents(write(text))
    assert caught.value.line == line


def test_an_empty_file_is_refused(write: Write) -> None:
    with pytest.raises(RecordError, match="is empty"):
        read_documents(write("\n \n"))


def test_places_are_joined_without_empty_parts() -> None:
    assert join_place("line 3", "", "entry 2") == "line 3, entry 2"
