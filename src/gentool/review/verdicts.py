"""The verdicts of a run: an SQLite file that keeps every action, and review/verdicts.jsonl with the verdicts that stand.

Called by gentool.review.app. Several processes may write at once (two reviewers, two servers): SQLite's lock puts them in
turn, and the export is written inside it, so it never shows less than the file that it is made from.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gentool.core.errors import RunError
from gentool.core.jsonl import write_records
from gentool.core.review import VERDICTS, Review

TABLE = """
create table if not exists actions (
    number integer primary key autoincrement,
    query text not null,
    reviewer text not null,
    verdict text not null,
    at text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    undone integer not null default 0
)
"""
STANDING = """
select number, verdict from actions
where number in (select max(number) from actions where undone = 0 group by query, reviewer) order by number
"""
"""Of each reviewer and query the last action that was not undone."""
WAIT = 10.0
"""Seconds that a writer waits for another."""


@dataclass(frozen=True)
class Action:
    """A verdict with the number of the action that gave it; numbers grow with time."""

    number: int
    review: Review


class VerdictStore:
    """The verdicts of a run folder. Raises RunError where the file is not one of ours."""

    def __init__(self, run: Path) -> None:
        self._file = run / "review" / "verdicts.sqlite"
        self._export = run / VERDICTS
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._writing():
                pass  # makes the table, and the export again where a stop kept it from being written
        except (sqlite3.DatabaseError, ValidationError) as error:
            raise RunError(f"{self._file}: cannot be used as a file of verdicts ({' '.join(str(error).split())})") from None

    def standing(self) -> list[Action]:
        """The verdicts that stand, of all reviewers, oldest first."""
        with closing(self._connect()) as connection:
            return _standing(connection)

    def last_action(self, reviewer: str) -> Action | None:
        """What a reviewer did last, and has not undone."""
        with closing(self._connect()) as connection:
            query = "select number, verdict from actions where reviewer = ? and undone = 0 order by number desc limit 1"
            row = connection.execute(query, (reviewer,)).fetchone()
            return _read_action(row) if row else None

    def give(self, review: Review) -> None:
        """Add a verdict. One that says what stands already changes nothing, so a form that is sent twice counts once."""
        with self._writing() as connection:
            if not any(action.review == review for action in _standing(connection)):
                row = (review.query, review.reviewer, review.model_dump_json())
                connection.execute("insert into actions (query, reviewer, verdict) values (?, ?, ?)", row)

    def undo(self, number: int, reviewer: str) -> None:
        """Take back an action of a reviewer: what stood before it stands again. Taking it back twice changes nothing."""
        with self._writing() as connection:
            connection.execute("update actions set undone = 1 where number = ? and reviewer = ?", (number, reviewer))

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=WAIT, isolation_level=None)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that ends with the export of what it leaves; neither is kept where either fails."""
        with closing(self._connect()) as connection:
            connection.execute("begin immediate")
            try:
                connection.execute(TABLE)
                yield connection
                self._write_export(_standing(connection))
                connection.execute("commit")
            except BaseException:
                connection.rollback()
                raise

    def _write_export(self, actions: Sequence[Action]) -> None:
        if actions or self._export.exists():
            write_records(self._export, [action.review for action in actions])


def _standing(connection: sqlite3.Connection) -> list[Action]:
    return [_read_action(row) for row in connection.execute(STANDING)]


def _read_action(row: tuple[int, str]) -> Action:
    return Action(row[0], Review.model_validate_json(row[1]))
