"""Hostile files end a command with a clear message, or are read as they are, and never hang or crash it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.hostile import hostile_files
from tests.fuzz.place import furnish
from tests.fuzz.rules import SLOW, all_that_break


@pytest.mark.parametrize(("seed", "count"), [(1, 25), pytest.param(2, 300, marks=SLOW)])
def test_hostile_files(tmp_path: Path, seed: int, count: int) -> None:
    here = furnish(tmp_path)
    wrong = all_that_break(hostile_files(seed, count, here), here, tmp_path)
    assert not wrong, wrong
