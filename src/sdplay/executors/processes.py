"""Draw in several processes on this machine: each holds a model of its own and does one task at a time."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from sdplay.core.machine import Machine
from sdplay.events import Event, Waiting
from sdplay.executors.line import Line, LineBroken, Order, Resumption, WorkerDied, carry_out, serve
from sdplay.requests.base import Request
from sdplay.tasks import DrawTask, Executor, Task

ATTEMPTS = 3  # for a task whose process died under it


def inline() -> Executor:
    """What each process draws with: made there, so that this process never loads torch."""
    from sdplay.executors.inline import InlineExecutor

    return InlineExecutor()


@dataclass(slots=True)
class Worker:
    """A process that draws, on a device of its own if `device` is not empty, and the line to it."""

    process: SpawnProcess
    line: Line
    device: str = ""

    @classmethod
    def start(cls, inside: Callable[[], Executor], device: str = "") -> Worker:
        context = multiprocessing.get_context("spawn")  # a fork would inherit locks, threads and torch's pools
        here, there = context.Pipe()
        process = context.Process(target=work, args=(there, inside), daemon=True)
        with closing(there), unhurt_by_interrupts():
            process.start()
        return cls(process, Line(here), device)

    @property
    def at_rest(self) -> bool:
        return self.line.at_rest

    def end(self) -> None:
        """End the process; `listen` then raises `LineBroken`."""
        self.process.terminate()
        self.process.join()


@dataclass(slots=True)
class Place:
    """Room for one worker; it is started when first needed."""

    device: str
    worker: Worker | None = None

    def let_go(self) -> None:
        """End the worker, if there is one."""
        if self.worker is not None:
            self.worker.end()
            self.worker.line.connection.close()
            self.worker = None


class Places:
    """The places of workers that are free; one that becomes free goes to whoever waits, the urgent first."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._all, self._free, self._urgent = len(places), list(places), 0
        self._changed = threading.Condition()
        self._left = time.monotonic()  # when the last one became free

    def wait(self, *, urgent: bool, patience: float | None = None) -> Generator[Waiting, None, Place]:
        """The place that one gets; with `patience` it says every so many seconds that none is free yet."""
        with self._changed:
            self._urgent += urgent
        try:
            while (place := self._take(urgent, patience)) is None:
                yield Waiting()
            return place
        finally:
            with self._changed:
                self._urgent -= urgent
                self._changed.notify_all()

    def _take(self, urgent: bool, patience: float | None) -> Place | None:
        with self._changed:
            there = self._changed.wait_for(lambda: self._free and (urgent or not self._urgent), patience)
            return self._free.pop() if there else None  # the one used last: its model is loaded

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits who is urgent."""
        with self._changed:
            return self._urgent > 0

    @property
    def idle(self) -> float:
        """For how many seconds all of them have been free."""
        with self._changed:
            return time.monotonic() - self._left if len(self._free) == self._all else 0.0

    def take_idle(self, seconds: float) -> list[Place]:
        """All places if they have all been free for so long, else none."""
        with self._changed:
            if not self.idle or self.idle < seconds:
                return []
            taken, self._free = self._free, []
            return taken

    def give_back(self, *places: Place) -> None:
        with self._changed:
            self._free += places
            self._left = time.monotonic()
            self._changed.notify_all()


class ProcessExecutor:
    """Runs up to `workers` tasks at a time, each in a process of its own; a process that dies is replaced.

    A task whose process died is drawn again from its start, until that was tried `attempts` times; then `WorkerDied`
    is raised. `inside` makes what each process draws with; `devices` says on which device each draws, if there is more
    than one.
    """

    def __init__(
        self,
        workers: int,
        inside: Callable[[], Executor] = inline,
        *,
        devices: Sequence[str] = (),
        attempts: int = ATTEMPTS,
    ) -> None:
        self._workers, self._inside, self._attempts = workers, inside, attempts
        self._machines: dict[tuple[str, str], Machine] = {}
        self._closings = 0
        self._places = Places([Place(devices[number] if devices else "") for number in range(workers)])
        self._started: list[Worker] = []

    @property
    def workers(self) -> int:
        return self._workers

    @property
    def is_here(self) -> bool:
        return True

    @property
    def alive(self) -> bool:
        """Whether any process is running, and so a model may be loaded."""
        return any(worker.process.is_alive() for worker in self._started)

    @property
    def is_urgent(self) -> bool:
        """Whether an urgent task waits until another one ends."""
        return self._places.is_urgent

    @property
    def idle_seconds(self) -> float:
        """How long nothing was drawn."""
        return self._places.idle

    def detect_machine(self, request: Request) -> Machine:
        """What a worker says; the same answer for all requests with the same device and precision."""
        key = (request.run.device, request.run.precision)
        if key not in self._machines:
            self._machines[key] = self._ask(Order(folder=Path.cwd(), what=request))
        return self._machines[key]

    def _ask(self, order: Order) -> Machine:
        for _ in range(ATTEMPTS):
            with suppress(LineBroken), self._worker(at_once(self._places.wait(urgent=True))) as worker:
                return worker.line.ask(order)
        raise WorkerDied(f"the process that was to draw died {ATTEMPTS} times")

    def run(
        self, task: Task, folder: Path | None = None, *, urgent: bool = False, patience: float | None = None
    ) -> Generator[Event, None, None]:
        """See `Executor.run`. Paths in `task` are relative to `folder`; an `urgent` one comes first, and with
        `patience` it says every so many seconds that it waits for its turn.
        """
        closings, resumption = self._closings, Resumption()
        for attempt in range(1, self._attempts + 1):
            try:
                place = yield from self._places.wait(urgent=urgent, patience=patience)
                with self._worker(place) as worker:
                    order = Order(folder=folder or Path.cwd(), what=on_device(task, worker.device))
                    yield from resumption.follow(worker.line.converse(order))
                    return
            except LineBroken as error:
                if attempt == self._attempts or closings != self._closings:
                    times = "" if attempt == 1 else f" {attempt} times"
                    raise WorkerDied(f"the process that drew {task} died{times}") from error

    @contextmanager
    def _worker(self, place: Place) -> Generator[Worker]:
        """The worker at `place`, at rest; one that is left in the middle of something is ended."""
        try:
            if place.worker is None or not place.worker.process.is_alive():
                place.worker = None
                place.worker = Worker.start(self._inside, place.device)
                self._started = [each for each in self._started if each.process.is_alive()] + [place.worker]
            yield place.worker
        finally:
            if place.worker is not None and not place.worker.at_rest:
                place.let_go()
            self._places.give_back(place)

    def let_go(self, idle: float) -> bool:
        """End all processes if none was used for `idle` seconds, and say whether any was; the next task starts them."""
        places = self._places.take_idle(idle)
        workers = [place.worker for place in places if place.worker is not None]
        for place in places:
            place.let_go()
        self._places.give_back(*places)
        return bool(workers)

    def close(self) -> None:
        """End all processes; what they were drawing is given up."""
        self._closings += 1
        for worker in self._started:
            worker.end()
        self._started = []


def at_once(waiting: Generator[Waiting, None, Place]) -> Place:
    """The place that comes of waiting in silence."""
    try:
        next(waiting)
    except StopIteration as end:
        return end.value
    raise AssertionError("who has no patience says nothing")


def on_device(task: Task, device: str) -> Task:
    """`task` on the device of a worker, unless it asks for one of another kind, or for a certain one."""
    is_any = isinstance(task, DrawTask) and task.device == device.partition(":")[0]
    return replace(task, device=device) if device and is_any else task


@contextmanager
def unhurt_by_interrupts() -> Generator[None]:
    """Let a process that is started here get no Ctrl-C before it has set its own handler."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting a process starts it, and that would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(connection: Connection, inside: Callable[[], Executor]) -> None:
    """What a worker does: what it is sent, until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the main process says when to stop
    executor = inside()
    serve(connection, lambda order: carry_out(executor, order))
