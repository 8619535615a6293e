"""Draw in several processes on this machine: each holds a model of its own and draws one task at a time."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from typing import cast

from sdplay.core.errors import RenderFailed
from sdplay.core.machine import Machine
from sdplay.events import Event, Started, Stepped
from sdplay.executors.inline import InlineExecutor
from sdplay.requests.base import Request
from sdplay.tasks import Executor, Task

ATTEMPTS = 3  # for a task whose process died under it
NEXT, STOP = "next", "stop"
PROGRESS = (Started, Stepped)  # sent again when a task is drawn again

Answer = Event | BaseException | None


class LineBroken(Exception):
    """The process at the other end is gone."""


@dataclass(slots=True)
class Worker:
    """A process that draws, and the line to it; `at_rest` while it waits for a task."""

    process: SpawnProcess
    line: Connection
    at_rest: bool = True

    @classmethod
    def start(cls, inside: Callable[[], Executor]) -> Worker:
        context = multiprocessing.get_context("spawn")  # a fork would inherit locks, threads and torch's pools
        here, there = context.Pipe()
        process = context.Process(target=serve, args=(there, inside), daemon=True)
        with closing(there), unhurt_by_interrupts():
            process.start()
        return cls(process, here)

    def end(self) -> None:
        """End the process; `listen` then raises `LineBroken`."""
        self.process.terminate()
        self.process.join()

    def say(self, what: object) -> None:
        try:
            self.line.send(what)
        except OSError as error:
            raise LineBroken from error

    def listen(self) -> Answer:
        """An event of the task, or how it ended: an error, or None; from there on the worker is at rest."""
        try:
            answer = cast(Answer, self.line.recv())
        except (EOFError, OSError) as error:
            raise LineBroken from error
        self.at_rest = not isinstance(answer, Event)
        return answer


class ProcessExecutor:
    """Runs up to `workers` tasks at a time, each in a process of its own; a process that dies is replaced.

    A task whose process died is drawn again from its start, twice at most, and raises `RenderFailed` after that.
    `inside` makes what each process draws with.
    """

    def __init__(self, workers: int, inside: Callable[[], Executor] = InlineExecutor) -> None:
        self._workers, self._inside = workers, inside
        self._inline = InlineExecutor()
        self._closings = 0
        self._places: SimpleQueue[Worker | None] = SimpleQueue()
        self._started: list[Worker] = []
        for _ in range(workers):
            self._places.put(None)  # started when first needed

    @property
    def workers(self) -> int:
        return self._workers

    def detect_machine(self, request: Request) -> Machine:
        return self._inline.detect_machine(request)

    def run(self, task: Task) -> Generator[Event, None, None]:
        closings, passed_on = self._closings, 0
        for attempt in range(1, ATTEMPTS + 1):
            seen = 0
            try:
                with self._worker() as worker, closing(conversation(worker, task)) as events:
                    for event in events:
                        seen += not isinstance(event, PROGRESS)
                        if isinstance(event, PROGRESS) or seen > passed_on:  # a picture drawn again is the same again
                            passed_on = max(passed_on, seen)
                            yield event
                    return
            except LineBroken as error:
                if attempt == ATTEMPTS or closings != self._closings:
                    raise RenderFailed(f"the process that drew {task} died {attempt} times") from error

    @contextmanager
    def _worker(self) -> Generator[Worker]:
        """A worker at rest; one that is left in the middle of something is ended."""
        worker = self._places.get()
        try:
            if worker is None or not worker.process.is_alive():
                worker = None
                worker = Worker.start(self._inside)
                self._started = [each for each in self._started if each.process.is_alive()] + [worker]
            yield worker
        finally:
            if worker is not None and not worker.at_rest:
                worker.end()
                worker.line.close()
                worker = None
            self._places.put(worker)

    def close(self) -> None:
        """End all processes; what they were drawing is given up."""
        self._closings += 1
        for worker in self._started:
            worker.end()
        self._started = []


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


def conversation(worker: Worker, task: Task) -> Generator[Event, None, None]:
    """Send `task`, and pass on what comes back; stopping early stops the drawing after the step.

    Raises what the drawing raised, and `LineBroken` where the process dies.
    """
    worker.at_rest = False
    worker.say(task)
    while isinstance(answer := worker.listen(), Event):
        try:
            yield answer
        except GeneratorExit:
            with suppress(LineBroken):
                worker.say(STOP)
                worker.listen()
            raise
        worker.say(NEXT)
    if answer is not None:
        raise answer


def serve(line: Connection, inside: Callable[[], Executor]) -> None:
    """What a worker does: draw what it is sent, one event at a time, until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the main process says when to stop
    executor = inside()
    with suppress(EOFError, ConnectionError):  # the main process is gone
        while True:
            line.send(drawn(executor, cast(Task, line.recv()), line))


def drawn(executor: Executor, task: Task, line: Connection) -> Exception | None:
    """Draw `task`, sending its events along `line`; what it raised, None where it went well or was stopped."""
    with closing(executor.run(task)) as events:
        while True:
            try:
                event = next(events, None)
            except Exception as error:
                return error
            if event is None:
                return None
            line.send(event)
            if line.recv() == STOP:
                return None
