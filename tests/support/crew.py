"""Workers that are threads of this process: each draws as a worker on a cluster does, and dies, lies or falls silent
when a test says so.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from queue import SimpleQueue

from sdplay.core.machine import Machine
from sdplay.events import Event, ImageDone
from sdplay.executors.arithmetic import WorkerFacts, arithmetic_variables
from sdplay.executors.cluster.crew import Drawn, Failed, Joined, Left, Lost, Returned, Tell, Unit
from sdplay.executors.cluster.renderer import Renderer
from sdplay.executors.fake import FakeExecutor
from sdplay.requests.base import Request
from sdplay.tasks import Executor, Task

SAME = WorkerFacts(host="here", cores=1, memory=None, device="cpu", arithmetic={"torch": "2"})
OTHER = replace(SAME, host="there", arithmetic={"torch": "3"})


class LyingExecutor:
    """Draws with `inside`, and turns a bit of every picture."""

    workers = 1

    def __init__(self, inside: Executor) -> None:
        self.inside = inside

    def detect_machine(self, request: Request) -> Machine:
        return self.inside.detect_machine(request)

    def run(self, task: Task) -> Generator[Event, None, None]:
        for event in self.inside.run(task):
            if isinstance(event, ImageDone):
                pixels = event.picture.pixels.copy()
                pixels[0, 0, 0] ^= 1
                event = replace(event, picture=replace(event.picture, pixels=pixels))
            yield event

    def close(self) -> None:
        self.inside.close()


@dataclass(eq=False)
class Hand:
    """A worker and its thread. It loses each unit that `loses` says yes to, and dies of each that `dies` does."""

    name: str
    facts: WorkerFacts = SAME
    inside: Callable[[], Executor] = FakeExecutor
    loses: Callable[[Unit], bool] = lambda _: False
    dies: Callable[[Unit], bool] = lambda _: False
    units: SimpleQueue[Unit | None] = field(default_factory=SimpleQueue)
    drew: list[tuple[int, ...]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0


class ThreadCrew:
    def __init__(self, *hands: Hand) -> None:
        self.hands = {hand.name: hand for hand in hands}
        self.new: list[Hand] = list(hands)
        self.sent: list[tuple[str, tuple[int, ...]]] = []
        self.stopped: list[int] = []
        self._lock = threading.Lock()

    def start(self, tell: Tell) -> None:
        self.tell = tell

    def look(self) -> None:
        for hand in self.new:
            threading.Thread(target=self._work, args=(hand,), daemon=True).start()
            self.tell(Joined(hand.name, hand.facts))
        self.new = []

    def send(self, worker: str, unit: Unit) -> None:
        hand = self.hands[worker]
        with self._lock:
            self.sent.append((worker, unit.indices))
            hand.at_once += 1
            hand.most_at_once = max(hand.most_at_once, hand.at_once)
        hand.units.put(unit)

    def stop(self, worker: str, number: int) -> None:
        self.stopped.append(number)

    def ask(self, worker: str, request: Request) -> Machine:
        return self.hands[worker].inside().detect_machine(request)

    def close(self) -> None:
        for hand in self.hands.values():
            hand.units.put(None)

    def _work(self, hand: Hand) -> None:
        renderer = Renderer(arithmetic_variables(os.environ), hand.inside)
        while (unit := hand.units.get()) is not None:
            if hand.dies(unit):
                self.tell(Left(hand.name))
                return
            if hand.loses(unit):
                self.tell(Lost(hand.name, unit.number))
                self.tell(Joined(hand.name, hand.facts))
                hand.at_once = 0
                continue
            drawn = drawn_by(renderer, unit)
            with self._lock:
                hand.drew.append(unit.indices)
                hand.at_once = max(hand.at_once - 1, 0)
            self.tell(message(hand.name, unit, drawn))


def drawn_by(renderer: Renderer, unit: Unit) -> Drawn | Exception:
    """What a worker elsewhere makes of `unit`: nothing but bytes goes there and back."""
    renderer.begin("task", pickle.dumps(unit.job.task))
    return renderer.draw(unit.number, "task", unit.indices, pickle.loads(pickle.dumps(dict(unit.given))))


def message(worker: str, unit: Unit, drawn: Drawn | Exception) -> Returned | Failed:
    if isinstance(drawn, Drawn):
        return Returned(worker, unit.number, drawn)
    return Failed(worker, unit.number, drawn)


def several(count: int, **settings: object) -> Sequence[Hand]:
    return [Hand(name=f"worker {number}", **settings) for number in range(count)]  # type: ignore[arg-type]
