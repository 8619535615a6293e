"""What was read is given again while the file is the same, and never a moment longer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sdplay.files.remembered import Remembered


def old(path: Path, content: str, seconds: float = 60) -> None:
    """Write a file as it was written some time ago. (The time of its inode stays: it is that of this test.)"""
    path.write_text(content)
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read; the clock is an hour ahead, so that what is written now is old."""
    ahead = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: ahead)
    return []


def remembered(reads: list[str], most: int = 2) -> Remembered[str]:
    def read(path: Path) -> str:
        reads.append(path.name)
        return path.read_text()

    return Remembered(read, most)


def test_file_is_read_once(tmp_path: Path, reads: list[str]) -> None:
    text = remembered(reads)
    old(tmp_path / "a", "one")
    assert [text(tmp_path / "a"), text(tmp_path / "a")] == ["one", "one"]
    assert reads == ["a"]


def test_another_content_is_read_though_size_and_time_are_the_same(tmp_path: Path, reads: list[str]) -> None:
    text = remembered(reads)
    old(tmp_path / "a", "one")
    times = os.stat(tmp_path / "a")
    assert text(tmp_path / "a") == "one"
    (tmp_path / "b").write_text("two")
    os.replace(tmp_path / "b", tmp_path / "a")
    os.utime(tmp_path / "a", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert text(tmp_path / "a") == "two"


def test_file_that_was_just_written_is_not_relied_on(tmp_path: Path) -> None:
    reads: list[str] = []
    text = remembered(reads)
    (tmp_path / "a").write_text("one")
    assert [text(tmp_path / "a"), text(tmp_path / "a")] == ["one", "one"]
    assert reads == ["a", "a"]


def test_those_asked_for_last_are_kept(tmp_path: Path, reads: list[str]) -> None:
    text = remembered(reads, most=2)
    for name in "abc":
        old(tmp_path / name, name)
    for name in "abacaab":
        assert text(tmp_path / name) == name
    assert reads == ["a", "b", "c", "b"]


def test_what_cannot_be_read_is_said_each_time(tmp_path: Path, reads: list[str]) -> None:
    text = remembered(reads)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            text(tmp_path / "a")
    assert reads == ["a", "a"]
