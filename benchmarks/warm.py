"""The command line while a service runs, against the same command alone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contestants import PROMPT, Ours, Work
from benchmarks.measure import alternate_processes
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired
from benchmarks.startup import environment, sdplay, timings

WARM_AIM = Aim(ratio=6.67)  # 0.15 times the wall time
WAIT = 120.0


@contextmanager
def warm_service(variables: dict[str, str]) -> Generator[None]:
    """A service in the background whose model is loaded."""
    subprocess.run([sdplay(), "serve", "--background", "--port", "0"], env=variables, check=True, capture_output=True)
    try:
        deadline = time.monotonic() + WAIT
        while "is loaded" not in said(variables):
            if time.monotonic() > deadline:
                raise TimeoutError("the model is not loaded")
            time.sleep(0.1)
        yield
    finally:
        subprocess.run([sdplay(), "serve", "--stop"], env=variables, check=True, capture_output=True)


def said(variables: dict[str, str]) -> str:
    command = [sdplay(), "serve", "--status"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False).stdout


def commands(work: Work, into: Path) -> list[Callable[[], list[str]]]:
    """The command that draws one picture, with the service and alone."""
    recipe = Ours(work).recipe
    flags = ["--steps", str(recipe.steps), "--size", str(recipe.width), "--seed", "7", "--out", str(into), "--quiet"]
    drawn = [sdplay(), PROMPT, "--model", work.model, *flags]
    return [lambda: drawn, lambda: [*drawn, "--no-serve"]]


def warm_rows(work: Work, rounds: int) -> list[Row]:
    with TemporaryDirectory() as folder:
        variables = environment(work.threads) | {"SDPLAY_HOME": folder}
        with warm_service(variables):
            warm, cold = alternate_processes(commands(work, Path(folder) / "images"), rounds, variables)
        files = [path.read_bytes() for path in sorted((Path(folder) / "images").iterdir())]
    if len(set(files)) != 1:
        raise RuntimeError("the service drew another file than the command alone")
    what = f"process start to saved picture, the model in the box, {Ours(work).recipe.steps} steps"
    walls, processors = zip(timings(warm), timings(cold), strict=True)
    return [
        paired("warm-wall", what, *walls, loss="the same file", aim=WARM_AIM, clock="wall"),
        paired("warm-cpu", f"{what}; of the command alone", *processors, loss="the same file", aim=None, clock="CPU"),
    ]


def warm_section(work: Work, rounds: int) -> Section:
    return Section(
        title="The command line beside a service",
        about="`sdplay PROMPT` while `sdplay serve` runs, against the same with `--no-serve`, as whole processes that "
        "take turns; files in the page cache, the service's model loaded. The aim is 0.15 times the wall time. CPU is "
        "that of the command's own process: the service's is not in it.",
        rows=tuple(warm_rows(work, rounds)),
    )
