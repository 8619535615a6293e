"""Sizes that a model was not made for: such a picture is drawn small first, and enlarged."""

from __future__ import annotations

from math import ceil, log

from sdplay.requests.txt2img import MULTIPLE

FREE = 2.25  # how many times the pixels that a model draws best it still draws well
LEAST_SCALE, LARGEST_SCALE = 1.25, 8
SMALLEST = 64
DECIMALS = 10_000


def first_pass(width: int, height: int, side: int) -> tuple[int, int, float] | None:
    """(width, height, scale) of a first pass near side·side pixels that is enlarged to exactly width·height; None for
    a size that a model which draws `side` best draws at once, and where there is no such pass.
    """
    if width * height <= FREE * side * side or width % MULTIPLE or height % MULTIPLE:
        return None
    found = [
        (stretch + abs(log(w * h / side**2)), (w, h, scale))
        for w in range(SMALLEST, width, MULTIPLE)
        for h in nearest(w * height / width)
        if (scale := common_scale((w, width), (h, height))) is not None
        for stretch in [16 * abs(log(w * height / (h * width)))]
    ]
    return min(found)[1] if found else None


def nearest(side: float) -> set[int]:
    """The multiples around `side` that may be one."""
    below = int(side) // MULTIPLE * MULTIPLE
    return {each for each in (below, below + MULTIPLE) if each >= SMALLEST}


def common_scale(*sides: tuple[int, int]) -> float | None:
    """What makes each (small, large) of small exactly large, rounded down to multiples as the second pass does."""
    least = max(large / small for small, large in sides)
    scale = ceil(round(least * DECIMALS, 3)) / DECIMALS
    fits = all(int(small * scale) // MULTIPLE * MULTIPLE == large for small, large in sides)
    return scale if fits and LEAST_SCALE <= scale <= LARGEST_SCALE else None
