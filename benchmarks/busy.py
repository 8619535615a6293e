"""The same command on an idle machine and on one that is busy: as many endless loops beside it as it has cores."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Process, run_process
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired
from benchmarks.startup import sdplay, timings
from sdplay.core.machine import A_MOMENT, ASLEEP, WAYS

LOOP = "while True: pass"
BUSY_AIM = Aim(times=3.0)
SETTLE = 1.0  # seconds that the loops run before the command begins


@contextmanager
def busy_loops(count: int) -> Generator[None]:
    """So many processes that calculate all the time, at the priority of this one."""
    loops = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(count)]
    try:
        time.sleep(SETTLE)
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def pairs(command: list[str], rounds: int, loops: int, way: dict[str, str]) -> tuple[list[Process], list[Process]]:
    """(idle, busy) runs of `command`, in turn, after one that warms the page cache; threads wait in this `way`."""
    variables = {name: value for name, value in os.environ.items() if name not in WAYS} | way
    run_process(command, variables)
    idle: list[Process] = []
    busy: list[Process] = []
    for _ in range(rounds):
        idle.append(run_process(command, variables))
        with busy_loops(loops):
            busy.append(run_process(command, variables))
    return idle, busy


def busy_rows(model: str, rounds: int) -> list[Row]:
    loops, rows = os.cpu_count() or 1, list[Row]()
    with TemporaryDirectory() as folder:
        command = [sdplay(), "a red apple", "--model", model, "--no-serve", "--seed", "1", "--out", folder, "--quiet"]
        for key, said, way in (("moment", "spin a moment", A_MOMENT), ("asleep", "sleep at once", ASLEEP)):
            walls, processors = zip(*map(timings, pairs(command, rounds, loops, way)), strict=True)
            what = f'`sdplay "a red apple"` beside {loops} endless loops, threads that {said}; the peer is it alone'
            (idle, busy), loss = walls, "the same file"
            rows.append(paired(f"busy-{key}", what, busy, idle, loss=loss, aim=BUSY_AIM, clock="wall"))
            (idle, busy) = processors
            rows.append(paired(f"busy-{key}-cpu", what, busy, idle, loss=loss, aim=None, clock="CPU"))
        if len({path.read_bytes() for path in Path(folder).iterdir()}) != 1:
            raise RuntimeError("the busy machine drew another file than the idle one")
    return rows


def busy_section(model: str, rounds: int) -> Section:
    return Section(
        title="A busy machine",
        about="Whole processes with as many threads as the machine has cores, at the priority of the loops. A fair "
        "share alone makes two seconds of one where there are as many loops as cores. By itself the command takes the "
        "first way, and the second where in the last minute as many programs ran as there are cores.",
        rows=tuple(busy_rows(model, rounds)),
    )
