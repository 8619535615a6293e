"""A picture's size as people write it."""

from __future__ import annotations

import re

SIZE = re.compile(r"\s*(\d{1,12})(?:(?:\s*[x×*,]\s*|\s+)(\d{1,12}))?\s*", re.IGNORECASE)


def read_size(text: str) -> tuple[int, int] | None:
    """The two sides in "256x384", "256,384" or "256 384"; "256" is a square; None for anything else."""
    match = SIZE.fullmatch(text)
    return (int(match[1]), int(match[2] or match[1])) if match else None
