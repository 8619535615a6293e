"""Changes on their way from the threads that draw to the clients that listen."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from sdplay.server.records import Change

PROGRESS = ("step", "preview")
BACKLOG = 2000  # changes that a slow listener may be behind before it is told to ask anew
LEAST_INTERVAL = 0.1  # seconds between two reports of progress of one job
RESET = Change(type="reset", job="")
END = Change(type="end", job="")  # the service ends: nobody is told anything more


class Listener:
    """Gets every change, of all jobs or of one, in order. One that falls too far behind gets `RESET` and nothing more:
    it has to read the state again.
    """

    def __init__(self, job: str | None) -> None:
        self._job = job
        self._changes: asyncio.Queue[Change] = asyncio.Queue()
        self._behind = False

    def tell(self, change: Change) -> None:
        if change is not END and (self._behind or self._is_for_others(change)):
            return
        if self._changes.qsize() >= BACKLOG:
            self._behind, change = True, RESET
        self._changes.put_nowait(change)

    def _is_for_others(self, change: Change) -> bool:
        return self._job is not None and change.job not in {self._job, ""}

    async def next(self, timeout: float | None = None) -> Change | None:
        """The next change; None if none came for `timeout` seconds."""
        if not self._changes.empty():
            return self._changes.get_nowait()
        try:
            return await asyncio.wait_for(self._changes.get(), timeout)
        except TimeoutError:
            return None

    async def batch(self, timeout: float) -> list[Change]:
        """The next change and all that came with it; [] if none came for `timeout` seconds."""
        first = await self.next(timeout)
        rest = [self._changes.get_nowait() for _ in range(self._changes.qsize())]
        return [first, *rest] if first is not None else rest


class Hub:
    """Tells changes to listeners, and remembers the newest progress of each job that runs."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._progress: dict[str, Change] = {}
        self._reported: dict[str, float] = {}

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver in `loop` from now on."""
        self._loop = loop

    def tell(self, change: Change) -> None:
        """Tell all listeners; from any thread."""
        with self._lock:
            if change.type == "finished":
                self._progress.pop(change.job, None)
                self._reported.pop(change.job, None)
            elif change.type in PROGRESS:
                before = self._progress.get(change.job)
                if before is not None and "preview" in before.data and "preview" not in change.data:
                    change = replace(change, data={**change.data, "preview": before.data["preview"]})
                self._progress[change.job] = change
                if not self._is_due(change.job):
                    return
                self._reported[change.job] = time.monotonic()
        self._deliver_soon(change)

    def is_due(self, job: str) -> bool:
        """Whether a step of `job` would be told now; if not, its preview need not be made."""
        with self._lock:
            return self._is_due(job)

    def _is_due(self, job: str) -> bool:
        return time.monotonic() - self._reported.get(job, 0.0) >= LEAST_INTERVAL

    def end(self) -> None:
        """Let all listeners go, so that answers without an end do not keep the service from ending."""
        self._deliver_soon(END)  # without the lock: a signal comes while somebody may hold it

    def _deliver_soon(self, change: Change) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._deliver, change)

    def _deliver(self, change: Change) -> None:
        for listener in self._listeners:
            listener.tell(change)

    def progress(self, job: str) -> Change | None:
        """The newest step of a job that runs."""
        with self._lock:
            return self._progress.get(job)

    def catch_up(self, listener: Listener, job: str) -> None:
        """Tell `listener` the newest step of `job`, from the loop that changes are delivered in: after those that are
        on their way already, which are older, so that nobody sees progress go back.
        """
        newest = self.progress(job)
        if newest is not None:
            asyncio.get_running_loop().call_soon(listener.tell, newest)

    @asynccontextmanager
    async def listening(self, job: str | None = None) -> AsyncGenerator[Listener]:
        """A listener, from the loop that changes are delivered in; to all jobs, or to one."""
        listener = Listener(job)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    @property
    def listeners(self) -> int:
        return len(self._listeners)
