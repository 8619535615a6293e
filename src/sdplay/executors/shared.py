"""What a service draws with: an executor that many ask at a time, and some before all others."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Protocol

from sdplay.events import Event
from sdplay.tasks import Executor, Task


class SharedExecutor(Executor, Protocol):
    """An `Executor` that takes tasks from any number of threads.

    `is_here` says whether it draws on this machine; `alive` whether anybody is there that holds a model; `is_urgent`
    whether an urgent task waits until another one ends; `idle_seconds` how long nothing was drawn.
    """

    @property
    def is_here(self) -> bool: ...

    @property
    def alive(self) -> bool: ...

    @property
    def is_urgent(self) -> bool: ...

    @property
    def idle_seconds(self) -> float: ...

    def run(
        self, task: Task, folder: Path | None = None, *, urgent: bool = False, patience: float | None = None
    ) -> Generator[Event, None, None]:
        """See `Executor.run`. Paths in `task` are relative to `folder`; an `urgent` one comes first, and with
        `patience` it says every so many seconds that it waits for its turn.
        """
        ...

    def let_go(self, idle: float) -> bool:
        """Free the memory of models if nothing was drawn for `idle` seconds; whether there was any."""
        ...
