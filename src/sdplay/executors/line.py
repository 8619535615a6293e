"""Tasks sent along a line to another process, and their events back; the process looks after each if it is to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from sdplay.core.errors import RenderFailed
from sdplay.core.machine import Machine
from sdplay.events import Event, Started, Stepped, Waiting
from sdplay.requests.base import Request
from sdplay.tasks import Executor, Task

NEXT, STOP = "next", "stop"
PROGRESS = (Started, Stepped, Waiting)  # sent again when a task is drawn again
AHEAD = 8  # events that a process draws on while nobody has taken them yet

Answer = Event | Machine | BaseException | None


class LineBroken(Exception):
    """The process at the other end is gone."""


class WorkerDied(RenderFailed):
    """The process that drew a task died, and not because of what it was sent: it may be drawn again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What another process is to do in the working directory `folder`: a task, or say what a request would run on.

    Paths in tasks are relative to the folder of the process that resolved them.
    """

    folder: Path
    what: Task | Request


@dataclass(slots=True)
class Line:
    """This end of a line to a process that does orders; `at_rest` while that process waits for one."""

    connection: Connection
    at_rest: bool = True

    def say(self, what: object) -> None:
        try:
            self.connection.send(what)
        except OSError as error:
            raise LineBroken from error

    def listen(self) -> Answer:
        """An event of the task, or how it ended: an error, None, or a machine; from there on the other is at rest."""
        try:
            answer = cast(Answer, self.connection.recv())
        except (EOFError, OSError) as error:
            raise LineBroken from error
        self.at_rest = not isinstance(answer, Event)
        return answer

    def converse(self, order: Order) -> Generator[Event, None, Machine | None]:
        """Send `order`, and pass on what comes back; stopping early stops the drawing after the step.

        Raises what the drawing raised, and `LineBroken` if the process dies.
        """
        self.at_rest = False
        self.say(order)
        while isinstance(answer := self.listen(), Event):
            try:
                yield answer
            except GeneratorExit:
                with suppress(LineBroken):
                    self.say(STOP)
                    while isinstance(self.listen(), Event):  # what was on its way already
                        pass
                raise
            self.say(NEXT)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def ask(self, order: Order) -> Machine:
        """The machine that a request would run on; raises what the other process raised, and `LineBroken`."""
        conversation = self.converse(order)
        try:
            next(conversation)
        except StopIteration as end:
            return end.value
        raise AssertionError("a question was answered with events")


def serve(
    connection: Connection,
    do: Callable[[Order], Generator[Event, None, Machine | None]],
    impatience: float | None = None,
) -> None:
    """Do what is sent along `connection`, until it is closed.

    It ends too where the other process takes no event for `impatience` seconds (None: it may).
    """
    with suppress(EOFError, ConnectionError):  # the other process is gone
        while True:
            order = cast("Order | str", connection.recv())
            if isinstance(order, Order):  # else it answers events of the task before
                connection.send(done(do, order, connection, impatience))


def done(
    do: Callable[[Order], Generator[Event, None, Machine | None]],
    order: Order,
    connection: Connection,
    impatience: float | None,
) -> Exception | Machine | None:
    """Do `order`, sending its events; how it ended: what it raised, its answer, None if it went well or was stopped."""
    ahead = 0
    with closing(do(order)) as events:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return end.value
            except Exception as error:
                return error
            connection.send(event)
            ahead += 1
            while connection.poll(0 if ahead < AHEAD else impatience):
                if connection.recv() == STOP:
                    return None
                ahead -= 1
            if ahead >= AHEAD:
                raise ConnectionAbortedError


def carry_out(executor: Executor, order: Order) -> Generator[Event, None, Machine | None]:
    """Do `order` with `executor` in this process, which then works in the folder of the order."""
    if Path.cwd() != order.folder:
        os.chdir(order.folder)
    if isinstance(order.what, Request):
        return executor.detect_machine(order.what)
    yield from executor.run(order.what)
    return None


class Resumption:
    """Passes on the events of a task that is drawn again from its start, without those that were passed on before.

    A picture drawn again is the same again; progress is shown again.
    """

    def __init__(self) -> None:
        self._passed_on = 0

    def follow(self, events: Generator[Event, None, object]) -> Generator[Event, None, None]:
        seen = 0
        with closing(events):
            for event in events:
                seen += not isinstance(event, PROGRESS)
                if isinstance(event, PROGRESS) or seen > self._passed_on:
                    self._passed_on = max(self._passed_on, seen)
                    yield event
