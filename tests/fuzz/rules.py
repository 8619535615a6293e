"""What every command must keep, whatever it was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.fuzz.forks import Ran, forks
from tests.fuzz.place import environment

EXIT_CODES = {0, 1, 2, 3, 4}
LONGEST = 300  # characters of a message, as the error tree promises
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Thousands of commands take an hour on a machine that does other work too.
SLOW = (pytest.mark.slow, pytest.mark.timeout(7200))
NEVER = ("this should not happen", "Traceback (most recent call last)", "came out of main", "SystemError")


def broken_rules(ran: Ran, folder: Path, before: Sequence[str]) -> list[str]:
    """What a command did that none may do; `before` is what was in its `folder` beforehand."""
    if ran.code < 0:
        return [f"killed or hung: {ran.code}"]
    broken: list[str] = [f"stderr has {words!r}" for words in NEVER if words in ran.err]
    if ran.code not in EXIT_CODES:
        broken.append(f"exit code {ran.code}")
    messages = [line for line in COLOUR.sub("", ran.err).splitlines() if line.startswith("error: ")]
    if ran.code in {1, 2, 4} and not messages and not ran.out:  # `verify` prints a line for each file
        broken.append(f"exit code {ran.code} without a message")
    broken += [f"a message of {len(line)} characters" for line in messages if len(line) > LONGEST + len("error: ")]
    new = sorted(set(listing(folder)) - set(before))
    if ran.code == 2:
        broken += [f"a refused command left {name}" for name in new]
    broken += [f"left {name}" for name in new if Path(name).name.startswith(".") or name.endswith((".tmp", ".part"))]
    return broken


def listing(folder: Path) -> list[str]:
    """Every file and folder below `folder`, relative to it."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*")]


def all_that_break(lines: Iterable[tuple[int, Sequence[str]]], folder: Path, root: Path) -> str:
    """Run the numbered command lines one after the other in `folder`; returns a line for each that broke a rule."""
    wrong: list[str] = []
    with forks() as run:
        for number, argv in lines:
            before = listing(folder)
            ran = run.run(argv, folder, environment(root))
            if broken := broken_rules(ran, folder, before):
                wrong.append(str((number, [word[:80] for word in argv], broken, ran.err[-300:])))
    return "\n".join(wrong)
