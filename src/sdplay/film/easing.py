"""How time passes within a stretch: from an even 0..1 to another 0..1."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

BISECTIONS = 60  # halve an interval of length 1 down to the spacing of doubles

EASINGS: dict[str, Callable[[float], float]] = {
    "linear": lambda u: u,
    "step": lambda u: 0.0 if u < 1 else 1.0,
    "hold": lambda u: 0.0 if u < 1 else 1.0,
    "ease-in": lambda u: u * u,
    "ease-out": lambda u: u * (2 - u),
    "ease": lambda u: u * u * (3 - 2 * u),
    "ease-in-out": lambda u: u * u * (3 - 2 * u),
    "cosine": lambda u: (1 - math.cos(math.pi * u)) / 2,
}


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
