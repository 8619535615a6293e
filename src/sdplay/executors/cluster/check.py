"""How the workers of a cluster are: what each is, and how fast it draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from queue import Empty
from typing import TYPE_CHECKING

from sdplay.executors.arithmetic import WorkerFacts, difference
from sdplay.executors.cluster.crew import Job, Unit
from sdplay.executors.cluster.dispatch import Answer, Client, Refusal

if TYPE_CHECKING:
    from sdplay.executors.cluster.dispatch import Dispatcher
    from sdplay.tasks import Task

LOOK = 0.2  # seconds
ROUNDS = 2  # units that each draws: the first loads the model
SILENT = "it did not answer in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A worker: its `facts`, in what it differs from the first one (empty: in nothing), and how many units it draws in
    a minute, 0 if that was not tried; `problem` is why it does not draw.
    """

    name: str
    facts: WorkerFacts
    differs: str
    per_minute: float = 0.0
    problem: str = ""


def all_workers(
    dispatcher: Dispatcher, quiet: float, clock: Callable[[], float] = time.monotonic
) -> dict[str, WorkerFacts]:
    """The workers there are, once no other came for `quiet` seconds; raises `RenderFailed` if none comes at all."""
    there, since = dispatcher.wait_for_workers(), clock()
    while clock() - since < quiet:
        time.sleep(LOOK)
        if dispatcher.workers != there:
            there, since = dispatcher.workers, clock()
    return there


def speeds(
    dispatcher: Dispatcher, task: Task, workers: Mapping[str, WorkerFacts], patience: float
) -> Iterator[tuple[str, float | str]]:
    """How many units of `task`, a picture each, each worker draws in a minute while all do; or why it does not."""
    client, job, until = Client(), Job(task=task), time.monotonic() + patience
    begun: dict[int, tuple[str, int, float]] = {}

    def send(worker: str, turn: int) -> None:
        number = -len(begun) - 1  # no executor's own
        begun[number] = worker, turn, time.monotonic()
        unit = Unit(number=number, job=job, indices=(0,))
        dispatcher.submit(client, [unit], frozenset(workers.keys() - {worker}))

    waiting = set(workers)
    for worker in workers:
        send(worker, 1)
    try:
        while waiting and (left := until - time.monotonic()) > 0:
            try:
                outcome = client.outcomes.get(timeout=left)
            except Empty:
                break
            if not isinstance(outcome, Answer | Refusal):
                continue
            worker, turn, at = begun[outcome.number]
            if isinstance(outcome, Answer) and turn < ROUNDS:
                send(worker, turn + 1)
                continue
            waiting.discard(worker)
            refused = isinstance(outcome, Refusal)
            yield worker, str(outcome.error).partition("\n")[0] if refused else 60 / (time.monotonic() - at)
    finally:
        dispatcher.withdraw(client)
    yield from ((worker, SILENT) for worker in waiting)


def states(there: Mapping[str, WorkerFacts], drawn: Mapping[str, float | str]) -> Iterator[WorkerState]:
    """The workers in the order of their names."""
    first = next(iter(there.values()), None)
    for name, facts in sorted(there.items()):
        speed = drawn.get(name, 0.0)
        yield WorkerState(
            name=name,
            facts=facts,
            differs=difference(facts, first) if first is not None else "",
            per_minute=speed if isinstance(speed, float) else 0.0,
            problem=speed if isinstance(speed, str) else "",
        )
