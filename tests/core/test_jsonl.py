"""JSON Lines: appending, resuming, whole files, and errors that say where."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gentool.core.call import Call
from gentool.core.errors import RecordError
from gentool.core.jsonl import (
    appended,
    cut_torn_line,
    describe_validation_error,
    read_json,
    read_json_lines,
    read_records,
    resume_records,
    to_line,
    write_json,
    write_records,
    write_text,
)
from gentool.core.tool import Tool, ToolSet

CALLS = [Call(name=f"tool{number}", arguments={"text": "Zürich\n\u2028", "n": number}) for number in range(8)]


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "calls.jsonl"
    with appended(path) as file:
        for call in CALLS[:3]:
            file.append(call)
    with appended(path) as file:
        file.append(CALLS[3])
    assert list(read_records(path, Call)) == CALLS[:4]


def test_each_record_is_on_disk_before_the_next_is_made(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with appended(path) as file:
        for number, call in enumerate(CALLS, start=1):
            file.append(call)
            assert len(list(read_records(path, Call))) == number


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.floats(allow_nan=False, allow_infinity=False)))
def test_a_record_is_one_line_whatever_it_holds(arguments: dict[str, Any]) -> None:
    line = to_line(Call(name="f", arguments=arguments))
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert "\r" not in line
    assert Call.model_validate_json(line).arguments == arguments


def test_defaults_are_left_out_and_letters_kept() -> None:
    assert to_line(Tool(name="météo")) == '{"name": "météo"}\n'


@pytest.mark.parametrize("torn", ['{"name": "tool3", "argu', '{"name": "tool3"}', "\u00fc"])
def test_a_torn_last_line_is_cut_on_resuming(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "calls.jsonl"
    write_records(path, CALLS[:3])
    with path.open("ab") as file:
        file.write(torn.encode()[:-1] if torn == "\u00fc" else torn.encode())
    assert resume_records(path, Call) == CALLS[:3]
    assert path.read_bytes().endswith(b"}\n")


def test_a_torn_last_line_is_cut_before_appending(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(to_line(CALLS[0]) + '{"na', encoding="utf-8")
    with appended(path) as file:
        file.append(CALLS[1])
    assert list(read_records(path, Call)) == CALLS[:2]


def test_a_file_that_is_one_torn_line_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"na', encoding="utf-8")
    assert resume_records(path, Call) == []
    assert path.read_bytes() == b""
    cut_torn_line(tmp_path / "absent.jsonl")
    assert not (tmp_path / "absent.jsonl").exists()


def test_resuming_without_a_file_begins_anew(tmp_path: Path) -> None:
    assert resume_records(tmp_path / "calls.jsonl", Call) == []


def test_resuming_still_refuses_a_broken_line_inside(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(to_line(CALLS[0]) + "{broken}\n" + to_line(CALLS[1]), encoding="utf-8")
    with pytest.raises(RecordError, match="line 2: not valid JSON"):
        resume_records(path, Call)


def test_broken_json_names_file_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    lines = [to_line(call) for call in CALLS]
    path.write_text("".join([*lines[:6], '{"name": "f",}\n', *lines[6:]]), encoding="utf-8")
    read: list[Any] = []
    with pytest.raises(RecordError) as caught:
        read.extend(value for _, value in read_json_lines(path))
    assert str(caught.value).startswith(f"{path}, line 7: not valid JSON (")
    assert "at column 14" in str(caught.value)
    assert (caught.value.path, caught.value.line) == (path, 7)
    with pytest.raises(RecordError, match="line 7"):
        list(read_records(path, Call))


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n  \n" + to_line(CALLS[0]) + "\n", encoding="utf-8")
    assert [number for number, _ in read_json_lines(path)] == [3]


def test_an_invalid_record_names_line_and_key_path(tmp_path: Path) -> None:
    path = tmp_path / "sets.jsonl"
    path.write_text('[{"name": "a"}]\n[{"name": "a"}, {"name": "b", "parameters": 3}]\n', encoding="utf-8")
    with pytest.raises(RecordError, match=r"sets\.jsonl, line 2: 1\.parameters: Input should be a valid dictionary$"):
        list(read_records(path, ToolSet))


def test_a_fault_is_one_line_and_counts_the_others() -> None:
    with pytest.raises(ValidationError) as caught:
        Call.model_validate({"name": "", "arguments": [], "more": 1})
    assert describe_validation_error(caught.value) == "name: String should have at least 1 character (and 2 more)"
    with pytest.raises(ValidationError) as caught:
        ToolSet.of([Tool(name="a"), Tool(name="a")])
    assert describe_validation_error(caught.value) == "a tool set cannot hold two tools of one name: a"


def test_files_that_are_not_there_or_not_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes('{"name": "Zürich"}\n'.encode("latin-1"))
    for name, fault in (("absent", "no such file"), ("", "is a folder, not a file"), ("latin.jsonl", "is not UTF-8 text")):
        with pytest.raises(RecordError, match=fault) as caught:
            list(read_json_lines(tmp_path / name))
        assert str(tmp_path / name) in str(caught.value)
        with pytest.raises(RecordError, match=fault):
            read_json(tmp_path / name)


def test_records_are_written_whole_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "new" / "calls.jsonl"
    assert write_records(path, iter(CALLS)) == len(CALLS)
    assert write_records(path, CALLS[:2]) == 2
    assert list(read_records(path, Call)) == CALLS[:2]
    assert [file.name for file in path.parent.iterdir()] == ["calls.jsonl"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "score.json"
    write_json(path, {"old": True})

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert read_json(path) == {"old": True}
    assert [file.name for file in tmp_path.iterdir()] == ["score.json"]


def test_a_record_that_cannot_be_made_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    write_records(path, CALLS[:1])

    def broken() -> Any:
        yield CALLS[1]
        raise RuntimeError("the maker stopped")

    with pytest.raises(RuntimeError):
        write_records(path, broken())
    assert list(read_records(path, Call)) == CALLS[:1]


def test_json_documents_round_trip_and_name_the_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "a" / "score.json"
    write_json(path, {"city": "Zürich", "n": [1, None]})
    assert read_json(path) == {"city": "Zürich", "n": [1, None]}
    assert "Zürich" in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == read_json(path)
    path.write_text('{\n "a": 1,\n "b"\n}', encoding="utf-8")
    with pytest.raises(RecordError, match="line 4: not valid JSON"):
        read_json(path)


def test_json_nested_too_deeply_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text("{}\n" + "[" * 100_000 + "]" * 100_000 + "\n", encoding="utf-8")
    with pytest.raises(RecordError, match=r"odd\.jsonl, line 2: nested too deeply to be read"):
        list(read_json_lines(path))
