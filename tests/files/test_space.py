"""A film that will not fit is refused before it begins."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from sdplay.core.errors import DiskFull
from sdplay.files.space import check_space

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
