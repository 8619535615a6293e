"""Scenarios of whole processes: from a cold start to the first saved picture, and `sdplay --help`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contestants import PROMPT, Ours, Work
from benchmarks.measure import Process, Timings, alternate_processes
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired

STOCK = Path(__file__).with_name("stock_script.py")
COLD_AIM, HELP_AIM = Aim(ratio=2.0), Aim(seconds=0.25)


def sdplay() -> str:
    """The command beside this Python."""
    return str(Path(sys.executable).with_name("sdplay"))


def environment(threads: int) -> dict[str, str]:
    """That of this process, with the number of threads that both sides get."""
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}


def timings(runs: list[Process]) -> tuple[Timings, Timings]:
    """(wall, CPU) of the runs."""
    return Timings(tuple(run.wall for run in runs)), Timings(tuple(run.cpu for run in runs))


def cold_commands(work: Work, into: Path) -> list[Callable[[], list[str]]]:
    """Our command and the stock script, each drawing and saving one picture with the same steps and size."""
    recipe = Ours(work).recipe
    steps, side = str(recipe.steps), str(recipe.width)
    folder = str(Ours(work).folder)

    def ours() -> list[str]:
        flags = ["--guidance", "3", "--steps", steps, "--size", side, "--seed", "0", "--out", str(into), "--quiet"]
        return [sdplay(), PROMPT, "--model", work.model, *flags]

    def stock() -> list[str]:
        return [sys.executable, str(STOCK), folder, steps, side, str(into / "stock.png")]

    return [ours, stock]


def cold_rows(work: Work, rounds: int) -> list[Row]:
    with TemporaryDirectory() as folder:
        runs = alternate_processes(cold_commands(work, Path(folder)), rounds, environment(work.threads))
    (our_wall, our_cpu), (peer_wall, peer_cpu) = map(timings, runs)
    what = "process start to saved picture, the model in the box"
    return [
        paired("cold-wall", what, our_wall, peer_wall, loss="", aim=COLD_AIM, clock="wall"),
        paired("cold-cpu", what, our_cpu, peer_cpu, loss="", aim=COLD_AIM, clock="CPU"),
    ]


def help_row(rounds: int, threads: int) -> Row:
    """`sdplay --help`, in CPU time: it waits for nothing, so on an idle machine that is the time on the clock."""
    (runs,) = alternate_processes([lambda: [sdplay(), "--help"]], rounds, environment(threads))
    _, cpu = timings(runs)
    return Row(key="help", what="`sdplay --help`", clock="CPU", ours=cpu.median, aim=HELP_AIM)


def startup_section(work: Work, rounds: int) -> Section:
    return Section(
        title="Starting",
        about="Whole processes, files already in the page cache: our command against a script of a dozen lines with "
        "the stock pipeline, with the same folder, steps, size and threads.",
        rows=(*cold_rows(work, rounds), help_row(2 * rounds, work.threads)),
    )
