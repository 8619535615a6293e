"""What to change, as far as the measured figures say."""

from __future__ import annotations

from collections.abc import Iterator

from sdplay.bench.measure import Report, Row
from sdplay.bench.plan import STOCK, Way

GAIN = 1.1  # times faster, below which nothing is advised: rounds differ by as much
LONG_START = 2.0  # times a picture; from here on a warm model saves most of the wait
TORCH = Way(who="torch")


def advice(report: Report) -> Iterator[str]:
    """One line for each thing to change or to leave, the largest gains first in each kind."""
    if report.busy:
        yield (
            f"the computer is busy: drawing computed for {report.computing:.0%} of the time on the clock, so ratios "
            "are those of CPU time; close other programs and measure again for times that you can go by"
        )
    yield from engine_advice(report)
    yield from quality_advice(report)
    yield from threads_advice(report)
    yield from start_advice(report)
    yield from (f"{name} was not measured: {reason}" for name, reason in report.left_out.items())


def times(one: Row, other: Row) -> float:
    """How many times faster `one` is than `other`."""
    return one.ratio[0] / other.ratio[0]


def engine_advice(report: Report) -> Iterator[str]:
    torch, other = report.row(TORCH), report.row(Way(who="openvino"))
    if torch is None or other is None:
        return
    gain = times(other, torch)
    if gain < GAIN:
        yield f"engine: leave it at torch; OpenVINO takes {1 / gain:.2f} of its time here"
        return
    first = ""
    if other.start is not None:
        first = f"; the start to its first picture took {other.start.wall:.0f} s, the very first time it also converts"
    yield f"engine: `engine=openvino` is {gain:.1f} times faster than torch here{first}"


def quality_advice(report: Report) -> Iterator[str]:
    rows = [row for row in report.rows if row.way.who != STOCK and not row.way.threads]
    for engine in dict.fromkeys(row.way.who for row in rows):
        exact = report.row(Way(who=engine))
        for row in rows:
            if exact is None or row.way.who != engine or row.way.quality == "exact":
                continue
            near = f", {row.psnr:.0f} dB from the exact picture" if row.psnr is not None else ""
            yield f"quality: `quality={row.way.quality}` with {engine} is {times(row, exact):.1f} times faster{near}"


def threads_advice(report: Report) -> Iterator[str]:
    usual = report.row(TORCH)
    tried = [row for row in report.rows if row.way.threads]
    if usual is None or not tried:
        return
    if report.busy:
        yield "threads: which number is best cannot be told on a busy computer"
        return
    best = max(tried, key=lambda row: row.ratio[0])
    gain = times(best, usual)
    if gain >= GAIN:
        yield f"threads: `OMP_NUM_THREADS={best.way.threads}` in the environment is {gain:.1f} times faster"
    else:
        numbers = " and ".join(str(row.way.threads) for row in tried)
        yield f"threads: the usual number is right; {numbers} gained nothing"


def start_advice(report: Report) -> Iterator[str]:
    torch = report.row(TORCH)
    if torch is None or torch.start is None:
        return
    busy = report.clock == "CPU"
    start, picture = (torch.start.cpu, torch.cpu) if busy else (torch.start.wall, torch.wall)
    if start > LONG_START * picture:
        of = " of CPU time" if busy else ""
        yield (
            f"start: a command takes {start:.1f} s{of} to its first picture, a picture alone {picture:.1f} s; while "
            "`sdplay serve` runs, commands draw with its loaded model"
        )
