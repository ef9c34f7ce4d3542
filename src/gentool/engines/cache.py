"""The cache of a server's replies: one SQLite file, so that nothing is sent or paid for a second time.

gentool.engines.openai looks every request up here before it sends it, and stores every reply here before it hands it on. A
reply is committed by itself: a process that is killed loses only what was in flight. Several processes may share the file.
A key is the hash of all that decides a reply; the API key is no part of it and is never stored.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gentool.core.errors import TeacherError
from gentool.engines.engine import Usage

SECONDS_TO_WAIT = 60.0
"""How long one process waits for another's write."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT NOT NULL,
    sample INTEGER NOT NULL,
    model TEXT NOT NULL,
    text TEXT NOT NULL,
    error TEXT,
    prompt_tokens INTEGER NOT NULL,
    cached_prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (key, sample)
) WITHOUT ROWID
"""

Result = TypeVar("Result")


@dataclass(frozen=True)
class CachedReply:
    """What the model answered (for a request with tools its words and calls as JSON); `estimated` says that the usage is our estimate."""

    text: str
    usage: Usage
    estimated: bool = False
    error: str | None = None


@dataclass(frozen=True)
class Paid:
    """All that the cache holds of one model: how many replies, and their tokens together."""

    answers: int
    usage: Usage
    estimated: bool


class ReplyCache:
    """The replies of a file, which is made where there is none. Raises TeacherError with what to do where it is damaged or cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=SECONDS_TO_WAIT, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(SCHEMA)
            self._connection.execute(f"SELECT {_COLUMNS} FROM replies LIMIT 1").fetchone()

    def get(self, key: str, sample: int) -> CachedReply | None:
        """The reply of a request, None where it was never answered."""
        query = f"SELECT {_COLUMNS} FROM replies WHERE key = ? AND sample = ?"
        row = self._run(lambda: self._connection.execute(query, (key, sample)).fetchone())
        if row is None:
            return None
        text, error, prompt, cached, completion, estimated = row
        return CachedReply(text, Usage(prompt, completion, cached), bool(estimated), error)

    def put(self, key: str, sample: int, model: str, reply: CachedReply) -> None:
        """Store a reply for good. What another process stored for the request meanwhile stays."""
        usage = reply.usage
        counts = (usage.prompt_tokens, usage.cached_prompt_tokens, usage.completion_tokens, int(reply.estimated))
        row = (key, sample, model, reply.text, reply.error, *counts, time.time())
        self._run(lambda: self._connection.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row))

    def paid(self, model: str) -> Paid:
        """What a model's replies in the file took together."""
        query = "SELECT COUNT(*), SUM(prompt_tokens), SUM(completion_tokens), SUM(cached_prompt_tokens), MAX(estimated) FROM replies WHERE model = ?"
        answers, prompt, completion, cached, estimated = self._run(lambda: self._connection.execute(query, (model,)).fetchone())
        return Paid(answers, Usage(prompt or 0, completion or 0, cached or 0), bool(estimated))

    def close(self) -> None:
        self._connection.close()

    def _run(self, work: Callable[[], Result]) -> Result:
        with self._explained():
            return work()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """SQLite's errors with the file and what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise TeacherError(f"{self.path}: cannot use the cache of replies ({error}): {_advise(str(error))}") from None
        except sqlite3.DatabaseError as error:
            kept = f"move {self.path.name} and its -wal and -shm files away and run the same command again; its replies have to be paid for again"
            raise TeacherError(f"{self.path}: the cache of replies is damaged or no cache ({error}): {kept}") from None


_COLUMNS = "text, error, prompt_tokens, cached_prompt_tokens, completion_tokens, estimated"


def _advise(message: str) -> str:
    if "full" in message:
        return "make space and run the same command again, it goes on from what is there"
    if "locked" in message:
        return "another process holds it; end that process, or wait for it"
    if "column" in message:
        return "it is another program's or another version's; move it away and run the same command again"
    return "check the folder and its rights, and run the same command again"
