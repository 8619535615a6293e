"""The executor that has a task drawn by many workers: cut into units, handed out, put together again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.core.machine import Machine
from sdplay.events import DrawnBy, Event, Started, Stepped, Waiting, WorkerBanned
from sdplay.executors.cluster.crew import Crew, Job, Unit
from sdplay.executors.cluster.dispatch import LOOK, Answer, Banned, Client, Dispatcher, Outcome, Refusal
from sdplay.executors.cluster.parcel import unpack
from sdplay.executors.cluster.schedule import AHEAD
from sdplay.executors.line import LineBroken, WorkerDied
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe
from sdplay.tasks import DrawTask, Key, Task, TaskDone

WAITING = 2 * AHEAD  # units a worker that are on the way, so that none waits for who takes what is drawn
TOGETHER = 64 * 2**20  # bytes of results that are kept in one go
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
            yield from course.follow(patience, self._events, all_at_once=holds_back)
        finally:
            self.dispatcher.withdraw(course.client)

    def run_each(
        self, take: Callable[[], tuple[Key, Task] | None]
    ) -> Generator[Sequence[tuple[Key | None, Event | TaskDone]], None, None]:
        """See `ManyTasks`; a task is a unit."""
        client, room, folder = Client(), self.workers * WAITING, Path.cwd()
        waiting: dict[int, tuple[Key, Task]] = {}
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
                happened: list[tuple[Key | None, Event | TaskDone]] = []
                for outcome in known(client):
                    if isinstance(outcome, Refusal):
                        yield happened
                        raise outcome.error
                    happened += self._happened(outcome, waiting)
                yield happened or [(None, Waiting())]
        finally:
            self.dispatcher.withdraw(client)

    def _happened(
        self, outcome: Answer | Banned, waiting: dict[int, tuple[Key, Task]]
    ) -> Generator[tuple[Key | None, Event | TaskDone], None, None]:
        """What came of a task, or who was found out."""
        match outcome:
            case Banned(worker):
                yield None, WorkerBanned(name=worker, pieces=0)
            case Answer(number):
                key, task = waiting.pop(number)
                yield from ((key, event) for event in self._events(task, outcome))
                yield key, TaskDone(outcome.drawn.seconds)

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


@dataclass(slots=True)
class Course:
    """The `units` of one task on their way: at most `window` of them beyond the first that is not back yet."""

    dispatcher: Dispatcher
    units: Sequence[Unit]
    window: int
    urgent: bool
    client: Client = field(default_factory=Client)
    _back: dict[int, Answer] = field(default_factory=dict[int, Answer])
    _sent: int = 0

    def follow(
        self,
        patience: float | None,
        events: Callable[[Task, Answer], Generator[Event, None, None]],
        *,
        all_at_once: bool,
    ) -> Generator[Event, None, None]:
        """The events of all units, in their order; those of workers that were banned by then are drawn again first.

        With `all_at_once` nothing is passed on before everything is drawn. Raises what drawing a unit raised.
        """
        passed_on = 0
        while passed_on < len(self.units):
            self._send(len(self.units) if all_at_once else passed_on + self.window)
            while passed_on < len(self.units) and self._may_pass_on(passed_on, all_at_once):
                unit = self.units[passed_on]
                passed_on += 1
                yield from events(unit.job.task, self._back.pop(unit.number))
                self._send(passed_on + self.window)
            if passed_on < len(self.units):
                yield from self._next(patience)

    def _may_pass_on(self, place: int, all_at_once: bool) -> bool:
        return self.units[place].number in self._back and (
            not all_at_once or place > 0 or len(self._back) == len(self.units)
        )

    def _send(self, up_to: int) -> None:
        new = self.units[self._sent : max(up_to, self._sent)]
        if new:
            self._sent += len(new)
            self.dispatcher.submit(self.client, new, urgent=self.urgent)

    def _next(self, patience: float | None) -> Generator[Event, None, None]:
        """Hear what came of a unit."""
        try:
            outcome = self.client.outcomes.get(timeout=patience)
        except Empty:
            yield Waiting()
            return
        match outcome:
            case Refusal(_, error):
                raise error
            case Banned(worker):
                again = [unit for unit in self.units if self._is_by(unit, worker)]
                for unit in again:
                    del self._back[unit.number]
                self.dispatcher.submit(self.client, again, urgent=self.urgent)
                yield WorkerBanned(name=worker, pieces=len(again))
            case Answer(number):
                self._back[number] = outcome

    def _is_by(self, unit: Unit, worker: str) -> bool:
        return unit.number in self._back and self._back[unit.number].worker == worker
