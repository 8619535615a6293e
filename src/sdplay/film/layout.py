"""Where the key pictures of a dream stand: spread evenly, every so many frames, or at frames of their own."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from sdplay.film.curve_text import EASINGS

BISECTIONS = 60  # halve an interval of length 1 down to the spacing of doubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(ABC):
    """`keys` named keys in a film of `total` frames; key numbers count on beyond the last one that is named."""

    total: int
    keys: int

    @property
    @abstractmethod
    def stretches(self) -> int:
        """How many stretches from key to key the film passes through; those after its last key do not count."""

    @abstractmethod
    def time(self, number: int) -> float:
        """The frame, whole or not, at which key `number` stands."""

    @abstractmethod
    def number_at(self, index: int) -> int:
        """The number of the key at or before frame `index`."""

    @abstractmethod
    def ordinal(self, number: int) -> int:
        """Which key `number` is; what is beyond the named ones has their prompts again, and seeds that count on."""

    @abstractmethod
    def around(self, number: int) -> tuple[int, int, int, int]:
        """The keys through which a smooth curve leads from key `number` to the next: before, start, end, after."""

    def place(self, index: int) -> tuple[int, float]:
        """(number of the key at or before frame `index`, how far it is to the next: 0 ≤ way < 1)."""
        number = self.number_at(index)
        return number, self.way(number, index)

    def shown(self, *, between: bool) -> set[int]:
        """The named keys that some frame shows; with `between` also those that a frame is only on its way to."""
        starts = [math.floor(self.time(number - 1)) + 1 for number in range(self.keys)]
        indices = {*starts, *(math.ceil(self.time(number)) for number in range(self.keys))}
        numbers: set[int] = set()
        for number, way in (self.place(index) for index in indices if 0 <= index < self.total):
            numbers |= {number, number + 1} if between and way > 0 else {number}
        return {self.ordinal(number) % self.keys for number in numbers}

    def way(self, number: int, index: int) -> float:
        start, end = self.time(number), self.time(number + 1)
        return min(max((index - start) / (end - start), 0.0), 1.0) if end > start else 0.0


class OpenLayout(Layout):
    """The film begins with the first key and ends with the last one; a smooth curve leaves both ends as it came."""

    @property
    def stretches(self) -> int:
        return self.keys - 1

    def ordinal(self, number: int) -> int:
        return min(number, self.keys - 1)

    def around(self, number: int) -> tuple[int, int, int, int]:
        after = number if number + 2 > self.keys - 1 else number + 2
        return number - 1 if number else 1, number, number + 1, after


class LoopLayout(Layout):
    """The film ends where it began: after the last key comes the first."""

    @property
    def stretches(self) -> int:
        return self.keys

    def ordinal(self, number: int) -> int:
        return number % self.keys

    def around(self, number: int) -> tuple[int, int, int, int]:
        return number - 1, number, number + 1, number + 2


class EvenOpen(OpenLayout):
    """The keys are spread evenly, the last one at the last frame."""

    def time(self, number: int) -> float:
        return number * (self.total - 1) / (self.keys - 1)

    def number_at(self, index: int) -> int:
        return index * (self.keys - 1) // (self.total - 1) if self.total > 1 else 0


class EvenLoop(LoopLayout):
    """The keys are spread evenly, the first one again where the film begins again."""

    def time(self, number: int) -> float:
        return number * self.total / self.keys

    def number_at(self, index: int) -> int:
        return index * self.keys // self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacedOpen(OpenLayout):
    """Every `spacing` frames is a key, however long the film is: seeds count on without end."""

    spacing: int

    @property
    def stretches(self) -> int:
        return -(-(self.total - 1) // self.spacing)

    def time(self, number: int) -> float:
        return number * self.spacing

    def number_at(self, index: int) -> int:
        return index // self.spacing

    def ordinal(self, number: int) -> int:
        return number

    def around(self, number: int) -> tuple[int, int, int, int]:
        return number - 1 if number else 1, number, number + 1, number + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacedLoop(LoopLayout):
    """Every `spacing` frames is a key; the film goes round all of them once or more."""

    spacing: int

    @property
    def stretches(self) -> int:
        return -(-self.total // self.spacing)

    def time(self, number: int) -> float:
        return number * self.spacing

    def number_at(self, index: int) -> int:
        return index // self.spacing


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyframesOpen(OpenLayout):
    """Key j stands at `frames[j]`; before the first one and after the last one the film stands still."""

    frames: tuple[int, ...]

    def time(self, number: int) -> float:
        return self.frames[number] if number < self.keys else self.total

    def number_at(self, index: int) -> int:
        return max(bisect_right(self.frames, index) - 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyframesLoop(LoopLayout):
    """Key j stands at `frames[j]`; the film begins on the way from the last key to the first."""

    frames: tuple[int, ...]

    def time(self, number: int) -> float:
        return self.frames[number % self.keys] + number // self.keys * self.total

    def number_at(self, index: int) -> int:
        return (bisect_right(self.frames, index) - 1) % self.keys

    def place(self, index: int) -> tuple[int, float]:
        number = self.number_at(index)
        return number, self.way(number, index + self.total if index < self.frames[0] else index)


def eased(easing: str | Sequence[float], u: float) -> float:
    """`u` in 0..1 after `easing`: one of `EASINGS`, or x1, y1, x2, y2 of a CSS cubic Bézier; exact at 0 and 1."""
    if u <= 0 or u >= 1:
        return min(max(u, 0.0), 1.0)
    return EASINGS[easing](u) if isinstance(easing, str) else bezier(easing, u)


def bezier(points: Sequence[float], x: float) -> float:
    """y at `x` of the cubic Bézier curve from (0, 0) over (x1, y1) and (x2, y2) to (1, 1); x1 and x2 within 0..1."""
    x1, y1, x2, y2 = points
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if cubic(x1, x2, middle) < x else (low, middle)
    return cubic(y1, y2, (low + high) / 2)


def cubic(first: float, second: float, t: float) -> float:
    return 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3


def with_hold(hold: float, u: float) -> float:
    """`u` where a part `hold` of the stretch stands still, half of it at either end."""
    return min(max((u - hold / 2) / (1 - hold), 0.0), 1.0)


def even_pace(seen: Sequence[float], u: float) -> float:
    """The place in 0..1 at which the share `u` of all change has been seen; exact at 0 and 1.

    `seen[m]` is the share at place m / (len(seen) - 1): it begins at 0, rises strictly, and ends at 1; between them the
    share grows evenly.
    """
    if u <= 0 or u >= 1:
        return min(max(u, 0.0), 1.0)
    last = len(seen) - 1
    before = min(bisect_right(seen, u) - 1, last - 1)
    return (before + (u - seen[before]) / (seen[before + 1] - seen[before])) / last
