"""Measure by pairs: both contestants run in turn, A B A B, so that a busy machine disturbs both alike."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of each round of one contestant."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    def divided(self, count: int) -> Timings:
        """Seconds of one of the `count` things that a round did."""
        return Timings(tuple(seconds / count for seconds in self.seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times faster ours was: ratio of the medians, and the lowest and highest ratio of one round."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f}× ({self.low:.2f}..{self.high:.2f})"


def ratio(ours: Timings, peer: Timings) -> Ratio:
    """`peer` over `ours`: above 1 ours is faster."""
    rounds = [p / o for p, o in zip(peer.seconds, ours.seconds, strict=True)]
    return Ratio(value=peer.median / ours.median, low=min(rounds), high=max(rounds))


def alternate(
    contestants: Sequence[Callable[[], object]], rounds: int, clock: Clock = time.process_time, *, warm: bool = True
) -> list[Timings]:
    """Run every contestant once to warm up (unless not `warm`: they are), then all in turn `rounds` times; their
    timings, in the same order.
    """
    for contestant in contestants if warm else ():
        contestant()
    taken: list[list[float]] = [[] for _ in contestants]
    for _ in range(rounds):
        for times, contestant in zip(taken, contestants, strict=True):
            begun = clock()
            contestant()
            times.append(clock() - begun)
    return [Timings(tuple(times)) for times in taken]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What one whole process cost: wall seconds and CPU seconds."""

    wall: float
    cpu: float


def run_process(command: Sequence[str], environment: dict[str, str]) -> Process:
    """Run `command` to its end; raises `RuntimeError` with its last words when it fails."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stderr or done.stdout)[-2000:]}")
    return Process(wall=wall, cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def alternate_processes(
    commands: Sequence[Callable[[], Sequence[str]]], rounds: int, environment: dict[str, str]
) -> list[list[Process]]:
    """As `alternate`, for whole processes; each command is made anew for every run."""
    for command in commands:
        run_process(command(), environment)
    runs: list[list[Process]] = [[] for _ in commands]
    for _ in range(rounds):
        for done, command in zip(runs, commands, strict=True):
            done.append(run_process(command(), environment))
    return runs


def relative_l2(found: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """‖found − reference‖ / ‖reference‖."""
    return float(np.linalg.norm(found - reference) / np.linalg.norm(reference))


def psnr(found: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio of two 8-bit pictures in dB; infinite when they are equal."""
    mean_square = float(np.square(found.astype(np.float64) - reference).mean())
    return float("inf") if mean_square == 0 else 10 * float(np.log10(255**2 / mean_square))
