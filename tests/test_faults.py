"""Faults of the machine and of the command line as one line each: full disks, missing rights, interrupts that Python loses."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RunError
from gentool.core.jsonl import write_json
from gentool.faults import describe_fault

Contents = Callable[[Path], dict[str, bytes]]
Gentool = Callable[..., Any]
Refused = Callable[..., str]
FULL = "cannot write"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RunError("runs/x: holds no run"), "runs/x: holds no run"),
        (OSError(errno.ENOSPC, "No space left on device", "runs/x/a"), f"{FULL} (runs/x/a): the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FULL),
        (OSError(errno.EFBIG, "File too large"), FULL),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"), FULL),
        (PermissionError(errno.EACCES, "Permission denied", "runs/x"), "no permission to write or read (runs/x)"),
        (OSError(errno.EROFS, "Read-only file system", "runs/x"), "no permission to write or read (runs/x)"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "a/b"), "Not a directory (a/b)"),
    ],
)
def test_what_the_user_can_mend_is_one_line(error: Exception, said: str) -> None:
    described = describe_fault(error)
    assert described is not None
    assert described.startswith(said)
    assert "\n" not in described


@pytest.mark.parametrize("error", [KeyError("x"), ZeroDivisionError(), RuntimeError("shapes do not match"), ValueError("x")])
def test_a_fault_of_ours_keeps_its_traceback(error: Exception) -> None:
    assert describe_fault(error) is None


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A real file system of that size at a folder. It goes when nothing maps its files any more: tensors are freed when they are collected."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def enlarge(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=20m", folder], check=True)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: what a full disk does, without the right to mount one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kilobytes", [4, 40, 80, 200])
def test_a_run_on_a_full_disk_goes_on_when_there_is_space(
    kilobytes: int, tiny: Path, finished: Path, tmp_path: Path, gentool: Gentool, refused: Refused, contents: Contents
) -> None:
    """From the catalogue on, through the teacher's lines, to the verified families."""
    disk = tmp_path / "disk"
    with small_disk(disk, kilobytes):
        assert refused("synth", disk / "run", "--recipe", tiny).startswith(FULL)
        enlarge(disk)
        assert gentool("synth", disk / "run", "--recipe", tiny).status == 0
        held = contents(disk / "run")
        assert held == {path: data for path, data in contents(finished).items() if path in held}


def test_training_on_a_full_disk_goes_on_when_there_is_space(
    finished: Path, tmp_path: Path, gentool: Gentool, refused: Refused, contents: Contents
) -> None:
    """The disk has space for the first stage, and for a part of the second one's first checkpoint."""
    disk = tmp_path / "disk"
    used = sum(len(data) // 4096 + 1 for data in contents(finished).values()) * 4
    with small_disk(disk, used + 250):
        shutil.copytree(finished, disk / "run")
        shutil.rmtree(disk / "run" / "train" / "select")
        assert refused("train", disk / "run").startswith(FULL)
        assert not (disk / "run" / "train" / "select" / "done.json").exists()
        enlarge(disk)
        assert gentool("train", disk / "run").status == 0
        assert contents(disk / "run") == contents(finished)


@pytest.mark.parametrize(("stage", "size"), [("synth", 10_000), ("synth", 60_000), ("pairs", 100_000), ("train/select", 50_000), ("score", 5_000)])
def test_a_stage_that_cannot_write_its_files_loses_nothing(
    stage: str, size: int, finished: Path, run_copy: Path, gentool: Gentool, refused: Refused, contents: Contents
) -> None:
    shutil.rmtree(run_copy / stage)
    before = contents(run_copy)
    with largest_file(size):
        assert refused(stage.split("/")[0], run_copy).startswith(FULL)
    assert contents(run_copy).items() >= before.items()
    assert gentool(stage.split("/")[0], run_copy).status == 0
    assert contents(run_copy) == contents(finished)


def test_a_document_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, contents: Contents) -> None:
    write_json(tmp_path / "score.json", {"right": 1})
    before = contents(tmp_path)
    with largest_file(1000), pytest.raises(OSError, match="File too large"):
        write_json(tmp_path / "score.json", {"right": "x" * 5000})
    assert contents(tmp_path) == before


def without_rights(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line without root's right to write everywhere, where the tests run as root."""
    dropped = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run([*dropped, sys.executable, "-m", "gentool", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_without_the_right_to_write_nothing_is_begun_or_lost(tiny: Path, run_copy: Path, tmp_path: Path, contents: Contents) -> None:
    (run_copy / "synth" / "build.json").unlink()
    before = contents(run_copy)
    folders = [tmp_path, *(path for path in tmp_path.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        for arguments in (("run", tiny, "--out", tmp_path / "new"), ("synth", run_copy), ("score", run_copy), ("report", run_copy)):
            ended = without_rights(*arguments)
            assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended
            assert ended.stderr.startswith("gentool: no permission to write or read (")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert contents(run_copy) == before
    assert not (tmp_path / "new").exists()


def test_control_c_that_falls_into_a_destructor_is_not_lost() -> None:
    program = """
import sys, time
from gentool.faults import repeat_interrupt
class Falls:
    def __del__(self): raise KeyboardInterrupt
sys.unraisablehook = repeat_interrupt
try:
    Falls()
    time.sleep(20)
except KeyboardInterrupt:
    print("heard")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=15)
    assert (ended.stdout, ended.stderr) == ("heard\n", "")
