"""Draw in several processes on this machine: each holds a model of its own and draws one task at a time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from typing import cast

from sdplay.core.errors import RenderFailed
from sdplay.core.event import Event, Started, Stepped
from sdplay.core.machine import Machine
from sdplay.core.request import AnyRequest
from sdplay.jobs.executors.base import Task
from sdplay.jobs.executors.inline import InlineExecutor

ATTEMPTS = 3  # for a task whose process died under it
NEXT, STOP = "next", "stop"


@dataclass(slots=True)
class Worker:
    """A process that draws, and the line to it."""

    process: SpawnProcess
    line: Connection

    @classmethod
    def start(cls) -> Worker:
        context = multiprocessing.get_context("spawn")  # a fork would inherit locks, threads and torch's pools
        here, there = context.Pipe()
        process = context.Process(target=serve, args=(there,), daemon=True)
        process.start()
        there.close()
        return cls(process, here)

    def end(self) -> None:
        self.line.close()
        self.process.terminate()
        self.process.join()


class LocalExecutor:
    """Runs up to `workers` tasks at a time, each in a process of its own; a process that dies is replaced.

    A task whose process died is drawn again from its start, twice at most, and raises `RenderFailed` after that.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._inline = InlineExecutor()
        self._idle: SimpleQueue[Worker | None] = SimpleQueue()
        for _ in range(workers):
            self._idle.put(None)  # started when first needed

    @property
    def workers(self) -> int:
        return self._workers

    def survey(self, request: AnyRequest) -> Machine:
        return self._inline.survey(request)

    def run(self, task: Task) -> Generator[Event, None, None]:
        for attempt in range(1, ATTEMPTS + 1):
            worker = self._idle.get() or Worker.start()
            done: list[Event] = []
            try:
                for event in conversation(worker, task):
                    if isinstance(event, Started | Stepped):
                        yield event
                    else:
                        done.append(event)  # held back until the task is whole: it may have to be drawn again
            except (EOFError, OSError) as error:
                if attempt == ATTEMPTS:
                    frames = f"frames {task.indices[0]} to {task.indices[-1]}"
                    raise RenderFailed(f"the process that drew {frames} died {attempt} times") from error
            else:
                yield from done
                return
            finally:
                self._put_back(worker)

    def _put_back(self, worker: Worker) -> None:
        alive = worker.process.is_alive()
        if not alive:
            worker.end()
        self._idle.put(worker if alive else None)

    def close(self) -> None:
        for _ in range(self._workers):
            worker = self._idle.get()
            if worker is not None:
                worker.end()
            self._idle.put(None)


def conversation(worker: Worker, task: Task) -> Generator[Event, None, None]:
    """Send `task`, and pass on what comes back; stopping early stops the drawing after the step."""
    worker.line.send(task)
    finished = False
    try:
        while True:
            answer = cast(Event | BaseException | None, worker.line.recv())
            if answer is None or isinstance(answer, BaseException):
                finished = True
                if answer is None:
                    return
                raise answer
            yield answer
            worker.line.send(NEXT)
    finally:
        if not finished:
            worker.line.send(STOP)
            while worker.line.recv() is not None:
                pass


def serve(line: Connection) -> None:
    """What a worker does: draw what it is sent, one event at a time, until the line is closed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; whoever leads says when to stop
    executor = InlineExecutor()
    while True:
        try:
            task = cast(Task, line.recv())
        except EOFError:
            return
        try:
            for event in executor.run(task):
                line.send(event)
                if line.recv() == STOP:
                    break
            line.send(None)
        except EOFError:
            return
        except Exception as error:
            line.send(error)
