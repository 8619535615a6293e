"""Which segment of a film may be drawn next: segments of one chain follow each other, chains run side by side."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from threading import Condition

from sdplay.core.sample import Segment
from sdplay.film.plan import FilmPlan

NEWEST = 0.2  # weight of the newest segment in the running mean


class SegmentQueue:
    """Hands out the segments of `plan` that `is_done` does not know yet, each once and none before what it waits for.

    Threads `take` and wait; the coordinator calls `finished`, and `close` ends all waiting. It holds the segments that
    are being drawn and those that just became possible: a film may have a million.
    """

    def __init__(self, plan: FilmPlan, is_done: Callable[[int], bool]) -> None:
        self._plan, self._is_done = plan, is_done
        self._next = 0  # segments before this one are done, handed out, or wait for one that is not done
        self._followers: list[int] = []  # a heap: the film's beginning comes first
        self._open: set[int] = set()
        self._closed = False
        self._changed = Condition()

    def take(self) -> Segment | None:
        """The next segment to draw, waiting until there is one; None when there will be none any more."""
        with self._changed:
            while not self._closed:
                segment = self._begun()
                if segment is not None:
                    return segment
                if not self._open:
                    return None
                self._changed.wait()
            return None

    def take_now(self) -> Segment | None:
        """The next segment to draw; None if there is none before another one is finished."""
        with self._changed:
            return None if self._closed else self._begun()

    def finished(self, segments: Iterable[Segment], commit: Callable[[], None]) -> None:
        """`commit` the drawn `segments`; then what waited for them may be drawn."""
        with self._changed:
            commit()
            for segment in segments:
                self._open.discard(segment.number)
                heapq.heappush(self._followers, segment.number + 1)
            self._changed.notify_all()

    def close(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _begun(self) -> Segment | None:
        """The next segment that can be drawn now, which is handed out; None if there is none."""
        segment = self._ready()
        if segment is not None:
            self._open.add(segment.number)
        return segment

    def _ready(self) -> Segment | None:
        while self._followers:
            number = heapq.heappop(self._followers)
            if number < self._next and self._is_free(number):
                return self._plan.segment(number)
        while self._next < self._plan.segment_count:
            number, self._next = self._next, self._next + 1
            if self._is_free(number):
                segment = self._plan.segment(number)
                if segment.waits_for is None or self._is_done(segment.waits_for):
                    if self._has_keys(segment):
                        return segment
                    self._next = number  # a key of its scene is being drawn again
                    return None
                if segment.waits_for != number - 1:  # what waits for the segment before comes up when that is finished
                    self._next = number
                    return None
        return None

    def _has_keys(self, segment: Segment) -> bool:
        """Whether the keys that `segment` starts from are on the disk."""
        return all(self._is_done(key // self._plan.segment_length) for key in self._plan.needs(segment))

    def _is_free(self, number: int) -> bool:
        return number < self._plan.segment_count and number not in self._open and not self._is_done(number)


class TimeLeft:
    """Seconds a segment takes, as a running mean; `workers` segments are drawn at a time."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._mean: float | None = None

    def left(self, segment: Segment, seconds: float, missing: int, length: int) -> float:
        """Seconds until `missing` frames are drawn in segments of `length`, `segment` having taken `seconds`."""
        whole = seconds * length / (segment.stop - segment.first)
        self._mean = whole if self._mean is None else (1 - NEWEST) * self._mean + NEWEST * whole
        return round(missing / length * self._mean / self._workers, 1)
