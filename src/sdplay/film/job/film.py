"""Make a film in a job folder: draw its segments, bring them to the disk, and write the film while it grows.

Three kinds of threads: those that draw (one for each worker of the executor, or none where that has many), the
coordinator (the caller of `shoot`: it writes frames and journal), and one that encodes. Drawing never waits for a file
or an encoder.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Collection, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from sdplay.core.sample import Segment
from sdplay.events import Event, FilmSaved, Resumed, WorkerBanned
from sdplay.film.job.coordinator import WORKER, Coordinator
from sdplay.film.job.fork import take_over_segments
from sdplay.film.job.job import FilmJob
from sdplay.film.job.segment_queue import SegmentQueue
from sdplay.film.job.segments import SegmentStore
from sdplay.film.pace import measure_pace
from sdplay.film.part import Part, part_of
from sdplay.film.plan import FilmPlan, film_plan
from sdplay.requests.recipe import Recipe
from sdplay.tasks import DrawTask, ManyTasks, Task, TaskDone

BACKLOG = 16  # events between drawing and writing, of which any may be a picture
PATIENCE = 0.1  # seconds between two looks at whether the queue is closed
WRITERS = 8  # threads that write what many workers draw: the disk takes several files in about the time of one


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
        banned: set[str] = set()
        while True:
            with encoder.running(segments), closing(draw_and_write(job, segments, part, done)) as events:
                for event in events:
                    if isinstance(event, WorkerBanned):
                        banned.add(event.name)
                    yield event
            if not forget_drawn_by(banned, segments, plan):
                break
            done = frames_done(part, segments)
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


def forget_drawn_by(workers: Collection[str], segments: SegmentStore, plan: FilmPlan) -> bool:
    """Forget the segments that any of those workers drew, and what was drawn from them; whether there were some."""
    theirs = [record.number for record in segments if record.extra.get(WORKER) in workers]
    segments.forget_with_followers(theirs, plan.chain)
    return bool(theirs)


def frames_done(part: Part, segments: SegmentStore) -> int:
    return sum(min(record.stop, part.plan.total) - record.first for record in segments if record.number in part)


@dataclass(frozen=True, slots=True)
class WorkerDone:
    """A drawing thread has ended: because of `error`, or since there is nothing more to draw."""

    error: BaseException | None = None


Message = tuple[Segment, Event | TaskDone] | WorkerDone


def draw_and_write(job: FilmJob, segments: SegmentStore, part: Part, done: int) -> Generator[Event, None, None]:
    """Let the executor's workers draw segment after segment of `part`, and bring what they draw to the disk."""
    work = SegmentQueue(job.plan, lambda number: number not in part or segments.is_done(number))
    if isinstance(job.executor, ManyTasks):
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="writing") as pool:
            coordinator = Coordinator(job, segments, work, part, done, pool.submit)
            yield from spread(job, job.executor, segments, work, coordinator)
        coordinator.tell_others()
        return
    coordinator = Coordinator(job, segments, work, part, done)
    report = WorkerEvents()
    threads = [
        threading.Thread(target=draw_segments, args=(job, segments, work, report), name=f"drawing {number}")
        for number in range(job.executor.workers)
    ]
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
                yield from coordinator.follow([message])
        coordinator.tell_others()
    finally:
        report.close()
        work.close()
        for thread in threads:
            if thread.ident is not None:  # it was started
                thread.join()


def spread(
    job: FilmJob, executor: ManyTasks, segments: SegmentStore, work: SegmentQueue, coordinator: Coordinator
) -> Generator[Event, None, None]:
    """As `draw_and_write`, by an executor that needs no thread for each task."""

    def take() -> tuple[Segment, Task] | None:
        segment = work.take_now()
        if segment is None:
            return None
        return segment, job.task(segment, {key: segments.read_key(key) for key in job.plan.needs(segment)})

    with closing(executor.run_each(take)) as happening:
        for happened in happening:
            yield from (event for segment, event in happened if segment is None and not isinstance(event, TaskDone))
            yield from coordinator.follow((segment, event) for segment, event in happened if segment is not None)


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
            report.put((segment, TaskDone(time.perf_counter() - started)))
        report.put(WorkerDone())
    except BaseException as error:  # whatever it is, the coordinator raises it
        report.put(WorkerDone(error))
