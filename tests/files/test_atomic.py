"""Files appear whole or not at all, and never in the place of another."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sdplay.core.errors import DiskFull, StoreError
from sdplay.files.atomic import (
    STALE_SECONDS,
    check_space,
    prepare_folder,
    replace_file,
    store_error,
    sweep,
    write_new,
)
from tests.support import child


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_first_free_name_is_taken_and_nothing_else_is_touched(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").mkdir()
    written = write_new(b"new", [tmp_path / name for name in ("a", "b", "c", "d")])
    assert written == tmp_path / "c"
    assert (tmp_path / "a").read_bytes() == b"old"
    assert written.read_bytes() == b"new"
    assert names(tmp_path) == ["a", "b", "c"]


def test_a_dangling_link_is_a_taken_name(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    assert write_new(b"new", [tmp_path / "a", tmp_path / "b"]) == tmp_path / "b"
    assert not (tmp_path / "elsewhere").exists()


def test_no_free_name_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(StoreError, match="every name"):
        write_new(b"new", [tmp_path / "a"])
    with pytest.raises(StoreError, match="every name"):
        write_new(b"new", [])
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_is_as_private_as_the_user_wants_files_to_be(mask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        written = write_new(b"new", [tmp_path / "a"])
    finally:
        os.umask(before)
    assert stat.S_IMODE(written.stat().st_mode) == mode


def without_links(*_: object, **__: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_file_system_without_links_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", without_links)
    (tmp_path / "a").write_bytes(b"old")
    assert write_new(b"new", [tmp_path / "a", tmp_path / "b"]) == tmp_path / "b"
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"old", b"new")
    assert names(tmp_path) == ["a", "b"]


def test_a_name_that_was_reserved_is_given_back_when_the_move_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", without_links)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DiskFull):
        write_new(b"new", [tmp_path / "a"])
    assert names(tmp_path) == []


def test_an_interruption_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_new(b"new", [tmp_path / "a"])
    assert names(tmp_path) == []


def test_the_bytes_reach_the_disk_before_the_name_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = os.fsync

    def watched(handle: int) -> None:
        real(handle)
        seen.append([name for name in names(tmp_path) if not name.startswith(".")])

    monkeypatch.setattr(os, "fsync", watched)
    write_new(b"new", [tmp_path / "a"])
    assert seen == [[]]


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, DiskFull, 4),
        (errno.EDQUOT, DiskFull, 4),
        (errno.EFBIG, DiskFull, 4),
        (errno.EACCES, StoreError, 1),
        (errno.EROFS, StoreError, 1),
        (errno.EIO, StoreError, 1),
    ],
)
def test_what_the_file_system_says_becomes_an_error_of_ours(number: int, kind: type[StoreError], code: int) -> None:
    error = store_error(OSError(number, os.strerror(number)), Path("out"))
    assert type(error) is kind
    assert (error.exit_code, error.field, error.value) == (code, "out", "out")
    assert "`out`" in error.hint


# --- a folder that cannot be written to -------------------------------------------------------------------------------


def test_a_folder_is_made_with_all_above_it_and_left_empty(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b" / "c")
    assert names(tmp_path / "a" / "b" / "c") == []
    prepare_folder(tmp_path / "a" / "b" / "c")


@pytest.mark.parametrize("below", ["file", "file/below", "file/far/below"])
def test_a_file_in_the_way_of_a_folder_is_told(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(StoreError, match="cannot write there") as caught:
        prepare_folder(tmp_path / below)
    assert caught.value.exit_code == 1
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name too long"):
        prepare_folder(tmp_path / ("x" * 300))


# Runs in a folder of its own as a user who is not root, for whom modes mean something.
IN_READ_ONLY = """
import os, sys
from pathlib import Path
from sdplay.core.errors import SdplayError
from sdplay.files.atomic import prepare_folder
os.chdir(sys.argv[1])
Path("closed").mkdir(mode=0o555)
Path("open").mkdir()
os.chmod("open", 0o777)
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
prepare_folder(Path("open"))
for folder in ("closed", "closed/new"):
    try:
        prepare_folder(Path(folder))
    except SdplayError as error:
        print(type(error).__name__, error.exit_code, error.reason)
"""


def test_a_read_only_folder_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    told = child.run(IN_READ_ONLY, tmp_path).splitlines()
    assert told == ["StoreError 1 cannot write there: Permission denied"] * 2
    assert names(tmp_path / "closed") == names(tmp_path / "open") == []


# --- what killed programs leave ---------------------------------------------------------------------------------------


@pytest.fixture
def litter(tmp_path: Path) -> Iterator[Path]:
    """A folder with two leftovers, one old, and with files that only look a little like leftovers, all old."""
    for name in (
        ".sdplay-0123456789abcdef",
        ".sdplay-0123456789abcdef.txt",
        ".sdplay-notes",
        "sdplay-0123456789abcdef",
        "00001-1.png",
    ):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (1_000_000, 1_000_000))
    (tmp_path / ".sdplay-00000000aaaaaaaa").write_bytes(b"being written by somebody")
    os.utime(tmp_path / ".sdplay-00000000aaaaaaaa", (1_000_000 + STALE_SECONDS, 1_000_000 + STALE_SECONDS))
    return tmp_path


def test_only_our_own_leftovers_that_are_a_day_old_are_swept(litter: Path) -> None:
    everything = names(litter)
    sweep(litter, 1_000_000 + STALE_SECONDS)
    assert names(litter) == everything
    sweep(litter, 1_000_000 + STALE_SECONDS + 1)
    assert names(litter) == [name for name in everything if name != ".sdplay-0123456789abcdef"]


def test_a_leftover_that_cannot_be_taken_away_is_no_error(litter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refused)
    everything = names(litter)
    sweep(litter, 2e9)
    assert names(litter) == everything


def test_sweeping_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    sweep(tmp_path / "nowhere", 2e9)
    assert names(tmp_path) == []


def test_a_device_or_a_pipe_that_the_user_named_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_file(pipe, b"rows", into_devices=True)
        assert os.read(reader, 10) == b"rows"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    replace_file(link, b"rows", into_devices=True)
    assert link.is_char_device()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["null", "pipe"]
    replace_file(pipe, b"rows")  # in a folder of ours
    assert pipe.read_bytes() == b"rows"


NEEDED = 100 * 512 * 256 * 3 * 0.6


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """How much is free, as the disk will say."""
    told = SimpleNamespace(free=0.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: told)
    return told


def test_enough_space_is_nothing_to_speak_of(free: SimpleNamespace, tmp_path: Path) -> None:
    free.free = NEEDED * 1.31
    assert check_space(tmp_path, 100, 512, 256) is None


def test_little_space_is_warned_of(free: SimpleNamespace, tmp_path: Path) -> None:
    free.free = NEEDED * 1.29
    told = check_space(tmp_path, 100, 512, 256)
    assert told == f"100 pictures of 512x256 take about 22.5 MiB, and 29.0 MiB is free in {tmp_path}"


def test_too_little_space_is_refused_unless_forced(free: SimpleNamespace, tmp_path: Path) -> None:
    free.free = NEEDED * 0.99
    with pytest.raises(DiskFull, match=r"take about 22\.5 MiB") as caught:
        check_space(tmp_path / "not" / "there", 100, 512, 256)
    assert caught.value.exit_code == 4
    assert "`force`" in caught.value.hint
    assert "is free" in (check_space(tmp_path, 100, 512, 256, force=True) or "")
    assert check_space(tmp_path, 100, 512, 256, factor=0.3) is None


def test_the_real_disk_is_asked(tmp_path: Path) -> None:
    assert check_space(tmp_path / "new", 1, 8, 8) is None
    with pytest.raises(DiskFull, match="GiB is free"):
        check_space(tmp_path / "new", 10**9, 4096, 4096)


def test_a_relative_folder_is_looked_for_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_space(Path("new/film"), 1, 8, 8) is None
