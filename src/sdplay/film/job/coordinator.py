"""What becomes of a film's pictures: they are brought to the disk, and then their segments are finished, together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sdplay.core.sample import Segment
from sdplay.events import DepthMapDone, DrawnBy, Event, FramesSaved, ImageDone, KeyframeDone, Retried
from sdplay.film.camera.disparity import depth_png
from sdplay.film.job.job import FilmJob
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segment_queue import SegmentQueue, TimeLeft
from sdplay.film.job.segments import SegmentStore
from sdplay.film.part import Part
from sdplay.images.read import Pixels
from sdplay.tasks import TaskDone

WORKER = "worker"  # what the journal calls who drew a segment, if that was asked for
SHOWN_EVERY = 0.25  # seconds between two states of what other programs look at


def at_once(do: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """What `do` returns, having been done in this thread; raises what it raises."""
    done: Future[Any] = Future()
    done.set_result(do(*arguments))
    return done


@dataclass(slots=True)
class OpenSegment:
    """A segment on its way to the disk: hashes of what is written, how bad frames were replaced, and who drew it."""

    frames: dict[int, Future[str]] = field(default_factory=dict[int, "Future[str]"])
    keys: dict[int, Future[str]] = field(default_factory=dict[int, "Future[str]"])
    depths: list[Future[None]] = field(default_factory=list["Future[None]"])
    retried: dict[str, str] = field(default_factory=dict[str, str])
    by: dict[str, bool | str] = field(default_factory=dict[str, "bool | str"])
    last: Pixels | None = None


class Coordinator:
    """Writes what is drawn, and reports what is on the disk; `submit` may have files written by other threads."""

    def __init__(
        self,
        job: FilmJob,
        segments: SegmentStore,
        work: SegmentQueue,
        part: Part,
        done: int,
        submit: Callable[..., Future[Any]] = at_once,
    ) -> None:
        self._job, self._segments, self._work, self._done, self._submit = job, segments, work, done, submit
        self._total, self._shown = part.total, part.segments.start
        self._taken: dict[int, OpenSegment] = {}
        self._pace = TimeLeft(job.executor.workers)
        self._state: FramesSaved | None = None  # that was not shown yet, with the newest picture
        self._latest: Pixels | None = None
        self._show_at = 0.0
        self._show()

    def follow(self, happened: Iterable[tuple[Segment, Event | TaskDone]]) -> Iterator[Event]:
        """Do what the events ask for, and pass them on; then finish the segments that are done, all in one go."""
        done: list[tuple[Segment, float]] = []
        for segment, event in happened:
            if isinstance(event, TaskDone):
                done.append((segment, event.seconds))
                continue
            self._take(self._taken.setdefault(segment.number, OpenSegment()), event)
            yield event
        if done:
            yield from self._keep(done)

    def tell_others(self) -> None:
        """Let other programs see the newest state: its numbers and its picture."""
        if self._state is None:
            return
        folder, state = self._job.folder, self._state
        folder.progress({"phase": "render", "frame": state.done, "total": state.total, "eta": state.seconds_left})
        if self._latest is not None:
            folder.latest(self._latest)
        self._state = None

    def _take(self, taken: OpenSegment, event: Event) -> None:
        segments = self._segments
        if isinstance(event, KeyframeDone):
            taken.keys[event.index] = self._submit(segments.write_key, event.index, event.pixels, event.png)
        elif isinstance(event, ImageDone):
            index, pixels = event.picture.index, event.picture.pixels
            taken.frames[index] = self._submit(segments.write_frame, index, pixels, event.png)
            taken.last = pixels
        elif isinstance(event, DepthMapDone):
            taken.depths.append(self._submit(segments.write_depth, event.index, depth_png(event.disparity)))
        elif isinstance(event, Retried):
            taken.retried[str(event.index)] = event.how
        elif isinstance(event, DrawnBy):
            taken.by = {WORKER: event.worker, "mark": event.mark} | ({"mixed": True} if event.mixed else {})

    def _keep(self, done: Sequence[tuple[Segment, float]]) -> Iterator[Event]:
        """Make segments finished; from here on no crash undoes it."""
        records = [self._record(segment, seconds) for segment, seconds in done]
        self._work.finished([segment for segment, _ in done], lambda: self._segments.finish(*records))
        self._show()
        for (segment, seconds), record in zip(done, records, strict=True):
            self._done += len(record.sha)
            missing = self._total - self._done
            left = self._pace.left(segment, seconds, missing, self._job.plan.segment_length)
            self._state = FramesSaved(done=self._done, total=self._total, seconds_left=left, seconds=seconds)
            yield self._state
        if (now := time.monotonic()) >= self._show_at:
            self.tell_others()
            self._show_at = now + SHOWN_EVERY

    def _record(self, segment: Segment, seconds: float) -> SegmentRecord:
        """The record of a segment, once its pictures are written."""
        taken = self._taken.pop(segment.number)
        extra = dict(self._job.noted) | taken.by | ({"rescued": taken.retried} if taken.retried else {})
        for depth in taken.depths:
            depth.result()
        self._latest = taken.last if taken.last is not None else self._latest
        return SegmentRecord(
            number=segment.number,
            first=segment.first,
            sha=tuple(taken.frames[index].result() for index in range(segment.first, segment.stop)),
            seconds=round(seconds, 3),
            keys={index: key.result() for index, key in taken.keys.items()},
            extra=extra,
        )

    def _show(self) -> None:
        """Let the encoder have the frames up to the first that is missing."""
        while self._segments.is_done(self._shown):
            self._shown += 1
        encoder = self._job.encoder
        encoder.show(max(self._shown * self._job.plan.segment_length - encoder.first, 0))
