"""Random command lines end with an exit code of ours, one clear message, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.forks import forks
from tests.fuzz.lines import command_lines
from tests.fuzz.place import environment, furnish
from tests.fuzz.rules import broken_rules, listing


@pytest.mark.parametrize(("seed", "count"), [(1, 90), pytest.param(2, 1000, marks=pytest.mark.slow)])
def test_command_lines(tmp_path: Path, seed: int, count: int) -> None:
    here, wrong = furnish(tmp_path), []
    with forks() as run:
        for number, argv in command_lines(seed, count):
            before = listing(here)
            ran = run.run(argv, here, environment(tmp_path))
            broken = broken_rules(ran, here, before)
            if broken:
                wrong.append((number, [word[:80] for word in argv], broken, ran.err[-300:]))
    assert not wrong, "\n".join(map(str, wrong))
