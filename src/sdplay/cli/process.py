"""How the command runs as a process of its own: where Python's time goes when nobody looks."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New containers until the young are looked through, and how many such rounds until the older are: torch, diffusers and
# transformers make half a million lasting ones while they are imported, and Python's own numbers look at them hundreds
# of times over. Garbage in cycles is still collected, only later.
RARELY = (50_000, 50, 1000)


@contextmanager
def short_lived() -> Iterator[None]:
    """Spend little on the garbage collector: rarely while the process works, and nothing at its end, when the system
    takes all memory back at once.

    For the process of a command only: it changes how this whole process collects, and leaves it so.
    """
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.freeze()
