"""The units of one task on their way: sent a window at a time, and passed on in their order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from queue import Empty

from sdplay.events import Event, Waiting, WorkerBanned
from sdplay.executors.cluster.crew import Unit
from sdplay.executors.cluster.dispatch import Answer, Banned, Client, Dispatcher, Refusal
from sdplay.tasks import Task


@dataclass(slots=True)
class Course:
    """The `units` of one task on their way: at most `window` of them beyond the first that is not back yet."""

    dispatcher: Dispatcher
    units: Sequence[Unit]
    window: int
    urgent: bool
    client: Client = field(default_factory=Client)
    _back: dict[int, Answer] = field(default_factory=dict[int, Answer])
    _sent: int = 0

    def follow(
        self,
        patience: float | None,
        events: Callable[[Task, Answer], Generator[Event, None, None]],
        *,
        all_at_once: bool,
    ) -> Generator[Event, None, None]:
        """The events of all units, in their order; those of workers that were banned by then are drawn again first.

        With `all_at_once` nothing is passed on before everything is drawn. Raises what drawing a unit raised.
        """
        passed_on = 0
        while passed_on < len(self.units):
            self._send(len(self.units) if all_at_once else passed_on + self.window)
            while passed_on < len(self.units) and self._may_pass_on(passed_on, all_at_once):
                unit = self.units[passed_on]
                passed_on += 1
                yield from events(unit.job.task, self._back.pop(unit.number))
                self._send(passed_on + self.window)
            if passed_on < len(self.units):
                yield from self._next(patience)

    def _may_pass_on(self, place: int, all_at_once: bool) -> bool:
        return self.units[place].number in self._back and (
            not all_at_once or place > 0 or len(self._back) == len(self.units)
        )

    def _send(self, up_to: int) -> None:
        new = self.units[self._sent : max(up_to, self._sent)]
        if new:
            self._sent += len(new)
            self.dispatcher.submit(self.client, new, urgent=self.urgent)

    def _next(self, patience: float | None) -> Generator[Event, None, None]:
        """Hear what came of a unit."""
        try:
            outcome = self.client.outcomes.get(timeout=patience)
        except Empty:
            yield Waiting()
            return
        match outcome:
            case Refusal(_, error):
                raise error
            case Banned(worker):
                again = [unit for unit in self.units if self._is_by(unit, worker)]
                for unit in again:
                    del self._back[unit.number]
                self.dispatcher.submit(self.client, again, urgent=self.urgent)
                yield WorkerBanned(name=worker, pieces=len(again))
            case Answer(number):
                self._back[number] = outcome

    def _is_by(self, unit: Unit, worker: str) -> bool:
        return unit.number in self._back and self._back[unit.number].worker == worker
