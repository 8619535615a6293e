"""The thread that hands out units: it hears what happens, and decides by `Schedule` and `Checks` what is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from sdplay.core.errors import RenderFailed
from sdplay.executors.arithmetic import WorkerFacts, difference
from sdplay.executors.audit import Opinion
from sdplay.executors.cluster.checks import Again, Ban, Checks, Deliver
from sdplay.executors.cluster.crew import Crew, Drawn, Failed, Joined, Left, Lost, Message, Returned, Unit
from sdplay.executors.cluster.schedule import Schedule
from sdplay.executors.line import WorkerDied

LOOK = 1.0  # seconds between two looks at who came and who is gone
PATIENCE = 120.0  # seconds without anybody who could draw what is waiting
NOBODY = "no worker of the cluster could draw for two minutes"


@dataclass(frozen=True, slots=True)
class Answer:
    """Unit `number` was drawn by `worker`, which calculates by `mark`."""

    number: int
    worker: str
    mark: str
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class Refusal:
    """Unit `number` cannot be drawn."""

    number: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Banned:
    """`worker` was found out; what it drew is to be drawn again."""

    worker: str


Outcome = Answer | Refusal | Banned


@dataclass(slots=True, eq=False)
class Client:
    """Somebody who has units drawn: `outcomes` is where what comes of them goes."""

    outcomes: SimpleQueue[Outcome] = field(default_factory=SimpleQueue[Outcome])
    units: set[int] = field(default_factory=set[int])


@dataclass(frozen=True, slots=True)
class Submitted:
    client: Client
    units: Sequence[Unit]
    avoid: frozenset[str]
    urgent: bool


@dataclass(frozen=True, slots=True)
class Withdrawn:
    client: Client


@dataclass(frozen=True, slots=True)
class Ended:
    """The thread is to end."""


Heard = Message | Submitted | Withdrawn | Ended


class Dispatcher:
    """Has the units that clients submit drawn by `crew`; a `share` of them twice.

    Workers must calculate as the first one that came does, else they get nothing, and `note` is told; with `mixed` they
    may differ. `clock` counts seconds.
    """

    def __init__(
        self,
        crew: Crew,
        *,
        share: float = 0.0,
        mixed: bool = False,
        note: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._crew, self._mixed, self._note, self._clock = crew, mixed, note, clock
        self._heard: SimpleQueue[Heard] = SimpleQueue()
        self._schedule, self._checks = Schedule(), Checks[Drawn](share)
        self._units: dict[int, tuple[Unit, Client]] = {}
        self._clients: set[Client] = set()
        self._seen: dict[str, WorkerFacts] = {}
        self._refused: set[str] = set()
        self._stuck_since: float | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="handing out units", daemon=True)

    def start(self) -> None:
        self._crew.start(self._heard.put)
        self._thread.start()

    def close(self) -> None:
        """Hand out nothing more, and let go of the workers."""
        self._heard.put(Ended())
        self._thread.join()
        self._crew.close()

    @property
    def workers(self) -> dict[str, WorkerFacts]:
        """Those that were there and may draw, by name."""
        with self._changed:
            return {name: facts for name, facts in self._seen.items() if name not in self._refused}

    def wait_for_workers(self, patience: float = PATIENCE) -> dict[str, WorkerFacts]:
        """As `workers`, once there is one; raises `RenderFailed` if none comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._seen.keys() - self._refused, patience)
        if not (there := self.workers):
            raise RenderFailed(
                "no worker of the cluster answered",
                field="executor",
                value="ray",
                hint="`sdplay cluster check` shows what its machines say",
            )
        return there

    def submit(
        self, client: Client, units: Sequence[Unit], avoid: frozenset[str] = frozenset(), *, urgent: bool = False
    ) -> None:
        """Have `units` drawn, by none of `avoid`; an `Answer` or a `Refusal` for each of them comes to `client`."""
        self._heard.put(Submitted(client, units, avoid, urgent))

    def withdraw(self, client: Client) -> None:
        """Forget what `client` wanted."""
        self._heard.put(Withdrawn(client))

    def _work(self) -> None:
        look_at = self._clock()
        while True:
            if (now := self._clock()) >= look_at:
                self._crew.look()
                self._give_up_if_stuck(now)
                look_at = now + LOOK
            try:
                heard = self._heard.get(timeout=max(look_at - self._clock(), 0.001))
                while True:
                    if isinstance(heard, Ended):
                        return
                    self._hear(heard)
                    heard = self._heard.get_nowait()
            except Empty:
                self._hand_out()

    def _hand_out(self) -> None:
        for number, worker in self._schedule.assign():
            try:
                self._crew.send(worker, self._units[number][0])
            except Exception as error:  # a file of it that is gone, say: whoever waits for it is told
                self._hear(Failed(worker, number, error))

    def _hear(self, heard: Submitted | Withdrawn | Message) -> None:
        match heard:
            case Submitted(client, units, avoid, urgent):
                self._clients.add(client)
                for unit in units:
                    client.units.add(unit.number)
                    self._units[unit.number] = unit, client
                    self._schedule.add(unit.number, avoid, urgent=urgent)
            case Withdrawn(client):
                self._clients.discard(client)
                for number in list(client.units):
                    self._forget(number, client)
            case Joined(worker, facts):
                self._join(worker, facts)
            case Left(worker):
                self._give_up(self._schedule.leave(worker))
            case Lost(worker, number):
                self._give_up([] if self._schedule.lost(number, worker) else [number])
                self._give_up(self._schedule.leave(worker))
            case Failed(worker, number, error):
                if self._schedule.done(number, worker):
                    self._answer(number, Refusal(number, error))
            case Returned(worker, number, drawn):
                if self._schedule.done(number, worker):
                    self._check(number, worker, drawn)

    def _join(self, worker: str, facts: WorkerFacts) -> None:
        if worker in self._checks.banned:
            return
        with self._changed:
            first = next((known for name, known in self._seen.items() if name not in self._refused), facts)
            differs, is_new = difference(facts, first), worker not in self._seen
            self._seen[worker] = facts
            if differs and not self._mixed:
                self._refused.add(worker)
            else:
                self._refused.discard(worker)
            self._changed.notify_all()
        if worker not in self._refused:
            self._schedule.join(worker)
        elif is_new:
            self._note(f"{worker} gets nothing to draw, since {differs}; `mixed` lets it draw all the same")

    def _check(self, number: int, worker: str, drawn: Drawn) -> None:
        unit, _ = self._units[number]
        digest = unit.job.digest
        checked = digest != "" and self._checks.is_checked(digest, unit.indices[0] if unit.indices else 0)
        for decision in self._checks.hear(number, Opinion(worker, drawn.digest), drawn, checked=checked):
            match decision:
                case Deliver(known, by, result):
                    self._answer(known, Answer(known, by, self._seen[by].mark, result))
                case Again(known, avoid):
                    if known in self._units and not self._schedule.knows(known):
                        self._schedule.add(known, avoid)
                case Ban(name):
                    self._ban(name)

    def _ban(self, worker: str) -> None:
        with self._changed:
            self._refused.add(worker)
        self._note(f"{worker} drew something else than others did: it gets no more, and what it drew is drawn again")
        for client in self._clients:
            client.outcomes.put(Banned(worker))
        self._give_up(self._schedule.leave(worker))

    def _answer(self, number: int, outcome: Outcome) -> None:
        _, client = self._units[number]
        self._forget(number, client)
        client.outcomes.put(outcome)

    def _forget(self, number: int, client: Client) -> None:
        """Nobody waits for a unit any more."""
        client.units.discard(number)
        self._units.pop(number, None)
        self._checks.forget(number)
        if worker := self._schedule.drop(number):
            self._crew.stop(worker, number)

    def _give_up(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            unit, _ = self._units[number]
            died = f"{self._schedule.attempts} workers in a row were lost while they drew {unit}"
            self._answer(number, Refusal(number, WorkerDied(died)))

    def _give_up_if_stuck(self, now: float) -> None:
        """End the waiting for units that nobody there may draw."""
        if not self._schedule.is_stuck:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since > PATIENCE:
            self._stuck_since = None
            for number in list(self._units):
                self._answer(number, Refusal(number, WorkerDied(NOBODY)))
