"""What is said between who hands out units and those that draw them, wherever these are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sdplay.core.machine import Machine
from sdplay.executors.arithmetic import WorkerFacts
from sdplay.requests.base import Request
from sdplay.tasks import DrawTask, Task

if TYPE_CHECKING:
    from sdplay.images.read import Pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What units are of: a `task`, of which each unit draws some indices; `digest` stands for it where units are to be
    checked, and is empty where none is.
    """

    task: Task
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unit:
    """Unit `number`: pictures `indices` of the task of `job`, from the finished key pictures `given`.

    Paths are relative to `folder`.
    """

    number: int
    job: Job
    indices: tuple[int, ...]
    given: Mapping[int, Pixels] = field(default_factory=dict[int, "Pixels"], repr=False)
    folder: Path = Path()

    def __str__(self) -> str:
        task = self.job.task
        return str(replace(task, indices=self.indices)) if isinstance(task, DrawTask) and self.indices else str(task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What came of a unit: the events of drawing it, packed, a digest of all pixels in them, and how long it took."""

    digest: str
    seconds: float
    packed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Joined:
    """A worker is there, for the first time or again."""

    worker: str
    facts: WorkerFacts


@dataclass(frozen=True, slots=True)
class Left:
    """A worker is gone, and what it had is lost."""

    worker: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A worker has drawn a unit."""

    worker: str
    number: int
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class Failed:
    """A unit cannot be drawn: drawing it raised `error`, as it would anywhere."""

    worker: str
    number: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Lost:
    """What a worker does cannot be known, and may have been lost: it gets nothing until it has `Joined` again."""

    worker: str
    number: int


Message = Joined | Left | Returned | Failed | Lost
Tell = Callable[[Message], None]


class Crew(Protocol):
    """Those that draw. What happens to them is told by `tell`, from any thread; the methods return at once.

    `look` is called every second, and finds out who came and who is gone.
    """

    def start(self, tell: Tell) -> None: ...

    def look(self) -> None: ...

    def send(self, worker: str, unit: Unit) -> None:
        """Let `worker` draw `unit` once it has drawn what it was sent before; `Returned`, `Failed` or `Lost` follows,
        unless it has `Left`.
        """
        ...

    def stop(self, worker: str, number: int) -> None:
        """Nobody waits for that unit any more."""
        ...

    def ask(self, worker: str, request: Request) -> Machine:
        """What `worker` would draw `request` on, by itself; waits for it, and raises `LineBroken` if it is gone."""
        ...

    def close(self) -> None: ...
