"""JSON Lines: one record a line, appended and flushed, so that a run that was stopped can go on.

A last line without its newline was torn by a stop. Files that we append to are opened through `appended` or read through
`resume_records`, which cut it off; other people's files are read as they are, and a broken line is an error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError

from gentool.core.errors import RecordError

Model = TypeVar("Model", bound=BaseModel)


def describe_validation_error(error: ValidationError) -> str:
    """The first fault of a pydantic error in one line: `key.path: what is wrong`."""
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    return (f"{path}: {message}" if path else message) + more


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Line numbers (1-based) and lines of a file that are not blank."""
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8") as file:
            yield file
    except FileNotFoundError:
        raise RecordError(path, None, "no such file") from None
    except IsADirectoryError:
        raise RecordError(path, None, "is a folder, not a file") from None
    except UnicodeDecodeError as error:
        raise RecordError(path, None, f"is not UTF-8 text ({error.reason} at byte {error.start})") from None


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Line numbers and parsed values. Raises RecordError with the line at broken JSON."""
    for number, line in read_lines(path):
        yield number, _parse(line, path, number)


def read_records(path: Path, model: type[Model]) -> Iterator[Model]:
    """The records of a file. Raises RecordError with the line at the first that is not valid."""
    for number, value in read_json_lines(path):
        try:
            yield model.model_validate(value)
        except ValidationError as error:
            raise RecordError(path, number, describe_validation_error(error)) from None


def resume_records(path: Path, model: type[Model]) -> list[Model]:
    """The records that an earlier start appended, none where it wrote no file; what a stop tore off is removed."""
    if not path.exists():
        return []
    cut_torn_line(path)
    return list(read_records(path, model))


def write_records(path: Path, records: Iterable[BaseModel]) -> int:
    """Write a whole file at once: it appears complete or not at all. Returns how many records."""
    lines = [to_line(record) for record in records]
    write_text(path, "".join(lines))
    return len(lines)


def write_text(path: Path, text: str) -> None:
    """Write a file whole: a temporary file beside it takes its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document, indented for reading, as `write_text` does."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """One JSON document. Raises RecordError with the line where it is broken."""
    with _opened(path) as file:
        text = file.read()
    return _parse(text, path, None)


def _parse(text: str, path: Path, line: int | None) -> Any:
    """A JSON value; RecordError at `line`, or where the fault is in a text of several lines."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordError(path, line or error.lineno, f"not valid JSON ({error.msg} at column {error.colno})") from None
    except RecursionError:
        raise RecordError(path, line, "nested too deeply to be read") from None


def to_line(record: BaseModel) -> str:
    """A record as one line of JSON with its newline; fields at their defaults are left out."""
    return json.dumps(record.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) + "\n"


@contextmanager
def appended(path: Path) -> Iterator[Appender]:
    """Open a file for appending whole lines; what a stop tore off is removed first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cut_torn_line(path)
    with path.open("a", encoding="utf-8") as file:
        yield Appender(file)


class Appender:
    """Appends records to an open file, each flushed before the next is made."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def append(self, record: BaseModel) -> None:
        self._file.write(to_line(record))
        self._file.flush()


def cut_torn_line(path: Path) -> None:
    """Remove the bytes after a file's last newline; nothing happens where there are none."""
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole != len(data):
        os.truncate(path, whole)
