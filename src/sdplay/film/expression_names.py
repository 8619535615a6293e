"""What an expression may use: the film's own names, and the constants and functions of numexpr's users."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

SOUND_NAMES = frozenset({"amp", "bass", "mid", "treble", "onset", "beat"})
FILM_NAMES = frozenset({"max_f", "s", "fps"})
CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau, "True": 1.0, "False": 0.0}
ANY_NUMBER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A film's length in frames, its seed, its frames a second, and whether there is sound to follow.

    `beyond` frames are drawn after the last one, for a film whose end melts into its beginning.
    """

    frames: int
    seed: int
    fps: float
    sound: bool = False
    beyond: int = 0

    @property
    def values(self) -> dict[str, float]:
        """What holds for the whole film: `max_f` (number of the last frame), `s` (seed), `fps`."""
        return {"max_f": float(self.frames - 1), "s": float(self.seed), "fps": float(self.fps)}

    @property
    def names(self) -> frozenset[str]:
        """Every name a value may use: those of `values`, `t` (the frame), and the sound's features (each 0..1)."""
        return FILM_NAMES | {"t"} | SOUND_NAMES if self.sound else FILM_NAMES | {"t"}


class Function(NamedTuple):
    """What a name computes, and from how many numbers at least and at most."""

    run: Callable[..., float]
    fewest: int
    most: int


def least(*numbers: float) -> float:
    return min(numbers)


def greatest(*numbers: float) -> float:
    return max(numbers)


def clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def lerp(a: float, b: float, x: float) -> float:
    return a + (b - a) * x


def smoothstep(a: float, b: float, x: float) -> float:
    """0 up to a, 1 from b on, and u²(3-2u) between, u = (x-a)/(b-a); raises ZeroDivisionError for a = b."""
    u = clip((x - a) / (b - a), 0.0, 1.0)
    return u * u * (3 - 2 * u)


def sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def where(condition: float, a: float, b: float) -> float:
    return a if condition else b


_OF_ONE: Mapping[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "arcsin": math.asin,
    "acos": math.acos,
    "arccos": math.acos,
    "atan": math.atan,
    "arctan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "sign": sign,
    "degrees": math.degrees,
    "radians": math.radians,
}

FUNCTIONS: Mapping[str, Function] = {
    **{name: Function(run, 1, 1) for name, run in _OF_ONE.items()},
    "atan2": Function(math.atan2, 2, 2),
    "arctan2": Function(math.atan2, 2, 2),
    "fmod": Function(math.fmod, 2, 2),
    "hypot": Function(math.hypot, 2, 2),
    "min": Function(least, 2, ANY_NUMBER),
    "max": Function(greatest, 2, ANY_NUMBER),
    "minimum": Function(least, 2, 2),
    "maximum": Function(greatest, 2, 2),
    "clip": Function(clip, 3, 3),
    "lerp": Function(lerp, 3, 3),
    "smoothstep": Function(smoothstep, 3, 3),
    "where": Function(where, 3, 3),
}
