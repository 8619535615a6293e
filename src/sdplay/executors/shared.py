"""What a service needs of who draws for it: more than an `Executor`, since many wait for it, some of them urgently."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Protocol

from sdplay.core.machine import Machine
from sdplay.events import Event
from sdplay.requests.base import Request
from sdplay.tasks import Task


class SharedExecutor(Protocol):
    """An `Executor` of which several tasks are asked at once: urgent ones come first, and whoever waits is told so."""

    @property
    def workers(self) -> int: ...

    @property
    def alive(self) -> bool:
        """Whether anything is there that draws, and so a model may be loaded."""
        ...

    @property
    def is_urgent(self) -> bool:
        """Whether an urgent task waits until another one ends."""
        ...

    @property
    def idle_seconds(self) -> float:
        """How long nothing was drawn."""
        ...

    def detect_machine(self, request: Request) -> Machine: ...

    def run(
        self, task: Task, folder: Path | None = None, *, urgent: bool = False, patience: float | None = None
    ) -> Generator[Event, None, None]:
        """See `Executor.run`. Paths in `task` are relative to `folder`; an `urgent` one comes first, and with
        `patience` it says every so many seconds that it waits for its turn.
        """
        ...

    def let_go(self, idle: float) -> bool:
        """Let go of all models if none was used for `idle` seconds, and say whether any was."""
        ...

    def close(self) -> None: ...
