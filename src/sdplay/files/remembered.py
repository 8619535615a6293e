"""What was read from files, for as long as these are the same: whoever serves many asks for it again and again."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

State = tuple[int, int, int, int, int]
# Nanoseconds after which a change shows in a file's times for sure; a file that was changed since may change once more
# within the same tick of its clock.
SETTLED = 2_000_000_000


class Remembered(Generic[T]):
    """`read`, a function of a file, that reads again only when the file is another; of the `most` that were asked for
    last. What it gives is shared: nobody may change it.
    """

    def __init__(self, read: Callable[[Path], T], most: int) -> None:
        self._read, self._most = read, most
        self._known: OrderedDict[Path, tuple[State, T]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, path: Path) -> T:
        """What `read(path)` gives; raises what it raises."""
        state = state_of(path)
        if state is None:
            return self._read(path)
        with self._lock:
            known = self._known.get(path)
            if known is not None and known[0] == state:
                self._known.move_to_end(path)
                return known[1]
        value = self._read(path)
        with self._lock:
            self._known[path] = state, value
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return value


def state_of(path: Path) -> State | None:
    """What changes when the file at `path` does; None where that cannot be relied on."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < SETTLED:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
