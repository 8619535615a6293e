"""The executor that has a task drawn by many workers: cut into units, handed out, put together again."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.core.machine import Machine
from sdplay.events import DrawnBy, Event, Started, Stepped, Waiting, WorkerBanned
from sdplay.executors.cluster.course import Course
from sdplay.executors.cluster.crew import Crew, Job, Unit
from sdplay.executors.cluster.dispatch import LOOK, Answer, Banned, Client, Dispatcher, Outcome, Refusal
from sdplay.executors.cluster.parcel import unpack
from sdplay.executors.cluster.schedule import AHEAD
from sdplay.executors.line import LineBroken, WorkerDied
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe
from sdplay.tasks import DrawTask, Key, Task, TaskDone

WAITING = 2 * AHEAD  # units a worker that are on the way, so that none waits for who takes what is drawn
TOGETHER = 16 * 2**20  # bytes of results that are kept in one go
ASKED = 3  # workers that are asked what they draw on, until one answers
NO_KEYS: Mapping[int, Any] = {}
OWN = (Started, Stepped, Waiting)  # progress of a unit, which is not that of the task


class ClusterExecutor:
    """Has tasks drawn by the workers of `crew`, several tasks at a time; what one worker loses another draws.

    A `share` of the units (0 to 1) is drawn by two of them and compared. With `mixed` the workers may calculate
    differently, and events say who drew what. `note` is told what a person should know.
    """

    def __init__(
        self, crew: Crew, *, share: float = 0.0, mixed: bool = False, note: Callable[[str], None] = lambda _: None
    ) -> None:
        self._crew, self._share, self._mixed = crew, share, mixed
        self._machines: dict[tuple[str, str], Machine] = {}
        self._numbers = itertools.count()
        self._running, self._tasks, self._idle_since = threading.Lock(), 0, time.monotonic()
        self._unpacking = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="unpacking")
        self._digested: tuple[Recipe, str] | None = None
        self.dispatcher = Dispatcher(crew, share=share, mixed=mixed, note=note)
        self.dispatcher.start()

    @property
    def workers(self) -> int:
        """How many there are; waits until there is one."""
        there = len(self.dispatcher.wait_for_workers())
        if self._share and there < 2:
            hint = "let another machine join, or leave `audit` out"
            raise BadRequest("one worker alone cannot be checked", field="audit", value=self._share, hint=hint)
        return there

    @property
    def is_here(self) -> bool:
        return False

    @property
    def alive(self) -> bool:
        """Whether a worker is there, or was."""
        return bool(self.dispatcher.workers)

    @property
    def is_urgent(self) -> bool:
        """Never: what is urgent is the next that a worker gets, and no other task has to end for that."""
        return False

    @property
    def idle_seconds(self) -> float:
        """How long no task was being done."""
        with self._running:
            return 0.0 if self._tasks else time.monotonic() - self._idle_since

    def let_go(self, idle: float) -> bool:
        """Nothing: the memory is that of other machines."""
        return False

    @contextmanager
    def _task(self) -> Generator[None]:
        """Count a task as long as it is being done."""
        with self._running:
            self._tasks += 1
        try:
            yield
        finally:
            with self._running:
                self._tasks -= 1
                self._idle_since = time.monotonic()

    def detect_machine(self, request: Request) -> Machine:
        """What a worker says; the same answer for all requests with the same device and precision."""
        key = (request.run.device, request.run.precision)
        if key not in self._machines:
            self._machines[key] = self._ask(request)
        return self._machines[key]

    def _ask(self, request: Request) -> Machine:
        for worker in itertools.islice(self.dispatcher.wait_for_workers(), ASKED):
            with suppress(LineBroken):
                return self._crew.ask(worker, request)
        raise WorkerDied("no worker of the cluster said what it draws on")

    def run(
        self, task: Task, folder: Path | None = None, *, urgent: bool = False, patience: float | None = LOOK
    ) -> Generator[Event, None, None]:
        """See `Executor.run`. Paths in `task` are relative to `folder`; an `urgent` one comes first, and with
        `patience` it says every so many seconds that it waits.
        """
        total = len(task.indices) if isinstance(task, DrawTask) else 1
        if isinstance(task, DrawTask):
            task = replace(task, preview=False, preview_decoder=None)
            yield Started(recipe=task.recipe, total=total)
        if not total:
            return
        job = Job(task=task, digest=self._digest(task))
        given = task.given if isinstance(task, DrawTask) else NO_KEYS
        units = [self._unit(job, indices, given, folder or Path.cwd()) for indices in cut(task)]
        course = Course(self.dispatcher, units, window=self.workers * WAITING, urgent=urgent)
        try:
            holds_back = self._share > 0 and len(units) > 1
            with self._task():
                yield from course.follow(patience, self._events, all_at_once=holds_back)
        finally:
            self.dispatcher.withdraw(course.client)

    def run_each(
        self, take: Callable[[], tuple[Key, Task] | None]
    ) -> Generator[Sequence[tuple[Key | None, Event | TaskDone]], None, None]:
        """See `ManyTasks`; a task is a unit."""
        client, room, folder = Client(), self.workers * WAITING, Path.cwd()
        waiting: dict[int, tuple[Key, Task]] = {}
        with self._task():
            try:
                while True:
                    while len(waiting) < room and (taken := take()) is not None:
                        task = taken[1]
                        indices, given = (task.indices, task.given) if isinstance(task, DrawTask) else ((), NO_KEYS)
                        unit = self._unit(Job(task=task, digest=self._digest(task)), tuple(indices), given, folder)
                        waiting[unit.number] = taken
                        self.dispatcher.submit(client, [unit])
                    if not waiting:
                        return
                    outcomes = list(known(client))
                    happened: list[tuple[Key | None, Event | TaskDone]] = []
                    for each in self._unpacking.map(partial(self._happened, waiting), outcomes):
                        happened += each
                    yield happened or [(None, Waiting())]
                    if refused := next((outcome for outcome in outcomes if isinstance(outcome, Refusal)), None):
                        raise refused.error
            finally:
                self.dispatcher.withdraw(client)

    def _happened(
        self, waiting: dict[int, tuple[Key, Task]], outcome: Outcome
    ) -> list[tuple[Key | None, Event | TaskDone]]:
        """What came of a task, or who was found out; in any thread."""
        match outcome:
            case Refusal():
                return []
            case Banned(worker):
                return [(None, WorkerBanned(name=worker, pieces=0))]
            case Answer(number):
                key, task = waiting.pop(number)
                return [
                    *((key, event) for event in self._events(task, outcome)),
                    (key, TaskDone(outcome.drawn.seconds)),
                ]

    def _digest(self, task: Task) -> str:
        """What the choice of units that are checked depends on; that of a film's recipe is made once."""
        if not self._share or not isinstance(task, DrawTask):
            return ""
        if self._digested is None or self._digested[0] is not task.recipe:
            self._digested = task.recipe, task.recipe.digest
        return self._digested[1]

    def _unit(self, job: Job, indices: tuple[int, ...], given: Mapping[int, Any], folder: Path) -> Unit:
        return Unit(number=next(self._numbers), job=job, indices=indices, given=given, folder=folder)

    def _events(self, task: Task, answer: Answer) -> Generator[Event, None, None]:
        yield from (event for event in unpack(answer.drawn.packed, task) if not isinstance(event, OWN))
        if self._share or self._mixed:
            yield DrawnBy(worker=answer.worker, mark=answer.mark, mixed=self._mixed)

    def close(self) -> None:
        self.dispatcher.close()
        self._unpacking.shutdown()


def known(client: Client) -> Iterator[Outcome]:
    """What comes to `client` within a second, and what else is there by then, up to so many bytes."""
    held = 0
    with suppress(Empty):
        outcome = client.outcomes.get(timeout=LOOK)
        while True:
            yield outcome
            held += len(outcome.drawn.packed) if isinstance(outcome, Answer) else 0
            if held >= TOGETHER:
                return
            outcome = client.outcomes.get_nowait()


def cut(task: Task) -> list[tuple[int, ...]]:
    """What of `task` one worker draws by itself: as many pictures as one pass takes, or all of a segment."""
    if not isinstance(task, DrawTask):
        return [()]
    indices = tuple(task.indices)
    size = len(indices) if task.recipe.request.mode == "animate" else task.recipe.numerics.tile
    return [indices[first : first + size] for first in range(0, len(indices), size)]
