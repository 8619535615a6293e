"""What these clients share while the service runs: their settings, and the names that they gave to their tasks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from sdplay.server.http.a1111.options import Settings
from sdplay.server.records import Job

SOURCE = "a1111"
MOST_TASKS = 10_000  # names that are remembered; of the oldest nobody asks any more


class Tasks:
    """Which job each task id stands for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, str] = OrderedDict()
        self._named: dict[str, str] = {}

    def add(self, task: str, job: str) -> None:
        """Let `task` stand for `job`, and no longer for another one."""
        with self._lock:
            self._jobs[task], self._named[job] = job, task
            self._jobs.move_to_end(task)
            while len(self._jobs) > MOST_TASKS:
                _, oldest = self._jobs.popitem(last=False)
                self._named.pop(oldest, None)

    def job(self, task: str) -> str | None:
        """The job that `task` stands for: as its client called it, or as we call those without a name."""
        with self._lock:
            return self._jobs.get(task) or (task[task.find("-") + 1 : -1] if task.endswith(")") else None)

    def task(self, job: Job) -> str:
        with self._lock:
            return self._named.get(job.id) or f"task({job.mode}-{job.id})"


@dataclass(slots=True)
class State:
    settings: Settings
    tasks: Tasks = field(default_factory=Tasks)


def the_state(request: Request) -> State:
    return request.app.state.a1111


StateHere = Annotated[State, Depends(the_state)]
