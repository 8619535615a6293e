from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdplay.files.regular import open_regular, read_regular, read_regular_text, why_not_opened


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfcaf\xc3\xa9\n")
    assert read_regular(tmp_path / "a.txt") == b"\xef\xbb\xbfcaf\xc3\xa9\n"
    assert read_regular_text(tmp_path / "a.txt") == "café\n"
    with open_regular(tmp_path / "a.txt") as file:
        assert file.read(3) == b"\xef\xbb\xbf"


@pytest.mark.parametrize("name", ["fifo", "folder", "/dev/zero", "/dev/null", "loop", "missing", "link"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to("fifo")
    with pytest.raises(OSError, match=name):
        read_regular(tmp_path / name)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"12345")
    assert read_regular(tmp_path / "a.txt", largest=5) == b"12345"
    with pytest.raises(OSError, match="larger"):
        read_regular(tmp_path / "a.txt", largest=4)


def test_why_a_file_is_not_opened_is_said_without_opening_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "whole").write_bytes(b"12345")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(3 * 2**20)  # no byte of it is on the disk
    assert why_not_opened(tmp_path) == "is a folder"
    assert why_not_opened(tmp_path / "fifo") == why_not_opened(Path("/dev/zero")) == "is not a regular file"
    assert why_not_opened(tmp_path / "large", largest=2 * 2**20) == "is larger than 2 MiB"
    assert why_not_opened(tmp_path / "large", largest=3 * 2**20) == why_not_opened(tmp_path / "whole") == ""
    with pytest.raises(FileNotFoundError):
        why_not_opened(tmp_path / "missing")
