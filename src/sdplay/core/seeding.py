"""The seed of any drawn frame from the film's seed and the frame's place alone, so that no frame waits for another."""

from __future__ import annotations

import hashlib
from typing import Literal, assert_never

from sdplay.core.errors import BadRequest

SEEDS = 2**63

SeedBehavior = Literal["fixed", "iter", "alternate", "ladder", "random", "schedule"]


def frame_seed(behavior: SeedBehavior, seed: int, ordinal: int, *, every: int = 1, scheduled: int | None = None) -> int:
    """The seed, 0..2⁶³-1, of the `ordinal`-th drawn frame (0, 1, 2 …) of a film with `seed`.

    fixed: always `seed`. iter: one more after every `every` frames. alternate: `seed` and `seed + 1` in turn.
    ladder: +2, -1, +2, -1 … (Deforum's). random: `seed`, then the hash of seed and place. schedule: `scheduled`, and
    random where that is -1. Sums wrap around at 2⁶³. Raises `BadRequest` for a schedule that is missing or below -1.
    """
    match behavior:
        case "fixed":
            return seed % SEEDS
        case "iter":
            return (seed + ordinal // every) % SEEDS
        case "alternate":
            return (seed + ordinal % 2) % SEEDS
        case "ladder":
            return (seed + ordinal // 2 + 2 * (ordinal % 2)) % SEEDS
        case "random":
            return _random_seed(seed, ordinal)
        case "schedule":
            return _scheduled_seed(seed, ordinal, scheduled)
        case _:
            assert_never(behavior)


def derived_seed(seed: int, purpose: str, number: int = 0) -> int:
    """A seed for something beside the frame's own start, such as its `number`-th "noise"; 0..2⁶³-1."""
    return _hashed(f"{seed}:{purpose}:{number}")


def reroll_seed(seed: int, attempt: int) -> int:
    """The seed to draw a frame from when its own, `seed`, came out bad; `attempt` counts from 1."""
    return derived_seed(seed, "reroll", attempt)


def _random_seed(seed: int, ordinal: int) -> int:
    return seed % SEEDS if ordinal == 0 else _hashed(f"{seed}:{ordinal}")


def _scheduled_seed(seed: int, ordinal: int, scheduled: int | None) -> int:
    if scheduled is None:
        raise BadRequest("seed_behavior=schedule needs one", field="seed_schedule", hint='write "0:(7), 60:(8)"')
    if scheduled < -1:
        raise BadRequest("a seed is 0 or more, or -1 to draw one", field="seed_schedule", value=scheduled)
    return _random_seed(seed, ordinal) if scheduled == -1 else scheduled % SEEDS


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % SEEDS
