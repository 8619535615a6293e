"""In which order the frames of a film are shown."""

from __future__ import annotations

from collections.abc import Iterator


def pingpong(frames: int) -> Iterator[int]:
    """0 … frames-1 and back to 1: a film that runs there and back and can be looped, 2·frames - 2 pictures long.

    The two turning points are shown once. One frame stays one, two stay two.
    """
    yield from range(frames)
    yield from range(frames - 2, 0, -1)
