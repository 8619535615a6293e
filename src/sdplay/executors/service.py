"""Draw with the warm model of the service that runs, and in this process where that cannot be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from sdplay.core.machine import Machine
from sdplay.events import Event, Waiting
from sdplay.executors.door import NobodyThere, hear, knock, say
from sdplay.executors.fingerprint import fingerprint
from sdplay.executors.line import Line, LineBroken, Order, Resumption, WorkerDied
from sdplay.requests.base import Request
from sdplay.tasks import Executor, Task

WAITS = "the service draws something else first; with `no_serve` this process draws by itself"
WHAT_PICTURES_TAKE = ("sdplay.images.picture", "sdplay.images.write")  # with numpy and PIL
LOST = "the service stopped drawing; this process goes on by itself"


class Refused(Exception):
    """The service does not draw for this process, for a reason that goes on from "the service"."""


class ServiceExecutor:
    """Sends tasks to the service that `running` speaks of. Where it does not draw for us, or ends in the middle, what
    `inside` makes goes on from there.

    `note` is told, in a line, what a person should know; where no service answers nothing is said. With several
    `workers` as many tasks may run at a time, if the service has as many.
    """

    def __init__(
        self, running: Path, inside: Callable[[], Executor], note: Callable[[str], None], workers: int = 1
    ) -> None:
        self._running, self._inside, self._note, self._workers = running, inside, note, workers
        self._free: list[Line] = []
        self._own: Executor | None = None  # in the place of the service, once that is out of the question
        self._told_to_wait = False
        self._lock = threading.Lock()

    @property
    def workers(self) -> int:
        return self._workers

    def detect_machine(self, request: Request) -> Machine:
        line = self._line()
        if line is not None:
            try:
                with self._taken(line):
                    return line.ask(Order(folder=Path.cwd(), what=request))
            except (LineBroken, WorkerDied):
                self._give_up(LOST)
        return self._in_its_place().detect_machine(request)

    def run(self, task: Task) -> Generator[Event, None, None]:
        resumption, line = Resumption(), self._line()
        if line is not None:
            threading.Thread(target=load_what_pictures_take, daemon=True).start()
            try:
                with self._taken(line):
                    for event in resumption.follow(line.converse(Order(folder=Path.cwd(), what=task))):
                        if isinstance(event, Waiting):
                            self._say_that_it_waits()
                        yield event
                    return
            except (LineBroken, WorkerDied):
                self._give_up(LOST)
        yield from resumption.follow(self._in_its_place().run(task))

    def close(self) -> None:
        """Hang up; the model stays where it is, with the service."""
        for line in self._free:
            line.connection.close()
        self._free = []
        if self._own is not None:
            self._own.close()

    def _line(self) -> Line | None:
        """A line that is at rest; None where the service does not draw for us."""
        with self._lock:
            if self._own is not None:
                return None
            if self._free:
                return self._free.pop()
        try:
            return connect(self._running, self._workers)
        except NobodyThere:
            self._give_up("")
        except Refused as refused:
            self._give_up(f"drawing in this process: the service {refused}")
        return None

    @contextmanager
    def _taken(self, line: Line) -> Generator[None]:
        """Keep `line` for the next task, unless it is left in the middle of something."""
        try:
            yield
        finally:
            if line.at_rest:
                with self._lock:
                    self._free.append(line)
            else:
                line.connection.close()

    def _give_up(self, why: str) -> None:
        """From now on draw with what `inside` makes; say `why`, once."""
        with self._lock:
            if self._own is not None:
                return
            self._own = self._inside()
        if why:
            self._note(why)

    def _in_its_place(self) -> Executor:
        assert self._own is not None
        return self._own

    def _say_that_it_waits(self) -> None:
        if not self._told_to_wait:
            self._told_to_wait = True
            self._note(WAITS)


def load_what_pictures_take() -> None:
    """Load what a picture is made of and written with, while it is drawn."""
    for name in WHAT_PICTURES_TAKE:
        import_module(name)


def connect(running: Path, workers: int) -> Line:
    """A line to the service; raises `NobodyThere` and `Refused`."""
    connection = knock(running)
    try:
        say(connection, {"what": "draw", "workers": workers, "fingerprint": fingerprint()})
        why = hear(connection).get("why")
    except (OSError, EOFError, ValueError) as error:
        connection.close()
        raise NobodyThere from error
    if why:
        connection.close()
        raise Refused(why)
    return Line(connection)
