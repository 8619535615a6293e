"""What a second worker is worth, and what a unit costs beside its drawing: on a Ray cluster of this machine.

Pictures of the model in the box, one a unit, with one thread: by one worker, by two, and by this process, several times
in turn. `python -m benchmarks.two_workers` prints a line for each turn, and the medians.
"""

from __future__ import annotations

import os
import statistics
import time
from contextlib import closing

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded

from sdplay.events import ImageDone
from sdplay.executors.cluster.executor import ClusterExecutor
from sdplay.executors.cluster.ray_crew import RayCrew
from sdplay.executors.inline import InlineExecutor
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.tasks import Executor
from tests.support.patience import wait_until
from tests.support.raycluster import a_cluster

UNITS, TURNS, SIDE = 32, 3, 256
SECONDS = 0.5  # that a unit takes, about


def seconds(executor: Executor, units: int, steps: int) -> float:
    """How long so many pictures take."""
    started = time.perf_counter()
    picture = {"prompt": "a red apple", "width": SIDE, "height": SIDE, "seed": 1}
    request = make_request(Txt2Img, num=units, batch_size=1, steps=steps, **picture)
    with closing(Studio(executor).stream(request)) as events:
        assert sum(isinstance(event, ImageDone) for event in events) == units
    return time.perf_counter() - started


def on_workers(address: str, count: int, steps: int) -> float:
    """As `seconds`, by so many workers, each of which has drawn before."""
    executor = ClusterExecutor(RayCrew(address, most=count))
    try:
        wait_until(lambda: len(executor.dispatcher.workers) == count)
        seconds(executor, 4 * count, 2)
        return seconds(executor, UNITS, steps)
    finally:
        executor.close()


def main() -> None:
    here = InlineExecutor()
    seconds(here, 2, 2)
    steps = max(round(SECONDS / (seconds(here, 2, 8) / 2) * 8), 1)
    gains: list[float] = []
    costs: list[float] = []
    with a_cluster(2) as cluster:
        for _ in range(TURNS):
            alone, together = (on_workers(cluster.address, count, steps) for count in (1, 2))
            inline = seconds(here, UNITS, steps)
            gains.append(alone / together)
            costs.append(alone / inline - 1)
            print(f"one worker {alone:.2f} s, two {together:.2f} s, this process {inline:.2f} s", flush=True)
    print(f"two workers draw {statistics.median(gains):.2f} times as much; {UNITS} units of {steps} steps")
    print(f"a unit takes {statistics.median(costs):.1%} longer on the cluster than in this process")


if __name__ == "__main__":
    main()
