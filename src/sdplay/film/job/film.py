"""Make a film in a job folder: draw its segments, bring them to the disk, and write the film while it grows.

Three kinds of threads: those that draw (one for each worker of the executor), the coordinator (the caller of
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
from sdplay.core.warning import RequestWarning
from sdplay.events import DepthMapDone, Event, FilmSaved, FramesSaved, ImageDone, KeyframeDone, Resumed, Retried
from sdplay.film.camera.disparity import depth_png
from sdplay.film.job.encoder import FilmEncoder
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.fork import ForkSource, take_over_segments
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segment_queue import SegmentQueue, TimeLeft
from sdplay.film.job.segments import SegmentStore
from sdplay.film.pace import measure_pace
from sdplay.film.part import Part, part_of
from sdplay.film.plan import FilmPlan, film_plan
from sdplay.images.read import Pixels
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.recipe import Recipe
from sdplay.tasks import DrawTask, Executor, Task

BACKLOG = 16  # events between drawing and writing, of which any may be a picture
PATIENCE = 0.1  # seconds between two looks at whether the queue is closed


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmJob:
    """All that a film is made from; `warnings` is for people, `noted` goes into every line of the journal.

    With `source` the segments that come out as in that film are copied from it; with `frames` that part of the film is
    made, and what it starts from.
    """

    recipe: Recipe
    plan: FilmPlan
    model: ResolvedModel
    device: str
    folder: JobFolder
    executor: Executor
    encoder: FilmEncoder
    warnings: tuple[RequestWarning, ...] = ()
    noted: Mapping[str, bool | str] = field(default_factory=dict[str, bool | str])
    source: ForkSource | None = None
    frames: range | None = None

    def task(self, segment: Segment, given: Mapping[int, Pixels]) -> Task:
        indices = range(segment.first, segment.stop)
        return DrawTask(recipe=self.recipe, indices=indices, model=self.model, device=self.device, given=given)


def shoot(job: FilmJob) -> Generator[Event, None, None]:
    """Draw what is missing and write the film; events come in the order in which things are done.

    Closing the generator stops the drawing after its current step; finished segments stay, open ones are dropped,
    and the film of the frames that are there is written. The same after any error, which is then raised: `DiskFull`,
    `StoreError`, `RenderFailed`; `BadRequest` where another process works on the job.
    """
    encoder = job.encoder
    with job.folder.lock():
        job = yield from with_measured_pace(job)
        plan = job.plan
        segments = recover_segments(job)
        if job.source is not None:
            take_over_segments(job.source, plan, segments, dict(job.noted))
        part = part_of(plan, job.frames, segments.is_done)
        done = frames_done(part, segments)
        yield Resumed(total=part.total, done=done, damaged=segments.damaged, before=part.frames_before)
        if done == part.total and encoder.is_written():
            yield FilmSaved(path=encoder.path, frames=encoder.frames, anew=False)
            return
        with encoder.running(segments), closing(draw_and_write(job, segments, part, done)) as events:
            yield from events
        yield FilmSaved(path=encoder.path, frames=encoder.frames)


def with_measured_pace(job: FilmJob) -> Generator[Event, None, FilmJob]:
    """`job` with its film's pace measured, if it asks for that; from then on the folder holds it."""
    folder = job.folder

    def draw(sketch: Recipe, indices: Sequence[int]) -> Generator[Event, None, None]:
        return job.executor.run(DrawTask(recipe=sketch, indices=indices, model=job.model, device=job.device))

    def keep(recipe: Recipe) -> None:
        folder.update({**folder.description, "recipe": recipe.to_dict()})
        folder.progress({"phase": "pace", "stretch": len(recipe.pace_table), "total": job.plan.total})

    recipe = yield from measure_pace(job.recipe, draw, keep)
    return replace(job, recipe=recipe, plan=film_plan(recipe)) if recipe is not job.recipe else job


def recover_segments(job: FilmJob) -> SegmentStore:
    """The finished segments that this film can use: those that a crash left whole, and that are not cut too short."""
    plan = job.plan
    segments, _ = job.folder.recover(plan.chain, mend="mixed" not in job.noted)
    short = [
        record.number
        for record in segments
        if record.number < plan.segment_count and record.stop < plan.segment(record.number).stop
    ]
    segments.forget(short)
    return segments


def frames_done(part: Part, segments: SegmentStore) -> int:
    return sum(min(record.stop, part.plan.total) - record.first for record in segments if record.number in part)


@dataclass(frozen=True, slots=True)
class SegmentDrawn:
    """All of a segment is drawn, in that many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WorkerDone:
    """A drawing thread has ended: because of `error`, or since there is nothing more to draw."""

    error: BaseException | None = None


Message = tuple[Segment, Event | SegmentDrawn] | WorkerDone


def draw_and_write(job: FilmJob, segments: SegmentStore, part: Part, done: int) -> Generator[Event, None, None]:
    """Let the executor's workers draw segment after segment of `part`, and bring what they draw to the disk."""
    work = SegmentQueue(job.plan, lambda number: number not in part or segments.is_done(number))
    report = WorkerEvents()
    threads = [
        threading.Thread(target=draw_segments, args=(job, segments, work, report), name=f"drawing {number}")
        for number in range(job.executor.workers)
    ]
    coordinator = Coordinator(job, segments, work, part, done)
    try:
        for thread in threads:
            thread.start()
        at_work = len(threads)
        while at_work:
            message = report.get()
            if isinstance(message, WorkerDone):
                if message.error is not None:
                    raise message.error
                at_work -= 1
            else:
                yield from coordinator.follow(*message)
    finally:
        report.close()
        work.close()
        for thread in threads:
            if thread.ident is not None:  # it was started
                thread.join()


class WorkerEvents:
    """The queue from the drawing threads to the coordinator; `put` waits for room, but not after `close`."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Message] = queue.Queue(BACKLOG)
        self._closed = threading.Event()

    def get(self) -> Message:
        return self._queue.get()

    def put(self, message: Message) -> bool:
        """Pass `message` on; False after `close`."""
        while not self._closed.is_set():
            with suppress(queue.Full):
                self._queue.put(message, timeout=PATIENCE)
                return True
        return False

    def close(self) -> None:
        self._closed.set()


def draw_segments(job: FilmJob, segments: SegmentStore, work: SegmentQueue, report: WorkerEvents) -> None:
    """A drawing thread: draws until all is drawn, or `report` is closed, which it notices after a step."""
    try:
        while (segment := work.take()) is not None:
            started = time.perf_counter()
            given = {key: segments.read_key(key) for key in job.plan.needs(segment)}
            with closing(job.executor.run(job.task(segment, given))) as events:
                for event in events:
                    if not report.put((segment, event)):
                        return
            report.put((segment, SegmentDrawn(time.perf_counter() - started)))
        report.put(WorkerDone())
    except BaseException as error:  # whatever it is, the coordinator raises it
        report.put(WorkerDone(error))


@dataclass(slots=True)
class OpenSegment:
    """A segment on its way to the disk: hashes of what is written, and how bad frames were replaced."""

    frames: dict[int, str] = field(default_factory=dict[int, str])
    keys: dict[int, str] = field(default_factory=dict[int, str])
    retried: dict[str, str] = field(default_factory=dict[str, str])
    last: Pixels | None = None


class Coordinator:
    """Writes what the drawing threads send, and reports what is on the disk."""

    def __init__(self, job: FilmJob, segments: SegmentStore, work: SegmentQueue, part: Part, done: int) -> None:
        self._job, self._segments, self._work, self._done = job, segments, work, done
        self._total, self._shown = part.total, part.segments.start
        self._taken: dict[int, OpenSegment] = {}
        self._pace = TimeLeft(job.executor.workers)
        self._show()

    def follow(self, segment: Segment, event: Event | SegmentDrawn) -> Iterator[Event]:
        """Do what `event` asks for, and pass it on."""
        taken = self._taken.setdefault(segment.number, OpenSegment())
        if isinstance(event, SegmentDrawn):
            yield self._keep(segment, self._taken.pop(segment.number), event.seconds)
            return
        if isinstance(event, KeyframeDone):
            taken.keys[event.index] = self._segments.write_key(event.index, event.pixels)
        elif isinstance(event, ImageDone):
            picture = event.picture
            taken.frames[picture.index] = self._segments.write_frame(picture.index, picture.pixels)
            taken.last = picture.pixels
        elif isinstance(event, DepthMapDone):
            self._segments.write_depth(event.index, depth_png(event.disparity))
        elif isinstance(event, Retried):
            taken.retried[str(event.index)] = event.how
        yield event

    def _keep(self, segment: Segment, taken: OpenSegment, seconds: float) -> Event:
        """Make `segment` finished; from here on no crash undoes it."""
        extra = dict(self._job.noted) | ({"rescued": taken.retried} if taken.retried else {})
        sha = tuple(taken.frames[index] for index in range(segment.first, segment.stop))
        record = SegmentRecord(
            number=segment.number, first=segment.first, sha=sha, seconds=round(seconds, 3), keys=taken.keys, extra=extra
        )
        self._work.finished(segment, lambda: self._segments.finish(record))
        plan, folder = self._job.plan, self._job.folder
        self._done += len(sha)
        self._show()
        left = self._pace.left(segment, seconds, self._total - self._done, plan.segment_length)
        saved = FramesSaved(done=self._done, total=self._total, seconds_left=left, seconds=seconds)
        folder.progress({"phase": "render", "frame": self._done, "total": self._total, "eta": saved.seconds_left})
        if taken.last is not None:
            folder.latest(taken.last)
        return saved

    def _show(self) -> None:
        """Let the encoder have the frames up to the first that is missing."""
        while self._segments.is_done(self._shown):
            self._shown += 1
        encoder = self._job.encoder
        encoder.show(max(self._shown * self._job.plan.segment_length - encoder.first, 0))
