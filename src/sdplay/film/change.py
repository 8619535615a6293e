"""How much a row of pictures changes to the eye, from one to the next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from sdplay.images.read import Pixels, resized

SIDE = 64  # small enough that only what the eye follows counts
FLOOR = 0.05  # of the mean change: where nothing is seen to change time goes on all the same


def change_seen(pictures: Iterable[Pixels]) -> tuple[float, ...]:
    """How much of all change, 0..1, has been seen when each of `pictures` (two or more) is reached.

    The change from one to the next is the root mean square difference of their RGB at 64x64 pixels, and 5 % of the mean
    of all; so the shares rise strictly from 0 to 1, and evenly where all pictures are the same.
    """
    changes = [difference(one, other) for one, other in pairwise(map(small, pictures))]
    floor = FLOOR * sum(changes) / len(changes) or 1.0
    sums = list(accumulate((change + floor for change in changes), initial=0.0))
    return (*(share / sums[-1] for share in sums[:-1]), 1.0)


def small(pixels: Pixels) -> NDArray[np.float32]:
    return resized(pixels, SIDE, SIDE).astype(np.float32)


def difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(one - other), dtype=np.float64)))
