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
from sdplay.film.job.encoder import FilmEncoder
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segment_queue import SegmentQueue, TimeLeft
from sdplay.film.job.segments import SegmentStore
from sdplay.film.pace import measure_pace
from sdplay.film.plan import FilmPlan, film_plan
from sdplay.images.read import Pixels
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.recipe import Recipe
from sdplay.tasks import DrawTask, Executor, Task

BACKLOG = 16  # events between drawing and leading, of which any may be a picture
PATIENCE = 0.1  # seconds between two looks at whether anybody still listens


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmJob:
    """All that a film is made from; `warnings` is for people, `noted` goes into every line of the journal."""

    recipe: Recipe
    plan: FilmPlan
    model: ResolvedModel
    device: str
    folder: JobFolder
    executor: Executor
    encoder: FilmEncoder
    warnings: tuple[str, ...] = ()
    noted: Mapping[str, bool | str] = field(default_factory=dict[str, bool | str])

    def task(self, unit: Segment, given: Mapping[int, Pixels]) -> Task:
        indices = range(unit.first, unit.stop)
        return DrawTask(recipe=self.recipe, indices=indices, model=self.model, device=self.device, given=given)


def shoot(job: FilmJob) -> Generator[Event, None, None]:
    """Draw what is missing and write the film; events come in the order in which things are done.

    Who stops to iterate stops the drawing after its current step; finished units stay, open ones are dropped, and the
    film of the frames that are there is written. So it is after any error, which is then raised: `DiskFull`,
    `StoreError`, `RenderFailed`; `BadRequest` where another process works on the job.
    """
    encoder = job.encoder
    with job.folder.lock():
        job = yield from with_measured_pace(job)
        plan = job.plan
        units = recover_segments(job)
        done = frames_done(plan, units)
        yield Resumed(total=plan.total, done=done)
        if done == plan.total and encoder.is_written():
            yield FilmSaved(path=encoder.path, frames=encoder.frames, anew=False)
            return
        with encoder.running(units):
            encoder.show(units.first_missing * plan.segment_length)
            with closing(draw_and_write(job, units, done)) as events:
                yield from events
        yield FilmSaved(path=encoder.path, frames=encoder.frames)


def with_measured_pace(job: FilmJob) -> Generator[Event, None, FilmJob]:
    """`job` with its film's pace measured, if it asks for that; from then on the folder says what it is."""
    folder = job.folder

    def draw(sketch: Recipe, indices: Sequence[int]) -> Generator[Event, None, None]:
        return job.executor.run(DrawTask(recipe=sketch, indices=indices, model=job.model, device=job.device))

    def keep(recipe: Recipe) -> None:
        folder.update({**folder.description, "recipe": recipe.to_dict()})
        folder.progress({"phase": "pace", "stretch": len(recipe.pace_table), "total": job.plan.total})

    recipe = yield from measure_pace(job.recipe, draw, keep)
    return replace(job, recipe=recipe, plan=film_plan(recipe)) if recipe is not job.recipe else job


def recover_segments(job: FilmJob) -> SegmentStore:
    """The finished units that this film can use: those that a crash left whole, and that are not cut too short."""
    plan = job.plan
    units, _ = job.folder.recover(plan.chain)
    short = [
        record.unit
        for record in units
        if record.unit < plan.segment_count and record.stop < plan.segment(record.unit).stop
    ]
    units.forget(short)
    return units


def frames_done(plan: FilmPlan, units: SegmentStore) -> int:
    return sum(min(record.stop, plan.total) - record.first for record in units if record.unit < plan.segment_count)


@dataclass(frozen=True, slots=True)
class SegmentDrawn:
    """All of a unit is drawn, in that many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WorkerDone:
    """A drawing thread has gone home: because of `error`, or since there is nothing more to draw."""

    error: BaseException | None = None


Message = tuple[Segment, Event | SegmentDrawn] | WorkerDone


def draw_and_write(job: FilmJob, units: SegmentStore, done: int) -> Generator[Event, None, None]:
    """Let the executor's workers draw unit after unit, and bring what they draw to the disk."""
    work = SegmentQueue(job.plan, units.is_done)
    report = WorkerEvents()
    threads = [
        threading.Thread(target=draw_segments, args=(job, units, work, report), name=f"drawing {number}")
        for number in range(job.executor.workers)
    ]
    leader = Coordinator(job, units, work, done)
    try:
        for thread in threads:
            thread.start()
        at_work = len(threads)
        while at_work:
            news = report.get()
            if isinstance(news, WorkerDone):
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


class WorkerEvents:
    """The line from the drawing threads to the one that leads; whoever tells waits for room, never for ever."""

    def __init__(self) -> None:
        self._told: queue.Queue[Message] = queue.Queue(BACKLOG)
        self._closed = threading.Event()

    def get(self) -> Message:
        return self._told.get()

    def put(self, news: Message) -> bool:
        """Pass `news` on; False where nobody listens any more."""
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._told.put(news, timeout=PATIENCE)
                return True
        return False

    def close(self) -> None:
        self._closed.set()


def draw_segments(job: FilmJob, units: SegmentStore, work: SegmentQueue, report: WorkerEvents) -> None:
    """What a drawing thread does until there is nothing to draw, or nobody listens, which it notices after a step."""
    try:
        while (unit := work.take()) is not None:
            started = time.perf_counter()
            given = {key: units.read_key(key) for key in job.plan.needs(unit)}
            with closing(job.executor.run(job.task(unit, given))) as events:
                for event in events:
                    if not report.put((unit, event)):
                        return
            report.put((unit, SegmentDrawn(time.perf_counter() - started)))
        report.put(WorkerDone())
    except BaseException as error:  # whatever it is, the leader raises it
        report.put(WorkerDone(error))


@dataclass(slots=True)
class OpenSegment:
    """A unit on its way to the disk: hashes of what is written, and what had to be mended."""

    frames: dict[int, str] = field(default_factory=dict[int, str])
    keys: dict[int, str] = field(default_factory=dict[int, str])
    rescued: dict[str, str] = field(default_factory=dict[str, str])
    last: Pixels | None = None


class Coordinator:
    """Writes what the drawing threads tell, and says what is safe."""

    def __init__(self, job: FilmJob, units: SegmentStore, work: SegmentQueue, done: int) -> None:
        self._job, self._units, self._work, self._done = job, units, work, done
        self._taken: dict[int, OpenSegment] = {}
        self._pace = TimeLeft(job.executor.workers)

    def follow(self, unit: Segment, event: Event | SegmentDrawn) -> Iterator[Event]:
        """Do what `event` asks for, and pass it on."""
        taken = self._taken.setdefault(unit.number, OpenSegment())
        if isinstance(event, SegmentDrawn):
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

    def _keep(self, unit: Segment, taken: OpenSegment, seconds: float) -> Event:
        """Make `unit` finished; from here on no crash undoes it."""
        extra = dict(self._job.noted) | ({"rescued": taken.rescued} if taken.rescued else {})
        sha = tuple(taken.frames[index] for index in range(unit.first, unit.stop))
        record = SegmentRecord(
            unit=unit.number, first=unit.first, sha=sha, seconds=round(seconds, 3), keys=taken.keys, extra=extra
        )
        self._work.finished(unit, lambda: self._units.finish(record))
        plan, folder = self._job.plan, self._job.folder
        self._done += len(sha)
        self._job.encoder.show(self._units.first_missing * plan.segment_length)
        left = self._pace.left(unit, seconds, self._done, plan)
        kept = FramesSaved(done=self._done, total=plan.total, seconds_left=left, seconds=seconds)
        folder.progress({"phase": "render", "frame": self._done, "total": plan.total, "eta": kept.seconds_left})
        if taken.last is not None:
            folder.latest(taken.last)
        return kept
