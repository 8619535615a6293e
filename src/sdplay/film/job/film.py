"""Make a film in a job folder: draw its units, bring them to the disk, and write the film while it grows.

Three kinds of threads: those that draw (one for each worker of the executor), the one that leads (whoever iterates over
`shoot`: it writes frames and journal), and one that encodes. Drawing never waits for a file or an encoder.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

from sdplay.core.sample import Segment
from sdplay.events import DepthMapDone, Event, FilmSaved, FramesSaved, ImageDone, KeyframeDone, Resumed, Retried
from sdplay.film.camera.disparity import depth_png
from sdplay.film.job.encoder import Projector
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.journal import UnitRecord
from sdplay.film.job.pace import Pace
from sdplay.film.job.unit_queue import UnitQueue
from sdplay.film.job.units import Units
from sdplay.film.pace import measured
from sdplay.film.plan import FilmPlan, film_plan
from sdplay.images.read import Pixels
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.recipe import Recipe
from sdplay.tasks import Executor, Task

BACKLOG = 16  # events between drawing and leading, of which any may be a picture
PATIENCE = 0.1  # seconds between two looks at whether anybody still listens


@dataclass(frozen=True, slots=True, kw_only=True)
class Shooting:
    """All that a film is made from; `warnings` is for people, `noted` goes into every line of the journal."""

    recipe: Recipe
    plan: FilmPlan
    model: ResolvedModel
    device: str
    folder: JobFolder
    executor: Executor
    projector: Projector
    warnings: tuple[str, ...] = ()
    noted: Mapping[str, bool | str] = field(default_factory=dict[str, bool | str])

    def task(self, unit: Segment, given: Mapping[int, Pixels]) -> Task:
        indices = range(unit.first, unit.stop)
        return Task(recipe=self.recipe, indices=indices, model=self.model, device=self.device, given=given)


def shoot(shooting: Shooting) -> Generator[Event, None, None]:
    """Draw what is missing and write the film; events come in the order in which things are done.

    Who stops to iterate stops the drawing after its current step; finished units stay, open ones are dropped, and the
    film of the frames that are there is written. So it is after any error, which is then raised: `DiskFull`,
    `StoreError`, `RenderFailed`; `BadRequest` where another process works on the job.
    """
    projector = shooting.projector
    with shooting.folder.lock():
        shooting = yield from paced(shooting)
        plan = shooting.plan
        units = recovered(shooting)
        done = frames_done(plan, units)
        yield Resumed(total=plan.total, done=done)
        if done == plan.total and projector.is_written():
            yield FilmSaved(path=projector.path, frames=projector.frames, anew=False)
            return
        with projector.running(units):
            projector.show(units.first_missing * plan.length)
            with closing(drawn_and_kept(shooting, units, done)) as events:
                yield from events
        yield FilmSaved(path=projector.path, frames=projector.frames)


def paced(shooting: Shooting) -> Generator[Event, None, Shooting]:
    """`shooting` with its film's pace measured, if it asks for that; from then on the folder says what it is."""
    folder = shooting.folder

    def draw(sketch: Recipe, indices: Sequence[int]) -> Generator[Event, None, None]:
        return shooting.executor.run(Task(recipe=sketch, indices=indices, model=shooting.model, device=shooting.device))

    def keep(recipe: Recipe) -> None:
        folder.update({**folder.description, "recipe": recipe.to_dict()})
        folder.progress({"phase": "pace", "stretch": len(recipe.pace_table), "total": shooting.plan.total})

    recipe = yield from measured(shooting.recipe, draw, keep)
    return replace(shooting, recipe=recipe, plan=film_plan(recipe)) if recipe is not shooting.recipe else shooting


def recovered(shooting: Shooting) -> Units:
    """The finished units that this film can use: those that a crash left whole, and that are not cut too short."""
    plan = shooting.plan
    units, _ = shooting.folder.recover(plan.chain)
    short = [record.unit for record in units if record.unit < plan.units and record.stop < plan.unit(record.unit).stop]
    units.forget(short)
    return units


def frames_done(plan: FilmPlan, units: Units) -> int:
    return sum(min(record.stop, plan.total) - record.first for record in units if record.unit < plan.units)


@dataclass(frozen=True, slots=True)
class UnitDrawn:
    """All of a unit is drawn, in that many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Left:
    """A drawing thread has gone home: because of `error`, or since there is nothing more to draw."""

    error: BaseException | None = None


Told = tuple[Segment, Event | UnitDrawn] | Left


def drawn_and_kept(shooting: Shooting, units: Units, done: int) -> Generator[Event, None, None]:
    """Let the executor's workers draw unit after unit, and bring what they draw to the disk."""
    work = UnitQueue(shooting.plan, units.is_done)
    report = Report()
    threads = [
        threading.Thread(target=draw, args=(shooting, units, work, report), name=f"drawing {number}")
        for number in range(shooting.executor.workers)
    ]
    leader = Leader(shooting, units, work, done)
    try:
        for thread in threads:
            thread.start()
        at_work = len(threads)
        while at_work:
            news = report.read()
            if isinstance(news, Left):
                if news.error is not None:
                    raise news.error
                at_work -= 1
            else:
                yield from leader.follow(*news)
    finally:
        report.close()
        work.close()
        for thread in threads:
            if thread.ident is not None:  # it was started
                thread.join()


class Report:
    """The line from the drawing threads to the one that leads; whoever tells waits for room, never for ever."""

    def __init__(self) -> None:
        self._told: queue.Queue[Told] = queue.Queue(BACKLOG)
        self._closed = threading.Event()

    def read(self) -> Told:
        return self._told.get()

    def tell(self, news: Told) -> bool:
        """Pass `news` on; False where nobody listens any more."""
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._told.put(news, timeout=PATIENCE)
                return True
        return False

    def close(self) -> None:
        self._closed.set()


def draw(shooting: Shooting, units: Units, work: UnitQueue, report: Report) -> None:
    """What a drawing thread does until there is nothing to draw, or nobody listens, which it notices after a step."""
    try:
        while (unit := work.take()) is not None:
            started = time.perf_counter()
            given = {key: units.read_key(key) for key in shooting.plan.needs(unit)}
            with closing(shooting.executor.run(shooting.task(unit, given))) as events:
                for event in events:
                    if not report.tell((unit, event)):
                        return
            report.tell((unit, UnitDrawn(time.perf_counter() - started)))
        report.tell(Left())
    except BaseException as error:  # whatever it is, the leader raises it
        report.tell(Left(error))


@dataclass(slots=True)
class Taken:
    """A unit on its way to the disk: hashes of what is written, and what had to be mended."""

    frames: dict[int, str] = field(default_factory=dict[int, str])
    keys: dict[int, str] = field(default_factory=dict[int, str])
    rescued: dict[str, str] = field(default_factory=dict[str, str])
    last: Pixels | None = None


class Leader:
    """Writes what the drawing threads tell, and says what is safe."""

    def __init__(self, shooting: Shooting, units: Units, work: UnitQueue, done: int) -> None:
        self._shooting, self._units, self._work, self._done = shooting, units, work, done
        self._taken: dict[int, Taken] = {}
        self._pace = Pace(shooting.executor.workers)

    def follow(self, unit: Segment, event: Event | UnitDrawn) -> Iterator[Event]:
        """Do what `event` asks for, and pass it on."""
        taken = self._taken.setdefault(unit.number, Taken())
        if isinstance(event, UnitDrawn):
            yield self._keep(unit, self._taken.pop(unit.number), event.seconds)
            return
        if isinstance(event, KeyframeDone):
            taken.keys[event.index] = self._units.write_key(event.index, event.pixels)
        elif isinstance(event, ImageDone):
            picture = event.picture
            taken.frames[picture.index] = self._units.write_frame(picture.index, picture.pixels)
            taken.last = picture.pixels
        elif isinstance(event, DepthMapDone):
            self._units.write_depth(event.index, depth_png(event.disparity))
        elif isinstance(event, Retried):
            taken.rescued[str(event.index)] = event.how
        yield event

    def _keep(self, unit: Segment, taken: Taken, seconds: float) -> Event:
        """Make `unit` finished; from here on no crash undoes it."""
        extra = dict(self._shooting.noted) | ({"rescued": taken.rescued} if taken.rescued else {})
        sha = tuple(taken.frames[index] for index in range(unit.first, unit.stop))
        record = UnitRecord(
            unit=unit.number, first=unit.first, sha=sha, seconds=round(seconds, 3), keys=taken.keys, extra=extra
        )
        self._work.finished(unit, lambda: self._units.finish(record))
        plan, folder = self._shooting.plan, self._shooting.folder
        self._done += len(sha)
        self._shooting.projector.show(self._units.first_missing * plan.length)
        left = self._pace.left(unit, seconds, self._done, plan)
        kept = FramesSaved(done=self._done, total=plan.total, seconds_left=left, seconds=seconds)
        folder.progress({"phase": "render", "frame": self._done, "total": plan.total, "eta": kept.seconds_left})
        if taken.last is not None:
            folder.latest(taken.last)
        return kept
