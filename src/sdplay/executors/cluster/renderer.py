"""A worker as it is where it draws: a process with a model of its own, which draws the units that it is sent."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdplay.core.errors import RenderFailed, Stopped
from sdplay.core.machine import Machine
from sdplay.executors.arithmetic import WorkerFacts, take_over, worker_facts
from sdplay.executors.cluster.crew import Drawn
from sdplay.executors.cluster.files import Depot, NamedFile, Place
from sdplay.executors.cluster.parcel import digest_of, pack
from sdplay.requests.base import Request
from sdplay.tasks import DrawTask, Executor, Task

if TYPE_CHECKING:
    from sdplay.events import Event

MOST_TASKS = 8  # that are held, the newest
MOST_STOPPED = 64


class Renderer:
    """Draws with what `inside` makes, by the arithmetic that `variables` of the environment ask for: they are those of
    whoever asks, and hold before torch is loaded.

    Errors of drawing are returned, not raised: on their way they would be wrapped.
    """

    def __init__(self, variables: Mapping[str, str], inside: Callable[[], Executor]) -> None:
        take_over(variables, os.environ)
        self._inside = inside
        self._executor: Executor | None = None
        self._drawing_one = threading.Lock()
        self._depot = Depot()
        self._tasks: dict[str, Task] = {}
        self._stopped: list[int] = []

    def facts(self) -> WorkerFacts:
        return worker_facts()

    def machine(self, request: Request) -> Machine | Exception:
        """What `request` would be drawn on here, or what is wrong with it."""
        try:
            return self._drawing().detect_machine(request)
        except Exception as error:
            return error

    def lacking(self, places: Sequence[Place], folder: Path) -> list[tuple[Place, NamedFile]]:
        return self._depot.lacking(places, folder)

    def receive(self, place: Place, file: NamedFile, number: int, part: bytes) -> None:
        """Take part `number` of a file that is sent."""
        self._depot.receive(place, file, number, part)

    def keep(self, place: Place, file: NamedFile) -> None:
        """All parts of a file were sent."""
        self._depot.keep(place, file)

    def begin(self, key: str, task: bytes) -> None:
        """Know the `task` that is called `key`, whose files are here."""
        self._tasks.pop(key, None)
        self._tasks[key] = self._depot.localized(pickle.loads(task))
        while len(self._tasks) > MOST_TASKS:
            del self._tasks[next(iter(self._tasks))]

    def draw(self, number: int, key: str, indices: tuple[int, ...], given: Mapping[int, Any]) -> Drawn | Exception:
        """Draw unit `number`: pictures `indices` of the task called `key`; what came of it, or what is wrong."""
        started = time.perf_counter()
        try:
            task = self._tasks[key]
            own = {frame: pixels.copy() for frame, pixels in given.items()}  # those that Ray holds may not be written
            unit = replace(task, indices=indices, given=own) if isinstance(task, DrawTask) else task
            with self._drawing_one:  # while another thread makes files of what was drawn before
                events = self._events(number, unit)
            packed, digest = pack(events, task), digest_of(events)
            return Drawn(digest=digest, seconds=time.perf_counter() - started, packed=packed)
        except Exception as error:
            return error if is_sendable(error) else RenderFailed(f"{type(error).__name__}: {error}"[:250])

    def _events(self, number: int, task: Task) -> list[Event]:
        events: list[Event] = []
        with closing(self._drawing().run(task)) as running:
            for event in running:
                if number in self._stopped:
                    raise Stopped("nobody waits for it any more")
                events.append(event)
        return events

    def stop(self, number: int) -> None:
        """Stop drawing unit `number` after its step; may be called while it is drawn."""
        self._stopped = [*self._stopped, number][-MOST_STOPPED:]

    def _drawing(self) -> Executor:
        if self._executor is None:
            self._executor = self._inside()
        return self._executor


def is_sendable(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return False
    return True
