"""Hostile files end a command with a clear message, or are read as they are, and never hang or crash it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.forks import forks
from tests.fuzz.hostile import hostile_files
from tests.fuzz.place import environment, furnish
from tests.fuzz.rules import broken_rules, listing


@pytest.mark.parametrize(("seed", "count"), [(1, 45), pytest.param(2, 300, marks=pytest.mark.slow)])
def test_hostile_files(tmp_path: Path, seed: int, count: int) -> None:
    here, wrong = furnish(tmp_path), []
    with forks() as run:
        for number, argv in hostile_files(seed, count, here):
            before = listing(here)
            ran = run.run(argv, here, environment(tmp_path))
            broken = broken_rules(ran, here, before)
            if broken:
                wrong.append((number, argv, broken, ran.err[-300:]))
    assert not wrong, "\n".join(map(str, wrong))
