"""Draw in this process, where nobody else does."""

from __future__ import annotations

from sdplay.core.machine import check_address_space
from sdplay.tasks import Executor


def in_this_process() -> Executor:
    """What draws here; loads torch, so it is made when something is drawn. Raises `MemoryFailed`."""
    check_address_space()
    from sdplay.executors.inline import InlineExecutor

    return InlineExecutor()
