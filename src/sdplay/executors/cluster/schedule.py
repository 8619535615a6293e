"""Which unit goes to which worker: each is drawn once more where it was lost, and counts once.

No threads, no clock and no network: it is told what happens, and says what to do.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

AHEAD = 2  # units that a worker has at a time: the one it draws, and the next, so that it never waits for us
ATTEMPTS = 3  # for a unit whose worker was lost under it


@dataclass(slots=True)
class Known:
    """A unit that is not done: its `rank` (the lowest comes first), who must not draw it, how often it was `lost`, and
    who draws it now ("": nobody).
    """

    rank: tuple[int, int]
    avoid: frozenset[str]
    lost: int = 0
    worker: str = ""


@dataclass(slots=True)
class Schedule:
    """Hands out units, by their numbers, to workers, by their names: to each up to `ahead` at a time, and first to
    those that have least.

    A unit is tried `attempts` times. One that `avoid`s all workers that are there waits for others.
    """

    ahead: int = AHEAD
    attempts: int = ATTEMPTS
    _units: dict[int, Known] = field(default_factory=dict[int, Known])
    _waiting: list[tuple[tuple[int, int], int]] = field(default_factory=list["tuple[tuple[int, int], int]"])
    _held: dict[str, set[int]] = field(default_factory=dict[str, "set[int]"])
    _room: list[dict[str, None]] = field(default_factory=list["dict[str, None]"])  # who may take more
    _added: int = 0

    def __post_init__(self) -> None:
        self._room = [{} for _ in range(self.ahead)]

    @property
    def workers(self) -> frozenset[str]:
        """Those that get units."""
        return frozenset(self._held)

    @property
    def is_idle(self) -> bool:
        """Whether every unit is done."""
        return not self._units

    @property
    def is_stuck(self) -> bool:
        """Whether something is to be drawn, and nobody draws."""
        return bool(self._units) and not any(self._held.values())

    def knows(self, number: int) -> bool:
        """Whether a unit is to be drawn, or is being drawn."""
        return number in self._units

    def held_by(self, worker: str) -> frozenset[int]:
        """The units that `worker` has."""
        return frozenset(self._held.get(worker, ()))

    def join(self, worker: str) -> None:
        """Let `worker` have units."""
        if worker not in self._held:
            self._held[worker] = set()
            self._room[0][worker] = None

    def leave(self, worker: str) -> list[int]:
        """Give `worker` no more, and what it has to others; the units that were lost too often, which are given up."""
        if worker not in self._held:
            return []
        given_up = [number for number in sorted(self._held[worker]) if not self.lost(number, worker)]
        self._room[0].pop(worker)
        del self._held[worker]
        return given_up

    def add(self, number: int, avoid: frozenset[str] = frozenset(), *, urgent: bool = False) -> None:
        """A unit that is to be drawn, by none of `avoid`; an `urgent` one comes before all that are not."""
        self._units[number] = Known(rank=(0 if urgent else 1, self._added), avoid=avoid)
        self._added += 1
        self._wait(number)

    def drop(self, number: int) -> str:
        """Forget a unit; who draws it now ("": nobody), and may as well stop."""
        known = self._units.pop(number, None)
        if known is None or not known.worker:
            return ""
        self._let_go(number, known.worker)
        return known.worker

    def done(self, number: int, worker: str) -> bool:
        """Count a unit as drawn; False if it is not `worker`'s any more, and so does not count."""
        known = self._units.get(number)
        if known is None or known.worker != worker:
            return False
        self.drop(number)
        return True

    def lost(self, number: int, worker: str) -> bool:
        """`worker` lost a unit: it is drawn again; False if that was tried often enough, and it is given up."""
        known = self._units.get(number)
        if known is None or known.worker != worker:
            return True
        self._let_go(number, worker)
        known.worker, known.lost = "", known.lost + 1
        if known.lost >= self.attempts:
            del self._units[number]
            return False
        self._wait(number)
        return True

    def assign(self) -> Iterator[tuple[int, str]]:
        """Units and who is to draw them, as long as there are both."""
        stuck: list[tuple[tuple[int, int], int]] = []
        while self._waiting and any(self._room):
            place = heapq.heappop(self._waiting)
            known = self._units.get(place[1])
            if known is None or known.worker or known.rank != place[0]:  # dropped, or handed out since
                continue
            worker = next((name for room in self._room for name in room if name not in known.avoid), None)
            if worker is None:
                stuck.append(place)
                continue
            known.worker = worker
            self._move(worker, place[1], taken=True)
            yield place[1], worker
        for place in stuck:
            heapq.heappush(self._waiting, place)

    def _wait(self, number: int) -> None:
        heapq.heappush(self._waiting, (self._units[number].rank, number))

    def _let_go(self, number: int, worker: str) -> None:
        if worker in self._held:
            self._move(worker, number, taken=False)

    def _move(self, worker: str, number: int, *, taken: bool) -> None:
        """Change what a worker has, and its place among those with room."""
        held = self._held[worker]
        if len(held) < self.ahead:
            del self._room[len(held)][worker]
        if taken:
            held.add(number)
        else:
            held.discard(number)
        if len(held) < self.ahead:
            self._room[len(held)][worker] = None
