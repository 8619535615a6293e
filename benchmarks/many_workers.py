"""How many workers one driver can keep at work: the real scheduler, journal and film, and workers that only pretend.

Each pretended worker takes about `seconds` for a unit and returns a frame. What is measured is the driver: units a
second, files brought to the disk, bytes that came, memory. `python -m benchmarks.many_workers` prints a line of JSON
for each number of workers, length of a unit and size of a frame; with "10,100 0.5 64" for those alone.
"""

from __future__ import annotations

import heapq
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from sdplay.core.machine import Machine
from sdplay.events import Event, FramesSaved, ImageDone
from sdplay.executors.arithmetic import WorkerFacts
from sdplay.executors.cluster.crew import Drawn, Joined, Returned, Tell, Unit
from sdplay.executors.cluster.executor import ClusterExecutor
from sdplay.executors.cluster.parcel import NOTHING, pack
from sdplay.film.job.frame_file import png_of
from sdplay.images.picture import Picture
from sdplay.requests.base import Request
from sdplay.tasks import DrawTask

FACTS = WorkerFacts(host="pretended", cores=1, memory=None, device="cpu", arithmetic={})
WORKERS, SECONDS, SIDES = (10, 100, 1000), (0.5, 5.0), (64, 512)
MEASURED = 15.0  # seconds, from when every worker has drawn a unit, and at least three units of each
UNEVEN = 0.2  # share by which units may be shorter or longer: else all workers would end theirs at the same time
DIFFERENT = 8  # frames that are different


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the driver did with so many `workers` that take `seconds` for a unit, a frame of `side` pixels a side.

    `ideal` and `rate` are units a second: as many as the workers could draw, and as many as were finished; all others
    are of the whole run, with the film made of what was drawn.
    """

    workers: int
    seconds: float
    side: int
    units: int
    ideal: float
    rate: float
    syncs: float  # files and folders brought to the disk, a unit
    received: float  # bytes that came from workers, a unit
    processor: float  # seconds of a core that the driver took, a unit
    memory: int  # bytes, at most


class PretendedCrew:
    """Workers that draw nothing: a clock says when a unit would be done, and a frame made before comes back."""

    def __init__(self, workers: int, seconds: float, side: int) -> None:
        self.received = 0
        self._names, self._seconds = [f"worker {number}" for number in range(workers)], seconds
        self._free_at = dict.fromkeys(self._names, 0.0)
        self._due: list[tuple[float, int, str, Unit]] = []
        self._changed, self._ended = threading.Condition(), False
        self._chance, random = np.random.default_rng(2), np.random.default_rng(1)
        small = random.integers(0, 256, (DIFFERENT, side // 8, side // 8, 3), dtype=np.uint8)
        self._encoded: dict[int, bytes] = {}
        self._frames = small.repeat(8, 1).repeat(8, 2) ^ random.integers(0, 4, (DIFFERENT, side, side, 3), np.uint8)

    def start(self, tell: Tell) -> None:
        self._tell = tell
        for name in self._names:
            tell(Joined(name, FACTS))
        threading.Thread(target=self._work, daemon=True).start()

    def look(self) -> None:
        """They are always there."""

    def send(self, worker: str, unit: Unit) -> None:
        with self._changed:
            takes = self._seconds * self._chance.uniform(1 - UNEVEN, 1 + UNEVEN)
            at = max(self._free_at[worker], time.monotonic()) + takes
            self._free_at[worker] = at
            heapq.heappush(self._due, (at, unit.number, worker, unit))
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ended and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._ended:
                    return
                _, number, worker, unit = heapq.heappop(self._due)
            drawn = self._drawn(unit)
            self.received += len(drawn.packed)
            self._tell(Returned(worker, number, drawn))

    def _drawn(self, unit: Unit) -> Drawn:
        task = unit.job.task
        assert isinstance(task, DrawTask)
        index = unit.indices[0]
        picture = Picture(
            pixels=self._frames[index % DIFFERENT], recipe=task.recipe, index=index, seconds=self._seconds
        )
        return Drawn(digest="", seconds=self._seconds, packed=pack([self._sent(picture)], task))

    def _sent(self, picture: Picture) -> Event:
        """The picture as it is sent; each that is different is encoded once, since that is not the driver's work."""
        number = picture.index % DIFFERENT
        if number not in self._encoded:
            self._encoded[number] = png_of(picture.pixels)
        return ImageDone(picture=replace(picture, pixels=NOTHING), png=self._encoded[number])

    def stop(self, worker: str, number: int) -> None:
        """It draws nothing."""

    def ask(self, worker: str, request: Request) -> Machine:
        return Machine(device="cpu", dtype="float32", threads=1)

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()


def measured(workers: int, seconds: float, side: int, folder: Path) -> Figures:
    """Make a film with so many pretended workers, in this process."""
    from sdplay.film.job.film import shoot
    from sdplay.film.request_dream import Dream
    from sdplay.requests.base import make_request
    from sdplay.studio import Studio

    first, last = (1 + UNEVEN) * seconds, (1 + UNEVEN) * seconds + max(MEASURED, 3 * seconds)
    crew = PretendedCrew(workers, seconds, side)
    counted = CountedSyncs()
    with Studio(ClusterExecutor(crew)) as studio:
        request = make_request(
            Dream,
            prompts=("a", "b"),
            num=round(workers * (last / seconds + 3)),
            batch_size=1,
            width=side,
            height=side,
            seed=1,
        )
        job = studio.film(request, folder / "film", force=True)
        used, started, saved = time.process_time(), time.monotonic(), list[float]()
        with counted, closing(shoot(job)) as events:
            for event in events:
                if isinstance(event, FramesSaved):
                    saved.append(time.monotonic() - started)
                if time.monotonic() - started > last:
                    break
        used, units = time.process_time() - used, len(saved)
    return Figures(
        workers=workers,
        seconds=seconds,
        side=side,
        units=units,
        ideal=workers / seconds,
        rate=sum(first < at <= last for at in saved) / (last - first),
        syncs=counted.count / units,
        received=crew.received / units,
        processor=used / units,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


class CountedSyncs:
    """Counts how often something is brought to the disk, while it is entered."""

    def __init__(self) -> None:
        self.count, self._sync = 0, os.fsync

    def __enter__(self) -> CountedSyncs:
        def counting(file: int) -> None:
            self.count += 1
            self._sync(file)

        os.fsync = counting
        return self

    def __exit__(self, *_: object) -> None:
        os.fsync = self._sync


def all_measured(workers: Sequence[int], seconds: Sequence[float], sides: Sequence[int]) -> Iterator[Figures]:
    """Each in a process of its own, so that memory is its own."""
    for side in sides:
        for each in seconds:
            for count in workers:
                command = [sys.executable, "-m", "benchmarks.many_workers", "--one", str(count), str(each), str(side)]
                said = subprocess.run(command, check=True, capture_output=True, text=True)
                yield Figures(**json.loads(said.stdout.splitlines()[-1]))


def main(arguments: Sequence[str]) -> None:
    if arguments[:1] == ["--one"]:
        with tempfile.TemporaryDirectory(dir=os.environ.get("MANY_WORKERS_FOLDER")) as folder:
            workers, seconds, side = arguments[1:]
            print(json.dumps(asdict(measured(int(workers), float(seconds), int(side), Path(folder)))))
        return
    asked = [[float(each) for each in argument.split(",")] for argument in arguments]
    workers, seconds, sides = asked or (WORKERS, SECONDS, SIDES)
    for figures in all_measured([round(each) for each in workers], seconds, [round(each) for each in sides]):
        print(json.dumps(asdict(figures)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
