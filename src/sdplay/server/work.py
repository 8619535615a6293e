"""The threads that take jobs from the queue and have them drawn by the executor's processes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from sdplay.core.errors import SdplayError, StoreError
from sdplay.events import Event, FramesSaved, Stepped
from sdplay.executors.line import WorkerDied
from sdplay.server.gallery import Gallery
from sdplay.server.hub import Hub
from sdplay.server.making import Heeded, Maker
from sdplay.server.previews import preview_data
from sdplay.server.problems import error_data
from sdplay.server.queue import LEASE, JobQueue
from sdplay.server.records import Change, Job
from sdplay.studio import Studio

PATIENCE = 1.0  # seconds between two looks at the queue, if nobody says that something waits
log = logging.getLogger("sdplay.server")


class Cancelled(Exception):
    """The job is to be stopped."""


class GivenBack(Exception):
    """The service ends: the job goes on after the next start."""


class Workshop:
    """Does the jobs of a queue, as many at a time as the executor has workers."""

    def __init__(
        self, queue: JobQueue, gallery: Gallery, hub: Hub, studio: Studio, is_urgent: Callable[[], bool]
    ) -> None:
        """`is_urgent` says whether somebody waits who comes before all jobs: they are let in between two pictures."""
        self._queue, self._hub, self._studio = queue, hub, studio
        self._maker = Maker(queue, gallery, studio, Heeded(self._check, self._is_skipped, is_urgent))
        self._stopping = threading.Event()
        self._cancelled: set[str] = set()
        self._skipping: set[str] = set()
        self._at_work: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for number in range(self._studio.resolver.executor.workers):
            self._threads.append(threading.Thread(target=self._work, name=f"jobs {number}", daemon=True))
        self._threads.append(threading.Thread(target=self._keep_alive, name="leases", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float) -> None:
        """Stop after the current steps; what is not finished waits in the queue again.

        Steps that take longer than `patience` seconds are given up, with the processes that calculate them.
        """
        self._stopping.set()
        self._queue.notify()
        deadline = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._studio.close()
        for thread in self._threads:
            thread.join()

    def cancel(self, name: str) -> None:
        """Stop the job after its current step, if it is being done."""
        with self._lock:
            if name in self._at_work:
                self._cancelled.add(name)

    def skip(self, name: str) -> None:
        """Leave out the picture of the job that is drawn now, if it is being done, and go on with the next."""
        with self._lock:
            if name in self._at_work:
                self._skipping.add(name)

    @property
    def running(self) -> list[str]:
        with self._lock:
            return list(self._at_work)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._queue.claim()
            except SdplayError as error:  # a full disk, say: it may have room again
                log.error("no job can be taken from the queue: %s", error)
                self._stopping.wait(PATIENCE)
                continue
            if job is None:
                with self._queue.work:
                    self._queue.work.wait(PATIENCE)
                continue
            with self._lock:
                self._at_work[job.id] = job
            try:
                self._do(job)
            finally:
                with self._lock:
                    self._at_work.pop(job.id, None)
                    self._cancelled.discard(job.id)
                    self._skipping.discard(job.id)

    def _do(self, job: Job) -> None:
        """Do `job` and write down how it ended."""
        try:
            with closing(self._maker.events_of(job)) as events:
                for event in events:
                    self._report(job, event)
                    self._check(job)
        except Cancelled:
            self._end(lambda: self._queue.finish(job, "cancelled"))
        except GivenBack:
            self._end(lambda: self._queue.give_back(job))
        except WorkerDied as error:
            died = None if self._stopping.is_set() else error_data(error)  # it did not die: it was ended
            self._end(lambda: self._queue.give_back(job, died=died))
        except SdplayError as error:
            failed = error_data(error)
            self._end(lambda: self._queue.finish(job, "failed", failed))
        except Exception as error:
            log.exception("job %s failed", job.id)
            broken = {"code": "internal", "message": f"this should not happen: {type(error).__name__}"}
            self._end(lambda: self._queue.finish(job, "failed", broken))
        else:
            self._end(lambda: self._queue.finish(job, "completed"))

    def _end(self, write: Any) -> None:
        """Write how a job ended; where the disk is full, once it has room, or after the next start."""
        while True:
            try:
                write()
                return
            except SdplayError as error:
                log.error("the end of a job cannot be written: %s", error)
                if self._stopping.wait(PATIENCE):
                    return

    def _check(self, job: Job) -> None:
        with self._lock:
            if job.id in self._cancelled:
                raise Cancelled
        if self._stopping.is_set():
            raise GivenBack

    def _is_skipped(self, job: Job) -> bool:
        """Whether the picture that is drawn now is to be left out; said once."""
        with self._lock:
            skipped = job.id in self._skipping
            self._skipping.discard(job.id)
        return skipped

    def _report(self, job: Job, event: Event) -> None:
        if isinstance(event, Stepped):
            data: dict[str, Any] = {"indices": list(event.indices), "step": event.step, "steps": event.steps}
            if event.previews and self._hub.is_due(job.id):
                data["preview"] = preview_data(event.previews[0])
            self._hub.tell(Change(type="step", job=job.id, data=data))
        elif isinstance(event, FramesSaved):
            data = {"done": event.done, "total": event.total, "seconds_left": round(event.seconds_left, 1)}
            self._hub.tell(Change(type="step", job=job.id, data=data))

    def _keep_alive(self) -> None:
        """Prolong leases, and take jobs back from threads that are not heard of."""
        while not self._stopping.wait(LEASE / 4):
            with self._lock:
                at_work = list(self._at_work.values())
            with suppress(StoreError):
                for job in at_work:
                    if not self._queue.keep_alive(job):
                        self.cancel(job.id)
                self._queue.reap()
                self._queue.trim()
