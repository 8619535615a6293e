"""How long a test waits for what is sure to come."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 280  # seconds, on a machine as busy as can be; pytest itself gives a test up after 300


def wait_until(there: Callable[[], object]) -> None:
    """Wait until `there()` is true; an `AssertionError` where it never comes to that."""
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)
