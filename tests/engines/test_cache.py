"""The cache of replies: what is stored stays, in one process, in several, and in one that is killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gentool.core.errors import TeacherError
from gentool.engines.cache import CachedReply, Paid, ReplyCache
from gentool.engines.engine import Usage

REPLY = CachedReply('{"a": "b\u0000 ü"}', Usage(10, 5, 3))

WRITES = """
import sys, pathlib
from gentool.engines.cache import CachedReply, ReplyCache
from gentool.engines.engine import Usage
cache = ReplyCache(pathlib.Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    cache.put(f"key {number}", 0, "m", CachedReply(sys.argv[2], Usage(1, 1)))
    print(number, flush=True)
"""


def start_writer(path: Path, text: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITES, path, text, str(count)], stdout=subprocess.PIPE, text=True)


def test_a_reply_is_there_again_for_its_key_and_sample_alone(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "new" / "replies.sqlite")
    cache.put("k", 0, "m", REPLY)
    refused = CachedReply("", Usage(1, 0), estimated=True, error="the teacher refused")
    cache.put("k", 1, "m", refused)
    cache.close()
    again = ReplyCache(tmp_path / "new" / "replies.sqlite")
    assert (again.get("k", 0), again.get("k", 1)) == (REPLY, refused)
    assert again.get("k", 2) is None and again.get("l", 0) is None


def test_the_first_reply_stays(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c")
    cache.put("k", 0, "m", REPLY)
    cache.put("k", 0, "m", CachedReply("other", Usage(1, 1)))
    assert cache.get("k", 0) == REPLY


def test_what_was_paid_is_counted_for_each_model(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c")
    for number in range(3):
        cache.put(f"k{number}", 0, "m", REPLY)
    cache.put("k", 0, "other", CachedReply("", Usage(7, 7), estimated=True))
    assert cache.paid("m") == Paid(3, Usage(30, 15, 9), estimated=False)
    assert cache.paid("other").estimated and cache.paid("none") == Paid(0, Usage(0, 0, 0), estimated=False)


def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "c"
    writers = [start_writer(path, text, 300) for text in ("one", "two")]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    cache = ReplyCache(path)
    assert cache.paid("m").answers == 300
    assert {reply.text for number in range(300) if (reply := cache.get(f"key {number}", 0))} <= {"one", "two"}


def test_what_was_stored_before_a_kill_is_there(tmp_path: Path) -> None:
    writer = start_writer(tmp_path / "c", "text", 100_000)
    assert writer.stdout is not None
    stored = [int(writer.stdout.readline()) for _ in range(50)]
    writer.kill()
    writer.communicate()
    assert writer.returncode == -signal.SIGKILL
    cache = ReplyCache(tmp_path / "c")
    assert all(cache.get(f"key {number}", 0) for number in stored)


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(TeacherError, match=r"replies\.sqlite: the cache of replies is damaged.*move replies\.sqlite"):
        ReplyCache(path)


def test_damage_in_the_middle_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c"
    cache = ReplyCache(path)
    for number in range(200):
        cache.put(f"k{number}", 0, "m", CachedReply("x" * 500, Usage(1, 1)))
    cache.close()
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 20] = b"\xff" * (4096 * 19)
    path.write_bytes(content)
    with pytest.raises(TeacherError, match="damaged"):
        damaged = ReplyCache(path)
        [damaged.get(f"k{number}", 0) for number in range(200)]


def test_another_programs_database_and_a_folder_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE replies (name TEXT)")
    with pytest.raises(TeacherError, match=r"other: cannot use the cache.*no such column.*another version"):
        ReplyCache(tmp_path / "other")
    with pytest.raises(TeacherError, match="unable to open"):
        ReplyCache(tmp_path)
