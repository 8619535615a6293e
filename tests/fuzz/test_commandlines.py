"""Random command lines end with an exit code of ours, one clear message, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.lines import command_lines
from tests.fuzz.place import furnish
from tests.fuzz.rules import SLOW, all_that_break


@pytest.mark.parametrize(("seed", "count"), [(1, 40), pytest.param(2, 1000, marks=SLOW)])
def test_command_lines(tmp_path: Path, seed: int, count: int) -> None:
    here = furnish(tmp_path)
    wrong = all_that_break(command_lines(seed, count), here, tmp_path)
    assert not wrong, wrong
